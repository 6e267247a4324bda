"""The screen of each reading command, in terminals of two widths, against its picture.

After a change that is meant to be seen, `CHATLOG_WRITE_SCREENS=1` writes the
pictures anew; read their difference before it is kept.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, CoveredEntry, OpenedEntry, UnwantedEntry
from chatlog.event import EventType
from chatlog.health.runs import RunFile, run_name
from chatlog.health.status import encode
from tests.support.archive import START, UNSYNCED, event_at, format_time, record
from tests.support.process import Chatlog
from tests.support.statuses import network_status, run_status
from tests.support.terminal import picture_of, run_in_terminal, run_program

PICTURES = Path(__file__).parent / "screens"
WIDTHS = (80, 200)
DAY = 86_400
MIDNIGHTS = {"friday": -3 * DAY, "monday": 0, "yesterday": 2 * DAY, "today": 3 * DAY}


def seconds(when):
    """Count from midnight of Monday, 2026-11-23."""
    day, clock = when.split()
    hours, minutes = map(int, clock.split(":"))
    return MIDNIGHTS[day] + hours * 3600 + minutes * 60


def at(when):
    return format_time(START + seconds(when) * 1000)


NOW = at("today 12:00")


def libera(when, text="", kind="message", nick="ann", **fields):
    fields = {"network": "libera", "target": "#python", **fields}
    return event_at(seconds(when), text, type=kind, nick=nick, **fields)


def oftc(when, text, **fields):
    fields = {"network": "oftc", "target": "#日本", "nick": "次郎", **fields}
    return event_at(seconds(when), text, **fields)


LONG = "a line that is longer than a narrow terminal is left whole, for the terminal to wrap"
COLORFUL = "a \x02mem\x02ory leak? \x0304,01red on black\x03 \x1dslanted\x1d"
STEERING = "\x1b]0;pwned\x07\x1b[2J\x9b31m you see \u202eon ylno siht"
AT_HOME = {"user": "~ann", "host": "home.example"}
EVENTS = (
    libera("friday 22:00", kind=EventType.JOINED, nick="recorder"),
    libera("friday 22:00", "ann @bob carol recorder", EventType.NAMES, nick=""),
    libera("friday 22:01", "Welcome to \x02#python\x02 \x0304<3\x0f", EventType.TOPIC, nick=""),
    libera("friday 22:05", "who has seen a memory leak in the pool?", account="ann"),
    libera("friday 22:06", "looks", EventType.ACTION, nick="bob"),
    libera("friday 22:07", COLORFUL, nick="bob"),
    libera("monday 09:00", kind=EventType.JOIN, nick="Dave[]", user="~dave", host="d.example"),
    libera("monday 09:01", STEERING, nick="Dave[]"),
    libera("monday 09:02", kind=EventType.MODE, nick="bob", command="+b", params=("*!*@d.net",)),
    libera("monday 09:03", "no \x0304escapes\x03", EventType.KICK, nick="bob", subject="Dave[]"),
    libera("monday 12:20", "back from lunch, and the pool still leaks", via="chathistory"),
    libera("monday 14:00", "see https://example.org/pool?q=1 for memory", nick="carol"),
    libera("monday 14:01", f"{LONG}; {LONG}", nick="carol"),
    libera("yesterday 23:59", kind=EventType.NICK, subject="ann_away"),
    libera("yesterday 23:59", "good night", EventType.NOTICE, nick="ann_away", **AT_HOME),
    libera("today 08:00", "bye, memory", EventType.PART, nick="carol", user="c", host="c.example"),
    libera("today 08:01", "Connection reset", EventType.QUIT, nick="bob", user="b", host="b.net"),
    libera("today 08:02", "morning! did the fix for the memory pool work?", nick="ann_away"),
    oftc("monday 14:00", "メモリ memory リーク"),
    oftc("yesterday 10:00", "了解 👩\u200d🚀 ❤\ufe0f 🇯🇵", nick="花子"),
    oftc("today 08:03", "おはよう", target="#e\u0301te\u0301"),
)  # fmt: skip
LEDGER = (
    OpenedEntry(at=at("friday 22:00")),
    ClosedEntry(at=at("monday 12:00"), cause="ping-timeout"),
    OpenedEntry(at=at("monday 12:30")),
    CoveredEntry(
        at=at("monday 12:30"), since=at("monday 12:00"), until=at("monday 12:30"),
        via="chathistory", kinds="all", lines=1,
    ),
    ClosedEntry(at=at("monday 15:00"), cause="killed"),
    OpenedEntry(at=at("yesterday 09:00")),
    ClosedEntry(at=at("today 11:00"), cause="stopped", planned=True),
    OpenedEntry(at=at("today 11:30")),
    ClosedEntry(at=at("today 12:00"), cause="unwanted"),
    UnwantedEntry(at=at("today 12:00")),
)  # fmt: skip
LOGS = {
    "irclogs/libera/#python.log": (
        "--- Log opened Mon Nov 23 08:59:00 2026\n"
        "09:00 -!- Dave[] [~dave@d.example] has joined #python\n"
        + "".join(f"09:{minute:02d} <@bob> as I was saying\n" for minute in range(1, 9))
        + f"09:10 < ann> {LONG}\n"
        "09:11 -!- carol was abducted\n"
        "\x1b[2Jno stamp\x07, \u202ebut tricks, and a tail that is longer than the line before it\n"
        "--- Log closed Mon Nov 23 10:00:00 2026\n"
    ),
    "logs/OFTC/#日本.log": (
        "**** BEGIN LOGGING AT Mon Nov 23 14:00:00 2026\n\n"
        "Nov 23 14:00:02 *\tNow talking on #日本\n"
        "Nov 23 14:00:03 <次郎>\tこんにちは\n"
        "Nov 23 14:00:09 *\t花子 (h@h.example) has joined\n"
    ),
    "notes/README": "Logs of my first years on IRC, and nobody knows what the others are.\n",
}
RUNNING = network_status(
    "libera", lag=0.07, since=at("today 10:00"), last_event=at("today 08:02"), joined=2, wanted=3,
    events={"#python": 12_345, "#日本": 7}, problems=("cannot join #x: banned",), reconnects=1,
)  # fmt: skip
SCREENS = {
    "tail": "tail --tz UTC -n 20 '#python'",
    "tail-all": "tail --tz UTC -n 8",
    "tail-everything": "tail --tz UTC --all -n 30 '#python'",
    "search": "search --tz UTC memory",
    "search-context": "search --tz UTC -C 1 -w 'leaks OR memory' --target '#python'",
    "search-count": "search --tz UTC --count memory",
    "stats": "stats --tz UTC '#python'",
    "who": "who --tz UTC --at '2026-11-23 09:02' '#python'",
    "channels": "channels --tz UTC",
    "gaps": "gaps --tz UTC",
    "import": "import logs --tz UTC --dry-run",
    "verify": "verify",
    "status": "status",
}
HELPS = (
    "record",
    "sync",
    "audit",
    "maintain",
    "import",
    "export",
    "merge",
    "ship",
    "collect",
    "handover",
    "backup",
    "tail",
    "search",
    "stats",
    "who",
    "channels",
    "gaps",
    "verify",
    "status",
    "help",
    "completion",
)
WHOLE_HELPS = ("record", "sync", "audit")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Make a home with an archive, in which a recorder runs."""
    home = tmp_path_factory.mktemp("home")
    record(home / "archive", *sorted(EVENTS, key=lambda event: event.time))
    for name, content in LOGS.items():
        path = home / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (home / "logs/latest").symlink_to("irclogs")
    ledger.append(UNSYNCED, home / "archive" / "libera" / "#python", LEDGER)
    status = run_status(
        RUNNING, started=at("today 09:00"), updated=NOW, disk_free=12_345_678_901, loop_lag=0.01
    )
    run = RunFile(home / "archive", run_name(status.started, status.pid))
    run.write(encode(status))
    yield home
    run.close()


@pytest.fixture
def shown(home):
    """Run a command line in a terminal."""

    def run(line, columns=80, **env):
        usual = {"TERM": "xterm-256color", "PAGER": "", "CHATLOG_ARCHIVE": "archive"}
        environment = Chatlog(home).environment(**usual | env)
        return run_in_terminal(
            shlex.split(line), columns=columns, now=NOW, environment=environment, cwd=home
        )

    return run


def hold_against(name, picture):
    path = PICTURES / f"{name}.txt"
    if os.environ.get("CHATLOG_WRITE_SCREENS"):
        path.write_text(picture)
    assert path.is_file(), f"{path.name} is missing; CHATLOG_WRITE_SCREENS=1 writes it"
    assert picture == path.read_text()


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_looks_as_its_picture(shown, name, columns):
    done = shown(SCREENS[name], columns)
    ends = f"(ends with status {done.status})\n"
    hold_against(f"{name}-{columns}", f"$ chatlog {SCREENS[name]}\n{done.picture}{ends}")


RESULTS = """
from pathlib import Path
from chatlog.cli.show.sync_results import SyncResult
from chatlog.cli.show.sync_table import show_results
def channel(name, fetched=0, gaps=0, refused=""):
    return SyncResult("libera", name, Path(), fetched, [None] * gaps, [], refused)
show_results([
    channel("#python", 1234), channel("#ops", refused="banned"), channel("#日本", 7, 2),
    channel("#a-rather-long-name-of-a-channel", 0, 1, "wrong key, or none"),
    *(channel(f"#quiet{number}") for number in range(41)),
])
"""


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_table_of_a_batch_looks_as_its_picture(home, columns):
    environment = Chatlog(home).environment(TERM="xterm-256color")
    command = [sys.executable, "-c", RESULTS]
    done = run_program(command, columns=columns, environment=environment, cwd=home)
    assert done.status == 0
    hold_against(f"sync-{columns}", done.picture)


@pytest.mark.parametrize("verb", HELPS)
def test_a_help_looks_as_its_picture_and_grows_no_wider(shown, verb):
    narrow, wide = (shown(f"{verb} --help", columns) for columns in WIDTHS)
    assert (narrow.status, wide.data) == (0, narrow.data)
    hold_against(f"{verb}-help-80", narrow.picture)


@pytest.mark.parametrize("verb", WHOLE_HELPS)
def test_a_help_with_all_options_looks_as_its_picture(shown, verb):
    hold_against(f"{verb}-help-all-80", shown(f"{verb} --help-all").picture)


def test_the_help_of_the_program_looks_as_its_picture(shown):
    hold_against("chatlog-help-80", shown("--help").picture)


def test_every_picture_is_of_a_screen():
    names = {f"{name}-{columns}" for name in (*SCREENS, "sync") for columns in WIDTHS}
    names |= {f"{verb}-help-80" for verb in ("chatlog", *HELPS)}
    names |= {f"{verb}-help-all-80" for verb in WHOLE_HELPS}
    assert {path.stem for path in PICTURES.iterdir()} == names


def test_nothing_that_people_wrote_steers_the_terminal():
    assert [path.name for path in PICTURES.iterdir() if "⟦?" in path.read_text()] == []


# -- bars ----------------------------------------------------------------------------------

AFTER = """
from chatlog.cli.show import progress
progress._AFTER = {after}
from chatlog.cli import main
main()
"""


@pytest.fixture
def with_bar_after(home):
    """Run a command whose bar comes after some seconds, in a terminal."""

    def run(after, words, columns=80, pager=""):
        env = {"TERM": "xterm-256color", "PAGER": pager, "CHATLOG_ARCHIVE": "archive"}
        command = [sys.executable, "-c", AFTER.format(after=after), *words]
        environment = Chatlog(home).environment(**env)
        return run_program(command, columns=columns, environment=environment, cwd=home)

    return run


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("pager", ["", "cat"], ids=["no pager", "a pager"])
@pytest.mark.parametrize("options", ["", "--json", "--count", "-C 1", "nowhere"])
def test_the_bar_of_a_search_is_gone_before_the_first_match(
    with_bar_after, options, pager, columns
):
    words = ["search", "--tz", "UTC", "--jobs", "1", *options.split(), "morning"]
    slow, fast = (with_bar_after(after, words, columns, pager) for after in (0, 3600))
    assert b"searching" in slow.data
    assert b"searching" not in fast.data
    assert (slow.status, slow.picture) == (fast.status, fast.picture)
    if slow.status == 0:
        assert slow.data.rindex(b"searching") < slow.data.index(b"libera")


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("tail --tz UTC --match from:ann -n 2", b"2026"),
        ("tail --tz UTC --json --match morning", b'{"time'),
        ("tail --tz UTC --nick ann --follow-nicks", b"2026"),
        ("who --tz UTC libera/python --at 2026-11-20T22:10", b"ann"),
    ],
)
def test_the_bar_of_what_else_searches_is_gone_before_the_first_line(with_bar_after, line, first):
    slow, fast = (with_bar_after(after, shlex.split(line)) for after in (0, 3600))
    assert b"searching" in slow.data
    assert b"searching" not in fast.data
    assert (slow.status, slow.picture) == (fast.status, fast.picture)
    assert slow.data.rindex(b"searching") < slow.data.index(first)


# -- other terminals, and less -------------------------------------------------------------


def plain(picture):
    """Take the styles off a picture."""
    return re.sub("⟦.*?⟧", "", picture)


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}, {"NO_COLOR": "1"}], ids=str)
@pytest.mark.parametrize("name", ["tail", "search"])
def test_where_no_colours_are_wanted_there_is_no_escape_and_the_same_text(shown, name, env):
    done = shown(SCREENS[name], **env)
    assert b"\x1b" not in done.data
    assert done.picture == plain(shown(SCREENS[name]).picture)


@pytest.mark.parametrize("name", ["stats", "gaps", "verify", "status"])
def test_a_dumb_terminal_gets_no_escape_of_tables(shown, name):
    assert b"\x1b" not in shown(SCREENS[name], TERM="dumb").data


def test_less_shows_one_screen_as_it_is_and_ends(shown, program):
    done = shown(SCREENS["search"], PAGER=program("less"))
    assert (done.status, done.picture) == (0, shown(SCREENS["search"]).picture)


# -- the pictures themselves ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "picture"),
    [
        ("a\r\nb\r\n", "a\nb\n"),
        ("abcdefgh", "abcdef↵\ngh\n"),
        ("abcdef\r\ng", "abcdef\ng\n"),
        ("日本語日", "日本語↵\n日\n"),
        ("a日本語", "a日本↵\n語\n"),
        ("e\u0301e\u0301 ❤\ufe0f!", "e\u0301e\u0301 ❤\ufe0f!\n"),
        ("❤\ufe0f❤\ufe0f❤\ufe0f!", "❤\ufe0f❤\ufe0f❤\ufe0f↵\n!\n"),
        ("\x1b[1;31mred\x1b[0m!", "⟦bold red⟧red⟦/⟧!\n"),
        ("\x1b[93;44mon\x1b[0m", "⟦bright_yellow on blue⟧on⟦/⟧\n"),
        ("\x1b[38;5;208mx\x1b[48;2;1;2;3my", "⟦color(208)⟧x⟦/⟧⟦color(208) on #010203⟧y⟦/⟧\n"),
        ("gone\r\x1b[2Kok", "ok\n"),
        ("gone\r\n\x1b[1A\x1b[2Kok", "ok\n"),
        ("gone\r\x1b[Kok", "ok\n"),
        ("\x1b[?25l\x1b[?25hok\x1b>", "ok\n"),
        ("\x1b[2J", r"⟦?⟧\e[2J⟦/⟧" + "\n"),
        ("\x07", r"⟦?⟧\x07⟦/⟧" + "\n"),
        ("\x1b[5m!", "⟦?5⟧!⟦/⟧\n"),
    ],
)
def test_a_picture_shows_what_a_terminal_shows(sent, picture):
    assert picture_of(sent, 6) == picture
