"""One recorder per transcript: byte-range locks in `ROOT/.lock`.

Each (network, target) is one byte of that file. The kernel releases what a
dead process held. POSIX gives a process's locks up as soon as it closes *any*
descriptor of the file, so a process has one `Locks` per root and nothing else
opens that file.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from typing import TYPE_CHECKING, Final

from chatlog.casemapping import Casemapping
from chatlog.errors import HeldError
from chatlog.transcript.segment import System, open_file, reported

if TYPE_CHECKING:
    from pathlib import Path

_OFFSETS: Final = 1 << 62
_HELD: Final = {errno.EACCES, errno.EAGAIN}
_NETWORKS: Final = Casemapping("ascii")
# The coarsest folding, as a lock is taken before the server has named its own.
_TARGETS: Final = Casemapping("rfc1459")


class Locks:
    """The transcripts under one root that this process holds."""

    def __init__(self, root: Path, *, system: System = System()) -> None:  # noqa: B008 -- immutable
        self._root = root
        self._path = root / ".lock"
        self._system = system
        self._fd = -1

    def hold(self, network: str, target: str) -> None:
        """Keep every other process out of a transcript until `close`.

        Holding twice is holding once. HeldError where another process holds it,
        TranscriptError where locks cannot be had at all.
        """
        if self._fd < 0:
            self._fd = open_file(self._path, system=self._system)
        with reported(self._path, doing="lock"):
            try:
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(network, target))
            except OSError as error:
                if error.errno not in _HELD:
                    raise
                raise HeldError(
                    f"another chatlog is recording {target!r} of {network!r} in {self._root};"
                    " stop it, or record elsewhere with --output"
                ) from error

    def close(self) -> None:
        """Give up everything that is held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _offset(network: str, target: str) -> int:
    name = f"{_NETWORKS[network]}\0{_TARGETS[target]}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") % _OFFSETS
