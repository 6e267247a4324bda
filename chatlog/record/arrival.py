"""Arrival: the events that joining a channel brings, and the lines that tell of us alone.

Pure. They are no news: a batch that hears nothing else leaves no line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import RECORDERS_OWN, TALK, EventType, Source

if TYPE_CHECKING:
    from collections.abc import Container

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event


_GONE: Final = frozenset({EventType.JOIN, EventType.PART, EventType.QUIT})


def comes_with_joining(event: Event) -> bool:
    """Return whether an event is the recorder's own, a list of names, or a server's answer.

    Answers are the topic that stands, and numerics.
    """
    if event.type in RECORDERS_OWN or event.type == EventType.NAMES:
        return True
    return not event.nick and (event.type == EventType.TOPIC or event.command.isdigit())


def tells_of_us(event: Event, ours: Container[Source], nicks: Container[str]) -> bool:
    """Return whether a live event is done by us without words, or gives modes to us alone.

    `ours` are the sources that we had, and `nicks` their nicks.
    """
    if Source(event.nick, event.user, event.host) in ours:
        return event.type not in TALK
    return _is_mode_of(event, nicks)


def _is_mode_of(event: Event, nicks: Container[str]) -> bool:
    given = event.type == EventType.MODE and bool(event.params)
    return given and all(param in nicks for param in event.params)


def is_of_our_stay(event: Event, me: Source, casemapping: Casemapping) -> bool:
    """Return whether a line of a history tells when we were in the channel, and no more.

    That is our JOIN, PART or QUIT, under the nick, user and host that we have now, or a
    mode that was given to us alone.
    """
    if event.type not in _GONE:
        return _is_mode_of(event, (me.nick,))
    is_ours = (event.user, event.host) == (me.user, me.host)
    return is_ours and casemapping.equal(event.nick, me.nick)
