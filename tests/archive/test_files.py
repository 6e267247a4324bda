"""Opening, measuring and reading files that may be gone or unreadable."""

from __future__ import annotations

import errno
import os

import pytest

from chatlog.archive import files
from chatlog.errors import TranscriptError

READABLE = "make it readable for this user, or name another archive with --archive"


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


@pytest.mark.parametrize(
    ("doing", "number", "advice"),
    [
        ("write", errno.ENOSPC, "make room there, or record elsewhere with --archive"),
        ("sync", errno.EIO, "check that disk, or record elsewhere with --archive"),
        (
            "read",
            errno.EACCES,
            READABLE,
        ),
        ("look at", errno.EIO, "check that disk, or name another archive with --archive"),
        ("read", errno.EMFILE, "raise the limit of open files (ulimit -n)"),
    ],
)
def test_an_error_advises_what_helps_against_that_failure_of_that_operation(doing, number, advice):
    with pytest.raises(TranscriptError) as caught, files.reported("/a/file", doing=doing):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == f"cannot {doing} /a/file: {os.strerror(number)}; {advice}"


def test_a_caller_that_knows_the_next_step_names_it():
    advice = "name another file with --cursor"
    with (
        pytest.raises(TranscriptError, match=f"Permission denied; {advice}$"),
        files.reported("/a/file", advice=advice),
    ):
        raise OSError(errno.EACCES, "Permission denied")
