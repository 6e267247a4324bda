"""The files of a site: each is replaced at once, and only by other bytes."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from chatlog.export.output_files import exported

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.export.run import Exported

_ASIDE: Final = ".building"


class SiteFiles:
    """The files of a site below its directory `root`, counted in the result of an export.

    `aside` is a directory for files that wait. It is empty at first, as a killed run may have
    left files in it, and is removed in the end.
    """

    def __init__(self, root: Path, result: Exported) -> None:
        self.root = root
        self.aside = root / _ASIDE
        self._result = result
        self._made: set[Path] = set()
        self._put: set[str] = set()

    def begin(self) -> None:
        """Make the directory `aside` anew."""
        self.end()
        with exported(self.aside):
            self.aside.mkdir(parents=True)

    def end(self) -> None:
        """Remove the directory `aside`."""
        shutil.rmtree(self.aside, ignore_errors=True)

    def put(self, path: str, data: bytes) -> None:
        """Write a file of the site if its bytes are new."""
        place = self.root / path
        self._put.add(path)
        self._result.size += len(data)
        with exported(place):
            try:
                if place.read_bytes() == data:
                    self._result.unchanged += 1
                    return
            except FileNotFoundError:
                pass
            if place.parent not in self._made:
                place.parent.mkdir(parents=True, exist_ok=True)
                self._made.add(place.parent)
            temporary = self.aside / "part"
            temporary.write_bytes(data)
            temporary.replace(place)
        self._result.written += 1

    def count_kept(self, path: str) -> None:
        """Count a file of the site that this run did not put, as it is unchanged."""
        if path not in self._put:
            with suppress(OSError):
                self._result.size += (self.root / path).stat().st_size
                self._result.unchanged += 1

    def remove(self, path: str) -> None:
        """Remove a file of the site, and the directories that it leaves empty."""
        place = self.root / path
        with exported(place), suppress(FileNotFoundError):
            place.unlink()
            self._result.removed += 1
            for parent in place.relative_to(self.root).parents:
                with suppress(OSError):
                    (self.root / parent).rmdir()
                    self._made.discard(self.root / parent)
