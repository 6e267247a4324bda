"""One segment as bytes: few system calls, and no file that is not a regular one."""

import errno
import os
from collections import Counter
from pathlib import Path

import pytest

from chatlog.errors import TranscriptError
from chatlog.query.selection import query_for
from chatlog.read.reader import Reader
from tests.support.archive import event_at, record


@pytest.fixture
def reader(tmp_path):
    record(tmp_path, event_at(1, "one"), event_at(2, "two"))
    return Reader(tmp_path)


@pytest.fixture
def source(reader):
    """Return the reader of the only segment."""
    (located,) = reader.segments(query_for())
    return located.source


def test_a_small_segment_is_read_by_four_system_calls(source, monkeypatch):
    calls = Counter()

    def counted(name, real):
        def call(*arguments):
            calls[name] += 1
            return real(*arguments)

        return call

    for name in ("open", "fstat", "pread", "read", "close", "stat", "lstat"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    assert b"".join(source.blocks()).count(b"\n") == 2
    assert calls == {"open": 1, "fstat": 1, "pread": 1, "close": 1}


def test_a_link_in_the_place_of_a_segment_is_refused_and_not_followed(source, reader, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"{}\n")
    Path(source.path).unlink()
    Path(source.path).symlink_to(tmp_path / "elsewhere")
    assert list(source.blocks()) == []
    assert not source.is_gone
    assert "not a regular file" in reader.damaged.refused[source.path]


def test_a_segment_that_was_removed_has_no_blocks_and_is_gone(source, reader):
    Path(source.path).unlink()
    assert list(source.blocks()) == []
    assert source.is_gone
    assert reader.damaged.refused == {}


def test_a_disk_that_fails_while_a_segment_is_read_is_one_error_and_leaves_no_file_open(
    source, monkeypatch
):
    opened, real = [], os.open

    def remembered(*arguments):
        opened.append(real(*arguments))
        return opened[-1]

    def failing(*_arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "open", remembered)
    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(TranscriptError, match="Input/output error"):
        list(source.blocks())
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])
