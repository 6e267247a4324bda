"""`chatlog tail` as people type it: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from chatlog.cli import run
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, CoveredEntry, OpenedEntry
from chatlog.event import SERVER
from chatlog.formats import jsonl
from tests.support.archive import UNSYNCED, append_to_manifest, event_at, record, writer_in
from tests.support.events import UNSAFE
from tests.support.tending import DAY, tend

_YEAR = 365 * DAY


def said(seconds, text, **fields):
    """Make a message so many seconds after midnight of 2025-11-23, a day that is over."""
    return event_at(seconds - _YEAR, text, **fields)


@pytest.fixture
def tail(tmp_path, capsysbinary):
    """Run `chatlog tail` on the archive in tmp_path/archive: its status, stdout and stderr."""

    def call(*arguments):
        status = run(["tail", "--archive", str(tmp_path / "archive"), "--tz", "UTC", *arguments])
        out, err = capsysbinary.readouterr()
        return status, out.decode(), err.decode()

    return call


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


# -- what it prints --------------------------------------------------------------------


def test_the_last_events_are_shown_with_their_dates(tail, archive):
    record(archive, *(said(each, f"text {each}") for each in range(20)))
    assert tail("-n", "2") == (
        0,
        "2025-11-23 00:00:18 <ann> text 18\n2025-11-23 00:00:19 <ann> text 19\n",
        "",
    )


def test_a_bare_number_is_the_number_of_events_as_with_the_tail_of_files(tail, archive):
    record(archive, *(said(each, f"text {each}") for each in range(20)))
    assert tail("-3") == tail("-n", "3")
    assert tail("c", "-3") == tail("-n3", "c")
    assert tail("--since", "2025-11-23", "-3") == tail("--since", "2025-11-23", "-n", "3")
    assert tail("--since", "-5") == tail("--since", "-5s")  # five seconds ago
    assert tail("--", "-3")[0] == 1  # a target of that name


def test_ten_are_shown_where_nobody_says_how_many(tail, archive):
    record(archive, *(said(each, f"text {each}") for each in range(20)))
    assert tail()[1].count("\n") == 10


def test_of_today_the_time_is_enough(tail, archive, monkeypatch):
    record(archive, said(1, "hi"))
    monkeypatch.setattr("chatlog.clock.now", lambda: "2025-11-23T23:59:59.999Z")
    assert tail()[1] == "00:00:01 <ann> hi\n"
    monkeypatch.setattr("chatlog.clock.now", lambda: "2025-11-24T00:00:00.000Z")
    assert tail()[1] == "2025-11-23 00:00:01 <ann> hi\n"


def test_several_channels_stand_in_a_column_as_their_events_spell_them(tail, archive):
    record(
        archive,
        said(1, "one", target="#Straße"),
        said(2, "two", target="#b"),
        said(3, "not shown", target=SERVER),
    )
    assert tail()[1] == (
        "2025-11-23 00:00:01 #Straße <ann> one\n2025-11-23 00:00:02 #b      <ann> two\n"
    )


def test_several_networks_stand_before_their_channels(tail, archive):
    record(archive, said(1, "one", network="Libera"), said(2, "two", network="oftc"))
    assert tail()[1] == (
        "2025-11-23 00:00:01 Libera/#c <ann> one\n2025-11-23 00:00:02 oftc/#c   <ann> two\n"
    )


def test_a_long_name_does_not_push_the_others_away(tail, archive):
    long = "#" + "x" * 40
    record(archive, said(1, "one", target=long), said(2, "two", target="#b"))
    first, second = tail()[1].splitlines()
    assert first == f"2025-11-23 00:00:01 {long} <ann> one"
    assert second == f"2025-11-23 00:00:02 {'#b':<20} <ann> two"


def test_the_channel_is_shown_where_others_match_as_well(tail, archive):
    record(archive, said(1, "one", target="#a"), said(2, "two", target="#b"))
    assert tail("-n", "1")[1] == "2025-11-23 00:00:02 #b <ann> two\n"
    assert tail("b")[1] == "2025-11-23 00:00:02 <ann> two\n"


def test_targets_and_networks_are_chosen(tail, archive):
    record(
        archive,
        said(1, "one", network="libera", target="#a"),
        said(2, "two", network="libera", target="#b"),
        said(3, "three", network="oftc", target="#a"),
        said(4, "four", network="oftc", target=SERVER),
    )
    assert tail("#A")[1].count("\n") == 2
    assert tail("libera/a", "@server")[1].count("\n") == 2
    assert tail("a", "--network", "oftc")[1] == "2025-11-23 00:00:03 <ann> three\n"


def test_nothing_that_was_said_can_steer_the_terminal(tail, archive):
    evil = "\x1b]0;title\x07\x9b2J\u202e\r"
    record(archive, said(1, evil, nick=evil, target="#" + evil), said(2, "x"))
    shown = tail()[1]
    assert shown.count("\n") == 2
    assert not UNSAFE.search(shown.replace("\n", ""))


def test_times_are_in_the_zone_that_is_asked_for(tail, archive):
    record(archive, said(1, "hi"))
    assert tail("--tz", "Asia/Tokyo")[1].startswith("2025-11-23 09:00:01 ")


def test_json_is_what_was_recorded_byte_for_byte(archive, tail):
    directory = archive / "net" / "#c"
    directory.mkdir(parents=True)
    recorded = (
        '{ "later": 1, "time": "2025-11-23T00:00:01.000Z", "type": "message",'
        ' "text": "é\\u001b" }\n'
    )
    (directory / "2025-11-23_001.jsonl").write_text(recorded)
    assert tail("--json") == (0, recorded, "")


def test_json_of_a_text_archive_is_json(archive, tail):
    event = said(1, "hi", user="~ann")
    record(archive, event, formats=("text",))
    [line] = tail("--json")[1].splitlines()
    assert json.loads(line) == {
        "time": "2025-11-23T00:00:01.000Z",
        "network": "net",
        "target": "#c",
        "type": "message",
        "nick": "ann",
        "text": "hi",
    }


def test_what_stdout_cannot_spell_is_written_out(archive, chatlog):
    record(archive, said(1, "naïve ☕"))
    arguments = ["tail", "-a", archive, "--tz", "UTC"]
    shown = chatlog.run(*arguments, PYTHONIOENCODING="ascii").stdout
    assert shown == "2025-11-23 00:00:01 <ann> na\\xefve \\u2615\n"
    as_json = chatlog.run(*arguments, "--json", PYTHONIOENCODING="ascii").stdout
    assert json.loads(as_json)["text"] == "naïve ☕"


# -- colours -------------------------------------------------------------------------------


def test_there_are_no_colours_where_stdout_is_no_terminal(archive, tail):
    record(archive, said(1, "hi"))
    assert "\x1b" not in tail()[1]


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_that_are_asked_for_are_there(archive, tail, monkeypatch, no_color):
    monkeypatch.setenv("NO_COLOR", no_color)
    record(archive, said(1, "hi"), said(2, "ho", nick="bob"))
    shown = tail("--color", "always")[1]
    first, second = shown.splitlines()
    assert "\x1b[2m2025-11-23 00:00:01 \x1b[0m" in first
    assert first.endswith("hi")
    colours = {line.partition("<\x1b[0m")[2].partition("m")[0] for line in (first, second)}
    assert len(colours) == 2, "two nicks have two colours"


@pytest.mark.parametrize(
    ("arguments", "env", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
    ids=str,
)
def test_on_a_terminal_colours_are_as_terminal_and_no_color_say(
    archive, chatlog, arguments, env, coloured
):
    record(archive, said(1, "hi"))
    shown = on_terminal(
        ["tail", "-a", str(archive), *arguments],
        chatlog.environment(**{"TERM": "xterm-256color", **env}),
    )
    assert "hi" in shown
    assert ("\x1b[" in shown) == coloured


def on_terminal(arguments, env):
    """Run chatlog with a terminal as its stdout, and return what came there."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "chatlog", *arguments]
    subprocess.run(command, stdout=theirs, stdin=subprocess.DEVNULL, env=env, check=True)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # a terminal that nobody holds ends so
        pass
    finally:
        os.close(ours)
    return shown.decode()


# -- how it ends ----------------------------------------------------------------------------


def test_an_archive_that_is_not_there_is_said_with_its_place(tail, archive):
    status, out, err = tail()
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith(f"chatlog: no archive in {archive}; ")
    assert "--archive" in err


def test_targets_that_match_nothing_are_named(tail, archive):
    record(archive, said(1, "hi"))
    status, out, err = tail("#nobody", "ann")
    assert (status, out) == (1, "")
    assert err.startswith(f"chatlog: no channel or query in {archive} matches '#nobody' or 'ann'; ")


def test_a_target_without_events_is_nothing_found(tail, archive):
    (archive / "net" / "#c").mkdir(parents=True)
    assert tail() == (
        1, "", "chatlog: no line of 'net/#c' is recorded; `chatlog gaps` shows why\n",
    )  # fmt: skip


def test_the_user_data_directory_is_where_it_looks(tmp_path, capsysbinary):
    assert run(["tail"]) == 1
    assert str(tmp_path / "home" / "chatlog") in capsysbinary.readouterr().err.decode()


def test_the_environment_says_where_the_archive_is(archive, capsysbinary, monkeypatch):
    record(archive, said(1, "hi"))
    monkeypatch.setenv("CHATLOG_ARCHIVE", str(archive))
    assert run(["tail"]) == 0
    assert capsysbinary.readouterr().out.endswith(b"<ann> hi\n")


def test_no_events_may_be_asked_for(tail, archive):
    record(archive, said(1, "hi"))
    assert tail("-n", "0") == (0, "", "")


@pytest.mark.parametrize(
    "arguments",
    [["-n", "-1"], ["-n", "ten"], ["--tz", "Nowhere"], ["--color", "red"], ["--no-such"]],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_usage_error(tail, archive, arguments):
    record(archive, said(1, "hi"))
    status, out, err = tail(*arguments)
    assert (status, out) == (2, "")
    assert err


def test_damage_is_counted_on_stderr_and_the_rest_shown(tail, archive):
    record(archive, said(1, "one"), said(2, "two"))
    path = archive / "net" / "#c" / "2025-11-23_001.jsonl"
    with path.open("ab") as file:
        file.write(b"damage\n" + jsonl.encode([said(3, "three")]))
    status, out, err = tail("-n", "2")
    assert status == 0
    assert [line.rpartition(" ")[2] for line in out.splitlines()] == ["two", "three"]
    assert err == f"chatlog: 1 line of {path} could not be read\n"


def test_tail_ends_with_3_if_an_archive_cannot_be_read(tail, archive):
    record(archive, said(1, "one"), formats=("text",))
    manifest = archive / "net" / "#c" / "MANIFEST"
    manifest.write_bytes(manifest.read_bytes().replace(b'"UTC"', b'"Mars"'))
    status, out, err = tail()
    assert (status, out) == (3, "")
    assert "'Mars'" in err


def test_the_help_of_tail_has_an_example(capsys):
    assert run(["tail", "--help"]) == 0
    assert "chatlog tail -f '#python'" in capsys.readouterr().out


def test_tail_ends_quietly_when_its_pipe_is_closed(archive, chatlog):
    record(archive, *(said(each, "x" * 400) for each in range(2000)))
    with chatlog.piped("tail", "-n", "2000", "-a", archive) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


# -- what a screen leaves out ------------------------------------------------------------------


def noisy(archive, lines, **storage):
    """Record lines of people, each behind all that a batch of a recorder writes."""
    events = []
    for each in range(lines):
        at = each * 100
        events += [
            said(at, "", type="connected", nick="recorder"),
            said(at + 1, "", type="joined", nick="recorder"),
            said(at + 2, "ann recorder", type="names", nick=""),
            said(at + 3, "", type="mode", nick="irc.example", command="+nt"),
            said(at + 4, f"text {each}"),
            *(said(at + 5 + more, "", type="disconnected", nick="recorder") for more in range(30)),
        ]
    record(archive, *events, **storage)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("formats", [("jsonl",), ("text",)])
def test_ten_lines_are_ten_that_are_shown_however_many_are_left_out(tail, archive, formats, sealed):
    noisy(archive, 40, formats=formats)
    if sealed:
        tend(archive)
    out = tail()[1]
    assert [line.split()[-1] for line in out.splitlines()] == [str(each) for each in range(30, 40)]
    assert tail("-n", "25")[1].count("\n") == 25
    assert tail("--since", "2025-11-23")[1].count("\n") == 40


def test_everything_is_shown_with_all_and_omitted_nowhere_but_on_screens(tail, archive):
    noisy(archive, 2)
    assert tail("--all", "-n", "100")[1].count("\n") == 70
    assert tail("--json", "-n", "100")[1].count("\n") == 70
    assert tail("--cursor", str(archive.parent / "seen"))[1].count("\n") == 70
    assert tail("-n", "100")[1].count("\n") == 2


def test_a_type_of_noise_is_shown_if_it_is_asked_for(tail, archive):
    noisy(archive, 2)
    assert "members of #c: ann recorder" in tail("--type", "names")[1]
    assert tail("--match", "type:joined OR type:mode")[1].count("\n") == 4
    assert tail("--match", "-type:join")[1].count("\n") == 2


def test_talk_alone_is_shown_on_screens_and_in_json(tail, archive):
    noisy(archive, 2)
    record(archive, said(900, "", type="join"), said(901, "waves", type="action"))
    heard(archive, (0, 210), (300, 1000))
    for how in (["--talk"], ["--match", "type:talk"], ["--type", "talk"]):
        assert [line.split()[-1] for line in tail(*how)[1].splitlines()] == ["0", "1", "waves"]
        found = tail("--json", *how)[1].splitlines()
        assert [json.loads(line)["type"] for line in found] == ["message", "message", "action"]
    assert tail("--json", "--talk", "--since", "2025-11-23")[1].count("\n") == 3


def test_all_and_talk_contradict_each_other(tail, archive):
    record(archive, said(1, "hi"))
    assert tail("--all", "--talk") == (
        2,
        "",
        "chatlog: --all and --talk contradict each other; leave one out\n",
    )


def test_an_archive_of_nothing_but_noise_is_not_called_empty(tail, archive):
    record(archive, said(1, "", type="joined"), said(2, "ann", type="names", nick=""))
    only = "chatlog: only the recorder's own lines are there; show them with --all\n"
    assert tail() == tail("--nick", "ann") == (1, "", only)
    assert tail("--talk")[2].startswith("chatlog: only lines that are no talk are there; ")
    assert tail("--all")[0] == 0


@pytest.mark.parametrize("how", [(), ("--talk",), ("-n", "2000"), ("--since", "2025-11-23")])
def test_damage_among_lines_that_are_not_shown_is_reported_once(tail, archive, how):
    record(archive, said(1, "", type="joined"), said(2, "", type="disconnected"))
    path = archive / "net" / "#c" / "2025-11-23_001.jsonl"
    with path.open("ab") as file:
        file.write(b"damage\n")
    assert tail(*how)[2].count("could not be read\n") == 1


def test_following_leaves_out_what_a_screen_does_not_show(archive, chatlog):
    record(archive, said(1, "", type="joined"))
    running = chatlog.start("tail", "-f", "-a", archive, "--tz", "UTC")
    running.wait_for("only the recorder's own lines are there yet; waiting")
    record(archive, said(2, "ann", type="names", nick=""), said(3, "hello"))
    running.wait_for("<ann> hello$", stream="stdout")
    running.interrupt()
    assert running.finish() == 130
    assert running.stdout.count("\n") == 1


# -- following ----------------------------------------------------------------------------------


def test_following_goes_on_with_what_is_recorded_in_any_segment(archive, chatlog):
    writer = writer_in(archive)

    def say(*events):
        writer.write_all(events)
        writer.flush()

    say(said(1, "before"), said(2, "last"))
    running = chatlog.start("tail", "-f", "-n", "1", "-a", archive, "--tz", "UTC", "#c", "#new")
    running.wait_for("<ann> last$", stream="stdout")
    say(said(3, "live"))
    running.wait_for("<ann> live$", stream="stdout")
    say(said(90_000, "the next day"))
    running.wait_for("<ann> the next day$", stream="stdout")
    say(said(90_001, "elsewhere", target="#new"))
    running.wait_for("#new <ann> elsewhere$", stream="stdout")
    say(said(90_002, "both"))
    running.wait_for("#c .*both$", stream="stdout")
    writer.close()
    running.interrupt()
    assert running.finish() == 130
    assert running.stdout.count("\n") == 5
    assert "Traceback" not in running.stderr


def test_following_may_begin_before_there_is_anything(archive, chatlog):
    running = chatlog.start("tail", "-f", "-a", archive, "#c")
    running.wait_for(f"no archive in {archive} yet; waiting")
    record(archive, said(1, "the first"))
    running.wait_for("<ann> the first$", stream="stdout")
    running.interrupt()
    assert running.finish() == 130


def test_following_tells_of_damage_when_it_comes(archive, chatlog):
    record(archive, said(1, "one"))
    path = archive / "net" / "#c" / "2025-11-23_001.jsonl"
    running = chatlog.start("tail", "-f", "--json", "-a", archive)
    running.wait_for('"one"', stream="stdout")
    with path.open("ab") as file:
        file.write(b"damage\n" + jsonl.encode([said(2, "two")]))
    running.wait_for(f"1 line of {path} could not be read")
    running.wait_for('"two"', stream="stdout")
    running.interrupt()
    assert running.finish() == 130
    assert running.stderr.count("could not be read") == 1


def test_following_ends_quietly_when_its_pipe_is_closed(archive, chatlog):
    record(archive, said(1, "one"))
    with chatlog.piped("tail", "-f", "-a", archive) as process:
        assert process.stdout.readline().endswith(b"one\n")
        process.stdout.close()
        record(archive, said(2, "two"))
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_following_shows_what_matches_over_rotation_sealing_and_new_channels(archive, chatlog):
    record(archive, said(1, "tea"), said(2, "milk"))
    running = chatlog.start(
        "tail", "-f", "--json", "-a", archive, "--match", "tea OR type:join", "--nick", "a*", "#*"
    )
    running.wait_for('"tea"', stream="stdout")
    record(archive, said(3, "more tea"), said(4, "tea", nick="bob"), said(5, "milk"))
    running.wait_for('"more tea"', stream="stdout")
    record(archive, said(DAY, "tea of the next day"))
    running.wait_for('"tea of the next day"', stream="stdout")
    tend(archive)
    record(archive, said(6, "late tea"), said(7, "fetched tea", via="playback"))
    running.wait_for('"late tea"', stream="stdout")
    running.wait_for('"fetched tea"', stream="stdout")
    tend(archive)
    record(archive, said(DAY + 1, "milk", target="#new"), said(DAY + 2, "tea", target="ann"))
    record(archive, said(DAY + 2, "", target="#new", type="join"))
    running.wait_for('"join"', stream="stdout")
    running.interrupt()
    assert running.finish() == 130
    shown = [json.loads(line).get("text") for line in running.stdout.splitlines()]
    assert sorted(shown[:-1]) == sorted(
        ["tea", "more tea", "tea of the next day", "late tea", "fetched tea"]
    )
    assert shown[-1] in {None, ""}


_WATCHED = """
import sys
from chatlog.cli import main, waiting
waiting._POLL = 3600
waiting._UNTOLD = 3_600_000
main()
"""
_NOT_WATCHED = """
import sys
sys.modules["watchfiles"] = None
from chatlog.cli import main
main()
"""


@pytest.mark.parametrize("program", [_WATCHED, _NOT_WATCHED], ids=["told", "looking"])
def test_a_line_is_shown_when_the_file_system_tells_of_it_or_at_the_next_look(
    archive, chatlog, program
):
    if program is _WATCHED:
        pytest.importorskip("watchfiles")
    record(archive, said(1, "one"))
    arguments = ["tail", "-f", "-a", str(archive)]
    running = chatlog.start_command(sys.executable, "-c", program, *arguments)
    running.wait_for("one$", stream="stdout")
    for text in ("two", "three"):
        record(archive, said(2, text))
        running.wait_for(f"{text}$", stream="stdout")
    record(archive, said(2, "elsewhere", target="#new"))
    running.wait_for("elsewhere$", stream="stdout")
    running.interrupt()
    assert running.finish() == 130


# -- some of it -----------------------------------------------------------------------------


def test_since_shows_everything_from_then_on_in_order_of_time(tail, archive):
    record(
        archive,
        *(said(hour * 3600, f"{hour} a", target="#a") for hour in range(0, 48, 2)),
        *(said(hour * 3600, f"{hour} b", target="#b") for hour in range(1, 48, 2)),
    )
    tend(archive, now="2025-11-24T12:00:00.000Z")
    status, out, err = tail("--since", "2025-11-23 20:00")
    assert (status, err) == (0, "")
    assert [int(line.split()[4]) for line in out.splitlines()] == list(range(20, 48))
    assert tail("--since", "2025-11-23 20:00", "-n", "1")[1].endswith("47 b\n")
    out = tail("--since", "2025-11-23 20:00", "--until", "2025-11-23 22:00")[1]
    assert [line.split()[4] for line in out.splitlines()] == ["20", "21"]


def test_tail_until_shows_the_last_events_before_a_time(tail, archive):
    record(archive, *(said(each, f"text {each}") for each in range(60)))
    out = tail("--until", "2025-11-23T00:00:30Z", "-n", "2")[1]
    assert [line.split()[-1] for line in out.splitlines()] == ["28", "29"]
    assert tail("--until", "2025-11-23T00:00:30Z")[1].count("\n") == 10


def test_a_since_without_anything_behind_it_is_nothing_found(tail, archive):
    record(archive, said(1, "hi"))
    status, out, err = tail("--since", "2025-12-01")
    assert (status, out) == (1, "")
    assert err == "chatlog: no line matches\n"


def test_the_last_events_that_match_are_shown_and_what_is_older_is_not_opened(tail, archive):
    for day in range(5):
        record(archive, *(said(day * DAY + each, f"{each % 4} of {day}") for each in range(20)))
    tend(archive)
    oldest = archive / "net" / "#c" / "2025-11-23_001.jsonl.gz"
    oldest.write_bytes(b"damage")
    status, out, err = tail("-n", "7", "--match", "1", "--nick", "ann", "--type", "message")
    assert (status, err) == (0, "")
    assert [line.split("> ")[1] for line in out.splitlines()] == [
        *["1 of 3", "1 of 3"],
        *["1 of 4"] * 5,
    ]
    assert "could not be read" in tail("-n", "100", "--match", "1")[2]


def test_several_globs_and_networks_are_chosen(tail, archive):
    record(
        archive,
        said(1, "one", network="libera", target="#python"),
        said(2, "two", network="libera", target="#python-ops"),
        said(3, "three", network="oftc", target="#python"),
        said(4, "four", network="oftc", target="#debian-ops"),
    )

    def words(*arguments):
        return [line.split()[-1] for line in tail(*arguments)[1].splitlines()]

    assert words("*-ops") == ["two", "four"]
    assert words("libera/*", "#deb*") == ["one", "two", "four"]
    assert words("*/#python") == ["one", "three"]
    assert words("#pytho?", "--network", "oftc") == ["three"]


def test_options_of_a_query_go_together(tail, archive):
    record(
        archive,
        said(1, "tea", nick="ann"),
        said(2, "tea", nick="bob", via="playback"),
        said(3, "tea", nick="bob", account="robert"),
        said(4, "", nick="bob", type="join"),
        said(5, "", nick="bob", type="nick", subject="bobby"),
        said(6, "tea", nick="bobby"),
    )

    def seconds(*arguments):
        return [line.split()[1][-1] for line in tail(*arguments)[1].splitlines()]

    assert seconds("--nick", "BOB", "--type", "message") == ["2", "3"]
    assert seconds("--nick", "bob", "--via", "live", "--type", "message") == ["3"]
    assert seconds("--account", "robert") == ["3"]
    assert seconds("--nick", "bob", "--follow-nicks", "--match", "tea") == ["2", "3", "6"]
    assert seconds("--match", "-from:b* type:message") == ["1"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--since", "soon"], "soon"),
        (["--match", "(tea"], "this parenthesis is never closed"),
        (["--type", "nonsense"], "nonsense"),
        (["--follow-nicks"], "--follow-nicks needs --nick"),
        (["--since", "2025-11-24", "--until", "2025-11-23"], "no time lies between"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "-",
)
def test_a_query_that_makes_no_sense_is_a_usage_error(tail, archive, arguments, error):
    record(archive, said(1, "hi"))
    status, out, err = tail(*arguments)
    assert (status, out) == (2, "")
    assert error in err


def test_a_long_since_ends_quietly_when_its_pipe_is_closed(archive, chatlog):
    record(archive, *(said(each, "x" * 400) for each in range(4000)))
    with chatlog.piped("tail", "--since", "2025-11-23", "-a", archive) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


# -- gaps -----------------------------------------------------------------------------------


def heard(archive, *spans, target="#c"):
    """Write a ledger: a target was heard in these spans of seconds."""
    bounds = (OpenedEntry, lambda at: ClosedEntry(at=at, cause="killed"))
    entries = [
        bound(at=said(seconds, "").time)
        for span in spans
        for bound, seconds in zip(bounds, span, strict=False)
    ]
    ledger.append(UNSYNCED, archive / "net" / target, entries)


def gaps_in(out):
    return [line for line in out.splitlines() if line.startswith("---")]


def test_a_gap_is_shown_where_it_lies_also_between_two_pieces_of_output(tail, archive):
    record(archive, *(said(each * 100, f"{each}") for each in range(30)))
    heard(archive, (0, 130), (160, 450), (480, 2805), (2890, 3000))
    out = tail("--since", "2025-11-23")[1]
    assert gaps_in(out) == [
        "--- net: gap 2025-11-23 00:02:10–00:02:40, recorder died; not recovered",
        "--- net: gap 2025-11-23 00:07:30–00:08:00, recorder died; not recovered",
        "--- net: gap 2025-11-23 00:46:45–00:48:10, recorder died; not recovered",
    ]
    lines = out.splitlines()
    places = [number for number, line in enumerate(lines) if line.startswith("---")]
    assert [lines[place - 1].split()[-1] for place in places] == ["1", "4", "28"]


def test_a_gap_that_begins_with_the_first_line_that_is_shown_is_shown(tail, archive):
    record(archive, said(0, "zero"), said(10, "one"), said(20, "two"))
    heard(archive, (0, 10), (15, 30))
    assert [line.split()[-1] for line in tail("-n", "3")[1].splitlines()] == [
        "one",
        "recovered",
        "two",
    ]
    assert gaps_in(tail("-n", "1")[1]) == []


def test_the_lines_of_gaps_count_and_stand_behind_the_last_event_as_well(tail, archive):
    record(archive, *(said(each * 10_000, f"{each}") for each in range(6)))
    heard(archive, (0, 20_005), (25_000, 45_000), (49_000, 55_000), (59_000, 60_000))
    for more in ([], ["--since", "2025-11-23"]):
        for count in range(1, 10):
            out = tail("-n", str(count), *more)[1].splitlines()
            kinds = ["gap" if line[:3] == "---" else line.split()[-1] for line in out]
            assert kinds == ["0", "1", "2", "gap", "3", "4", "gap", "5", "gap"][-count:]
    out = tail("--since", "2025-11-23", "--until", "2025-11-23T14:00:00Z")[1].splitlines()
    assert out[-1].endswith("<ann> 5")


def test_short_gaps_in_a_row_and_gaps_of_several_channels_are_one_line(tail, archive):
    record(archive, said(0, "zero"), said(0, "other", target="#d"), said(9000, "nine"))
    heard(archive, (0, 10), (40, 100), (130, 9000))
    heard(archive, (0, 10), (40, 9000), target="#d")
    assert gaps_in(tail("#c")[1]) == [
        (
            "--- net: 2 gaps between 2025-11-23 00:00:10 and 00:02:10, 60 s in all,"
            " recorder died; not recovered"
        )
    ]
    assert gaps_in(tail()[1]) == [
        (
            "--- net: 3 gaps in 2 channels between 2025-11-23 00:00:10 and 00:02:10, 60 s in all,"
            " recorder died; not recovered"
        )
    ]
    assert gaps_in(tail("-n", "2")[1]) == gaps_in(tail()[1])


def test_following_shows_a_gap_whose_end_is_told_by_a_line_that_is_hidden(archive, chatlog):
    record(archive, said(0, "zero"))
    heard(archive, (0, 10))
    running = chatlog.start("tail", "-f", "-a", archive, "--tz", "UTC")
    running.wait_for("zero$", stream="stdout")
    heard(archive, (40,))
    record(archive, said(40, "", type="joined", nick="recorder"))
    running.wait_for("--- net: gap .*not recovered$", stream="stdout")
    running.interrupt()
    assert running.finish() == 130
    assert running.stdout.count("\n") == 2


def test_a_gap_behind_since_is_shown_before_the_first_line(tail, archive):
    record(archive, said(0, "zero"), said(20, "two"))
    heard(archive, (0, 10), (15, 30))
    out = tail("--since", "2025-11-23T00:00:05Z")[1]
    assert [line.split()[-1] for line in out.splitlines()] == ["recovered", "two"]


def test_lines_of_a_later_version_in_ledger_and_manifest_are_passed_over(tail, archive):
    record(archive, said(0, "zero"), said(20, "two"), formats=("text",))
    heard(archive, (0, 10), (15, 30))
    directory = archive / "net" / "#c"
    append_to_manifest(directory, entry="hologram", segment="2025-11-23_001.log")
    with (directory / "LEDGER").open("ab") as file:
        file.write(b'{"entry":"hologram","at":"zzz"}\n')
    status, out, err = tail("--since", "2025-11-23")
    assert (status, err) == (0, "")
    first, gap, last = out.splitlines()
    assert (first.split()[-1], last.split()[-1]) == ("zero", "two")
    assert "--- net: gap " in gap
    assert gap.endswith("; not recovered")


def test_gaps_are_not_shown_among_what_was_picked_out(tail, archive):
    record(archive, said(0, "zero"), said(20, "two"))
    heard(archive, (0, 10), (15, 30))
    assert gaps_in(tail("--match", "zero OR two")[1]) == []
    assert gaps_in(tail("--json")[1]) == []


def test_following_shows_a_gap_once_when_it_is_over(archive, chatlog):
    record(archive, said(0, "zero"), said(1, "elsewhere", target="#d"))
    heard(archive, (0, 10))
    running = chatlog.start("tail", "-f", "-a", archive, "--tz", "UTC")
    running.wait_for("zero$", stream="stdout")
    record(archive, said(30, "meanwhile", target="#d"))
    running.wait_for("meanwhile$", stream="stdout")
    heard(archive, (40,))
    record(archive, said(41, "back"))
    running.wait_for("back$", stream="stdout")
    record(archive, said(42, "more"))
    running.wait_for("more$", stream="stdout")
    running.interrupt()
    assert running.finish() == 130
    assert [line.split(" ", 2)[-1] for line in running.stdout.splitlines()] == [
        "#c <ann> zero",
        "#d <ann> elsewhere",
        "#d <ann> meanwhile",
        "gap 2025-11-23 00:00:10–00:00:40, recorder died; not recovered",
        "#c <ann> back",
        "#c <ann> more",
    ]


def test_a_gap_that_is_filled_in_part_later_is_not_shown_again(archive, chatlog):
    record(archive, said(0, "zero"), said(50, "back"))
    heard(archive, (0, 10), (40,))
    running = chatlog.start("tail", "-f", "-a", archive, "--tz", "UTC")
    running.wait_for("back$", stream="stdout")
    record(archive, said(15, "fetched", via="chathistory"))
    since, until = said(10, "").time, said(20, "").time
    covered = CoveredEntry(at=until, since=since, until=until, lines=1)
    ledger.append(UNSYNCED, archive / "net" / "#c", [covered])
    running.wait_for("fetched$", stream="stdout")
    record(archive, said(51, "more"))
    running.wait_for("more$", stream="stdout")
    running.interrupt()
    assert running.finish() == 130
    assert gaps_in(running.stdout) == [
        "--- net: gap 2025-11-23 00:00:10–00:00:40, recorder died; not recovered"
    ]


# -- odd archives and options ----------------------------------------------------------------------


def test_any_number_of_lines_may_be_asked_for(tail, archive):
    record(archive, said(1, "one"))
    assert tail("-n", "9" * 30, "--match", "one")[0] == 0
    assert tail("-n", "9" * 30)[0] == 0


def test_a_directory_whose_name_is_no_text_is_read_over(tail, archive):
    record(archive, said(1, "one"))
    (archive / "net" / os.fsdecode(b"#\xff")).mkdir()
    status, out, err = tail("#c")
    assert (status, err) == (0, "")
    assert out.endswith("<ann> one\n")
