"""Files that were written and not synced yet, and how to sync them.

Files are collected here when they were written to, and synced by name, many in
one go: by whoever has the time, which need not be who wrote them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from chatlog.archive.segment import Segment, Unsynced, sync
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.archive.system import System


class Exposed:
    """Files that were written and not synced, each once."""

    def __init__(self) -> None:
        self._items: dict[Path, Unsynced] = {}

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, item: Unsynced | None) -> None:
        """Take a file along; None is none."""
        if item is None:
            return
        before = self._items.get(item.path)
        directories = dict.fromkeys((*before.directories, *item.directories)) if before else ()
        self._items[item.path] = item._replace(directories=tuple(directories)) if before else item

    def take(self) -> list[Unsynced]:
        """Return all files to sync, and drop them here: the caller syncs them."""
        items, self._items = list(self._items.values()), {}
        return items


class Synced(NamedTuple):
    """The result of syncing: synced files, files gone from their place, failures."""

    safe: list[Unsynced]
    misplaced: list[Unsynced]
    failed: list[tuple[Unsynced, TranscriptError]]


@contextmanager
def appending_to(
    path: Path, *, system: System, mode: int, exposed: Exposed | None = None
) -> Iterator[Segment]:
    """Open a file for appending; then sync it, or add it to `exposed`."""
    segment = Segment(path, system=system, mode=mode)
    try:
        yield segment
        unsynced = segment.unsynced()
    finally:
        segment.close()
    if exposed is not None:
        exposed.add(unsynced)
    elif unsynced is not None:
        sync(unsynced, system=system)


def sync_all(
    items: Iterable[Unsynced], *, system: System, sync: Callable[..., bool] = sync
) -> Synced:
    """Sync each file, also after others failed; any thread may do it."""
    result = Synced([], [], [])
    for item in items:
        try:
            there = sync(item, system=system)
        except TranscriptError as error:
            result.failed.append((item, error))
        else:
            (result.safe if there else result.misplaced).append(item)
    return result
