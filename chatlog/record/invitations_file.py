"""The channels that recorders came into on invitation: one small file of the archive.

It brings the next run back there, and keeps it from channels that threw us out for good.
If it is lost or damaged, we come back to none, and may be invited to all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.protocol.invitations import Invitation
from chatlog.record.memory_file import MemoryFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME: Final = ".invitations.json"
_LONGEST: Final = 16 * 1024 * 1024
_FORGOTTEN: Final = "channels that invited us are forgotten when this run ends"


class InvitationsFile:
    """The file of invitations of an archive, by network.

    Two runs of one network at once may overwrite each other's news.
    """

    def __init__(self, root: Path) -> None:
        self._file = MemoryFile(
            root / NAME, dict[str, list[Invitation]], _LONGEST, forgotten=_FORGOTTEN
        )

    def read(self, network: str) -> list[Invitation]:
        """Return the invitations of a network."""
        return self._file.read().get(network, [])

    def write(self, network: str, invitations: Sequence[Invitation]) -> None:
        """Replace the invitations of a network."""
        before = self._file.read()
        after = {**before, network: list(invitations)}
        kept = {name: each for name, each in after.items() if each}
        if kept != before:
            self._file.write(kept)
