"""Files that were written and not synced yet, and how to sync them.

Files are collected here when they were written to, and synced by name, many in
one go: by whoever has the time, which need not be who wrote them.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from chatlog.archive.segment import Segment, Unsynced, is_there, sync, sync_file, sync_names
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from chatlog.archive.system import System

_MANY: Final = 32  # files from which on threads pay
_AT_ONCE: Final = 4  # threads
_Outcome: TypeAlias = bool | TranscriptError


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


def sync_all(items: Iterable[Unsynced], *, system: System) -> Synced:
    """Sync each file, also after others failed; any thread may do it.

    A directory with new names of several files is synced once, after them. Many files are
    synced side by side, as a file system writes them to the disk together then.
    """
    items = [*items]
    outcomes = _outcomes(partial(sync_file, system=system), items)
    of_directory: dict[Path, list[int]] = {}
    for at, item in enumerate(items):
        for directory in item.directories if outcomes[at] is True else ():
            of_directory.setdefault(directory, []).append(at)
    for directory, positions in of_directory.items():
        sync_its_names = partial(sync_names, directory=directory, system=system)
        [outcome] = _outcomes(sync_its_names, [items[positions[0]]])
        for at in positions if outcome is not True else ():
            outcomes[at] = outcome
    return _sorted_out(items, outcomes)


def look_at_all(items: Iterable[Unsynced]) -> Synced:
    """Return which files are where they were written; sync nothing."""
    items = [*items]
    return _sorted_out(items, _outcomes(is_there, items))


def _outcomes(do: Callable[[Unsynced], bool], items: Sequence[Unsynced]) -> list[_Outcome]:
    """Return whether each file is in its place, or why that is unknown."""

    def outcome(item: Unsynced) -> _Outcome:
        try:
            return do(item)
        except TranscriptError as error:
            return error

    if len(items) < _MANY:
        return [*map(outcome, items)]
    from concurrent.futures import ThreadPoolExecutor  # late: few files are the rule

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [*pool.map(outcome, items)]


def _sorted_out(items: Sequence[Unsynced], outcomes: Sequence[_Outcome]) -> Synced:
    result = Synced([], [], [])
    for item, outcome in zip(items, outcomes, strict=True):
        if isinstance(outcome, TranscriptError):
            result.failed.append((item, outcome))
        else:
            (result.safe if outcome else result.misplaced).append(item)
    return result
