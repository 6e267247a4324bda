"""Which process records a target, and which segments it may still write to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.targets import is_cut, spelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from chatlog.archive.locks import Locks


class Holding(NamedTuple):
    """The recorder of a target: none, this process with its `active` segments, or another."""

    elsewhere: bool = False
    active: AbstractSet[Path] = frozenset()


NOBODY: Final = Holding()
ELSEWHERE: Final = Holding(elsewhere=True)


def is_held(locks: Locks, directory: Path) -> bool:
    """Return whether a recorder holds a target, by its locks.

    A name too long for a path names no lock: such a target counts as held.
    """
    network, target = directory.parent.name, directory.name
    if is_cut(network) or is_cut(target):
        return True
    return locks.is_held(spelled(network), spelled(target), directory)


def holding_of(locks: Locks) -> Callable[[Path], Holding]:
    """Return the function that tells the holding of a target of which this process has none."""
    return lambda directory: ELSEWHERE if is_held(locks, directory) else NOBODY
