"""The bytes of `ROOT/.lock` that stand for the locks of each target. Pure.

An offset is a digest of a name, so that two names share a byte about as often as two
digests of 61 bits are equal.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from chatlog.casemapping import Casemapping

if TYPE_CHECKING:
    from pathlib import Path

_RECORDING: Final = 0
_SEALING: Final = 1 << 62
_APPENDING: Final = _SEALING + (1 << 61)
_LENGTHS: Final = {_RECORDING: 1 << 62, _SEALING: 1 << 61, _APPENDING: 1 << 61}
APPENDING: Final = range(_APPENDING, _APPENDING + _LENGTHS[_APPENDING])
"""The bytes for appending of all targets."""
# Every offset that there is belongs to one of these. No directory has a name with NUL.
_IMPORTING: Final = "\0import\0"

_NETWORKS: Final = Casemapping("ascii")
# The coarsest folding, as a lock is taken before the server has named its own.
_TARGETS: Final = Casemapping("rfc1459")


def recording_offset(network: str, target: str) -> int:
    """Return the byte of the recorder of a target."""
    return _offset(_RECORDING, _name(network, target))


def importing_offset(network: str, target: str) -> int:
    """Return the byte of the import or merge that writes to a target."""
    return _offset(_SEALING, _IMPORTING + _name(network, target))


def sealing_offset(directory: Path) -> int:
    """Return the byte of the process that seals, removes or mends segments of a directory."""
    return _offset(_SEALING, _key(directory))


def appending_offset(directory: Path) -> int:
    """Return the byte of the process that appends to the MANIFEST or LEDGER of a directory."""
    return _offset(_APPENDING, _key(directory))


def same_transcript(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether two pairs of network and target share a lock."""
    return _name(*one) == _name(*other)


def _name(network: str, target: str) -> str:
    return f"{_NETWORKS[network]}\0{_TARGETS[target]}"


def _key(directory: Path) -> str:
    return f"{directory.parent.name}/{directory.name}"


def _offset(kind: int, name: str) -> int:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return kind + int.from_bytes(digest[:8], "big") % _LENGTHS[kind]
