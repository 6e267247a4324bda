"""The words of an event: everything that two records of the same line have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import EventType

if TYPE_CHECKING:
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event

OF_ONE_RECORDER: Final = frozenset(
    {
        EventType.STARTED,
        EventType.STOPPED,
        EventType.CONNECTED,
        EventType.DISCONNECTED,
        EventType.RECOVERED,
        EventType.NAMES,
    }
)
"""Types that each recorder writes for itself: another witness does not have the same line."""

Words = tuple[str, str, str, str, str, tuple[str, ...]]
"""Type, folded nick, text, folded subject, command and parameters."""

_LIVE_NAMES: Final[dict[str, str]] = {
    EventType.JOINED: EventType.JOIN,
    EventType.PARTED: EventType.PART,
}
_WITHOUT_TEXT: Final = frozenset({EventType.JOIN, EventType.PART})


_ABOUT_A_MESSAGE: Final = frozenset({EventType.REDACT, EventType.REACT, EventType.UNREACT})


def type_others_see(event: Event) -> str:
    """Return the type of an event as other recorders write it: none is `joined` or `parted`."""
    return _LIVE_NAMES.get(event.type, event.type)


def as_others_see(event: Event) -> Event:
    """Return an event as other recorders write it: no `joined` or `parted`, which are of one.

    The text of coming and going is left out.
    """
    kind = type_others_see(event)
    if kind not in _WITHOUT_TEXT:
        return event
    return msgspec.structs.replace(event, type=kind, text="")


def words_of(event: Event, casemapping: Casemapping) -> Words:
    """Return the words of an event; the same of our own coming and going as others see it.

    A message to those with a prefix has that as its command. A reaction, and what takes one or
    a message back, has the id of the message among its parameters.
    """
    kind = type_others_see(event)
    return (
        kind,
        casemapping[event.nick],
        "" if kind in _WITHOUT_TEXT else event.text,
        casemapping[event.subject],
        event.command or event.statusmsg,
        (*event.params, event.reply_to) if event.type in _ABOUT_A_MESSAGE else event.params,
    )


def is_told_by_server(event: Event) -> bool:
    """Return whether the server told the time or an id of an event."""
    return bool(event.received or event.msgid)
