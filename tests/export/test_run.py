"""Exports into files: what is written, what stays as it is, and what is removed."""

from __future__ import annotations

import dataclasses
import json
import os
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.layout import Rotate
from chatlog.archive.system import System
from chatlog.errors import TranscriptError
from chatlog.event import SERVER
from chatlog.export import run as module
from chatlog.export.destination import destination_of
from chatlog.export.partition import parse_partition
from chatlog.export.past_exports import ExportEntry, read_exports, remembered
from chatlog.export.run import Export
from chatlog.export.table import exporter_named
from chatlog.formats import jsonl
from chatlog.query.selection import Query
from chatlog.read.reader import Reader
from chatlog.search.search import Search
from tests.support.archive import event_at, record
from tests.support.tending import age, tend

DAY = 86_400
PLACES = ("*", SERVER)


class Site:
    """An archive and the directory that it is exported to."""

    def __init__(self, base):
        self.root, self.dest = base / "archive", base / "out"

    def export(self, to="jsonl", path="{target}/{date}", *, partition=None, tz=UTC, query=None,
               system=None):  # fmt: skip
        exporter = exporter_named(to)
        typed = f"{self.dest}/{path}.{exporter.suffix}"
        chosen = parse_partition(partition) if partition else None
        query = query or Query(places=PLACES)
        export = Export(
            reader=Reader(self.root, query.places),
            query=query,
            exporter=exporter,
            destination=destination_of(typed, chosen, exporter, is_directory=False),
            tz=tz,
            options=f"{to} {tz} {partition}",
            system=system or System(),
        )
        entry = ExportEntry.made(to, typed, {"tz": str(tz)})
        with remembered(self.root, entry, "now", pytest.fail) as past:
            return export.run(export.pieces(), past)

    def files(self):
        found = [path for path in self.dest.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.dest)): path.read_bytes() for path in sorted(found)}

    def texts(self):
        return {
            name: [jsonl.decode(line).text for line in data.splitlines()]
            for name, data in self.files().items()
        }

    def states(self):
        return {
            path: (path.stat().st_mtime_ns, path.stat().st_ino)
            for path in self.dest.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    record(
        made.root,
        *(event_at(day * DAY + second, f"{day} {second}") for day in range(3) for second in (1, 5)),
        event_at(2, "elsewhere", target="#d"),
    )
    return made


def test_a_file_has_the_lines_of_its_channel_and_day(site):
    done = site.export()
    assert (done.written, done.unchanged, done.removed, done.lines) == (4, 0, 0, 7)
    assert site.texts() == {
        "#c/2026-11-23.jsonl": ["0 1", "0 5"],
        "#c/2026-11-24.jsonl": ["1 1", "1 5"],
        "#c/2026-11-25.jsonl": ["2 1", "2 5"],
        "#d/2026-11-23.jsonl": ["elsewhere"],
    }


def test_a_second_export_reads_nothing_and_writes_nothing(site, monkeypatch):
    site.export()
    before = site.states()
    monkeypatch.setattr(module, "in_time", pytest.fail)
    done = site.export()
    assert (done.written, done.unchanged, done.lines) == (0, 4, 7)
    assert site.states() == before


def test_only_the_file_of_the_day_that_grew_is_written_again(site):
    site.export()
    before = site.states()
    record(site.root, event_at(DAY + 9, "more"))
    done = site.export()
    assert (done.written, done.unchanged) == (1, 3)
    changed = {path.name for path, state in site.states().items() if before[path] != state}
    assert changed == {"2026-11-24.jsonl"}
    assert site.texts()["#c/2026-11-24.jsonl"] == ["1 1", "1 5", "more"]


def test_late_history_stands_where_it_was_said(site):
    site.export()
    record(site.root, event_at(3, "late", via="chathistory"))
    assert site.export().written == 1
    assert site.texts()["#c/2026-11-23.jsonl"] == ["0 1", "late", "0 5"]


def test_a_segment_that_was_rewritten_brings_its_file_up_to_date(site):
    site.export()
    [segment] = (site.root / "net" / "#c").glob("2026-11-24_*.jsonl")
    erased = segment.with_name(".erased")
    erased.write_bytes(segment.read_bytes().splitlines(keepends=True)[1])
    erased.replace(segment)
    done = site.export()
    assert (done.written, done.unchanged, done.removed) == (1, 3, 0)
    assert site.texts()["#c/2026-11-24.jsonl"] == ["1 5"]


def test_a_rewrite_of_the_same_length_is_noticed(site):
    site.export()
    [segment] = (site.root / "net" / "#c").glob("2026-11-24_*.jsonl")
    other = segment.with_name(".other")
    other.write_bytes(segment.read_bytes().replace(b"1 5", b"x x"))
    os.utime(other, ns=(0, segment.stat().st_mtime_ns))
    other.replace(segment)
    assert site.export().written == 1


def test_a_file_that_has_no_line_any_more_is_removed_and_no_other(site):
    site.export()
    strange = site.dest / "#c" / "mine.txt"
    strange.write_text("mine")
    for segment in (site.root / "net" / "#d").glob("*.jsonl"):
        segment.unlink()
    assert site.export().removed == 1
    assert not (site.dest / "#d").exists()
    assert strange.read_text() == "mine"


def test_nothing_is_removed_while_a_part_of_the_archive_cannot_be_read(site):
    site.export()
    (site.root / "net" / "#d").rename(site.root / "elsewhere")
    (site.root / "net" / "#c" / "2026-11-30_001.jsonl").mkdir()
    assert site.export().removed == 0
    assert "#d/2026-11-23.jsonl" in site.files()


def test_a_file_that_somebody_changed_or_removed_is_written_again(site):
    site.export()
    whole = site.files()
    (site.dest / "#c" / "2026-11-23.jsonl").write_text("changed")
    (site.dest / "#d" / "2026-11-23.jsonl").unlink()
    assert site.export().written == 2
    assert site.files() == whole


@pytest.mark.parametrize("to", ["jsonl", "csv", "markdown"])
def test_sealing_changes_no_byte_and_touches_no_file(site, to):
    site.export(to)
    before, files = site.states(), site.files()
    age(site.root / "net" / "#c")
    tend(site.root, compress="gzip")
    done = site.export(to)
    assert (done.written, done.removed) == (0, 0)
    assert (site.states(), site.files()) == (before, files)


def test_days_are_those_of_the_zone(site):
    site.export(tz=ZoneInfo("America/New_York"))
    assert site.texts()["#c/2026-11-22.jsonl"] == ["0 1", "0 5"]


@pytest.mark.parametrize(
    ("path", "partition", "names"),
    [
        ("all", None, ["all.jsonl"]),
        ("{target}", None, ["#c.jsonl", "#d.jsonl"]),
        ("{date}", None, ["2026-11-23.jsonl", "2026-11-24.jsonl", "2026-11-25.jsonl"]),
        ("{target}/{month}", None, ["#c/2026-11.jsonl", "#d/2026-11.jsonl"]),
        ("{year}", None, ["2026.jsonl"]),
        ("{part}", "lines:3", ["0001.jsonl", "0002.jsonl", "0003.jsonl"]),
        ("{part}", "size:300", [f"000{number}.jsonl" for number in range(1, 5)]),
    ],
)
def test_the_files_of_each_partition_hold_every_line_in_order(site, path, partition, names):
    site.export(path=path, partition=partition)
    files = site.files()
    assert list(files) == names
    lines = [line for data in files.values() for line in data.splitlines()]
    assert sorted(lines) == sorted(searched(site.root))
    if "{target}" not in path:
        assert lines == searched(site.root)


def searched(root):
    query = Query(places=PLACES)
    return [hit.line for hit in Search(Reader(root, query.places), query, jobs=1).hits()]


def test_no_file_is_larger_than_asked_for_unless_a_line_is(site):
    site.export(path="{part}", partition="size:300")
    assert all(len(data) <= 300 for data in site.files().values())
    site.export(path="{part}", partition="size:1")
    assert all(data.count(b"\n") == 1 for data in site.files().values())


seconds = st.lists(st.integers(0, 40 * DAY), min_size=1, max_size=30)


@pytest.mark.parametrize("rotate", Rotate)
@given(seconds=seconds, late=seconds)
def test_whatever_the_segments_are_the_lines_are_those_of_search(
    tmp_path_factory, rotate, seconds, late
):
    site = Site(tmp_path_factory.mktemp("site"))
    record(site.root, *(event_at(each, f"{each}") for each in sorted(seconds)), rotate=rotate)
    record(site.root, *(event_at(each, "late", via="chathistory") for each in late), rotate=rotate)
    for tz in (UTC, ZoneInfo("Pacific/Auckland")):
        site.export(path=f"{tz}/{{date}}", tz=tz)
        files = site.files()
        names = [name for name in files if name.startswith(str(tz))]
        lines = [line for name in names for line in files[name].splitlines()]
        assert lines == searched(site.root)


def test_the_same_archive_gives_the_same_bytes(site, tmp_path):
    for to in ("jsonl", "csv", "markdown"):
        site.export(to)
    before = site.files()
    site.dest = tmp_path / "again"
    for to in ("jsonl", "csv", "markdown"):
        site.export(to)
    assert site.files() == before


def test_the_destination_is_recorded_once_in_the_archive(site):
    site.export()
    site.export()
    site.export("csv")
    entries = read_exports(site.root)
    assert [each.format for each in entries] == ["jsonl", "csv"]
    assert entries[0].destination == f"{site.dest}/{{target}}/{{date}}.jsonl"


def test_a_damaged_memory_costs_no_more_than_a_whole_export(site):
    site.export()
    for path in (site.root / ".exports").glob("*.json"):
        path.write_bytes(b'{"pieces": [')
    (site.root / "EXPORTS").write_bytes(b"garbage\n")
    assert site.export().unchanged == 4
    assert len(read_exports(site.root)) == 1


def test_a_memory_that_names_files_elsewhere_removes_none_of_them(site, tmp_path):
    site.export()
    other = tmp_path / "other.txt"
    other.write_text("mine")
    [memory] = (site.root / ".exports").glob("*.json")
    for forged in (other, site.dest / "../other.txt"):
        files = [{"path": str(forged), "size": 4, "mtime": 0, "lines": 1}]
        memory.write_text(json.dumps({"pieces": {"forged": {"signature": "", "files": files}}}))
        assert site.export().removed == 0
        assert other.exists()


def test_damage_is_told_by_every_export_and_costs_its_own_lines_alone(site):
    [segment] = (site.root / "net" / "#c").glob("2026-11-24_*.jsonl")
    with segment.open("ab") as file:
        file.write(b"no event\n")
    for _ in range(2):
        query = Query(places=PLACES)
        reader = Reader(site.root, query.places)
        exporter = exporter_named("jsonl")
        typed = f"{site.dest}/{{target}}/{{date}}.jsonl"
        place = destination_of(typed, None, exporter, is_directory=False)
        zone = ZoneInfo("Asia/Tokyo")  # which reads segments twice
        export = Export(reader=reader, query=query, exporter=exporter, destination=place, tz=zone)
        with remembered(site.root, ExportEntry.made("x", typed, {}), "", pytest.fail) as past:
            assert export.run(export.pieces(), past).lines == 7
        assert dict(reader.damaged) == {str(segment): 1}


def full_after(count):
    left = [count]

    def write(fd, data):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return os.write(fd, data)

    return dataclasses.replace(System(), write=write)


def test_a_full_disk_is_one_error_that_names_the_file_and_leaves_no_half_of_one(site):
    with pytest.raises(TranscriptError, match=r"cannot write .*jsonl: No space left on device; "):
        site.export(path="{date}", system=full_after(1))
    assert all(name.endswith(".jsonl") for name in site.files())
    assert all(data.endswith(b"\n") for data in site.files().values())
    site.export(path="{date}")
    assert len(site.files()) == 3


@pytest.mark.parametrize("to", ["jsonl", "sqlite"])
@pytest.mark.parametrize("target", ["", "pipe", "file", "nothing"])
def test_a_path_of_no_regular_file_is_refused_and_stays_as_it_is(site, to, target):
    site.dest.mkdir()
    (site.dest / "file").touch()
    os.mkfifo(site.dest / "pipe")
    place = site.dest / f"x.{to}"
    if target:
        place.symlink_to(target)
    else:
        os.mkfifo(place)
    with pytest.raises(TranscriptError, match="a pipe, a socket or a link, and is left alone"):
        site.export(to, path="x")
    assert place.is_symlink() if target else place.is_fifo()
    assert (site.dest / "file").read_bytes() == b""


def test_files_and_directories_have_the_permissions_of_any_new_file(site):
    umask = os.umask(0o022)
    try:
        site.export(path="{network}/{target}")
    finally:
        os.umask(umask)
    modes = {path.stat().st_mode & 0o777 for path in site.dest.rglob("*") if path.is_dir()}
    assert modes == {0o755}
    assert site.dest.stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in site.dest.rglob("*.jsonl")} == {0o644}


def test_a_segment_that_is_sealed_meanwhile_is_found_again(site, monkeypatch):
    query = Query(places=PLACES)
    exporter = exporter_named("jsonl")
    place = destination_of(f"{site.dest}/{{date}}.jsonl", None, exporter, is_directory=False)
    reader = Reader(site.root, query.places)
    export = Export(reader=reader, query=query, exporter=exporter, destination=place, tz=UTC)
    pieces = export.pieces()
    age(site.root / "net" / "#c")
    tend(site.root, compress="gzip")
    assert export.run(pieces, None).lines == 7
    assert [len(texts) for texts in site.texts().values()] == [3, 2, 2]
