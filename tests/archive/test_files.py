"""Opening, measuring and reading files that may be gone or unreadable."""

from __future__ import annotations

import os

import pytest

from chatlog.archive import files
from chatlog.errors import TranscriptError


def test_a_file_that_is_gone_has_no_size_and_no_descriptor(tmp_path):
    path = str(tmp_path / "gone")
    assert files.size_of(path) is None
    with files.opened(path) as fd:
        assert fd is None


def test_a_file_is_closed_also_when_reading_it_failed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"")
    with (
        pytest.raises(TranscriptError, match=r"cannot read .*file: Bad"),
        files.opened(str(path)) as fd,
    ):
        raise OSError(9, "Bad file descriptor")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
