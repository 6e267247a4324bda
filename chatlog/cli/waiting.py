"""Waiting for an archive to change: by the file system's events, or by looking now and then."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_POLL: Final = 0.25
_LONGEST: Final = 5.0
_SHARE: Final = 4
"""So many times as long as a look took of a core there is none."""
_SOON: Final = 250
_LOOKS: Final = 8
"""So many looks, so many milliseconds apart, follow what was told: of a directory that is new
it is not told what was put there before somebody watched it."""
_UNTOLD: Final = 30_000
"""After so many milliseconds a look is taken, whatever was told: not all file systems tell."""


def pausing(root: str | Path) -> Callable[[], object]:
    """Return the function that waits between two looks: for file events if watchfiles is installed.

    The more a look costs, the longer it waits.
    """
    watch = _watching(os.fspath(root))
    looking_since = time.process_time()

    def wait() -> None:
        nonlocal looking_since
        rest = min(_SHARE * (time.process_time() - looking_since), _LONGEST)
        time.sleep(rest if watch else max(_POLL, rest))
        if watch:
            watch()
        looking_since = time.process_time()

    return wait


def _watching(root: str) -> Callable[[], object] | None:
    """Watch from now on, so that nothing is missed before the first wait."""
    if not os.path.isdir(root):  # noqa: PTH112 - reading starts without pathlib
        return None  # which could not be watched, and nothing would say so
    try:
        from watchfiles._rust_notify import RustNotify
    except ImportError:
        return None
    try:
        notify = RustNotify([root], False, False, 0, True, True)  # noqa: FBT003 - it has no names
    except (OSError, RuntimeError):  # no more watches to be had
        return None

    looks = 0

    def watch() -> None:
        nonlocal looks
        told = notify.watch(50, 20, _SOON if looks else _UNTOLD, None)
        if told == "signal":
            raise KeyboardInterrupt
        looks = _LOOKS if isinstance(told, set) else max(0, looks - 1)

    return watch
