"""Imports done again: whatever logs there are, and in whatever order, nothing is added twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from chatlog.archive.storage import Storage
from chatlog.event import format_time
from chatlog.formats import jsonl
from chatlog.ingest.log_files import find_logs
from chatlog.ingest.log_import import LogImport
from chatlog.ingest.options import ImportOptions
from tests.support.archive import event_at, read_all, record
from tests.support.drawn_witnesses import (
    blocks,
    comparing,
    drawn_witnesses,
    most_of_each,
    said_lines,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-12-01T00:00:00.000Z"
_STAMPS = {"sec": slice(11, 19), "min": slice(11, 16)}


def imported(root, *paths, **options):
    """Import logs, and return how many lines were added."""
    work = LogImport(ImportOptions(**options), Storage(root=root), NOW, writes=True, workers=1)
    work.run([*find_logs(map(str, paths))], lambda _what, _done: None)
    assert not any(each.problem for each in work.logs)
    assert not any(each.error for each in work.targets.values())
    return sum(each.added for each in work.targets.values())


def written(root: Path, kind, lines):
    """Write the log of a witness: JSON lines of milliseconds, or a log of irssi."""
    if kind == "ms":
        path = root / "net" / "#c" / "2026-11-23.jsonl"
        content = jsonl.encode([line.event() for line in lines])
    else:
        path = root / "irclogs" / "net" / "#c.log"
        rows = [
            f"{format_time(line.at)[_STAMPS[kind]]} <{line.nick}> {line.text}\n" for line in lines
        ]
        content = "".join(["--- Log opened Mon Nov 23 12:00:00 2026\n", *rows]).encode()
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def files(root):
    return {
        path.relative_to(root): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


@settings(max_examples=40, deadline=None)
@given(drawn_witnesses(), blocks, st.booleans(), st.data())
def test_an_import_of_the_same_logs_again_in_any_order_adds_nothing(
    tmp_path_factory, witnesses, block, one_by_one, data
):
    with comparing(block):
        check_imports_again(tmp_path_factory.mktemp("again"), witnesses, one_by_one, data)


def check_imports_again(root, witnesses, one_by_one, data):
    logs = [written(root / str(at), *witness) for at, witness in enumerate(witnesses)]
    archive = root / "archive"
    for some in [[log] for log in logs] if one_by_one else [logs]:
        imported(archive, *some)
    assert most_of_each(witnesses) <= said_lines(read_all(archive))
    before = files(archive)
    assert imported(archive, *logs) == 0
    if not one_by_one:
        assert files(archive) == before
    order = data.draw(st.permutations(logs))
    assert [imported(archive, log) for log in order] == [0] * len(logs)
    assert imported(archive, *order[::-1]) == 0
    before = files(archive)
    assert imported(archive, *logs) == 0
    assert files(archive) == before


def test_lines_that_an_archive_has_lost_come_back_by_another_import(tmp_path):
    record(tmp_path / "archive", event_at(43_203, "yes"), event_at(43_300, "no"))
    log = tmp_path / "irclogs" / "net" / "#c.log"
    log.parent.mkdir(parents=True)
    log.write_text("--- Log opened Mon Nov 23 12:00:00 2026\n12:00 <ann> yes\n12:01 <ann> no\n")
    assert imported(tmp_path / "archive", log) == 0
    for segment in (tmp_path / "archive" / "net" / "#c").glob("*.jsonl"):
        segment.unlink()
    assert imported(tmp_path / "archive", log) == 2
    assert imported(tmp_path / "archive", log) == 0
