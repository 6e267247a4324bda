"""The rooms that a network's channels show, and the channels that were renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.archive.layout import network_directory
from chatlog.archive.rooms import MOST_ROOMS, NAME, encoded_rooms, read_rooms, with_name
from chatlog.archive.system import replace_file
from chatlog.archive.targets import is_cut, spelled
from chatlog.coverage.entries import RenamedEntry
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatlog.archive.rooms import Names
    from chatlog.record.intervals import Moment
    from chatlog.write.writer import Writer

_SAVED_AT: Final = 8
"""The file is written once an eighth of its rooms are new, so that its writes stay few."""


class Rooms:
    """The names of the rooms of one network, for all its connections.

    A room that shows up under a new name was renamed, unless its former name is a channel
    that this run or another one hears: a server that gives one id to two channels joins
    nothing. `hears` tells whether this run hears a channel or expects to. `trouble` is
    called with each refusal of the disk, and once with the damage of the file, of which
    nothing is written then; no method raises one.
    """

    def __init__(
        self,
        network: str,
        writer: Writer,
        *,
        hears: Callable[[str], bool],
        trouble: Callable[[TranscriptError], None],
    ) -> None:
        self._network = network
        self._writer = writer
        self._hears = hears
        self._trouble = trouble
        self._names: dict[str, Names] | None = None
        self._is_damaged = False
        self._unsaved: dict[str, Names] = {}
        self._shown: dict[str, str] = {}
        self._in_doubt: dict[str, tuple[str, str]] = {}

    @property
    def _directory(self) -> Path:
        return network_directory(self._writer.storage.root, self._network)

    def shown(self, target: str, room: str, moment: Moment) -> None:
        """Keep the room of a channel; append to both ledgers if it had another name before."""
        if self._shown.get(target) == room:
            return
        name = self._writer.path(self._network, target).name
        rooms = self._known()
        if rooms is None or is_cut(name) or (room not in rooms and len(rooms) >= MOST_ROOMS):
            return
        names = rooms.get(room, ())
        former = "".join(names[-1:])
        if former not in ("", name) and self._is_heard(former):
            self._in_doubt[former] = target, room
            return
        self._shown[target] = room
        if former == name:
            return
        rooms[room] = self._unsaved[room] = with_name(names, name)
        if former:
            self._append(former, name, room, moment)
        if former or len(self._unsaved) * _SAVED_AT >= len(rooms):
            self.save()

    def absent(self, target: str, moment: Moment) -> None:
        """Look again at a room whose former name is a channel that does not let us in."""
        if self._in_doubt:
            name = self._writer.path(self._network, target).name
            if name in self._in_doubt:
                self.shown(*self._in_doubt.pop(name), moment)

    def save(self) -> None:
        """Write the rooms that are new, beside those that another run has written."""
        if not self._unsaved:
            return
        directory = self._directory
        try:
            with self._writer.locks.appending(directory):
                rooms = {**read_rooms(directory), **self._unsaved}
                replace_file(
                    directory / NAME,
                    encoded_rooms(rooms),
                    system=self._writer.system,
                    mode=self._writer.storage.file_mode,
                    parents=False,
                )
        except TranscriptError as error:
            self._trouble(error)
        else:
            self._names = rooms
            self._unsaved.clear()

    def _known(self) -> dict[str, Names] | None:
        """Return the names of each room; None if the file is damaged."""
        if self._names is None and not self._is_damaged:
            try:
                self._names = read_rooms(self._directory)
            except TranscriptError as error:
                self._is_damaged = True
                self._trouble(error)
        return self._names

    def _is_heard(self, name: str) -> bool:
        channel = spelled(name)
        return self._hears(channel) or self._writer.is_held_elsewhere(self._network, channel)

    def _append(self, former: str, name: str, room: str, moment: Moment) -> None:
        """Append a `renamed` to the ledgers of both names, unless the former one is gone."""
        at, server = moment.at, moment.server
        new = RenamedEntry(at=at, server=server, room=room, former=spelled(former))
        old = RenamedEntry(at=at, server=server, room=room, onto=spelled(name))
        try:
            if (self._directory / former).is_dir():
                self._writer.notes.add(self._directory / former, old)
            self._writer.notes.add(self._directory / name, new)
        except TranscriptError as error:
            self._trouble(error)
