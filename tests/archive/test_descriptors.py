"""The shares of the limit of open files."""

import resource

import pytest

from chatlog.archive.descriptors import most_locked_directories, most_open_files


@pytest.mark.parametrize(
    ("limit", "files", "directories"),
    [
        (1, 1, 0),
        (256, 128, 0),
        (600, 300, 44),
        (1024, 512, 256),
        (4096, 1024, 1536),
        (20_000, 5000, 7500),
        (524_288, 8192, 258_048),
        (resource.RLIM_INFINITY, 8192, ((1 << 30) - 8192) // 2),
    ],
)
def test_files_and_locks_share_the_limit_and_leave_some(limit, files, directories, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (limit, limit))
    assert most_open_files() == files
    assert most_locked_directories() == directories
