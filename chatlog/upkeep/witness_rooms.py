"""The names that rooms had, of the archives that are merged: `.rooms.json` of each network.

A recorder that runs meanwhile writes the file under the same lock, and keeps what is there.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from chatlog.archive.locks import Locks
from chatlog.archive.rooms import MOST_NAMES, MOST_ROOMS, NAME, encoded_rooms, read_rooms
from chatlog.archive.system import System, replace_file
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from chatlog.archive.rooms import Names
    from chatlog.archive.storage import Storage
    from chatlog.upkeep.witness import Witness


def merge_rooms(
    storage: Storage,
    witnesses: Iterable[Witness],
    networks: Iterable[str],
    system: System = System(),  # noqa: B008 - immutable
) -> None:
    """Add the names of rooms that other archives know to some networks of an archive.

    A damaged file is passed over: whoever looks for targets is told of it. Raise
    TranscriptError if the disk refuses the file.
    """
    witnesses = [*witnesses]
    with closing(Locks(storage.root, system=system)) as locks:
        for network in networks:
            others = [rooms for each in witnesses if (rooms := _rooms_in(each.root / network))]
            directory = storage.root / network
            if not others or not directory.is_dir():
                continue
            with locks.appending(directory):
                known = _rooms_in(directory)
                rooms = None if known is None else merged_rooms(known, others)
                if rooms is None or rooms == known:
                    continue
                replace_file(
                    directory / NAME,
                    encoded_rooms(rooms),
                    system=system,
                    mode=storage.file_mode,
                    parents=False,
                )


def merged_rooms(
    known: Mapping[str, Names], others: Iterable[Mapping[str, Names]]
) -> dict[str, Names]:
    """Return the names of each room; the present one is that of the archive, or of the first.

    Names that others know beside them are former ones.
    """
    rooms = dict(known)
    for other in others:
        for room, names in other.items():
            if room in rooms:
                former = (name for name in names if name not in rooms[room])
                rooms[room] = (*former, *rooms[room])[-MOST_NAMES:]
            elif len(rooms) < MOST_ROOMS:
                rooms[room] = names
    return rooms


def _rooms_in(directory: Path) -> dict[str, Names] | None:
    """Return the rooms of a network's directory, None if the file is damaged."""
    try:
        return read_rooms(directory)
    except TranscriptError:
        return None
