"""Backups of an archive that a recorder of a real server is writing to."""

from __future__ import annotations

import shutil
import threading

import pytest

from chatlog.coverage import ledger
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.heard import heard_stretches
from chatlog.coverage.last_heard import LastHeard
from chatlog.event import format_time, parse_time
from tests.servers.daemons import Inspircd, Ngircd
from tests.support.archive import read_all
from tests.support.recorded import texts
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

_BACKUPS = 4


class Talk:
    """Somebody who counts in a channel until told to stop; `said` is how far.

    Each `pause` they say `at_once` lines. ngIRCd delays those who say more than a few.
    """

    def __init__(self, person, *, pause, at_once=20):
        self.said = 0
        self._person, self._pause, self._at_once = person, pause, at_once
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._count)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _count(self):
        while not self._stop.wait(self._pause):
            more = range(self.said, self.said + self._at_once)
            self._person.send(*(f"PRIVMSG #a :{number}" for number in more))
            self._person.sync()
            self.said += self._at_once


def start(chatlog, server, root, nick):
    running = chatlog.start(
        "record", "--server", f"irc://127.0.0.1:{server.port}/#a", "--network", "net",
        "--archive", root, "--nick", nick, "--verbose", "--format", "jsonl", "--format", "text",
        "--rotate-size", "1M",
    )  # fmt: skip
    running.wait_for("net: in 1 of 1 channels")
    return running


def numbers_in(root):
    return [int(event.text) for event in read_all(root) if event.type == "message"]


def coverage_in(root):
    directory = root / "net" / "#a"
    heard = LastHeard(root).bounds(directory, "net")
    return coverage_of(ledger.read(directory), heard=heard, lives=lambda _: False)


def check_snapshot(chatlog, root, before):
    """Check a snapshot: verified, with every line from before, and no claim beyond its lines."""
    done = chatlog.run("verify", "--archive", root)
    assert (done.returncode, done.stderr) == (0, "")
    numbers = numbers_in(root)
    assert numbers == list(range(len(numbers))), "whole lines, without a hole, each once"
    assert len(numbers) >= before
    coverage = coverage_in(root)
    times = [event.time for event in read_all(root)]
    assert parse_time(coverage.until) <= parse_time(max(times)) + 11_000, "the last heartbeat"


@pytest.mark.parametrize(("daemon", "pause", "at_once"), [(Ngircd, 0.05, 2), (Inspircd, 0.0, 20)])
def test_backups_under_a_flood_hold_every_line_from_before_and_with_merge_nothing_is_lost(
    chatlog, tmp_path, start_daemon, person, daemon, pause, at_once
):
    server = start_daemon(daemon)
    ada = person(server.port, "ada").register()
    ada.join("#a")
    root, dest = tmp_path / "archive", tmp_path / "backup"
    running = start(chatlog, server, root, "rec")
    with Talk(ada, pause=pause, at_once=at_once) as talk:
        for number in range(_BACKUPS):
            eventually(lambda number=number: talk.said > at_once * number)
            before = len(numbers_in_kernel(root))
            done = chatlog.run("backup", dest, "--archive", root)
            assert (done.returncode, done.stderr) == (0, "")
            chatlog.run("maintain", "--archive", root)
            check_snapshot(chatlog, dest / "latest", before)
    # The archive is lost with its recorder; another one begins anew.
    running.kill()
    running.finish()
    kept = numbers_in(dest / "latest")
    begin = talk.said
    again = start(chatlog, server, tmp_path / "since", "rec2")
    ada.send(*(f"PRIVMSG #a :{begin + more}" for more in range(at_once)))
    ada.sync()
    eventually(lambda: len(numbers_in_kernel(tmp_path / "since")) == at_once)
    again.terminate()
    assert again.finish() == 0, again.stderr
    restored = tmp_path / "restored"
    shutil.copytree((dest / "latest").resolve(), restored)
    for archives, into in (
        ((dest / "latest", tmp_path / "since"), tmp_path / "both"),
        ((tmp_path / "since",), restored),
    ):
        done = chatlog.run("merge", *archives, "--archive", into)
        assert done.returncode == 0, done.stderr
        assert numbers_in(into) == [*kept, *range(begin, begin + at_once)], "each line once"
        assert chatlog.run("verify", "--archive", into).returncode == 0
        check_nothing_lost_is_claimed(into, dest / "latest", tmp_path / "since")


def check_nothing_lost_is_claimed(root, backup, since):
    """Check that the time between the last line of a backup and the new recorder is not heard."""
    last = max(parse_time(event.time) for event in read_all(backup))
    first = min(parse_time(event.time) for event in read_all(since))
    coverage = coverage_in(root)
    pieces = heard_stretches(coverage)
    for moment in range(last + 1, first, 10):
        time = format_time(moment)
        heard = [each for each in coverage.intervals if each.start.time < time < each.end.time]
        assert not heard
        assert not [each for of in pieces.values() for each in of if each.since < time < each.until]


def numbers_in_kernel(root):
    """Return the messages that are whole in the segments while a recorder writes."""
    return texts(root, "#a")
