"""Real disks that are full, read-only or taken away while real servers are recorded."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import recorded
from tests.support.embedded import EmbeddedServer
from tests.support.recorded import all_bytes
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

_LINES = 4000
_AT_ONCE = 100
_OWN_AT_THE_END = 4  # ERROR of the server; left, in the channel and in @server; stopped


class Disk:
    """A small tmpfs in a mount namespace of its own, seen from here through /proc."""

    def __init__(self, place, size="4m"):
        self.place = place
        place.mkdir()
        mount = f'mount -t tmpfs -o size={size} none "{place}" && echo ready && exec cat'
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", mount],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if self._holder.stdout.readline() != b"ready\n":
            pytest.skip("no mount namespace may be made here; RLIMIT_FSIZE stands for it below")
        self.seen = Path(f"/proc/{self._holder.pid}/root{place}")

    def inside(self, *command):
        return ["nsenter", f"--target={self._holder.pid}", "--mount", *command]

    def run(self, *command):
        subprocess.run(self.inside(*command), check=True)

    def fill(self):
        """Fill it to the last byte."""
        with (self.seen / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        with (self.seen / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0")

    def free(self):
        (self.seen / "filler").unlink()

    def close(self):
        self._holder.kill()
        self._holder.communicate()


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path / "disk")
    yield disk
    disk.close()


def texts(root):
    """Read the texts that are in whole lines by now, in sealed segments as well."""
    return recorded.texts(root, "#a")


def own_at_the_end(place):
    """Count what there still was room for: a page of another file was not full yet."""
    data = b"".join(path.read_bytes() for path in place.rglob("2*.jsonl"))
    events = [json.loads(line) for line in data.splitlines()]
    return sum(
        event["type"] in {"disconnected", "parted", "stopped"} or event.get("command") == "ERROR"
        for event in events
    )


def record(chatlog, port, output, *more, prefix=()):
    """Start a recorder of #a, and wait until it is there."""
    command = [
        *prefix, sys.executable, "-m", "chatlog", "record", "--server",
        f"irc://127.0.0.1:{port}/#a", "--network", "net", "--archive", str(output),
        "--min-free", "0", "--verbose", *more,
    ]  # fmt: skip
    recorder = chatlog.start_command(*command)
    recorder.wait_for("net: in 1 of 1 channels")
    return recorder


def numbered(numbers):
    return [f"{number:05d} {'é' * 60}" for number in numbers]


def flood(ada, numbers):
    lines = numbered(numbers)
    for start in range(0, len(lines), _AT_ONCE):
        ada.send(*(f"PRIVMSG #a :{line}" for line in lines[start : start + _AT_ONCE]))
        ada.sync()


@pytest.fixture
def ada(person, inspircd):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    return ada


def test_a_disk_that_was_full_under_load_costs_no_line_and_no_place_in_the_channel(
    chatlog, disk, ada, inspircd
):
    recorder = record(chatlog, inspircd.port, disk.place / "archive", prefix=disk.inside())
    flood(ada, range(1000))
    disk.fill()
    flood(ada, range(1000, _LINES))
    recorder.wait_for("No space left on device; .* nothing is lost")
    disk.free()
    recorder.wait_for("the disk takes lines again; [0-9]+ that waited are written")
    flood(ada, range(_LINES, _LINES + 100))
    seen = disk.seen / "archive"
    eventually(lambda: len(texts(seen)) == _LINES + 100)
    assert texts(seen) == numbered(range(_LINES + 100))
    assert not [line for line in ada.heard if re.search(r"^:chatlog\S* (QUIT|PART)", line)]
    recorder.terminate()
    assert recorder.finish() == 0


def test_a_spool_that_is_full_as_well_makes_the_server_wait_and_nothing_is_lost(
    chatlog, disk, ada, inspircd
):
    recorder = record(
        chatlog, inspircd.port, disk.place / "archive", "--spool-size", "100K",
        prefix=disk.inside(),
    )  # fmt: skip
    flood(ada, range(100))
    disk.fill()
    flood(ada, range(100, _LINES))
    recorder.wait_for("wait for the disk; reading no further")
    disk.free()
    recorder.wait_for("the disk takes lines again")
    seen = disk.seen / "archive"
    eventually(lambda: len(texts(seen)) == _LINES)
    assert texts(seen) == numbered(range(_LINES))
    recorder.terminate()
    assert recorder.finish() == 0


def test_what_waits_in_the_spool_directory_outlives_a_kill(chatlog, disk, tmp_path):
    with EmbeddedServer() as server:
        options = ("--spool-dir", str(tmp_path / "spool"))
        archive = disk.place / "archive"
        recorder = record(chatlog, server.port, archive, *options, prefix=disk.inside())
        disk.fill()
        for text in numbered(range(200)):
            server.say("ada", "#a", text)
        eventually(lambda: b"00199 " in all_bytes(tmp_path / "spool"))
        recorder.kill()
        recorder.finish()
        disk.free()
        recorder = record(
            chatlog, server.port, archive, *options, "--alternate", "other", prefix=disk.inside()
        )
        eventually(lambda: len(texts(disk.seen / "archive")) == 200)
        recorder.terminate()
        assert recorder.finish() == 0
    assert texts(disk.seen / "archive") == numbered(range(200))
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_disk_that_stays_full_ends_with_3_and_the_exact_number_of_lines(chatlog, disk):
    with EmbeddedServer() as server:
        recorder = record(chatlog, server.port, disk.place / "archive", prefix=disk.inside())
        for text in numbered(range(50)):
            server.say("ada", "#a", text)
        eventually(lambda: len(texts(disk.seen / "archive")) == 50)
        disk.fill()
        for text in numbered(range(50, 450)):
            server.say("ada", "#a", text)
        recorder.wait_for("No space left on device")
        recorder.terminate()
        assert recorder.finish() == 3
    kept = texts(disk.seen / "archive")
    assert kept == numbered(range(len(kept)))
    told = re.search(r"\nchatlog: ([0-9]+) lines could not be saved: ", recorder.stderr)
    assert int(told[1]) == 450 - len(kept) + _OWN_AT_THE_END - own_at_the_end(disk.seen)


def both(chatlog, port, disk):
    """Start a recorder, and another one that is to take over from it."""
    archive, options = disk.place / "archive", ("--nick", "rec", "--alternate", "rec_")
    old = record(chatlog, port, archive, *options, prefix=disk.inside())
    return old, record(chatlog, port, archive, *options, "--take-over", prefix=disk.inside())


def test_a_disk_that_is_full_before_a_hand_over_ends_the_new_run_and_not_the_old_one(chatlog, disk):
    with EmbeddedServer() as server:
        old, new = both(chatlog, server.port, disk)
        disk.fill()
        for text in numbered(range(100)):
            server.say("ada", "#a", text)
        assert new.finish() == 3
        assert re.search(r"chatlog: cannot write \S+\.spool: No space left", new.stderr)
        disk.free()
        old.wait_for("the disk takes lines again")
        old.terminate()
        assert old.finish() == 0
        again = record(chatlog, server.port, disk.place / "archive", prefix=disk.inside())
        again.terminate()
        assert again.finish() == 0
    assert texts(disk.seen / "archive") == numbered(range(100))
    assert list((disk.seen / "archive" / ".takeover").iterdir()) == []


def test_a_disk_that_is_full_when_the_new_run_takes_over_delays_its_lines_and_loses_none(
    chatlog, disk
):
    with EmbeddedServer() as server:
        old, new = both(chatlog, server.port, disk)
        os.kill(old.pid, signal.SIGSTOP)  # it hears nothing more
        for text in numbered(range(100)):
            server.say("ada", "#a", text)
        eventually(lambda: b"00099 " in all_bytes(disk.seen / "archive" / ".takeover"))
        disk.fill()
        old.kill()
        old.finish()
        new.wait_for("No space left on device; .* nothing is lost")
        new.wait_for("took over @server")
        server.say("ada", "#a", "meanwhile")
        disk.free()
        new.wait_for("the disk takes lines again")
        new.terminate()
        assert new.finish() == 0
    assert texts(disk.seen / "archive") == [*numbered(range(100)), "meanwhile"]
    assert list((disk.seen / "archive" / ".takeover").iterdir()) == []


def test_a_file_system_made_read_only_delays_lines_until_it_is_writable_again(
    chatlog, disk, ada, inspircd
):
    # From the next segment on: what is open already stays writable.
    recorder = record(
        chatlog, inspircd.port, disk.place / "archive", "--rotate-size", "20K",
        prefix=disk.inside(),
    )  # fmt: skip
    flood(ada, range(100))
    archive = str(disk.place / "archive")
    # Made read-only aside and then moved there, as what is open for writing on a mount, say the
    # segment that rotation just opened, would keep the kernel from remounting it.
    aside = str(disk.place / "aside")
    disk.run("mkdir", aside)
    disk.run("mount", "--bind", archive, aside)
    disk.run("mount", "-o", "remount,bind,ro", aside)
    disk.run("mount", "--move", aside, archive)
    flood(ada, range(100, 1000))
    recorder.wait_for("Read-only file system; .* nothing is lost")
    disk.run("umount", "-l", archive)
    recorder.wait_for("the disk takes lines again")
    seen = disk.seen / "archive"
    eventually(lambda: len(texts(seen)) == 1000)
    assert texts(seen) == numbered(range(1000))
    recorder.terminate()
    assert recorder.finish() == 0


def test_a_mount_that_vanishes_is_waited_for_and_nothing_is_written_into_its_empty_place(
    chatlog, disk, tmp_path, ada, inspircd
):
    archive, mounted = str(disk.place / "archive"), tmp_path / "mounted"
    mounted.mkdir()
    disk.run("mkdir", archive)
    disk.run("mount", "--bind", archive, str(mounted))
    recorder = record(
        chatlog, inspircd.port, mounted, "--sync-interval", "0.2s", prefix=disk.inside()
    )
    flood(ada, range(100))
    disk.run("umount", "-l", str(mounted))
    flood(ada, range(100, 300))
    recorder.wait_for("was deleted or replaced")
    flood(ada, range(300, 1000))
    recorder.wait_for("is not there any more; mount or move it back")
    assert {path.name for path in mounted.iterdir()} <= {".runs"}  # the heartbeat's
    disk.run("mount", "--bind", archive, str(mounted))
    recorder.wait_for("the disk takes lines again")
    seen = disk.seen / "archive"
    eventually(lambda: len(texts(seen)) == 1000)
    assert texts(seen) == numbered(range(1000))
    recorder.terminate()
    assert recorder.finish() == 0


def test_a_limit_of_file_sizes_is_a_full_disk_too(chatlog, tmp_path, ada, inspircd):
    recorder = record(chatlog, inspircd.port, tmp_path / "archive")
    flood(ada, range(100))
    _, hard = resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE, (40_000, hard))
    flood(ada, range(100, 1000))
    recorder.wait_for("File too large; .* nothing is lost")
    resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE, (hard, hard))
    recorder.wait_for("the disk takes lines again")
    recorder.terminate()
    assert recorder.finish() == 0
    assert texts(tmp_path / "archive") == numbered(range(1000))


def test_a_file_deleted_under_it_costs_no_line_that_comes_later(chatlog, tmp_path, ada, inspircd):
    recorder = record(chatlog, inspircd.port, tmp_path / "archive", "--sync-interval", "0.2s")
    flood(ada, range(100))
    eventually(lambda: len(texts(tmp_path / "archive")) == 100)
    (segment,) = (tmp_path / "archive" / "net" / "#a").glob("*.jsonl")
    segment.unlink()
    flood(ada, range(100, 300))
    recorder.wait_for("was deleted or replaced while it was written")
    recorder.terminate()
    assert recorder.finish() == 0
    assert texts(tmp_path / "archive")[-200:] == numbered(range(100, 300))
