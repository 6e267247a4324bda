"""Many files synced at once: each file, and each directory of new names once."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from chatlog.archive.segment import Segment
from chatlog.archive.syncing import sync_all
from chatlog.archive.system import System
from tests.support.faults import refusal


def written(root, count):
    """Write files in two directories, and return what is to be synced of them."""
    found = []
    for number in range(count):
        path = root / "net" / f"#c{number % 2}" / f"{number:03d}"
        with closing(Segment(path, system=System())) as segment:
            segment.write(b"line\n")
            found.append(segment.unsynced())
    return found


def path_of(fd):
    return str(Path(f"/proc/self/fd/{fd}").readlink())


@pytest.mark.parametrize("count", [6, 40])
def test_each_file_is_synced_once_and_then_each_directory_once(tmp_path, count):
    items, paths = written(tmp_path, count), []

    def fsync(fd):
        paths.append(path_of(fd))
        os.fsync(fd)

    result = sync_all(items, system=System(fsync=fsync))
    assert (result.safe, result.misplaced, result.failed) == (items, [], [])
    directories = [*dict.fromkeys(str(each) for item in items for each in item.directories)]
    assert Counter(paths) == Counter([*(str(each.path) for each in items), *directories])
    assert paths[-len(directories) :] == directories


@pytest.mark.parametrize("count", [6, 40])
def test_a_directory_that_cannot_be_synced_fails_the_files_that_are_new_in_it(tmp_path, count):
    items = written(tmp_path, count)

    def fsync(fd):
        if path_of(fd).endswith("#c1"):
            raise refusal()
        os.fsync(fd)

    result = sync_all(items, system=System(fsync=fsync))
    assert result.safe == [each for each in items if each.path.parent.name == "#c0"]
    assert [item for item, _ in result.failed] == [
        each for each in items if each not in result.safe
    ]


@pytest.mark.parametrize("count", [6, 40])
def test_files_that_are_gone_are_misplaced_and_the_others_are_synced(tmp_path, count):
    items = written(tmp_path, count)
    shutil.rmtree(tmp_path / "net" / "#c1")
    result = sync_all(items, system=System())
    assert result.safe == [each for each in items if each.path.parent.name == "#c0"]
    assert result.misplaced == [each for each in items if each not in result.safe]
    assert result.failed == []
