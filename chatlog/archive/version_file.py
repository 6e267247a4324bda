"""The file FORMAT of an archive that is written to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from chatlog.archive.files import beginning_of
from chatlog.archive.system import System, replace_file
from chatlog.archive.version import CONTENT, FIRST, NAME, WITH_CLASSES, expect_known_version
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

_LONGEST: Final = 1024 * 1024


class VersionFile:
    """The file FORMAT of one archive, for the process that records into it."""

    def __init__(self, root: Path, *, system: System, mode: int) -> None:
        self._root = root
        self._system = system
        self._mode = mode
        self._is_known = False
        self._version = FIRST

    def keep(self) -> None:
        """Write the file if there is none; only the first call does anything.

        Raise TranscriptError, and leave everything as it is, if the archive has
        a later version, or the file states none. If the disk refuses the file,
        raise TranscriptError only in a new archive. A crash leaves no file, or
        the whole file.
        """
        if not self._is_known:
            version = expect_known_version(self._root)
            if version is None:
                self._write()
            self._version = version or FIRST
            self._is_known = True

    def allow_classes(self) -> None:
        """Raise the version to the one in which classes have segments of their own.

        Before the first such segment, as an earlier version would not read it. Further
        lines of the file stay. Raise TranscriptError if the disk refuses; a crash leaves
        the old file or the new one.
        """
        if self._version >= WITH_CLASSES:
            return
        if (expect_known_version(self._root) or FIRST) < WITH_CLASSES:
            path = self._root / NAME
            _, _, further = (beginning_of(path, _LONGEST) or b"").partition(b"\n")
            content = b"chatlog archive, version %d\n" % WITH_CLASSES
            replace_file(path, content + further, system=self._system, mode=self._mode)
        self._version = WITH_CLASSES

    def _write(self) -> None:
        path = self._root / NAME
        try:
            replace_file(path, CONTENT, system=self._system, mode=self._mode)
        except TranscriptError as error:
            # A disk that is full when a run begins must not cost the lines of that run.
            if not (self._root / ".lock").exists():
                raise
            logger.warning("%s; without that file an archive has version 1", error)
