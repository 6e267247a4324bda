"""Backups: a snapshot is the archive as it was at one moment, whatever happens meanwhile."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from chatlog.archive.system import TreeSystem
from chatlog.archive.version import CONTENT
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.last_heard import LastHeard
from chatlog.errors import HeldError, TranscriptError, UsageError
from chatlog.upkeep import target_snapshot
from chatlog.upkeep.backup import back_up
from chatlog.upkeep.snapshot_files import DestinationError
from chatlog.upkeep.snapshots import Snapshots
from tests.support.archive import UNSYNCED, event_at, record, writer_in
from tests.support.crashing import MODES, Fragile, Stopped, texts_in
from tests.support.faults import disk_of, refusal
from tests.support.ledgers import at
from tests.support.tending import DAY, tend
from tests.upkeep.test_verify import archive_in, found, repair, verify

GOLDEN = Path(__file__).parents[1] / "golden" / "archives"
UNSYNCED_TREE = dataclasses.replace(TreeSystem(), fsync=lambda _fd: None)
NOW = "2026-11-27T03:00:00.000Z"
LATER = "2026-11-28T03:00:00.000Z"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr("chatlog.upkeep.backup._PAUSE", 0)


def back(root, dest, now=NOW, system=UNSYNCED_TREE, **settings):
    return back_up(
        root, Snapshots(dest, UNSYNCED_TREE if system is None else system), system, now, **settings
    )


def files_of(root):
    """Return the bytes of all files that a backup copies."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != ".lock" and path.suffix != ".lock":
            found[str(path.relative_to(root))] = path.read_bytes()
    return found


@pytest.fixture
def archive(tmp_path):
    return archive_in(tmp_path / "archive")


@pytest.fixture
def dest(tmp_path):
    return tmp_path / "backup"


def test_a_snapshot_has_the_files_of_the_archive_and_verify_finds_nothing_wrong(archive, dest):
    (archive / "net" / ".rooms.json").write_text('{"77": ["#old", "#c"]}')
    done = back(archive, dest)
    assert done.path == dest / "2026-11-27T03-00-00Z"
    assert files_of(done.path) == files_of(archive)
    assert (dest / "latest").resolve() == done.path
    assert (found(dest / "latest"), done.problems, done.unknown) == ([], [], [])
    assert verify(done.path)[1].heads == verify(archive)[1].heads


@pytest.mark.parametrize("name", ["jsonl", "text", "both", "batches", "recovered"])
def test_each_archive_of_an_earlier_version_is_backed_up_byte_for_byte(dest, name):
    root = next(GOLDEN.glob(f"{name}/archive"), GOLDEN / name)
    roots = [root] if (root / "FORMAT").exists() or list(root.glob("*/network.json")) else []
    for each in roots or sorted(root.glob("*/archive")) or sorted(root.iterdir()):
        done = back(each, dest / each.name if not roots else dest)
        assert files_of(done.path) == files_of(each)


def test_a_seal_or_removal_that_a_crash_stopped_is_finished_in_the_snapshot(tmp_path):
    roots = sorted(path.parent.parent for path in GOLDEN.glob("half_done/**/network.json"))
    assert len(roots) > 1
    for number, root in enumerate(roots):
        finished = tmp_path / f"finished{number}"
        shutil.copytree(root, finished)
        repair(finished)
        done = back(root, tmp_path / f"backup{number}")
        assert files_of(done.path) == files_of(finished)
        assert (found(done.path), done.problems) == ([], [])


def test_a_torn_end_stays_behind_and_whole_lines_come(archive, dest):
    path = archive / "net" / "#c" / "2026-11-26_001.jsonl"
    whole = path.read_bytes()
    for each in (path, archive / "net" / "#c" / "LEDGER"):
        with each.open("ab") as file:
            file.write(b'{"half a li')
    done = back(archive, dest)
    assert (done.path / path.relative_to(archive)).read_bytes() == whole
    assert found(done.path) == []


def test_sealed_segments_are_links_to_those_of_the_snapshot_before_and_growing_files_are_not(
    archive, dest
):
    ledger.append(UNSYNCED, archive / "net" / "#c", [OpenedEntry(at=at(0), run="r")])
    one = back(archive, dest).path
    done = back(archive, dest, LATER)
    files = [path.relative_to(one) for path in one.rglob("*") if path.is_file()]
    shared = {path for path in files if (one / path).samefile(done.path / path)}
    names = {path.name for path in shared}
    assert {name for name in names if "_" in name} == {path.name for path in archive.rglob("*.gz")}
    assert not names & {"LEDGER", "MANIFEST", "2026-11-26_001.jsonl"}
    assert (done.linked_files, done.copied_files) == (len(shared), len(files) - len(shared))
    assert done.linked_bytes == sum((one / path).stat().st_size for path in shared)


def test_a_disk_without_links_of_either_kind_gets_copies_and_says_that_latest_is_missing(
    archive, dest
):
    def refuse(*_):
        raise refusal(1)

    system = dataclasses.replace(UNSYNCED_TREE, link=refuse, symlink=refuse)
    back(archive, dest, system=system)
    done = back(archive, dest, LATER, system=system)
    assert (done.linked_files, done.has_latest) == (0, False)
    assert files_of(done.path) == files_of(archive)


def test_a_sealed_segment_that_was_damaged_since_stays_whole_in_the_next_snapshot(archive, dest):
    path = next(archive.rglob("*.jsonl.gz"))
    before = path.read_bytes()
    back(archive, dest)
    path.write_bytes(bytes(len(before)))
    done = back(archive, dest, LATER)
    assert (done.path / path.relative_to(archive)).read_bytes() == before
    assert found(done.path) == []


def test_a_segment_that_is_not_as_it_was_sealed_is_copied_and_told(archive, dest):
    path = next(archive.rglob("*.jsonl.gz"))
    path.write_bytes(bytes(path.stat().st_size))
    done = back(archive, dest)
    assert done.problems == [f"{path} is not as it was sealed: see chatlog verify"]
    path.unlink()
    done = back(archive, dest, LATER)
    assert done.problems == [f"{path} was sealed, and is gone"]


def test_files_that_chatlog_did_not_write_and_links_are_left_out_and_counted(archive, dest):
    (archive / "notes.txt").write_text("mine")
    (archive / "net" / "#c" / "more").mkdir()
    (archive / "net" / "#c" / "2026-11-20_001.jsonl").symlink_to("/etc/passwd")
    os.mkfifo(archive / "net" / "#c" / "2026-11-21_001.jsonl")
    done = back(archive, dest)
    assert {path.name for path in done.unknown} == {
        "notes.txt", "more", "2026-11-20_001.jsonl", "2026-11-21_001.jsonl",
    }  # fmt: skip
    assert found(done.path) == []


def test_a_target_that_cannot_be_read_costs_no_other_and_no_old_snapshot(archive, dest):
    record(archive, event_at(0, "elsewhere", target="#other"))
    back(archive, dest)
    (archive / "net" / "#other" / "LEDGER").symlink_to("/dev/null")
    done = back(archive, dest, LATER, keep=1)
    assert [str(error) for error in done.failed] == [
        f"{archive}/net/#other/LEDGER is not a regular file; move it away"
    ]
    assert not (done.path / "net" / "#other").exists()
    assert texts_in(done.path).keys() == {"#c", "@server"}
    assert len(Snapshots(dest, UNSYNCED_TREE).names()) == 2


def test_the_oldest_snapshots_go_until_so_many_are_left(archive, dest):
    for day in range(10, 15):
        done = back(archive, dest, f"2026-12-{day}T00:00:00.000Z", keep=2)
    assert Snapshots(dest, UNSYNCED_TREE).names() == [
        "2026-12-13T00-00-00Z",
        "2026-12-14T00-00-00Z",
    ]
    assert done.removed == ("2026-12-12T00-00-00Z",)
    assert found(dest / "latest") == []


def test_a_snapshot_sorts_after_all_others_also_if_the_clock_was_set_back(archive, dest):
    names = [back(archive, dest, moment).path.name for moment in (LATER, NOW, LATER)]
    assert names == ["2026-11-28T03-00-00Z", "2026-11-28T03-00-01Z", "2026-11-28T03-00-02Z"]


def test_a_dry_run_foresees_the_result_and_writes_nothing(archive, dest):
    foreseen = back(archive, dest, system=None)
    assert not dest.exists()
    done = back(archive, dest)
    assert foreseen == done
    before = files_of(dest)
    assert back(archive, dest, LATER, system=None) == back(archive, dest, LATER)
    assert before.items() <= files_of(dest).items()


def test_only_one_backup_at_a_time_writes_to_a_directory(archive, dest):
    snapshots = Snapshots(dest, UNSYNCED_TREE)
    with snapshots.held(), pytest.raises(HeldError, match="is running; try again later"):
        back(archive, dest)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("archive", "is in the archive itself"),
        ("archive/net/backup", "is in the archive itself"),
        ("link/backup", "is in the archive itself"),
        ("fifo", "is not a directory"),
        ("file", "is not a directory"),
        ("other", "is an archive itself"),
        ("full", "is not empty and no backup"),
        ("missing/backup", "is not there; mount or make it first"),
        (".", "is not empty and no backup"),
    ],
)
def test_a_place_that_is_something_else_is_refused_and_stays_as_it_is(
    archive, tmp_path, place, reason
):
    (tmp_path / "link").symlink_to(archive)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").touch()
    record(tmp_path / "other", event_at(0))
    (tmp_path / "other" / "FORMAT").write_bytes(CONTENT)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=reason):
        Snapshots(tmp_path / place, UNSYNCED_TREE).expect_place(archive)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_new_disk_is_a_place_and_an_archive_that_is_a_snapshot_there_is_refused(archive, dest):
    (dest / "lost+found").mkdir(parents=True)
    snapshots = Snapshots(dest, UNSYNCED_TREE)
    snapshots.expect_place(archive)
    done = back(archive, dest)
    with pytest.raises(UsageError, match="is one of the snapshots"):
        snapshots.expect_place(done.path)


# -- crashes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mode", [each for each in MODES if each != "stop before"]
)  # which is after the call before
def test_wherever_a_backup_stops_earlier_snapshots_stay_and_the_next_one_is_whole(tmp_path, mode):
    root, dest = tmp_path / "archive", tmp_path / "backup"
    record(root, event_at(0, "sealed"))
    tend(root)
    record(root, event_at(3 * DAY, "live"))
    first = back(root, dest).path
    before = files_of(first)
    record(root, event_at(4 * DAY, "since then"))
    counting = Fragile(kind=TreeSystem)
    shutil.copytree(dest, tmp_path / "counted", symlinks=True)
    back(root, tmp_path / "counted", LATER, counting.system, keep=1)
    assert counting.count > 40
    for nth in range(1, counting.count + 1):
        again = tmp_path / "again"
        shutil.copytree(dest, again, symlinks=True, copy_function=os.link)
        fragile = Fragile(nth, mode, kind=TreeSystem)
        with suppress(Stopped, TranscriptError):
            back(root, again, LATER, fragile.system, keep=1)
        fragile.bury()
        names = Snapshots(again, UNSYNCED_TREE).names()
        assert names
        for name in names:
            expected = before if name == first.name else files_of(root)
            assert files_of(again / name) == expected, nth
        assert files_of(first) == before, "a link to an earlier snapshot is never written into"
        done = back(root, again, "2026-11-29T03:00:00.000Z")
        assert files_of(done.path) == files_of(root), nth
        assert not (again / ".partial").exists()
        assert not list(again.glob(".removed-*"))
        shutil.rmtree(again)


def test_a_full_disk_is_told_and_costs_no_snapshot_and_the_next_run_goes_on(archive, dest):
    done = back(archive, dest)
    size = sum(map(len, files_of(archive).values()))
    record(archive, event_at(4 * DAY, "since then"))
    small, _ = disk_of(size // 3)
    system = dataclasses.replace(UNSYNCED_TREE, write=small.write)
    with pytest.raises(DestinationError, match="No space left on device; make room there"):
        back(archive, dest, LATER, system)
    assert Snapshots(dest, UNSYNCED_TREE).names() == [done.path.name]
    assert files_of(back(archive, dest, LATER).path) == files_of(archive)


def test_a_run_goes_on_with_the_sealed_segments_that_a_killed_one_had_copied_whole(archive, dest):
    fragile = Fragile(60, "stop before", kind=TreeSystem)
    with suppress(Stopped):
        back(archive, dest, system=fragile.system)
    fragile.bury()
    left = {path: path.stat().st_ino for path in (dest / ".partial").rglob("*.gz")}
    assert left
    broken = next(iter(left))
    broken.write_bytes(b"half")
    done = back(archive, dest)
    kept = {path.name: path.stat().st_ino for path in done.path.rglob("*.gz")}
    assert all(kept[path.name] == inode for path, inode in left.items() if path != broken)
    assert found(done.path) == []


# -- beside a recorder ---------------------------------------------------------------------


class Meanwhile:
    """Something that another process does at looks or system calls of a backup."""

    def __init__(self, monkeypatch, act, when=lambda _nth: False):
        self.count = 0
        self._act, self._when, self._busy = act, when, False
        for name in ("state_of", "opened", "Inventory"):
            real = getattr(target_snapshot, name)
            monkeypatch.setattr(target_snapshot, name, self._before(real))
        calls = [field.name for field in dataclasses.fields(TreeSystem)]
        self.system = TreeSystem(
            **{name: self._before(getattr(UNSYNCED_TREE, name)) for name in calls}
        )

    def _before(self, real):
        def call(*arguments):
            if not self._busy:
                self.count += 1
                if self._when(self.count):
                    self._busy = True
                    self._act()
                    self._busy = False
            return real(*arguments)

        return call


def two_days(root):
    for day in range(2):
        record(root, *(event_at(day * DAY + second, f"{day} {second}") for second in range(2)))
        record(root, event_at(day * DAY + 1, f"old {day}", via="chathistory"))
    record(root, event_at(1, "other", target="#d"))
    ledger.append(UNSYNCED, root / "net" / "#c", [OpenedEntry(at=at(0), run="r")])
    return root


def seal(root):
    tend(root)


def seal_one_day(root):
    tend(root, now="2026-11-24T12:00:00.000Z")


def remove(root):
    tend(root, keep=DAY)


def rotate(root):
    record(root, event_at(9 * DAY, "new day"))
    record(root, event_at(0, "new target", target="#e"))


@pytest.mark.parametrize("act", [seal, seal_one_day, remove, rotate])
def test_whenever_segments_are_sealed_removed_or_begun_the_snapshot_is_whole(
    tmp_path, monkeypatch, act
):
    template = two_days(tmp_path / "template")
    before = texts_in(template)
    with monkeypatch.context() as patched:
        counting = Meanwhile(patched, lambda: None)
        back(template, tmp_path / "counted", system=counting.system)
    for nth in range(1, counting.count + 1):
        root, dest = tmp_path / "archive", tmp_path / "backup"
        shutil.copytree(template, root)
        with monkeypatch.context() as patched:
            meanwhile = Meanwhile(patched, lambda root=root: act(root), nth.__eq__)
            done = back(root, dest, system=meanwhile.system)
        assert (done.failed, done.problems) == ([], [])
        assert found(done.path) == [], nth
        texts = texts_in(done.path)
        assert all(count == 1 for target in texts.values() for count in target.values())
        if act is not remove:
            assert all(before[target].keys() <= texts[target].keys() for target in before), nth
        shutil.rmtree(root)
        shutil.rmtree(dest)


@pytest.mark.parametrize("seed", range(8))
def test_the_lines_are_those_until_one_moment_and_the_ledger_claims_no_later_one(
    tmp_path, monkeypatch, seed
):
    """Lines come to two segments in turn; then the ledger ends and begins an interval."""
    root, dest = two_days(tmp_path / "archive"), tmp_path / "backup"
    writer, numbers, chance = writer_in(root), itertools.count(), random.Random(seed)

    def say():
        for via in ("", "chathistory"):
            number = next(numbers)
            writer.write_all([event_at(5 * DAY + number, f"line {number:04d}", via=via)])
            writer.flush()
        moment = at(5 * DAY + number)
        entries = [ClosedEntry(at=moment, run="r"), OpenedEntry(at=moment, run="r")]
        ledger.append(UNSYNCED, root / "net" / "#c", entries)

    say()
    with monkeypatch.context() as patched:
        meanwhile = Meanwhile(patched, say, when=lambda _: chance.random() < 0.2)
        done = back(root, dest, system=meanwhile.system)
    writer.close()
    assert next(numbers) > 5
    assert done.failed == []
    texts = sorted(text for text in texts_in(done.path)["#c"] if text.startswith("line"))
    assert texts == [f"line {number:04d}" for number in range(len(texts))], "a prefix"
    assert len(texts) >= 2
    heard = LastHeard(done.path).bounds(done.path / "net" / "#c", "net")
    coverage = coverage_of(ledger.read(done.path / "net" / "#c"), heard=heard)
    assert coverage.until <= at(5 * DAY + len(texts) - 1)
    assert found(done.path) == []


def test_a_target_that_never_holds_still_is_told_and_the_others_are_copied(tmp_path, monkeypatch):
    root, dest = two_days(tmp_path / "archive"), tmp_path / "backup"
    number = itertools.count()
    real = target_snapshot.TargetState.expect_unchanged

    def sealed_meanwhile(state):
        if state.directory.name == "#c":
            with (state.directory / "MANIFEST").open("a") as file:
                file.write(json.dumps({"entry": "later", "number": next(number)}) + "\n")
        real(state)

    monkeypatch.setattr(target_snapshot.TargetState, "expect_unchanged", sealed_meanwhile)
    done = back(root, dest)
    assert [str(error) for error in done.failed] == [
        f"{root}/net/#c changed while it was copied; try again"
    ]
    assert texts_in(done.path).keys() == {"#d"}
