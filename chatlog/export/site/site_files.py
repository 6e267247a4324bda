"""The files of a site: each is replaced at once, and only by other bytes."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from chatlog.archive.system import System, write_all
from chatlog.export.output_files import exported

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.export.run import Exported

_ASIDE: Final = ".building"
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_MODE: Final = 0o666  # less the umask: sites are for others


class SiteFiles:
    """The files of a site below its directory `root`, counted in the result of an export.

    `aside` is a directory for files that wait. It is empty at first, as a killed run may have
    left files in it, and is removed in the end. Several processes may write files at once, each
    by an object of its own.
    """

    def __init__(self, root: Path, result: Exported) -> None:
        self.root = root
        self.aside = root / _ASIDE
        self._result = result
        self._system = System()
        self._names: dict[str, set[str]] = {}

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
        place = f"{self.root}/{path}"  # paths as objects take as long as the system calls
        self._result.size += len(data)
        with exported(place):
            directory, _, name = place.rpartition("/")
            names = self._names_in(directory)
            if name in names and _has(place, data):
                self._result.unchanged += 1
                return
            names.add(name)
            temporary = f"{self.aside}/part{os.getpid()}"
            self._write(temporary, data)
            os.replace(temporary, place)  # noqa: PTH105 - as above
        self._result.written += 1

    def lay_aside(self, path: str, data: bytes) -> str:
        """Write a file below `aside`; return its path."""
        place = f"{self.aside}/{path}"
        with exported(place):
            self._names_in(place.rpartition("/")[0])
            self._write(place, data)
        return place

    def _write(self, place: str, data: bytes) -> None:
        fd = os.open(place, _NEW, _MODE)
        try:
            write_all(fd, data, self._system)
        finally:
            os.close(fd)

    def _names_in(self, directory: str) -> set[str]:
        """Return the names in a directory, which is made if it is not there."""
        if directory not in self._names:
            os.makedirs(directory, exist_ok=True)  # noqa: PTH103 - as above
            self._names[directory] = {*os.listdir(directory)}  # noqa: PTH208 - as above
        return self._names[directory]

    def remove(self, path: str) -> None:
        """Remove a file of the site, and the directories that it leaves empty."""
        place = self.root / path
        with exported(place), suppress(FileNotFoundError):
            place.unlink()
            self._result.removed += 1
            for parent in place.relative_to(self.root).parents:
                with suppress(OSError):
                    (self.root / parent).rmdir()
                    self._names.pop(f"{self.root / parent}", None)


def size_of_file(place: str) -> int:
    """Return the number of bytes of a file, -1 if it is not there."""
    try:
        return os.stat(place).st_size  # noqa: PTH116 - a site has many thousands of files
    except OSError:
        return -1


def _has(place: str, data: bytes) -> bool:
    """Return whether a file has these bytes."""
    return size_of_file(place) == len(data) and content_of(place) == data


def content_of(place: str) -> bytes | None:
    """Return the bytes of a file, None if it is not there or cannot be read."""
    if size_of_file(place) < 0:  # for most pages of a new site; a failed `open` takes longer
        return None
    try:
        with open(place, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            return file.read()
    except OSError:
        return None
