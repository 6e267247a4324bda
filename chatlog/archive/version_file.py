"""The file FORMAT of an archive that is written to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chatlog.archive.system import System, replace_file
from chatlog.archive.version import CONTENT, NAME, expect_known_version
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


class VersionFile:
    """The file FORMAT of one archive, for the process that records into it."""

    def __init__(self, root: Path, *, system: System, mode: int) -> None:
        self._root = root
        self._system = system
        self._mode = mode
        self._is_known = False

    def keep(self) -> None:
        """Write the file if there is none; only the first call does anything.

        Raise TranscriptError, and leave everything as it is, if the archive has
        a later version, or the file states none. If the disk refuses the file,
        raise TranscriptError only in a new archive. A crash leaves no file, or
        the whole file.
        """
        if not self._is_known:
            if expect_known_version(self._root) is None:
                self._write()
            self._is_known = True

    def _write(self) -> None:
        path = self._root / NAME
        try:
            replace_file(path, CONTENT, system=self._system, mode=self._mode)
        except TranscriptError as error:
            # A disk that is full when a run begins must not cost the lines of that run.
            if not (self._root / ".lock").exists():
                raise
            logger.warning("%s; without that file an archive has version 1", error)
