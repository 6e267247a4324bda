"""The lines that could not be read, by file; of some files the number is an estimate."""

from __future__ import annotations

from collections import Counter


class DamagedLines(Counter[str]):
    """The number of unreadable lines of each file, by its path.

    Of the files in `estimated` more was lost than was seen: the number is an
    estimate, and 1 means "at least one".
    """

    def __init__(self) -> None:
        super().__init__()
        self.estimated: set[str] = set()

    def add(self, path: str, lines: int, *, is_estimate: bool = False) -> None:
        """Add lines of a file."""
        self[path] += lines
        if is_estimate:
            self.estimated.add(path)
