"""The names of a target whose lines come from several archives.

The path of a line decides where it belongs, as for every reader: its directory may have been
renamed since it was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog.archive.layout import directory_name
from chatlog.archive.targets import is_cut, spelled
from chatlog.casemapping import Casemapping
from chatlog.errors import TranscriptError
from chatlog.event import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.event import Event
    from chatlog.upkeep.witness import TargetPlace

_NETWORKS = Casemapping("ascii")


class TargetNames:
    """The names of the network and the target of a place, in events as in locks.

    A path holds a name too long for it only in part: then a line of the target tells it. Raise
    TranscriptError if none does.
    """

    def __init__(
        self, place: TargetPlace, casemapping: Casemapping, lines: Iterable[Event] = ()
    ) -> None:
        self.place = place
        self._casemapping = casemapping
        self._are_right: dict[tuple[str, str], bool] = {}
        self.network, self.target = spelled(place.network), spelled(place.target)
        if is_cut(place.network) or is_cut(place.target):
            told = next((each for each in lines if self._is_right(each.network, each.target)), None)
            if told is None:
                raise TranscriptError("its name is too long for a path, and no line tells it")
            self.network, self.target = told.network, told.target

    def filed(self, event: Event) -> Event:
        """Return an event under a name of this target: its own, if that is one."""
        names = event.network, event.target
        is_right = self._are_right.get(names)
        if is_right is None:
            is_right = self._are_right[names] = self._is_right(*names)
        if is_right:
            return event
        return msgspec.structs.replace(event, network=self.network, target=self.target)

    def _is_right(self, network: str, target: str) -> bool:
        component = SERVER if target == SERVER else directory_name(self._casemapping[target])
        return (directory_name(_NETWORKS[network]), component) == tuple(self.place)
