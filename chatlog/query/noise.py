"""Terms for the events that screens show: all but noise, or people who talk alone.

Pure, and small: `tail` imports it at its start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import CLASSES, RECORDERS_OWN, SERVER, EventType

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.query.predicates import Names

_OF_JOINING: Final = frozenset({"324", "328", "329", "333", "ROOMSTATE", "USERSTATE"})
"""Replies that a join brings: the modes of a channel, its address, its age, the topic's author,
and on Twitch the state of the room and ours. See https://modern.ircdocs.horse/#numerics
"""
_SUSPECTS: Final = RECORDERS_OWN | {EventType.NAMES, EventType.MODE, EventType.OTHER}
"""The only types that noise has."""


class Signal(msgspec.Struct, frozen=True):
    """All events but noise; events of the `asked` types are no noise.

    Noise is the recorder's own events, lists of names, and the modes and numerics
    that a join brings. In `@server`, which is read only if it is named, nothing is noise.
    """

    asked: frozenset[str] = frozenset()

    def holds(self, event: Event, names: Names | None = None) -> bool:  # noqa: ARG002 - as every term
        """Return whether an event is no noise."""
        kind = event.type
        if kind not in _SUSPECTS or kind in self.asked or event.target == SERVER:
            return True
        if kind == EventType.MODE:
            return not _is_by_server(event) or bool(event.params)
        return kind == EventType.OTHER and event.command not in _OF_JOINING

    def takes_all(self, kind: str) -> bool:
        """Return whether every event of a type is shown."""
        return kind not in _SUSPECTS or kind in self.asked


class Talk(msgspec.Struct, frozen=True):
    """The events of people who talk."""

    def holds(self, event: Event, names: Names | None = None) -> bool:  # noqa: ARG002 - as every term
        """Return whether an event is talk."""
        return event.type in CLASSES["talk"]

    def takes_all(self, kind: str) -> bool:
        """Return whether every event of a type is shown."""
        return kind in CLASSES["talk"]


Shown = Signal | Talk
"""The events that a screen shows."""


def _is_by_server(event: Event) -> bool:
    """Return whether the source of an event is a server: a host name alone, which no nick is."""
    return "." in event.nick and not (event.user or event.host)
