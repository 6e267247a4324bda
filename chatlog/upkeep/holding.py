"""Which process records a target, and which segments it may still write to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path


class Holding(NamedTuple):
    """Who records a target: nobody, we, who may still write to `active`, or somebody else."""

    elsewhere: bool = False
    active: AbstractSet[Path] = frozenset()


NOBODY: Final = Holding()
ELSEWHERE: Final = Holding(elsewhere=True)
