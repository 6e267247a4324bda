"""`chatlog stats` as people and programs read it: the counts, and what was heard meanwhile."""

from __future__ import annotations

import json

import pytest

from chatlog.cli import run
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry, UnwantedEntry
from chatlog.event import EARLIEST, SERVER, format_time
from chatlog.report import tally
from tests.support.archive import START, UNSYNCED, event_at, record
from tests.support.events import UNSAFE
from tests.support.process import Chatlog
from tests.support.tending import tend
from tests.support.terminal import run_in_terminal

HOUR = 3600
DAY = 24 * HOUR
NOW = "2026-12-24T00:00:00.000Z"
SUMS = ("lines", "words", "letters", "questions", "links")


def did(seconds, kind, nick, text="", **fields):
    return event_at(seconds, text, type=kind, nick=nick, **fields)


STORY = (
    event_at(9 * HOUR, "good morning", account="ann"),
    event_at(9 * HOUR + 60, "is anybody here?", nick="bob"),
    did(9 * HOUR + 90, "nick", "bob", subject="bob_away"),
    event_at(10 * HOUR, "see https://a.example/?q and www.b.example", nick="bob_away"),
    did(10 * HOUR + 5, "action", "ann_", "waves", account="ann"),
    did(23 * HOUR, "join", "carol"),
    event_at(DAY + 22 * HOUR, "no?", nick="Bob"),
)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """Keep the clock where it is."""
    monkeypatch.setattr("chatlog.clock.now", lambda: NOW)


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def stats(archive, capsysbinary):
    """Run `chatlog stats`: its status, stdout and stderr."""

    def call(*arguments, tz="UTC"):
        status = run(["stats", "--archive", str(archive), "--tz", tz, *arguments])
        out, err = capsysbinary.readouterr()
        return status, out.decode(), err.decode()

    return call


@pytest.fixture
def lines(stats):
    """Run `chatlog stats --json`, and return its objects of one type."""

    def call(kind, *arguments, **how):
        status, out, err = stats("--json", *arguments, **how)
        assert (status, err) == (0, "")
        found = [json.loads(line) for line in out.splitlines()]
        return [each for each in found if each["type"] == kind]

    return call


@pytest.fixture
def listen(archive):
    """Say in the ledger of a target that it was heard between these seconds, then unwanted."""

    def tell(*spans, target="#c"):
        entries = []
        for begin, end in spans:
            times = [format_time(START + each * 1000) for each in (begin, end)]
            entries += [
                OpenedEntry(at=times[0]),
                ClosedEntry(at=times[1], cause="ping-timeout"),
            ]
        entries.append(UnwantedEntry(at=times[1]))
        ledger.append(UNSYNCED, archive / "net" / target, entries)

    return tell


def said(rows, kind):
    """Say which rows have lines, and how many."""
    return {row[kind]: row["lines"] for row in rows if row["lines"]}


def nicks(people):
    return [(person["nicks"], person["lines"]) for person in people]


# -- the tables ------------------------------------------------------------------------


def test_stats_shows_who_said_how_much_the_hours_and_the_coverage(stats, archive, listen):
    record(archive, *STORY)
    listen((8 * HOUR, 12 * HOUR), (DAY, 2 * DAY))
    status, out, err = stats("--by", "day")
    assert (status, err) == (0, "")
    head, rest = out.split("who", 1)
    hour = "busiest hour 2026-11-23 09:00 (2 lines)"
    assert head.splitlines() == [
        "net/#c: 5 lines by 2 people, 2026-11-23 to 2026-11-24",
        "11 words, 2 questions, 2 links, 1 nick change, 7 events in all",
        f"heard 70.0 % of the time; busiest day 2026-11-23 (4 lines); {hour}",
        "",
    ]
    assert rest.splitlines()[:4] == [
        "  lines  words  a line  questions  links        last  also",
        "bob      3      8     2.7          2      2  2026-11-24  bob_away",
        "ann      2      3     1.5          0      0  2026-11-23  ann_",
        "",
    ]
    begin = rest.splitlines().index("hour   00    03    06    09    12    15    18    21")
    assert rest.splitlines()[begin + 1 : begin + 5] == [
        "lines  · · · · · · · · · █ █ · · · · · · · · · · · ▄ ·",
        "heard  █ █ █ █ █ █ █ █ █ █ █ █ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄ ▄",
        "       █ 2 lines, ▁ few, · none; heard: █ always, ▁ little, · never",
        "",
    ]
    assert rest.splitlines()[-12:] == [
        "weekday  lines   heard",
        "Mon          4  25.0 %  ██████████████████████████████",
        "Tue          1   100 %  ███████▌",
        "Wed          0",
        "Thu          0",
        "Fri          0",
        "Sat          0",
        "Sun          0",
        "",
        "day         lines   heard",
        "2026-11-23      4  25.0 %  ██████████████████████████████",
        "2026-11-24      1   100 %  ███████▌",
    ]


def test_a_terminal_without_block_elements_gets_digits_and_signs(archive, tmp_path, listen):
    record(archive, *STORY)
    listen((8 * HOUR, 12 * HOUR), (DAY, 2 * DAY))
    done = Chatlog(tmp_path).run(
        "stats", "--archive", str(archive), "--tz", "UTC", PYTHONIOENCODING="ascii"
    )
    assert done.stdout.isascii()
    assert "\\" not in done.stdout
    assert "\nlines  . . . . . . . . . 8 8 . . . . . . . . . . . 4 .\n" in done.stdout
    assert "8 2 lines, 1 few, . none; heard: 8 always" in done.stdout
    assert "##############################" in done.stdout


def test_where_there_is_no_ledger_it_says_so_and_shows_nothing_for_heard(stats, lines, archive):
    record(archive, *STORY)
    out = stats()[1]
    assert "share of the time that was heard: unknown; busiest day 2026-11-23" in out
    assert out.splitlines()[-1] == "2026-11      5         ██████████████████████████████"
    for kind in ("total", "hour", "weekday", "period"):
        assert {each["share"] for each in lines(kind)} == {None}


def test_what_is_older_than_the_ledger_is_not_said_to_be_heard(stats, archive, listen):
    record(archive, *STORY)
    listen((DAY, 2 * DAY))
    assert "\nheard 100 % of the time since 2026-11-24; busiest" in stats()[1]


def test_stats_leaves_channels_without_a_ledger_out_of_the_coverage(stats, archive, listen):
    record(archive, *STORY, event_at(10 * HOUR, "elsewhere", target="#other"))
    listen((0, 2 * DAY))
    assert "\nheard 100 % of the time in 1 of 2 channels; busiest" in stats()[1]


def test_stats_rounds_no_coverage_up_to_100_percent(stats, archive, listen):
    record(archive, *STORY)
    listen((0, 2 * DAY - 2), (2 * DAY - 1, 2 * DAY))
    assert "\nheard 99.9 % of the time; busiest" in stats()[1]


def test_where_nobody_spoke_there_are_no_tables_and_nothing_is_busiest(stats, archive, listen):
    record(archive, did(HOUR, "join", "ann"))
    listen((0, 2 * HOUR))
    status, out, err = stats()
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "net/#c: 0 lines by 0 people, 2026-11-23",
        "0 words, 0 questions, 0 links, 0 nick changes, 1 event in all",
        "heard 100 % of the time",
    ]


def test_top_limits_the_people_and_says_how_many_there_are(stats, lines, archive):
    record(archive, *[event_at(each, nick=f"nick{each}") for each in range(25)])
    out = stats()[1]
    assert out.count("\nnick") == 20
    assert "\nand 5 more; --top shows them\n\nhour" in out
    assert "\nand 24 more; --top shows them\n\nhour" in stats("--top", "1")[1]
    assert "more" not in stats("--top", "25")[1]
    assert len(lines("person", "--top", "1")) == 25


def test_of_many_periods_the_last_ones_are_shown_and_it_says_how_many_came_before(
    stats, lines, archive
):
    record(archive, *[event_at(each * DAY) for each in range(32)])
    *_, first = stats("--by", "day")[1].split("day  ")
    rows = first.splitlines()
    assert (rows[1].split()[0], rows[-2].split()[0]) == ("2026-11-25", "2026-12-24")
    assert rows[-1] == "and 2 before; --json shows them"
    assert len(lines("period", "--by", "day")) == 32
    assert "before" not in stats("--by", "day", "--since", "2026-11-25")[1]


# -- what counts as one person ---------------------------------------------------------


def test_people_are_joined_by_account_and_by_changes_of_nick(lines, archive):
    record(archive, *STORY)
    assert nicks(lines("person")) == [(["bob", "bob_away"], 3), (["ann", "ann_"], 2)]
    assert nicks(lines("person", "--no-join")) == [
        (["bob"], 2), (["ann"], 1), (["ann_"], 1), (["bob_away"], 1)
    ]  # fmt: skip


def test_stats_joins_the_nicks_of_a_person_though_a_query_leaves_nick_changes_out(
    lines, stats, archive
):
    record(archive, *STORY)
    assert nicks(lines("person", "--type", "message")) == [
        (["bob", "bob_away"], 3), (["ann"], 1)
    ]  # fmt: skip
    assert nicks(lines("person", "--match", "here OR see")) == [(["bob", "bob_away"], 2)]
    assert nicks(lines("person", "--match", "here OR see", "--no-join")) == [
        (["bob"], 1), (["bob_away"], 1)
    ]  # fmt: skip
    assert "0 nick changes" in stats("--type", "message")[1]


def test_stats_never_joins_two_accounts_into_one_person(lines, archive):
    record(
        archive,
        event_at(1, nick="ann", account="ann"),
        event_at(2, nick="bob", account="bob"),
        did(3, "nick", "ann", subject="bob"),
    )
    assert nicks(lines("person")) == [(["ann"], 1), (["bob"], 1)]
    assert [person["account"] for person in lines("person")] == ["ann", "bob"]


def test_the_same_nick_on_two_networks_is_two_people_unless_networks_are_merged(
    lines, stats, archive
):
    record(
        archive,
        event_at(1), event_at(2), event_at(3, network="other"), event_at(4, nick="bob"),
        did(5, "nick", "ann", subject="zoe", network="other"),
        event_at(6, nick="zoe", network="other"), event_at(7, nick="zoe", network="other"),
    )  # fmt: skip

    def of(*arguments):
        people = lines("person", *arguments)
        return [(each["network"], each["nicks"], each["lines"]) for each in people]

    assert of() == [
        ("other", ["zoe", "ann"], 3), ("net", ["ann"], 2), ("net", ["bob"], 1),
    ]  # fmt: skip
    assert of("--no-join") == [
        ("net", ["ann"], 2), ("other", ["zoe"], 2), ("other", ["ann"], 1), ("net", ["bob"], 1),
    ]  # fmt: skip
    assert of("--merge-networks") == [(None, ["ann", "zoe"], 5), (None, ["bob"], 1)]
    heads = [next(line for line in stats(*each)[1].splitlines() if line.startswith("who"))
             for each in ([], ["net/*"], ["--merge-networks"])]  # fmt: skip
    assert ["network" in head for head in heads] == [True, False, False]
    assert [line.split()[:3] for line in stats()[1].splitlines() if line.startswith("zoe")] == [
        ["zoe", "other", "3"]
    ]


def test_people_who_had_a_nick_one_after_the_other_stay_two(lines, archive):
    record(
        archive,
        event_at(1), event_at(2, nick="bob"), did(3, "nick", "ann", subject="ann_away"),
        event_at(4, nick="ann_away"), did(5, "nick", "bob", subject="ann"), event_at(6),
        event_at(7), did(8, "quit", "ann"), did(9, "nick", "ann_away", subject="ann"),
        event_at(10),
    )  # fmt: skip
    assert nicks(lines("person")) == [(["ann", "ann_away"], 3), (["ann", "bob"], 3)]
    assert nicks(lines("person", "--type", "message", "-j", "2")) == nicks(lines("person"))


def test_nicks_that_are_one_to_the_network_are_one(lines, archive):
    record(archive, event_at(1, nick="Ann[]~"), event_at(2, nick="ann{}^"))
    assert nicks(lines("person", "--no-join")) == [(["Ann[]~"], 2)]


# -- when ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tz", "hours"),
    [
        ("UTC", {"18": 2, "17": 1}),
        ("Asia/Kolkata", {"23": 1, "00": 2}),
        ("Asia/Kathmandu", {"23": 1, "00": 2}),
        ("Europe/Berlin", {"18": 1, "19": 2}),
    ],
)
def test_hours_are_those_of_the_zone(lines, archive, tz, hours):
    evening = 17 * HOUR + 59 * 60
    record(archive, event_at(evening), event_at(evening + 31 * 60), event_at(evening + 45 * 60))
    assert said(lines("hour", tz=tz), "hour") == hours


def test_days_and_weekdays_are_those_of_the_zone_in_the_tables_too(stats, lines, archive):
    record(archive, event_at(18 * HOUR + 20 * 60))
    assert said(lines("weekday", tz="Asia/Kathmandu"), "weekday") == {"Tue": 1}
    periods = lines("period", "--by", "day", tz="Asia/Kathmandu")
    assert said(periods, "period") == {"2026-11-24": 1}
    out = stats(tz="Asia/Kathmandu")[1]
    assert out.startswith("net/#c: 1 line by 1 person, 2026-11-24\n")
    assert "ann      1      1     1.0          0      0  2026-11-24\n" in out
    assert "busiest hour 2026-11-24 00:00 (1 line)" in out


def test_the_hours_of_a_summer_time_are_those_of_its_clocks(lines, archive):
    july = -145 * DAY  # 2026-07-01
    record(archive, event_at(july + 12 * HOUR), event_at(12 * HOUR))
    assert said(lines("hour", tz="Europe/Berlin"), "hour") == {"13": 1, "14": 1}


def test_the_hour_that_comes_twice_holds_what_was_said_and_heard_in_both(lines, archive, listen):
    back = -29 * DAY + HOUR  # 2026-10-25, 01:00 UTC: three o'clock becomes two
    record(archive, event_at(back - 60), event_at(back + 60))
    listen((back - HOUR, back - HOUR // 2), (back, back + HOUR))
    rows = lines("hour", tz="Europe/Berlin")
    assert said(rows, "hour") == {"02": 2}
    assert {row["hour"]: row["share"] for row in rows if row["share"]} == {"02": 0.75}


def test_the_busiest_hour_is_one_of_the_two_that_a_clock_shows_alike(stats, archive, listen):
    back = -29 * DAY + HOUR
    record(archive, event_at(back - 60), event_at(back + 60), event_at(back + 61))
    listen((back - HOUR, back + HOUR))
    out = stats(tz="Europe/Berlin")[1]
    assert "busiest hour 2026-10-25 02:00 +01:00 (2 lines)" in out


@pytest.mark.parametrize(
    ("tz", "heard"),
    [
        ("UTC", {"08": 1, "09": 0.5, "10": 0, "11": 1}),
        ("Asia/Kolkata", {"13": 1, "14": 1, "15": 0, "16": 0.5, "17": 1}),
        ("Asia/Kathmandu", {"13": 1, "14": 1, "15": 0.25, "16": 0.25, "17": 1}),
    ],
)
def test_a_stretch_in_which_nobody_listened_lies_in_the_hours_of_the_zone(
    lines, archive, listen, tz, heard
):
    record(archive, *STORY)
    listen((8 * HOUR, 9 * HOUR + 1800), (11 * HOUR, 12 * HOUR))
    rows = lines("hour", tz=tz)
    assert {row["hour"]: row["share"] for row in rows if row["share"] is not None} == heard


def test_what_was_heard_is_cut_at_the_times_that_are_asked_for(lines, archive, listen):
    record(archive, *STORY)
    listen((8 * HOUR, 10 * HOUR), (11 * HOUR, 12 * HOUR))
    since, until = ("--since", "2026-11-23 10:00"), ("--until", "2026-11-23 10:30")
    assert lines("total")[0]["share"] == 0.75
    assert lines("total", *since)[0]["share"] == 0.5
    assert lines("total", *since, *until)[0]["share"] == 0
    assert lines("total", "--until", "2026-11-23 10:00")[0]["share"] == 1


def test_a_recorder_that_ended_without_a_word_is_not_taken_to_listen_on(lines, archive):
    record(archive, event_at(0), event_at(HOUR, received=format_time(START + HOUR * 1000)))
    entry = OpenedEntry(at=format_time(START), run="2026-11-23T000000.000Z-1")
    ledger.append(UNSYNCED, archive / "net" / "#c", [entry])
    assert lines("total")[0]["share"] == pytest.approx(1 / (31 * 24), abs=1e-6)


def test_what_a_ledger_claims_counts_from_the_first_chat_until_now(lines, archive, monkeypatch):
    """A ledger of the years 1 to 9999 has three million days, and each is work."""
    asked = []
    really = tally.attention_to
    monkeypatch.setattr(
        tally,
        "attention_to",
        lambda known, since, until, minutes: (
            asked.append((since, until)) or really(known, since, until, minutes)
        ),
    )
    record(archive, event_at(0))
    ends = ("0001-01-01T00:00:00.000Z", "9999-12-31T00:00:00.000Z")
    entries = [OpenedEntry(at=ends[0]), ClosedEntry(at=ends[1])]
    ledger.append(UNSYNCED, archive / "net" / "#c", entries)
    assert lines("total", "--since", "1901-01-01", "--until", "9000-01-01")[0]["share"] == 1
    assert asked == [(EARLIEST, NOW)]


# -- what is counted -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ([], 5), (["--since", "2026-11-24"], 1), (["--until", "2026-11-23 10:00"], 2),
        (["--match", "has:question"], 2), (["--match", "before:2026-11-24 is OR see"], 2),
        (["--type", "action"], 1), (["--nick", "BOB"], 2), (["--nick", "bob*"], 3),
        (["--nick", "bob", "--follow-nicks"], 3), (["--account", "ann"], 2),
        (["--type", "message", "--type", "action", "--since", "2026-11-23 10:00"], 3),
        (["c"], 5), (["net/*"], 5), (["--network", "net", "-j", "2"], 5),
    ],
    ids=str,
)  # fmt: skip
def test_only_what_is_asked_for_is_counted(lines, archive, arguments, count):
    record(archive, *STORY)
    [total] = lines("total", *arguments)
    assert total["lines"] == count
    people = lines("person", *arguments)
    assert {name: total[name] for name in SUMS} == {
        name: sum(person[name] for person in people) for name in SUMS
    }
    assert total["people"] == len(people)
    for kind in ("hour", "weekday", "period"):
        assert sum(each["lines"] for each in lines(kind, *arguments)) == count


def test_each_shows_channels_for_themselves_and_else_they_add_up(stats, lines, archive):
    record(
        archive,
        event_at(1, "one", target="#a"),
        event_at(2, "two", target="#b", nick="bob"),
        event_at(3, "three", network="other", target="#a"),
        event_at(4, "not counted", target=SERVER),
    )
    [total] = lines("total")
    names = [("net", "#a"), ("net", "#b"), ("other", "#a")]
    targets = [{"network": network, "target": target} for network, target in names]
    assert (total["targets"], total["lines"]) == (targets, 3)
    each = lines("total", "--each")
    assert [(one["targets"], one["lines"]) for one in each] == [([one], 1) for one in targets]
    heads = [line for line in stats("--each")[1].splitlines() if " by " in line]
    assert heads == [
        f"{name}: 1 line by 1 person, 2026-11-23" for name in ("net/#a", "net/#b", "other/#a")
    ]
    assert stats()[1].startswith("3 channels: 3 lines by 3 people, 2026-11-23\n")
    for kind in ("hour", "weekday", "period", "person"):
        networks = {"net", "other"} if kind == "person" else {None}
        assert {(one["network"], one["target"]) for one in lines(kind)} == {
            (network, None) for network in networks
        }
        each = lines(kind, "--each")
        assert {(one["network"], one["target"]) for one in each} == set(names)
        [network] = {one["network"] for one in lines(kind, "net/*")}
        assert network == "net"


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        ("year", {"2026": 1, "2027": 1}),
        ("month", {"2026-12": 1, "2027-01": 1}),
        ("day", {"2026-12-31": 1, "2027-01-01": 1}),
    ],
)
def test_periods_are_as_long_as_one_likes(lines, archive, by, periods):
    new_year = 39 * DAY
    record(archive, event_at(new_year - 1), event_at(new_year))
    assert said(lines("period", "--by", by), "period") == periods


@pytest.mark.parametrize("storage", [{"formats": ("text",)}, {}, {"formats": ("text", "jsonl")}])
@pytest.mark.parametrize("sealed", [False, True])
def test_text_and_sealed_transcripts_are_counted_as_plain_ones(lines, archive, storage, sealed):
    record(archive, *STORY, **storage)
    if sealed:
        tend(archive, **storage)
        assert not list(archive.rglob("*.jsonl")) + list(archive.rglob("*.log"))
    [total] = lines("total", "--no-join")
    assert [total[name] for name in SUMS] == [5, 11, 78, 2, 2]
    assert total["types"] == {"message": 4, "action": 1, "nick": 1, "join": 1}


def test_damage_is_told_once_and_the_rest_counted(stats, archive):
    record(archive, *STORY)
    path = archive / "net" / "#c" / "2026-11-23_001.jsonl"
    data = path.read_bytes()
    path.write_bytes(b"nonsense\n\n" + data + data.replace(b"\n", b"", 1))
    for arguments in ([], ["--match", "-nothing"]):
        status, out, err = stats(*arguments)
        assert (status, err) == (0, f"chatlog: 3 lines of {path} could not be read\n")
        assert out.startswith("net/#c: 7 lines by 2 people")


# -- JSON ------------------------------------------------------------------------------


def test_each_line_of_json_has_the_documented_keys(stats, archive, listen):
    record(archive, *STORY)
    listen((8 * HOUR, 12 * HOUR), (DAY, 2 * DAY))
    found = [json.loads(line) for line in stats("--json")[1].splitlines()]
    assert [each["type"] for each in found] == [
        "total", *["hour"] * 24, *["weekday"] * 7, "period", *["person"] * 2
    ]  # fmt: skip
    assert {each["type"]: list(each) for each in found} == {
        "total": ["type", "network", "target", "targets", "since", "until", "events", "types",
                  "netsplits", "people", "lines", "words", "letters", "questions", "links",
                  "share"],
        "hour": ["type", "network", "target", "hour", "lines", "share"],
        "weekday": ["type", "network", "target", "weekday", "lines", "share"],
        "period": ["type", "network", "target", "period", "lines", "share"],
        "person": ["type", "network", "target", "nick", "nicks", "account", "since", "until",
                   "lines", "words", "letters", "questions", "links"],
    }  # fmt: skip
    assert found[0] == {
        "type": "total", "network": "net", "target": "#c",
        "targets": [{"network": "net", "target": "#c"}],
        "events": 7, "lines": 5, "people": 2, "words": 11,
        "letters": 78, "questions": 2, "links": 2,
        "types": {"message": 4, "nick": 1, "action": 1, "join": 1}, "netsplits": 0,
        "since": STORY[0].time, "until": STORY[-1].time, "share": 0.7,
    }  # fmt: skip
    assert found[-1] == {
        "type": "person", "network": "net", "target": "#c", "nick": "ann", "nicks": ["ann", "ann_"],
        "account": "ann", "lines": 2, "words": 3, "letters": 17, "questions": 0, "links": 0,
        "since": STORY[0].time, "until": STORY[4].time,
    }  # fmt: skip


def test_no_nick_steers_who_reads_it(stats, lines, archive):
    nick = "a\x1b[2J\x9b31m\u202e\x7f\nb"
    record(archive, event_at(1, nick=nick))
    assert [person["nick"] for person in lines("person")] == [nick]
    for arguments in ([], ["--json"]):
        out = stats(*arguments)[1]
        assert not any(UNSAFE.search(line) for line in out.split("\n"))


# -- screens ---------------------------------------------------------------------------


@pytest.mark.parametrize("nick", ["ann[m]", "[bold]", "[/]", "a[/b]", "[link=x]", ":smile:"])
def test_brackets_in_nicks_are_no_markup(stats, archive, nick):
    record(archive, event_at(1, nick=nick))
    assert f"\n{nick}  " in stats()[1]


def test_long_names_give_way_to_numbers_on_a_narrow_terminal(tmp_path, archive):
    same = {"account": "acc", "target": "#" + "c" * 200}
    record(
        archive,
        *[event_at(each, "w " * 1000, nick="n" * 60, **same) for each in range(1100)],
        *[event_at(each, "http://a ok?", nick="other" * 12, **same) for each in range(1050)],
        event_at(1, "\x1b[2J", nick="日本語" * 20, target="#c"),
        event_at(1, "x", nick="a\x1b[2J\x9b31m" * 9, target="#c"),
    )
    done = run_in_terminal(
        ["stats", "--tz", "UTC", "--archive", str(archive), "--by", "day"],
        columns=80,
        now=NOW,
        environment=Chatlog(tmp_path).environment(TERM="xterm-256color"),
        cwd=tmp_path,
    )
    assert "↵" not in done.picture  # no line is longer than the terminal is wide
    assert "⟦?" not in done.picture  # nor is there anything that steers it
    shown = done.picture.splitlines()
    rows = {line.split("…")[0][:1]: line.split() for line in shown if "…" in line}
    first = ["2,150", "1,102,100", "512.6", "1,050", "1,050", "2026-11-23"]
    assert (len(rows), rows["n"][1:7]) == (3, first)
    for each in ("a", "日"):
        assert rows[each][-6:] == ["1", "1", "1.0", "0", "0", "2026-11-23"]


# -- how it ends -----------------------------------------------------------------------


def test_nothing_found_is_status_1(stats, archive):
    record(archive, *STORY)
    for arguments in (["--match", "nowhere"], ["--since", "2026-12-01"]):
        assert stats(*arguments) == (1, "", "chatlog: no line matches\n")
    status, out, err = stats("#nowhere")
    assert (status, out) == (1, "")
    assert err.startswith(f"chatlog: no channel or query in {archive} matches '#nowhere'; ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--since", "soon"], ["--type", "hologram"], ["--by", "week"], ["--top", "0"],
        ["--follow-nicks"], ["--match", "from:"], ["--since", "2026-12", "--until", "2026-11"],
        ["--jobs", "0"],
    ],
    ids=str,
)  # fmt: skip
def test_stats_refuses_options_that_make_no_sense(stats, archive, arguments):
    record(archive, *STORY)
    status, out, err = stats(*arguments)
    assert (status, out) == (2, "")
    assert "Traceback" not in err
