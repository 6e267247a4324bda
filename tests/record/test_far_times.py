"""Times far from ours: recorded, then shown by every command that reads an archive.

Nothing is lost, nothing fresh is removed, and no command works through a calendar.
"""

from __future__ import annotations

import json

import pytest

from chatlog.archive.layout import parse_segment
from chatlog.cli import run
from chatlog.clock import now
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, CoveredEntry, OpenedEntry, WishedEntry, encode
from chatlog.event import EARLIEST, MOST_APART, Event, shifted
from chatlog.read.reader import Reader
from tests.support.archive import record
from tests.support.events import NASTY_TIMES
from tests.support.recording import play

CAPABILITIES = ("batch", "server-time", "message-tags")
COMMANDS = {
    "tail": ("tail",),
    "search": ("search", "--since", "-1d", "said"),
    "stats": ("stats",),
    "stats by day": ("stats", "--by", "day"),
    "who": ("who", "#demo"),
    "gaps": ("gaps",),
    "gaps in JSON": ("gaps", "--json"),
    "verify": ("verify",),
    "maintain": ("maintain", "--keep", "90d"),
    "maintain again": ("maintain", "--keep", "90d"),
}
FAR_TIMES = (
    "0001-01-01T00:00:00.000Z",
    "0999-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00.000Z",
    "2001-02-03T04:05:06.789Z",
    "2038-01-19T03:14:08.000Z",
    "9999-12-31T23:59:59.999Z",
)
MOST_LINES = 200
LATE = 10**20
SAID = ["said live", "said in playback", "said one by one"]


def claiming(time, welcome):
    """Record from a server that claims a time of everything that has one."""

    def script(peer):
        tag, numbers = (f"@time={time} " if time else ""), f"-1 {LATE}"
        peer.register(CAPABILITIES)
        if welcome:
            peer.send(f"{tag}:scripted PONG scripted :x\r\n".encode())
        peer.wait_for(rb"^JOIN")
        for line in (
            f"{tag}:rec!u@h JOIN #demo",
            f"{tag}:scripted 353 rec = #demo :rec ada",
            f"{tag}:scripted 366 rec #demo :End of /NAMES list",
            f"{tag}:scripted 332 rec #demo :a topic",
            f"{tag}:scripted 333 rec #demo ada {numbers}",
            f"{tag}:scripted 329 rec #demo {numbers}",
            f"{tag}:scripted 317 rec ada {numbers} :seconds idle, signon time",
            f"{tag}:bob!b@h JOIN #demo",
            f"{tag}:ada!a@h PRIVMSG #demo :said live",
            ":scripted BATCH +b znc.in/playback #demo",
            f"@batch=b;{tag[1:] or ' '}:ada!a@h PRIVMSG #demo :said in playback",
            ":scripted BATCH -b",
            f":ada!bip@b.i.p PRIVMSG #demo :{time[8:10]}-{time[5:7]}-{time[:4]} 00:00:00> said",
            f"@tmi-sent-ts={LATE};{tag[1:] or ' '}:ada!a@h PRIVMSG #demo :said one by one",
            f"{tag}:bob!b@h QUIT :gone",
        ):
            peer.send(f"{line}\r\n".encode())
        peer.sync()

    return script


def outcome(root, capsys, *arguments):
    """Run a command; return what it printed, once it is sure that no bug was met."""
    status = run([*arguments, "--archive", str(root)])
    printed, said = capsys.readouterr()
    assert status in {0, 1}, said
    assert "a bug" not in said
    return printed


def texts(root):
    return sorted(each.event.text for each in Reader(root, ["#demo"]).last(1000))


@pytest.mark.parametrize("welcome", [False, True], ids=["the lines", "its clock, too"])
@pytest.mark.parametrize("time", NASTY_TIMES)
def test_whatever_times_a_server_claims_every_command_shows_what_was_said(
    tmp_path, capsys, time, welcome
):
    play(tmp_path, claiming(time, welcome), session={"channels": ("#demo",)})
    before = texts(tmp_path)
    assert set(SAID) <= set(before)
    for name, arguments in COMMANDS.items():
        printed = outcome(tmp_path, capsys, *arguments)
        assert len(printed.splitlines()) <= MOST_LINES, name
        assert name not in {"gaps", "stats"} or printed, name
    assert texts(tmp_path) == before, "something fresh was removed"
    for path in (tmp_path / "net" / "#demo").iterdir():
        segment = parse_segment(path.name)
        assert segment is None or EARLIEST[:4] <= segment.period[:4] <= now()[:4]


@pytest.mark.parametrize("time", FAR_TIMES)
def test_an_archive_in_which_an_earlier_version_believed_a_server_is_read_as_any_other(
    tmp_path, capsys, time
):
    received = shifted(now(), -3_600_000)
    record(
        tmp_path,
        *(
            Event(
                time=time, received=received, network="net", target="#demo", type="message",
                nick="ada", text=text, via=via,
            )
            for text, via in (("said live", ""), ("said in playback", "playback"))
        ),
    )  # fmt: skip
    (tmp_path / "net" / "#demo" / ledger.NAME).write_bytes(
        b"".join(
            encode(entry)
            for entry in (
                WishedEntry(since=min(time, received)),
                OpenedEntry(at=received, server=time, run="r"),
                CoveredEntry(
                    at=received, since=min(time, received), until=max(time, received), lines=1
                ),
                ClosedEntry(at=shifted(received, 1000), server=time, cause="stopped"),
            )
        )
    )
    before = texts(tmp_path)
    for name, arguments in COMMANDS.items():
        printed = outcome(tmp_path, capsys, *arguments)
        assert name not in {"gaps", "stats"} or printed, name
    assert texts(tmp_path) == before == ["said in playback", "said live"]
    rows = map(json.loads, outcome(tmp_path, capsys, "gaps", "--json").splitlines())
    [covered] = [row for row in rows if row["type"] == "coverage"]
    assert EARLIEST <= covered["since"] <= covered["until"] <= shifted(now(), MOST_APART)
