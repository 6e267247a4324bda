"""The live view: what it shows at 80 and 200 columns, and when it draws."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from chatlog.cli.show.live import View
from chatlog.cli.show.live_table import Watched, live_table
from chatlog.cli.show.live_talk import TalkCounts, TalkPlace, TargetTalk
from tests.support.archive import event_at
from tests.support.process import killed_on_failure
from tests.support.scripted import ScriptedServer
from tests.support.statuses import network_status
from tests.support.terminal import picture_of

BANNED = "Cannot join channel (+b) (474); asking again"


def talk_of(*events, moment=0.0):
    talk = TalkCounts(lambda: moment)
    talk.take(events)
    return talk


def shown(watched, talk, *, columns=80, rows=20, moment=0.0):
    console = Console(file=StringIO(), width=columns)
    console.print(live_table(watched, talk, moment, seconds=187, written=56_000, rows=rows))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


TALK = (
    event_at(1, "hello", target="#python"),
    event_at(2, "a line of many words " * 12, target="#python", nick="bob"),
    event_at(3, "psst", target="ann"),
    event_at(4, "", target="#python", type="join"),
    event_at(5, "notice of the server", target="@server", type="notice"),
)


def watched(**fields):
    status = network_status("net", joined=2, wanted=3, **fields)
    return [Watched(status, ("#python", "#ops", "#quiet"), {"#ops": BANNED})]


@pytest.mark.parametrize(("columns", "length"), [(80, 52), (200, 172)])
def test_the_view_shows_connection_refusals_lines_rate_and_sums(columns, length):
    last = ("<bob> " + "a line of many words " * 12)[: length - 1] + "…"
    refusal = f"refused: {BANNED}"
    refusal = refusal if len(refusal) <= length else refusal[: length - 1] + "…"
    assert shown(watched(), talk_of(*TALK), columns=columns) == [
        "● net  connected to irc.example:6697, in 2 of 3 channels",
        "channel  lines  a minute  last line",
        f"#python      2         2  {last}",
        f"#ops         0         0  {refusal}",
        "#quiet       0         0",
        "ann          1         1  <ann> psst",
        "3:07, 3 lines said, 56 kB written",
    ]


def test_the_order_of_channels_is_that_of_the_configuration_however_much_is_said():
    busy = talk_of(*[event_at(1, "x", target="#quiet")] * 50)
    names = [line.split()[0] for line in shown(watched(), busy)[2:5]]
    assert names == ["#python", "#ops", "#quiet"]


def test_channels_that_refuse_us_are_among_the_few_for_which_there_is_room():
    channels = tuple(f"#c{number}" for number in range(40))
    rows = shown([Watched(network_status(), channels, {"#c39": BANNED})], talk_of(), rows=8)
    assert len(rows) == 8
    assert [row.split()[0] for row in rows[2:6]] == ["#c0", "#c1", "#c2", "#c39"]
    assert rows[6] == "and 36 others"


def test_a_network_stands_before_its_channels_if_there_are_several():
    two = [Watched(network_status(name), ("#a",), {}) for name in ("libera", "oftc")]
    assert [row.split()[0] for row in shown(two, talk_of())[3:5]] == ["libera/#a", "oftc/#a"]


def test_the_rate_is_that_of_the_last_minute():
    talk = TargetTalk()
    for moment in (0.0, 0.5, 30.0, 59.0):
        talk.add(event_at(1), moment)
    assert [talk.rate(moment) for moment in (59.0, 60.0, 89.0, 90.0, 119.0)] == [4, 2, 2, 1, 0]
    assert talk.lines == 4


def test_what_the_recorder_and_the_server_say_is_no_talk():
    talk = talk_of(*TALK)
    assert {*talk.targets} == {TalkPlace("net", "#python"), TalkPlace("net", "ann")}


class _Terminal(StringIO):
    def isatty(self):
        return True


@pytest.fixture
def view(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    return View(Console(file=_Terminal(), force_terminal=True, width=40, height=10, no_color=True))


def written(view):
    return view._console.file.getvalue().replace("\n", "\r\n")  # as a terminal does


def test_a_view_that_did_not_change_is_not_drawn(view):
    view.show(Text("one\ntwo"))
    before = written(view)
    view.show(Text("one\ntwo"))
    assert written(view) == before
    view.show(Text("one\nthree"))
    assert picture_of(written(view), 40) == "one\nthree\n"


def test_log_lines_stand_above_the_view_and_stay_when_it_is_gone(view):
    view.log(Text("first"))
    view.show(Text("a view\nof two rows"))
    view.log(Text("second"))
    assert picture_of(written(view), 40) == "first\nsecond\na view\nof two rows\n"
    view.end()
    assert picture_of(written(view), 40) == "first\nsecond\n"


# -- in a real terminal ----------------------------------------------------------------


def talking(peer):
    peer.register()
    peer.wait_for(rb"^JOIN ")
    nick = peer.nick.encode()
    peer.send(b":%s!u@h JOIN #a\r\n:s 474 %s #ops :Cannot join channel (+b)\r\n" % (nick, nick))
    peer.send(b":ann!u@h PRIVMSG #a :hello there\r\n")
    peer.wait_for_the_end()


def read_until(terminal, pattern, data=b""):
    deadline = time.monotonic() + 60
    while not re.search(pattern, data):
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, data
        data += os.read(terminal, 65_536)
    return data


def test_a_terminal_that_gets_another_size_has_no_stale_copies(chatlog, tmp_path):
    environment = chatlog.environment(TERM="xterm")
    environment.pop("COLUMNS", None)  # it would count more than the terminal does
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    with ScriptedServer(talking) as server:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "chatlog", "record", "--server", f"127.0.0.1:{server.port}",
                "--no-tls", "--network", "net", "--channel", "a", "--channel", "ops",
                "--archive", str(tmp_path / "archive"),
            ],
            env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        with killed_on_failure(process):
            before = read_until(ours, rb"hello there[^\0]*lines? said")
            for columns in (60, 200):
                termios.tcsetwinsize(ours, (24, columns))
                drawn = read_until(ours, rb"\x1b\[H\x1b\[2J[^\0]*lines? said[^\n]*")
                picture = picture_of(drawn.decode().rpartition("\x1b[H\x1b[2J")[2], columns)
                assert picture.count("last line") == 1
                assert picture.count("<ann> hello there") == 1
                assert "#ops refused: banned" in picture
            process.terminate()
            read_until(ours, rb"recorded 2 channels in")
            assert process.wait(60) == 0
        os.close(ours)
    assert b"refused: Cannot join channel" in before
    assert "↵" not in picture_of(before.decode(), 120).replace("archive/net↵", "")
