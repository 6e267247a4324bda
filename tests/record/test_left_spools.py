"""The spools of dead runs: each line into its transcript once, whatever happens meanwhile."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from chatlog.archive.syncing import Exposed
from chatlog.archive.system import System
from chatlog.errors import TranscriptError
from chatlog.event import Event, format_time, parse_time
from chatlog.record.left_spools import LeftSpools
from chatlog.write.takeover_spool import own_spool
from chatlog.write.writer import Storage, Writer
from tests.support.archive import read_all
from tests.support.crashing import MODES, Fragile, Stopped

START = parse_time("2026-11-23T23:59:59.000Z")
OLD = ["one", "two", "two"]
NEW = ["two", "two", "three", "two"]
"""What the old run wrote, and what the new one had: it came after the first line."""
ALL = ["one", "two", "two", "three", "two"]


def said(text, moment, target="#a"):
    return Event(
        time=format_time(START + moment), network="net", target=target, type="message",
        nick="ada", text=text,
    )  # fmt: skip


def join(moment, kind):
    return Event(
        time=format_time(START + moment), network="net", target="#a", type=kind, nick="rec_"
    )


def archive(root, **storage):
    """Let an old run record until it leaves, and a new one die with a spool."""
    writer = Writer(Storage(root=root, **storage))
    for target in ("#a", "#b"):
        writer.hold("net", target)
    writer.set_casemapping("net", "rfc1459")
    old = [said("one", 0), join(400, "join"), said("two", 500), said("two", 900)]
    writer.write_all(old)
    writer.write_all([said("beside", 100, "#b")])
    writer.close()
    spool = own_spool(root, "run", system=System(), mode=0o640, exposed=Exposed())
    spool.append(
        [join(401, "joined"), *(said(text, 500 + 400 * at) for at, text in enumerate(NEW))]
    )
    spool.append([said("beside", 100, "#b"), said("later", 3000, "#b")])
    spool.close()
    return spool.path


def take_up(root, system=System()):  # noqa: B008 - immutable
    writer = Writer(Storage(root=root), system=system)
    left = LeftSpools(writer, writer.flush)
    try:
        left.take_up("net")
        writer.close()
        left.close()
    finally:
        writer.locks.close()  # as the end of the process does


def talk_in(root, target):
    events = [event for event in read_all(root) if event.target == target]
    return [event.text for event in events if event.type == "message"]


@pytest.mark.parametrize("formats", [("jsonl",), ("text",), ("jsonl", "text")])
def test_the_missing_lines_are_put_in_once_and_the_spool_is_removed(tmp_path, formats):
    spool = archive(tmp_path, formats=formats)
    take_up(tmp_path)
    assert not spool.exists()
    assert talk_in(tmp_path, "#a") == ALL
    assert talk_in(tmp_path, "#b") == ["beside", "later"]
    take_up(tmp_path)
    assert talk_in(tmp_path, "#a") == ALL


@pytest.mark.parametrize("mode", MODES)
def test_a_crash_at_any_call_is_mended_by_the_next_run(tmp_path, mode):
    nth = 0
    while True:
        nth += 1
        root = tmp_path / f"{nth}"
        archive(root)
        fragile = Fragile(nth, mode)
        with suppress(Stopped, TranscriptError):
            take_up(root, fragile.system)
        fragile.bury()
        is_over = fragile.count < nth
        take_up(root)
        assert talk_in(root, "#a") == ALL, f"call {nth}"
        assert talk_in(root, "#b") == ["beside", "later"], f"call {nth}"
        assert list((root / ".takeover").iterdir()) == [], f"call {nth}"
        if is_over:
            break
    assert nth > 10


def test_a_target_that_another_recorder_holds_waits_for_another_time(tmp_path):
    spool = archive(tmp_path)
    other = Writer(Storage(root=tmp_path))
    other.hold("net", "#b")
    pid = os.fork()
    if pid == 0:  # locks are of a process
        take_up(tmp_path)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert talk_in(tmp_path, "#a") == ALL
    assert talk_in(tmp_path, "#b") == ["beside"]
    assert spool.exists()
    other.locks.close()
    take_up(tmp_path)
    assert talk_in(tmp_path, "#b") == ["beside", "later"]
    assert talk_in(tmp_path, "#a") == ALL
    assert not spool.exists()


def test_a_spool_that_cannot_be_read_stays_and_hinders_nobody(tmp_path, caplog):
    spool = archive(tmp_path)
    spool.rename(spool.with_name("kept"))
    spool.symlink_to(spool.with_name("kept"))
    take_up(tmp_path)
    assert "its lines are not written" in caplog.text
    assert talk_in(tmp_path, "#a") == OLD
    assert spool.with_name("kept").exists()


def test_an_archive_that_does_not_tell_how_names_are_folded_keeps_the_spool(tmp_path, caplog):
    spool = archive(tmp_path)
    (tmp_path / "net" / "network.json").unlink()
    take_up(tmp_path)
    assert "network.json" in caplog.text
    assert spool.exists()
