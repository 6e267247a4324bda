"""Shares of the limit of open files, for descriptors that stay open long.

Transcripts that are written to have a quarter of the limit, from 512 to 8,192
descriptors, but at most half of a small limit. Locks of directories have half of what is
left. The rest is for sockets, pipes and files that are open for a moment.
"""

from __future__ import annotations

import contextlib
import resource
from typing import Final

_OPEN_FILES: Final = 512
_MANY_OPEN_FILES: Final = 8192  # to open one again for a line costs ten times the line
_ANY_NUMBER: Final = 1 << 30


def raise_limit() -> None:
    """Raise the soft limit of open files to the hard limit, if the system lets us.

    For a recorder, which keeps a descriptor for each of its targets. Its
    children inherit the limit.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems report an infinite hard limit and refuse it as a soft one.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_open_files() -> int:
    """Return how many segments a writer may keep open."""
    few = min(_OPEN_FILES, _limit() // 2)
    return max(1, few, min(_MANY_OPEN_FILES, _limit() // 4))


def most_locked_directories() -> int:
    """Return how many directories may be kept open for their locks: 256 for a limit of 1024."""
    return max(0, (_limit() - max(_OPEN_FILES, most_open_files())) // 2)


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _ANY_NUMBER if soft == resource.RLIM_INFINITY else soft
