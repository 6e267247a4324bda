"""Sealing: one file for the parts of a period, that the standard tools check and read."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.compression import COMPRESSIONS
from chatlog.archive.inventory import Inventory
from chatlog.archive.layout import parse_segment
from chatlog.archive.locks import Locks
from chatlog.archive.storage import Storage
from chatlog.archive.system import System
from chatlog.errors import TranscriptError
from chatlog.upkeep.holding import ELSEWHERE, Holding
from chatlog.upkeep.sealing import Sealer
from chatlog.upkeep.tending import tender_of
from tests.support.archive import (
    UNSYNCED,
    append_to_manifest,
    event_at,
    manifest_of,
    record,
    writer_in,
)
from tests.support.crashing import lines_of
from tests.support.tending import DAY, LONG_AFTER, age, tend

each_way = pytest.mark.parametrize("compress", list(COMPRESSIONS))


def names(root, target="#c"):
    return sorted(path.name for path in (root / "net" / target).iterdir() if "_" in path.name)


def texts(root, name, target="#c"):
    return [json.loads(line)["text"] for line in lines_of(root / "net" / target / name)]


def entries(root, kind, target="#c"):
    return [each for each in manifest_of(root / "net" / target) if each["entry"] == kind]


@each_way
def test_the_parts_of_a_period_become_one_in_order_of_time(tmp_path, compress):
    record(tmp_path, *(event_at(number, f"live {number}") for number in range(4)))
    fetched = [event_at(at + 0.5, f"old {at}", via="chathistory") for at in (2, 0, 1)]
    record(tmp_path, *fetched)
    tend(tmp_path, compress=compress)
    ending = {"gzip": ".gz", "zstd": ".zst", "none": ""}[compress]
    assert names(tmp_path) == [f"2026-11-23_002.jsonl{ending}"]
    assert texts(tmp_path, names(tmp_path)[0]) == [
        "live 0", "old 0", "live 1", "old 1", "live 2", "old 2", "live 3",
    ]  # fmt: skip


@given(
    parts=st.lists(
        st.lists(st.tuples(st.integers(0, 90), st.booleans()), min_size=1, max_size=6), max_size=5
    )
)
def test_a_merge_keeps_every_line_and_the_order_within_each_live_part(tmp_path_factory, parts):
    root = tmp_path_factory.mktemp("merge")
    record(root, event_at(0, "first"))
    number = 0
    for part in parts:
        events = []
        for seconds, live in part:
            via = "" if live else "chathistory"
            events.append(event_at(seconds, f"{number:03d}{via}", via=via))
            number += 1
        record(root, *events)
    directory = root / "net" / "#c"
    before = [lines_of(directory / name) for name in names(root)]
    live = [[line for line in part if b'"via"' not in line] for part in before]
    tend(root)
    (name,) = names(root)
    merged = lines_of(directory / name)
    assert sorted(merged) == sorted(line for part in before for line in part)
    for part in live:
        assert [line for line in merged if line in part] == part


def test_live_lines_stay_in_order_of_arrival_when_the_clock_goes_back(tmp_path):
    record(tmp_path, *(event_at(at, f"live {at}") for at in (5, 1, 9)))
    record(tmp_path, event_at(3, "old", via="playback"))
    tend(tmp_path)
    shown = texts(tmp_path, names(tmp_path)[0])
    assert [text for text in shown if text != "old"] == ["live 5", "live 1", "live 9"]


def test_the_manifest_tells_what_was_sealed_of_what(tmp_path):
    record(tmp_path, event_at(3, "b"), event_at(1, "a"))
    record(tmp_path, event_at(2, "old", via="playback"))
    tend(tmp_path)
    (entry,) = entries(tmp_path, "sealed")
    path = tmp_path / "net" / "#c" / entry["segment"]
    assert entry["bytes"] == path.stat().st_size
    assert entry["content"]["lines"] == 3
    assert (entry["first"], entry["last"]) == (
        "2026-11-23T00:00:01.000Z", "2026-11-23T00:00:03.000Z",
    )  # fmt: skip
    assert [part["segment"] for part in entry["parts"]] == [
        "2026-11-23_001.jsonl", "2026-11-23_002.jsonl",
    ]  # fmt: skip
    assert entry["at"] == LONG_AFTER


@pytest.mark.server
@each_way
def test_coreutils_check_the_sums_after_sealing_and_after_retention(tmp_path, compress):
    for day in range(4):
        record(tmp_path, event_at(day * DAY, str(day)), formats=("jsonl", "text"))
    for keep in (None, 188 * DAY):
        tend(tmp_path, compress=compress, keep=keep)
        checked = subprocess.run(
            ["sha256sum", "--strict", "-c", "SHA256SUMS"],
            cwd=tmp_path / "net" / "#c", capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert checked.stdout.count(": OK") == len(names(tmp_path))
    assert len(names(tmp_path)) == 4


def test_what_comes_late_for_a_sealed_period_is_a_part_of_its_own_and_sealed_later(tmp_path):
    record(tmp_path, event_at(0, "in time"))
    tend(tmp_path)
    record(tmp_path, event_at(1, "late"))
    assert names(tmp_path) == ["2026-11-23_001.jsonl.gz", "2026-11-23_002.jsonl"]
    tend(tmp_path)
    assert names(tmp_path) == ["2026-11-23_001.jsonl.gz", "2026-11-23_002.jsonl.gz"]
    assert texts(tmp_path, "2026-11-23_002.jsonl.gz") == ["late"]


def test_a_plain_segment_that_is_sealed_gets_no_more_lines(tmp_path):
    record(tmp_path, event_at(0, "in time"))
    tend(tmp_path, compress="none")
    record(tmp_path, event_at(1, "late"))
    assert names(tmp_path) == ["2026-11-23_001.jsonl", "2026-11-23_002.jsonl"]


def test_a_period_that_is_not_over_or_still_gets_lines_is_left_alone(tmp_path):
    record(tmp_path, event_at(0, "today"))
    assert tend(tmp_path, now="2026-11-24T00:05:00.000Z").sealed == []
    segment = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    active = Holding(active={segment})
    assert tend(tmp_path, holding=lambda _: active).sealed == []
    assert tend(tmp_path, holding=lambda _: ELSEWHERE).sealed == []
    assert tend(tmp_path).sealed == [segment.with_name(segment.name + ".gz")]


def test_parts_that_ended_for_their_size_are_sealed_at_once_and_the_live_one_is_not(tmp_path):
    events = [event_at(0, "x" * 200) for _ in range(5)]
    record(tmp_path, *events, rotate_size=800)
    tend(tmp_path, now="2026-11-23T00:00:09.000Z", rotate_size=800)
    assert names(tmp_path) == [
        "2026-11-23_001.jsonl.gz", "2026-11-23_002.jsonl.gz", "2026-11-23_003.jsonl",
    ]  # fmt: skip


def test_text_is_sealed_part_by_part_and_ends_with_the_day_of_its_zone(tmp_path):
    record(tmp_path, event_at(0, "one"), formats=("text",), tz="America/Bogota")
    record(tmp_path, event_at(1, "two"), formats=("text",), tz="Europe/Berlin")
    (bogota, berlin) = names(tmp_path)
    tend(tmp_path, now="2026-11-23T12:00:00.000Z")
    assert names(tmp_path) == [f"{bogota}.gz", berlin]
    tend(tmp_path)
    assert names(tmp_path) == [f"{bogota}.gz", f"{berlin}.gz"]


def test_a_segment_that_grows_while_it_is_sealed_is_left_as_it_is(tmp_path):
    record(tmp_path, event_at(0, "one"))
    segment = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"

    def mkfifo_like_growth(path, flags, mode):
        if path.name.endswith(".sealing"):
            with segment.open("ab") as file:
                file.write(b"{}\n")
        return os.open(path, flags, mode)

    system = type(UNSYNCED)(open=mkfifo_like_growth, fsync=lambda _fd: None)
    sealer = Sealer(system, Locks(tmp_path))
    inventory = Inventory(segment.parent)
    with pytest.raises(TranscriptError, match="was changed while it was sealed"):
        sealer.seal(inventory, [parse_segment(segment.name)], LONG_AFTER)
    assert names(tmp_path) == [segment.name]
    assert entries(tmp_path, "sealed") == []


def aside(root, target="#c"):
    return [path.name for path in (root / "net" / target).glob(".*")]


@each_way
def test_a_run_that_ends_while_it_seals_leaves_nothing_half_made(tmp_path, compress):
    tenders = 0
    for last in range(100):
        root, asked = tmp_path / str(last), []

        def is_over(asked=asked, last=last):
            asked.append(None)
            return len(asked) > last

        record(root, event_at(0, "one"), event_at(1, "two"))
        age(root)
        locks, directory = Locks(root), root / "net" / "#c"
        tender = tender_of(Storage(root=root, compress=compress), UNSYNCED, locks)
        done = tender.tend_held([directory], frozenset(), LONG_AFTER, is_over)
        locks.close()
        assert aside(root) == []
        assert done.failed == []
        if done.sealed:
            break
        assert done.busy == [directory]
        assert names(root) == ["2026-11-23_001.jsonl"]
        assert entries(root, "sealed") == []
        tenders += 1
    assert tenders >= (0 if compress == "none" else 2), "while it is written, and while it is read"


@pytest.mark.parametrize("error", [OSError(errno.EIO, "it broke"), KeyboardInterrupt()])
def test_a_seal_that_fails_before_the_manifest_names_it_leaves_nothing(tmp_path, error):
    def tended(root, nth):
        failing = FailingOnce(nth, error)
        record(root, event_at(0, "one"), event_at(1, "two"))
        with contextlib.suppress(AssertionError, KeyboardInterrupt):
            tend(root, system=failing.system)
        return failing.named_at

    calls = tended(tmp_path / "all", 0)
    assert calls > 4
    for nth in range(1, calls):
        tended(tmp_path / str(nth), nth)
        assert aside(tmp_path / str(nth)) == [], nth


class FailingOnce:
    """System calls of which the `nth` raises an error; `named_at` is the first of the manifest."""

    def __init__(self, nth, error):
        self.named_at = self._count = 0
        calls = [(field.name, getattr(UNSYNCED, field.name)) for field in fields(System)]
        self.system = System(**{name: self._call(nth, real, error) for name, real in calls})

    def _call(self, nth, real, error):
        def call(*args):
            self._count += 1
            if "MANIFEST" in str(args[0]):
                self.named_at = self.named_at or self._count
            if self._count == nth:
                raise error
            return real(*args)

        return call


def test_a_clock_that_went_back_seals_and_removes_nothing(tmp_path):
    record(tmp_path, event_at(0, "one"))
    tend(tmp_path)
    record(tmp_path, event_at(-3 * DAY, "two"))
    with pytest.raises(AssertionError, match="set the clock right"):
        tend(tmp_path, now="2026-11-25T00:00:00.000Z", keep=1)
    assert names(tmp_path) == ["2026-11-20_001.jsonl", "2026-11-23_001.jsonl.gz"]


def test_a_torn_manifest_is_mended_and_with_a_damaged_one_nothing_is_sealed(tmp_path):
    record(tmp_path, event_at(0, "one"))
    tend(tmp_path)
    path = tmp_path / "net" / "#c" / "MANIFEST"
    whole = path.read_bytes()
    record(tmp_path, event_at(DAY, "two"))
    path.write_bytes(whole + b'{"entry"')
    tend(tmp_path)
    assert names(tmp_path) == ["2026-11-23_001.jsonl.gz", "2026-11-24_001.jsonl.gz"]
    record(tmp_path, event_at(2 * DAY, "three"))
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(AssertionError, match="MANIFEST is damaged; see `chatlog verify`"):
        tend(tmp_path)
    assert names(tmp_path)[-1] == "2026-11-25_001.jsonl"


def test_a_manifest_with_an_impossible_value_is_damaged_and_nothing_is_sealed(tmp_path):
    record(tmp_path, event_at(0, "one"))
    tend(tmp_path)
    path = tmp_path / "net" / "#c" / "MANIFEST"
    path.write_bytes(path.read_bytes().replace(b'"sha256":"', b'"sha256":"x', 1))
    record(tmp_path, event_at(DAY, "two"))
    with pytest.raises(AssertionError, match="MANIFEST is damaged; see `chatlog verify`"):
        tend(tmp_path, keep=1)
    assert names(tmp_path) == ["2026-11-23_001.jsonl.gz", "2026-11-24_001.jsonl"]


def test_an_entry_of_a_later_version_stays_in_the_chain_and_stops_nothing(tmp_path):
    record(tmp_path, event_at(0, "one"))
    tend(tmp_path)
    append_to_manifest(tmp_path / "net" / "#c", entry="hologram", at="zzz")
    record(tmp_path, event_at(DAY, "two"))
    tend(tmp_path)
    assert names(tmp_path) == ["2026-11-23_001.jsonl.gz", "2026-11-24_001.jsonl.gz"]
    assert [each["entry"] for each in manifest_of(tmp_path / "net" / "#c")] == [
        "sealed", "hologram", "sealed",
    ]  # fmt: skip


def test_two_processes_never_seal_one_directory_at_once(tmp_path):
    record(tmp_path, event_at(0, "one"))
    locks = Locks(tmp_path)
    with locks.sealing(tmp_path / "net" / "#c") as ours, Locks(tmp_path).sealing(tmp_path) as other:
        assert ours
        assert other  # of another directory
        with locks.sealing(tmp_path / "net" / "#c") as again:
            assert not again


def test_a_recorder_that_comes_while_its_period_is_sealed_begins_a_part_of_its_own(tmp_path):
    record(tmp_path, event_at(0, "one"))
    writer = writer_in(tmp_path)
    with writer.locks.sealing(tmp_path / "net" / "#c"):
        writer.write(event_at(1, "two"))
        writer.flush()
    writer.close()
    assert names(tmp_path) == ["2026-11-23_001.jsonl", "2026-11-23_002.jsonl"]


# -- retention ---------------------------------------------------------------------


def days(root, count, **storage):
    for day in range(count):
        record(root, event_at(day * DAY, str(day)), **storage)


def test_what_is_older_than_is_kept_is_removed_on_the_record(tmp_path):
    days(tmp_path, 4)
    tend(tmp_path, now="2026-11-27T00:20:00.000Z")
    done = tend(tmp_path, now="2026-11-27T00:20:00.000Z", keep=1.5 * DAY)
    gone = ["2026-11-23_001.jsonl.gz", "2026-11-24_001.jsonl.gz"]
    assert [path.name for path in done.removed] == gone
    assert names(tmp_path) == ["2026-11-25_001.jsonl.gz", "2026-11-26_001.jsonl.gz"]
    removed = entries(tmp_path, "removed")
    assert [entry["segment"] for entry in removed] == gone
    assert removed[0]["why"] == "older than 36 h"
    assert removed[0]["sha256"] == entries(tmp_path, "sealed")[0]["sha256"]


def test_the_oldest_go_until_the_whole_archive_is_no_larger_than_is_kept(tmp_path):
    days(tmp_path, 4)
    record(tmp_path, event_at(0, "elsewhere", target="#other"))
    tend(tmp_path, compress="none")
    size = (tmp_path / "net" / "#c" / names(tmp_path)[0]).stat().st_size
    tend(tmp_path, compress="none", keep_bytes=3 * size)
    assert names(tmp_path) == [f"2026-11-{day}_001.jsonl" for day in (24, 25, 26)]
    assert names(tmp_path, "#other") == []


def test_only_segments_are_ever_removed(tmp_path):
    days(tmp_path, 2)
    directory = tmp_path / "net" / "#c"
    strange = ["2020-01-01.jsonl", "2020-01-01_001.txt", "2020-01-01_1.jsonl", "x_001.jsonl"]
    for name in strange:
        (directory / name).write_text("{}\n")
    (directory / "2020-01-02_001.jsonl").symlink_to(tmp_path / "net" / "network.json")
    outside = tmp_path.parent / "2020-01-01_001.jsonl"
    outside.write_text("{}\n")
    tend(tmp_path, keep=DAY, failures=1)  # the link is named
    left = {path.name for path in directory.iterdir()}
    assert left >= {*strange, "MANIFEST"}
    assert (tmp_path / "net" / "network.json").exists()
    assert outside.exists()
    outside.unlink()


def test_of_what_another_recorder_holds_only_sealed_segments_are_removed(tmp_path):
    days(tmp_path, 1)
    tend(tmp_path)
    record(tmp_path, event_at(1, "late"))
    done = tend(tmp_path, keep=DAY, holding=lambda _: ELSEWHERE)
    assert [path.name for path in done.removed] == ["2026-11-23_001.jsonl.gz"]
    assert names(tmp_path) == ["2026-11-23_002.jsonl"]
