"""`chatlog search` as people type it: what it finds, how it shows it, and how it ends."""

from __future__ import annotations

import json
import re

import pytest

from chatlog.cli import run
from chatlog.event import SERVER
from chatlog.formats import jsonl
from tests.support.archive import event_at, record, writer_in
from tests.support.events import UNSAFE
from tests.support.tending import tend

_DAY = 86_400
_YEAR = 365 * _DAY


def said(seconds, text, **fields):
    """Make a message so many seconds after midnight of 2025-11-23, a day that is over."""
    return event_at(seconds - _YEAR, text, **fields)


def did(seconds, kind, nick, text="", **fields):
    return said(seconds, text, type=kind, nick=nick, **fields)


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def search(archive, capsysbinary):
    """Run `chatlog search`: its status, stdout and stderr."""

    def call(*arguments):
        status = run(["search", "--archive", str(archive), "--tz", "UTC", *arguments])
        out, err = capsysbinary.readouterr()
        return status, out.decode(), err.decode()

    return call


@pytest.fixture
def texts(search):
    """Search, and return the texts of what was found."""

    def call(*arguments):
        _, out, err = search("--json", *arguments)
        assert not err or err == "chatlog: no line matches\n"
        return [json.loads(line)["text"] for line in out.splitlines()]

    return call


def usage_error(outcome):
    """Return the one message of a usage error."""
    status, out, err = outcome
    assert (status, out) == (2, "")
    return err


def words(outcome):
    """Return the last word of each line on stdout."""
    return [line.split()[-1] for line in outcome[1].splitlines()]


# -- what is looked for ----------------------------------------------------------------


def test_what_is_found_is_shown_with_its_dates_in_order_of_time(search, archive):
    record(
        archive,
        said(_DAY, "a leak again", nick="bob"),
        said(1, "a Leak"),
        said(2, "no"),
    )
    assert search("leak") == (
        0,
        "2025-11-23 00:00:01 <ann> a Leak\n2025-11-24 00:00:00 <bob> a leak again\n",
        "",
    )


def test_all_words_must_be_there_whether_quoted_together_or_not(texts, archive):
    record(archive, said(1, "leak of memory"), said(2, "memory"), said(3, "memory leak"))
    both = ["leak of memory", "memory leak"]
    assert texts("memory", "leak") == texts("memory leak") == both
    assert texts('"memory leak"') == ["memory leak"]


def test_the_whole_language_is_understood_in_one_string(texts, archive):
    record(
        archive,
        said(1, "the memory leak: https://a.b/c", nick="alice", target="#python"),
        said(2, "the memory leak", nick="alice", target="#python"),
        said(3, "the memory leak https://a.b/c", nick="bob", target="#python"),
        said(4, "the memory leak https://a.b/c", nick="alice", target="#other"),
        did(5, "join", "alice", "memory leak https://a.b/c", target="#python"),
        said(_YEAR, "the memory leak https://a.b/c", nick="alice", target="#python"),
    )
    query = 'from:alice in:#python before:2026-06 "memory leak" -type:join has:link'
    assert texts(query) == ["the memory leak: https://a.b/c"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "leak from: ann",
            (
                "nothing stands behind from:; write its value without a blank; as text:"
                ' "from:"\n  leak from: ann\n       ^'
            ),
        ),
        ("(a b", 'this parenthesis is never closed; as text: "(a"\n  (a b\n  ^'),
        (
            "日本 has:legs",
            (
                "has: knows no 'legs'; it knows link, question, formatting, account, msgid,"
                ' reply, relay, tags, raw; as text: "has:legs"\n  日本 has:legs\n           ^'
            ),
        ),
        (
            "a since:whenever",
            (
                "'whenever' is no moment; say 2026-11-23, '2026-11-23 18:00', 2026-11, yesterday,"
                " 'monday 18:00', 7d or '2 hours ago'; as text: \"since:whenever\""
                "\n  a since:whenever\n          ^"
            ),
        ),
        (
            "/a(/",
            (
                "'a(' is no regular expression: missing ), unterminated subpattern at position 1"
                '; as text: "/a(/"\n  /a(/\n  ^'
            ),
        ),
    ],
)
def test_an_error_points_at_the_character(search, archive, query, message):
    record(archive, said(1, "hi"))
    assert usage_error(search(query)) == f"chatlog: {message}\n"


def test_what_is_nearly_a_key_is_looked_for_as_text_and_asked_about(search, archive):
    record(archive, said(1, "form:ann said"), said(2, "TypeError: x"))
    asked = "form:ann is looked for as text, as there is no key form:; did you mean from:?"
    status, out, err = search("--json", "form:ann -form:bob")
    assert (status, json.loads(out)["text"]) == (0, "form:ann said")
    assert err == (
        f"chatlog: {asked}\n"
        "chatlog: form:bob is looked for as text, as there is no key form:; did you mean from:?\n"
    )
    assert search("TypeError: x")[::2] == (0, "")


def test_a_text_may_be_taken_as_it_is(texts, archive):
    record(archive, said(1, 'f(x) from:ann -"y'), said(2, "f(x)"))
    assert texts("-F", "--", "from:ann", '-"y') == ['f(x) from:ann -"y']
    assert texts("-F", "(x) ") == ['f(x) from:ann -"y']


def test_any_of_several_patterns_may_be_there(texts, archive):
    record(archive, said(1, "CVE-2025-1"), said(2, "GHSA-xx"), said(3, "cve"))
    assert texts("-e", r"CVE-\d+", "-e", "^GHSA") == ["CVE-2025-1", "GHSA-xx"]


def test_patterns_are_mere_text_where_that_is_asked_for(texts, archive):
    record(archive, said(1, "a.b"), said(2, "axb"), said(3, "("))
    assert texts("-F", "-e", "a.b", "-e", "(") == ["a.b", "("]


def test_words_beside_a_pattern_must_be_there_as_well(texts, archive):
    record(archive, said(1, "leak 1", nick="bob"), said(2, "leak 2"), said(3, "1", nick="bob"))
    assert texts("-e", r"\d", "leak from:bob") == ["leak 1"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["leak"], ["leak", "Leak", "LEAK"]),
        (["Leak"], ["Leak"]),
        (["-i", "Leak"], ["leak", "Leak", "LEAK"]),
        (["--case-sensitive", "leak"], ["leak"]),
        (["-i", "-e", "LEA."], ["leak", "Leak", "LEAK"]),
        (["-e", r"\Weak|l\Sak"], ["leak", "Leak", "LEAK"]),
        (["-F", "--case-sensitive", "LEAK"], ["LEAK"]),
        (["leak", "Leak"], ["Leak"]),
    ],
    ids=str,
)
def test_capitals_count_where_they_are_given_or_it_is_said(texts, archive, arguments, found):
    record(archive, said(1, "leak"), said(2, "Leak"), said(3, "LEAK"))
    assert texts(*arguments) == found


def test_whole_words_may_be_asked_for(texts, archive):
    record(archive, said(1, "leaks"), said(2, "a leak!"), said(3, "größe"), said(4, "die größe 1"))
    assert texts("-w", "leak") == ["a leak!"]
    assert texts("-w", "-e", "gr|l.ak") == ["a leak!"]
    assert texts("-w", "-F", "größe") == ["größe", "die größe 1"]
    assert texts("-w", "-e", "(?x) leak # so it is called") == ["a leak!"]


def test_formatting_within_a_word_hides_nothing(search, archive):
    record(archive, said(1, "a me\x02mo\x02ry \x0304leak"))
    assert search('"memory leak"')[1] == "2025-11-23 00:00:01 <ann> a memory leak\n"


# -- who, when, where, what ------------------------------------------------------------------

THEN = "2025-11-24T12:00:00.000Z"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--since", "2025-11-24"], ["18:00", "noon", "11:00"]),
        (["--until", "2025-11-24"], ["midnight", "yesterday"]),
        (["--since", "2025-11", "--until", "2025-11-23 18:00"], ["midnight"]),
        (["--since", "yesterday 18:00", "--until", "today"], ["yesterday"]),
        (["--since", "-2h"], ["noon", "11:00"]),
        (["--since", "11:00", "--until", "now"], ["11:00"]),
        (["--since", "2025-11-24T12:30:00+01:00"], ["noon"]),
        (["--since", "2025-11-23T18:00:00Z", "--until", "2025-11-24T00:00:00.001Z"], ["yesterday"]),
        (["--tz", "Asia/Tokyo", "--until", "2025-11-23 10:00"], ["midnight"]),
        (["--tz", "Asia/Tokyo", "--since", "today"], ["yesterday", "18:00", "11:00", "noon"]),
        (["since:-2h before:12:00"], ["11:00"]),
    ],
    ids=str,
)
def test_search_takes_times_as_people_type_them(texts, archive, monkeypatch, arguments, found):
    monkeypatch.setattr("chatlog.clock.now", lambda: THEN)
    record(
        archive,
        said(0, "midnight"),
        said(64_800, "yesterday"),
        said(_DAY + 3_600, "18:00"),
        said(_DAY + 39_600, "11:00"),
        said(_DAY + 43_200, "noon"),
    )
    assert sorted(texts(*arguments)) == sorted(found)


def test_segments_outside_the_time_are_not_opened(search, archive):
    record(archive, said(1, "leak"), said(_DAY, "leak"), said(2 * _DAY, "leak"))
    outside = archive / "net" / "#c" / "2025-11-23_001.jsonl"
    outside.write_bytes(b"leak damage\n")
    assert search("leak", "--since", "2025-11-24", "--until", "2025-11-25") == (
        0, "2025-11-24 00:00:00 <ann> leak\n", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--nick", "a[nn]"], ["one", "two"]),
        (["--nick", "A{NN}"], ["one", "two"]),
        (["--nick", "a*"], ["one", "two"]),
        (["--nick", "?[nn]", "--nick", "BOB"], ["one", "two", "three"]),
        (["--nick", "a"], []),
        (["--nick", "bob", "-F", "one"], []),
    ],
    ids=str,
)
def test_nicks_are_those_of_the_network_with_globs(texts, archive, arguments, found):
    record(archive, said(1, "one", nick="a[nn]"), said(2, "two", nick="A{nn}"),
           said(3, "three", nick="bob"))  # fmt: skip
    assert texts(*arguments) == found


def test_how_nicks_fold_is_for_each_network_to_say(texts, archive):
    writer = writer_in(archive, "ascii")
    writer.write_all([said(1, "one", nick="a[nn]"), said(2, "two", nick="A{nn}")])
    writer.close()
    assert texts("--nick", "A[NN]") == ["one"]


CHANGES = [
    said(1, "as guest", nick="guest"),
    did(2, "nick", "guest", subject="ann"),
    said(3, "as ann"),
    did(4, "nick", "ann", subject="away"),
    said(5, "as away", nick="away"),
    did(6, "quit", "away"),
    said(7, "somebody else", nick="away"),
]


def test_people_are_followed_through_their_nicks(texts, archive):
    record(archive, *CHANGES)
    assert texts("type:message", "--nick", "ann") == ["as ann"]
    followed = ["as guest", "as ann", "as away"]
    assert texts("type:message", "--nick", "ANN", "--follow-nicks") == followed
    assert texts("type:message", "--nick", "an?", "--follow-nicks") == followed


def test_following_counts_damage_once(search, archive):
    record(archive, *CHANGES)
    path = archive / "net" / "#c" / "2025-11-23_001.jsonl"
    with path.open("ab") as file:
        file.write(b'{"type":"nick","nick":"ann" damage as\n')
    status, _, err = search("--nick", "ann", "--follow-nicks", "as")
    assert (status, err) == (0, f"chatlog: 1 line of {path} could not be read\n")


def test_accounts_types_and_ways_may_be_asked_for(texts, archive):
    record(
        archive,
        said(1, "one", account="Ann"),
        said(2, "two", account="bob", via="chathistory"),
        did(3, "notice", "ann", "three"),
        did(4, "topic", "ann", "four", via="import:irssi"),
    )
    assert texts("--account", "ANN", "--account", "bo?") == ["one", "two"]
    assert texts("--type", "notice", "--type", "topic") == ["three", "four"]
    assert texts("--via", "live") == ["one", "three"]
    assert texts("--via", "import:*", "--via", "chathistory") == ["two", "four"]


def test_places_are_channels_queries_and_networks_with_globs(texts, archive):
    record(
        archive,
        said(1, "one", target="#Security"),
        said(2, "two", target="#security-ops"),
        said(3, "three", target="#security", network="Oftc"),
        said(4, "four", target="bob"),
        said(5, "five", target=SERVER),
    )
    assert texts() == ["one", "two", "three", "four"]
    assert texts("--channel", "security") == ["one", "three"]
    assert texts("-c", "#SECURITY*", "--network", "net") == ["one", "two"]
    assert texts("-c", "oftc/*", "-c", "bob") == ["three", "four"]
    assert texts("--network", "o*") == ["three"]
    assert texts("-c", SERVER) == texts(f"in:net/{SERVER}") == ["five"]
    assert texts("in:security | in:bob", "--network", "net") == ["one", "four"]


def test_the_environment_says_which_network(texts, archive, monkeypatch):
    record(archive, said(1, "one"), said(2, "two", network="oftc"))
    monkeypatch.setenv("CHATLOG_NETWORK", "oftc")
    assert texts() == ["two"]


def test_text_and_sealed_segments_are_searched_like_any(texts, archive):
    record(archive, said(1, "a leak"), formats=("text",))
    record(archive, said(_DAY, "leaky"), compress="gzip")
    assert texts("leak") == ["a leak", "leaky"]


# -- how it is shown -------------------------------------------------------------------------


def test_the_date_is_shown_of_today_as_well(search, archive, monkeypatch):
    monkeypatch.setattr("chatlog.clock.now", lambda: "2025-11-23T12:00:00.000Z")
    record(archive, said(1, "leak"))
    assert search("leak")[1] == "2025-11-23 00:00:01 <ann> leak\n"


def test_channels_stand_beside_what_was_said_there(search, archive):
    record(archive, said(1, "leak", target="#Long"), said(2, "leak", network="oftc"))
    assert search("leak")[1] == (
        "2025-11-23 00:00:01 net/#Long <ann> leak\n2025-11-23 00:00:02 oftc/#c   <ann> leak\n"
    )


COUNTED = [
    *(said(each, "leak") for each in range(11)),
    said(1, "Leak", target="#Big"),
    said(1, "no", target="#none"),
]


def test_search_counts_the_hits_of_each_channel(search, archive):
    record(archive, *COUNTED)
    assert search("--count", "leak") == (0, "       1 net/#big\n      11 net/#c\n", "")
    assert search("--count", "--json", "leak")[1] == (
        '{"type": "count", "network": "net", "target": "#big", "events": 1}\n'
        '{"type": "count", "network": "net", "target": "#c", "events": 11}\n'
    )


def test_search_lists_the_channels_that_have_hits(search, archive):
    record(archive, *COUNTED)
    assert search("-l", "leak") == (0, "net/#big\nnet/#c\n", "")
    assert search("-l", "--json", "Leak")[1] == (
        '{"type": "count", "network": "net", "target": "#big", "events": 1}\n'
    )


def test_only_what_was_found_may_be_shown(search, archive):
    record(archive, said(1, "CVE-2025-1 and cve-\x022\x02-3"), said(2, "a\x1bb CVE-3-4"))
    assert (
        search("--only-matching", "-i", "-e", r"CVE-\d+-\d+")[1] == "CVE-2025-1\ncve-2-3\nCVE-3-4\n"
    )
    assert search("--only-matching", "-e", "a.b")[1] == "a\\x1bb\n"
    found = json.loads(search("--only-matching", "--json", "-e", "CVE.*4")[1])
    assert found == {
        "type": "match", "network": "net", "target": "#c", "time": "2025-11-23T00:00:02.000Z",
        "nick": "ann", "match": "CVE-3-4",
    }  # fmt: skip


def test_several_texts_are_shown_in_the_order_in_which_they_stand(search, archive):
    record(archive, said(1, "two one two"))
    assert search("--only-matching", "one two")[1] == "two\none\ntwo\n"
    assert search("--only-matching", "one -three from:ann")[1] == "one\n"


TALK = [said(each, f"line {each}") for each in range(10)]
BESIDE = [said(each + 0.5, f"beside {each}", target="#d") for each in range(10)]


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["-C", "1"], "2 3 4 -- 6 7 8"),
        (["-B", "1"], "2 3 -- 6 7"),
        (["-A", "2"], "3 4 5 -- 7 8 9"),
        (["-A", "9"], "3 4 5 6 7 8 9"),
        (["-C", "2"], "1 2 3 4 5 6 7 8 9"),
        (["-C", "2", "-A", "0"], "1 2 3 -- 5 6 7"),
        (["-C", "2", "-B", "0"], "3 4 5 -- 7 8 9"),
        (["-C", "1", "-m", "1"], "2 3 4"),
        (["-C", "0"], "3 7"),
        (["-C", "9" * 30, "-m", "9" * 30], "0 1 2 3 4 5 6 7 8 9"),
        (["-m", "9" * 30], "3 7"),
    ],
    ids=str,
)
def test_events_around_are_those_of_the_same_channel(search, archive, arguments, lines):
    record(archive, *TALK, *BESIDE)
    status, out, err = search(*arguments, "-e", "line [37]")
    assert (status, err) == (0, "")
    assert [line.rpartition(" ")[2] for line in out.splitlines()] == lines.split()
    assert "beside" not in out


def test_islands_of_several_channels_are_parted(search, archive):
    record(archive, *TALK[:3], *BESIDE[:3])
    assert search("-A", "1", "-e", " 1")[1] == (
        "2025-11-23 00:00:01 #c <ann> line 1\n"
        "2025-11-23 00:00:02 #c <ann> line 2\n"
        "--\n"
        "2025-11-23 00:00:01 #d <ann> beside 1\n"
        "2025-11-23 00:00:02 #d <ann> beside 2\n"
    )


def test_search_stops_after_n_hits_and_reverse_begins_with_the_newest(texts, archive):
    record(archive, *TALK, *(said(each + 3 * _DAY, f"late {each}") for each in range(3)))
    assert texts("-m", "2") == ["line 0", "line 1"]
    assert texts("--reverse", "-m", "4") == ["late 2", "late 1", "late 0", "line 9"]
    assert texts("-r", "-F", "line 1", "--max-count", "9") == ["line 1"]


def test_processes_change_nothing_but_the_time_it_takes(texts, archive):
    record(archive, *(said(each * _DAY, f"leak {each}") for each in range(9)))
    assert texts("leak", "-j", "1") == texts("leak", "-j", "3") == [f"leak {n}" for n in range(9)]


def test_json_is_what_was_recorded_byte_for_byte(search, archive):
    directory = archive / "net" / "#c"
    directory.mkdir(parents=True)
    recorded = (
        '{ "later": 1, "time": "2025-11-23T00:00:01.000Z", "type": "message",'
        ' "text": "\\u006c\\u0065ak é\\u001b" }\n'
    )
    (directory / "2025-11-23_001.jsonl").write_text(recorded, encoding="utf-8")
    assert search("--json", "leak") == (0, recorded, "")
    assert search("--json", "-C", "1", "leak") == (0, recorded, "")


def test_times_are_shown_in_the_zone_that_is_asked_for(search, archive):
    record(archive, said(1, "leak"))
    assert search("leak", "--tz", "Asia/Tokyo")[1] == "2025-11-23 09:00:01 <ann> leak\n"


def test_nothing_that_was_said_can_steer_the_terminal(search, archive):
    evil = "\x1b]0;title\x07\x9b2J\u202e\r"
    record(archive, said(1, f"{evil}leak{evil}", nick=evil, target="#" + evil), said(2, "leak"))
    for arguments in (
        ["leak"],
        ["--count", "leak"],
        ["-l", "leak"],
        ["--only-matching", "-e", ".*leak.*"],
    ):
        shown = search(*arguments)[1]
        assert shown.count("\n") == 2
        assert not UNSAFE.search(shown.replace("\n", ""))


FOUND = "\x1b[1;30;43m"


@pytest.mark.parametrize("no_color", ["", "1"])
def test_what_was_found_is_marked_where_colours_are_asked_for(
    search, archive, monkeypatch, no_color
):
    monkeypatch.setenv("NO_COLOR", no_color)
    record(archive, said(1, "a leak of me\x02mory\x02"))
    shown = search("--color", "always", "leak memory")[1]
    assert f"a {FOUND}leak\x1b[0m of {FOUND}me\x1b[0m{FOUND}mory\x1b[0m\n" in shown
    assert re.sub("\x1b\\[[0-9;]*m", "", shown) == ("2025-11-23 00:00:01 <ann> a leak of memory\n")


def test_search_prints_no_colours_into_a_pipe(search, archive):
    record(archive, said(1, "a \x0304leak"))
    assert "\x1b" not in search("leak")[1]
    assert "\x1b" not in search("--color", "never", "leak")[1]


# -- how it ends ----------------------------------------------------------------------------------


def test_search_ends_quietly_when_its_pipe_is_closed(archive, chatlog):
    record(archive, *(said(each, "x" * 400) for each in range(2000)))
    with chatlog.piped("search", "x", "--archive", archive) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    "arguments", [[], ["--count"], ["-l"], ["--only-matching"], ["-C", "2"], ["--json"]], ids=str
)
def test_search_ends_with_1_if_it_finds_nothing(search, archive, arguments):
    record(archive, said(1, "hi"))
    assert search("leak", *arguments) == (1, "", "chatlog: no line matches\n")


def test_an_archive_that_is_not_there_is_said_with_its_place(search, archive):
    for arguments in (["leak"], ["leak", "-c", "#c"]):
        status, out, err = search(*arguments)
        assert (status, out) == (1, "")
        assert err.startswith(f"chatlog: no archive in {archive}; record with")


def test_a_channel_that_is_not_there_is_named(search, archive):
    record(archive, said(1, "hi"))
    there = "`chatlog channels` lists all\n"
    assert search("hi", "-c", "#nope") == (
        1, "", f"chatlog: no channel or query in {archive} matches '#nope'; {there}",
    )  # fmt: skip
    assert search("in:a hi", "--network", "n") == (
        1, "", f"chatlog: no network in {archive} matches 'n'; it has 'net'\n",
    )  # fmt: skip
    assert search("-l")[1] == "net/#c\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["x", "-i", "--case-sensitive"],
            "-i and --case-sensitive contradict each other; leave one out",
        ),
        (
            ["x", "--count", "-l"],
            "--count, -l, --only-matching and -A, -B, -C exclude one another; use one of them",
        ),
        (
            ["x", "--only-matching", "-C", "1"],
            "--count, -l, --only-matching and -A, -B, -C exclude one another; use one of them",
        ),
        (["x", "-A", "1", "-r"],
         "-A, -B and -C show events in order of time; leave out --reverse"),
        (["x", "--count", "-m", "1"], "--count and -l search everything; leave out -m"),
        (["--only-matching", "--nick", "bob"],
         "--only-matching prints the matching part of a text; add a text to search for"),
        (["--only-matching", "from:ann -leak"],
         "--only-matching prints the matching part of a text; add a text to search for"),
        (["-F"], "-F needs a text; add QUERY or -e"),
        (["x", "--follow-nicks"], "--follow-nicks needs --nick"),
        (["x", "--since", "2026", "--until", "2025"],
         "no time lies between --since 2026 and --until 2025"),
        (["x", "--since", "2025", "--until", "2025-01-01"],
         "no time lies between --since 2025 and --until 2025-01-01"),
        (["x", "--since", "whenever"],
         ("'whenever' is no moment; say 2026-11-23, '2026-11-23 18:00', 2026-11, yesterday,"
          " 'monday 18:00', 7d or '2 hours ago'")),
        (["x", "--tz", "Nowhere"], "there is no time zone 'Nowhere'; say UTC or Europe/Berlin"),
        (["-w", "-e", "ab("],
         ("'ab(' is no regular expression: missing ), unterminated subpattern at position 2"
          "\n  ab(\n    ^")),
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_said_with_what_to_do(search, archive, arguments, message):
    record(archive, said(1, "x"))
    assert usage_error(search(*arguments)) == f"chatlog: {message}\n"


def test_a_type_that_nobody_knows_is_refused_with_those_that_there_are(search, archive):
    record(archive, said(1, "x"))
    known = (
        "account, action, away, chghost, clear, connected, disconnected, invite, join, joined,"
        " kick, message, mode, names, nick, notice, other, part, parted, quit, react, recovered,"
        " redact, setname, started, stopped, topic, unreact, usernotice,"
        " and the classes talk, presence, topic, moderation, server"
    )
    refused = f"chatlog: there is no type 'mesage'; known are {known}"
    assert usage_error(search("--type", "mesage")) == f"{refused}\n"
    assert usage_error(search("type:mesage")) == (
        f'{refused}; as text: "type:mesage"\n  type:mesage\n       ^\n'
    )


@pytest.mark.parametrize(
    "arguments",
    [["-m", "0"], ["-j", "0"], ["-C", "-1"], ["-A", "x"], ["--color", "red"], ["-e"], ["--nope"]],
    ids=" ".join,
)
def test_a_value_that_cannot_be_is_a_usage_error(search, archive, arguments):
    record(archive, said(1, "x"))
    [line] = usage_error(search("x", *arguments)).splitlines()
    assert line.startswith("chatlog: ")


@pytest.mark.parametrize("arguments", [[], [""], ["-F", ""], ["-e", ""], ["  "]], ids=str)
def test_who_looks_for_nothing_finds_everything(texts, archive, arguments):
    record(archive, said(1, "hi"), said(2, "ho"))
    assert texts(*arguments) == ["hi", "ho"]


@pytest.mark.parametrize("letter", ["\udcff", "\0", "\n"], ids=ascii)
@pytest.mark.parametrize("form", ["{}", "-F{}", "-e{}", "-t{}", "from:{}", 'to:"{}"', "has:{}"])
def test_no_letter_is_too_strange_to_look_for(search, archive, form, letter):
    record(archive, said(1, "hi"))
    assert search(form.format(letter))[0] in (0, 1, 2)


def test_what_is_nested_too_deeply_is_refused(search, archive):
    record(archive, said(1, "x"))
    nested = "chatlog: this is nested more than 50 deep; as text: "
    for query in ("(" * 60_000, "NOT " * 60_000 + "x", "(" * 500 + "x" + ")" * 500):
        assert usage_error(search(query)).startswith(nested)


def test_a_damaged_segment_is_reported_and_costs_nothing_else(search, archive):
    record(archive, said(1, "leak 1"), said(2, "leak 2"), said(_DAY, "leak 4"))
    path = archive / "net" / "#c" / "2025-11-23_001.jsonl"
    with path.open("ab") as file:
        file.write(b"leak damage\n{leak\n" + jsonl.encode([said(3, "leak 3")]))
    reported = f"chatlog: 2 lines of {path} could not be read\n"
    for jobs in ("1", "2"):
        status, out, err = search("leak", "-j", jobs)
        assert (status, err) == (0, reported)
        assert [line[-1] for line in out.splitlines()] == ["1", "2", "3", "4"]
    assert search("--count", "leak") == (0, "       4 net/#c\n", reported)


def test_a_broken_archive_of_gzip_is_reported_and_costs_nothing_else(search, archive):
    record(archive, said(1, "leak"))
    path = archive / "net" / "#c" / "2025-11-22_001.jsonl.gz"
    path.write_bytes(b"no gzip at all")
    status, out, err = search("leak")
    assert (status, out) == (0, "2025-11-23 00:00:01 <ann> leak\n")
    assert str(path) in err
    assert err.count("\n") == 1


def test_the_help_of_search_has_examples(capsys):
    assert run(["search", "--help"]) == 0
    shown = capsys.readouterr().out
    assert """chatlog search 'from:alice in:#python before:2026-06 "memory leak"'""" in shown


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("command", ["search", "tail", "stats"])
def test_a_damaged_segment_is_told_with_the_copy_that_was_read_instead(
    chatlog, archive, command, jobs
):
    record(archive, *(said(each, f"word {each}") for each in range(20)), formats=("jsonl", "text"))
    tend(archive)
    (sealed,) = (archive / "net" / "#c").glob("*.jsonl.gz")
    sealed.write_bytes(sealed.read_bytes()[:-30])
    copy = str(sealed).replace(".jsonl", ".log")
    more = {"search": ["--jobs", jobs, "word"], "tail": ["-n", "50"], "stats": ["--jobs", jobs]}
    done = chatlog.run(command, "--archive", archive, *more[command])
    assert done.returncode == 0
    assert f" of {sealed} could not be read; {copy}, which tells less, was read" in done.stderr
    found = done.stdout.count("word ") if command != "stats" else 20 * ("20 lines" in done.stdout)
    assert found == 20


# -- what screens leave out ----------------------------------------------------------------


def noisy(archive):
    """Record two lines of people between what a join brings."""
    record(
        archive,
        said(1, "pool", type="joined", nick="recorder"),
        said(2, "pool ann", type="names", nick=""),
        said(3, "the pool leaks"),
        said(4, "pool", type="part", nick="bob"),
        said(5, "pool gone", type="disconnected", nick="recorder"),
        said(6, "pool again"),
    )


def test_a_search_leaves_out_the_recorders_own_lines_and_names(search, archive):
    noisy(archive)
    assert words(search("pool")) == ["leaks", "(pool)", "again"]
    assert words(search("--talk", "pool")) == ["leaks", "again"]
    assert words(search("type:talk pool")) == ["leaks", "again"]
    assert len(words(search("--all", "pool"))) == 6
    assert len(words(search("--json", "pool"))) == 6
    assert len(words(search("--json", "--talk", "pool"))) == 2


def test_a_search_for_a_type_of_noise_shows_it(search, archive):
    noisy(archive)
    assert len(words(search("type:names pool"))) == 1
    assert len(words(search("--type", "disconnected", "pool"))) == 1
    assert len(words(search("pool (type:joined OR type:talk)"))) == 3
    assert words(search("pool -type:part")) == ["leaks", "again"]


def test_counts_are_of_the_lines_that_a_search_shows(search, archive):
    noisy(archive)
    assert search("--count", "pool")[1].split()[0] == "3"
    assert search("--all", "--count", "pool")[1].split()[0] == "6"


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("formats", [("jsonl",), ("text",)])
def test_the_lines_around_a_match_are_lines_that_are_shown(search, archive, formats, sealed):
    record(
        archive,
        said(1, "one"),
        said(2, "ann", type="names", nick=""),
        said(3, "match"),
        said(4, "", type="disconnected", nick="recorder"),
        said(5, "", type="mode", nick="irc.example", command="+nt"),
        said(6, "three"),
        formats=formats,
    )
    if sealed:
        tend(archive)
    assert words(search("-C", "1", "match")) == ["one", "match", "three"]
    assert len(words(search("--all", "-C", "1", "match"))) == 3


def test_a_search_of_which_every_match_is_hidden_names_the_option_that_shows_it(search, archive):
    noisy(archive)
    assert search("gone") == (
        1,
        "",
        "chatlog: only the recorder's own lines are there; show them with --all\n",
    )
    assert search("--talk", "type:part pool")[2] == (
        "chatlog: only lines that are no talk are there; leave out --talk to see them\n"
    )
    assert search("nothing of this")[2] == "chatlog: no line matches\n"
    assert search("--talk", "--all", "pool")[0] == 2
