"""`network.json` of each network: its CASEMAPPING as first seen.

The mapping decides which directory a target has, so it is written once and
never changed here, whatever a server says later: paths must not move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import beginning_of
from chatlog.archive.layout import network_directory
from chatlog.archive.system import FILE_MODE, System, replace_file
from chatlog.casemapping import Casemapping
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "network.json"
_LONGEST: Final = 64 * 1024


class _Network(msgspec.Struct, frozen=True):
    network: str
    casemapping: str


def read_casemapping(root: Path, network: str) -> Casemapping | None:
    """Read how a network's names fold; None where it was never recorded.

    A file that does not say is a TranscriptError: to guess would join targets
    or part them.
    """
    path = network_directory(root, network) / NAME
    content = beginning_of(path, _LONGEST)
    if content is None:
        return None
    casemapping = casemapping_in(content)
    if casemapping is None:
        raise TranscriptError(
            f"{path} is damaged; restore it, or write into it"
            ' {"network": "…", "casemapping": "…"} with the network\'s name and CASEMAPPING'
        )
    return casemapping


def casemapping_in(content: bytes) -> Casemapping | None:
    """Return the CASEMAPPING that the content of a file tells, None if it is damaged."""
    try:
        name = msgspec.json.decode(content, type=_Network).casemapping
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    casemapping = Casemapping(name)
    return casemapping if casemapping.name == name else None


class Networks:
    """The networks of one archive; each one's CASEMAPPING is read or written once.

    One that could not be written counts all the same, and is written by `retry`.
    """

    def __init__(self, root: Path, *, system: System, mode: int = FILE_MODE) -> None:
        self._root = root
        self._system = system
        self._mode = mode
        self._known: dict[str, Casemapping] = {}
        self.unkept: set[str] = set()

    def casemapping(self, network: str) -> Casemapping | None:
        """Return the CASEMAPPING of a network, None if it is unknown."""
        if network not in self._known:
            casemapping = read_casemapping(self._root, network)
            if casemapping is None:
                return None
            self._known[network] = casemapping
        return self._known[network]

    def keep(self, network: str, casemapping_name: str) -> None:
        """Keep a network's CASEMAPPING, unless an earlier one is kept already."""
        if self.casemapping(network) is None:
            self._known[network] = Casemapping(casemapping_name)
            self.unkept.add(network)
        if network in self.unkept:
            self._write(network)

    def retry(self) -> None:
        """Write the files again that a disk refused before."""
        for network in list(self.unkept):
            self._write(network)

    def _write(self, network: str) -> None:
        path = network_directory(self._root, network) / NAME
        content = msgspec.json.encode(_Network(network, self._known[network].name)) + b"\n"
        replace_file(path, content, system=self._system, mode=self._mode)
        self.unkept.discard(network)
