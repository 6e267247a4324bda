"""Findings of a verification, with one place and one reason each, and its totals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Finding(NamedTuple):
    """Something that is not as it should be.

    `path` is relative to the archive; `line` counts from 1, 0 is the whole
    file. What is `repairable` can be put right without losing anything.
    """

    path: str
    line: int
    reason: str
    repairable: bool = False


@dataclass
class Checked:
    """How much was looked at, and the last manifest line's SHA-256 of each target.

    `targets` and the keys of `heads` are paths relative to the archive. `later` counts
    the entries of ledgers and manifests that a later version wrote.
    """

    targets: list[str] = field(default_factory=list)
    segments: int = 0
    lines: int = 0
    bytes: int = 0
    later: int = 0
    heads: dict[str, str] = field(default_factory=dict)
