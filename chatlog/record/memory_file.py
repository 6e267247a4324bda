"""A small file of the archive that one run leaves for the next, replaced as a whole.

It holds an object of JSON, and its loss must not end a run: one that cannot be
read is begun anew with one warning, one that cannot be written is a warning.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from chatlog.archive.files import beginning_of
from chatlog.archive.system import FILE_MODE, replace_file
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from pathlib import Path

_Values = TypeVar("_Values")

logger = logging.getLogger(__name__)


class MemoryFile(Generic[_Values]):
    """The file of a `kind` of values by name; `longest` is how many bytes are read.

    `forgotten` is the consequence of a failed write, for its warning.
    """

    def __init__(
        self,
        path: Path,
        kind: type[_Values],
        longest: int,
        *,
        forgotten: str,
        mode: int = FILE_MODE,
    ) -> None:
        self._path = path
        self._decoder = msgspec.json.Decoder(kind)
        self._longest = longest
        self._forgotten = forgotten
        self._mode = mode

    def read(self) -> _Values:
        """Return the values; none if the file is not there, or cannot be understood."""
        try:
            content = beginning_of(self._path, self._longest)
            return self._decoder.decode(b"{}" if content is None else content)
        except (TranscriptError, ValueError, RecursionError) as error:
            logger.warning("%s is not understood and begun anew: %s", self._path, error)
            return self._decoder.decode(b"{}")

    def write(self, values: _Values) -> None:
        """Replace the values."""
        data = (json.dumps(msgspec.to_builtins(values), indent=1) + "\n").encode()
        try:
            # Not synced: this runs on the loop, and a loss costs little.
            replace_file(
                self._path,
                data,
                mode=self._mode,
                durable=False,
                parents=False,
                advice=self._forgotten,
            )
        except TranscriptError as error:
            logger.warning("%s", error)
