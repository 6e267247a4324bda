"""The lines that could not be read, and the files that could not be."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Told = tuple[dict[str, int], set[str], dict[str, str], dict[str, str]]
"""The numbers of lines, the estimated paths, the copies and the reasons of `DamagedLines`."""


class DamagedLines(Counter[str]):
    """The number of unreadable lines of each file, by its path.

    Of the files in `estimated` more was lost than was seen: the number is an
    estimate, and 1 means "at least one". `copies` has the path of the copy that
    was read in place of the lines of a file. `refused` has the reason
    for each file and directory that could not be read at all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.estimated: set[str] = set()
        self.copies: dict[str, str] = {}
        self.refused: dict[str, str] = {}

    def add(self, path: str, lines: int, *, is_estimate: bool = False, copy: str = "") -> None:
        """Add lines of a file, and the path of the copy that was read instead."""
        self[path] += lines
        if copy:
            self.copies[path] = copy
        if is_estimate:
            self.estimated.add(path)

    def take_up(self, other: Told) -> None:
        """Take up the numbers of files that another process has read, from its `told`."""
        numbers, estimated, copies, refused = other
        dict.update(self, numbers)
        self.estimated |= estimated
        self.copies |= copies
        self.refused |= refused

    @property
    def told(self) -> Told:
        """All numbers, paths and reasons, for `take_up` in another process."""
        return dict(self), self.estimated, self.copies, self.refused

    def back_to(self, earlier: Mapping[str, int]) -> None:
        """Return to earlier numbers, as the same lines were met again or will be."""
        self.clear()
        self.update(earlier)
