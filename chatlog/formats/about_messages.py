"""Sentences of a screen about another message: taken back, reacted to. Pure.

A transcript of text names the message by its id, by which a reader finds it; a person
on a screen rather wants to know whose message it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import EventType
from chatlog.formats.visible import visible, visible_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.event import Event
    from chatlog.formats.visible import Show

    Sentence = Callable[[Event, Show, str], str]

MAX_KNOWN: Final = 10_000
"""Messages whose authors are remembered; of an earlier one the author is unknown."""


class Authors:
    """The authors of the last messages that were shown, by network, target and message id."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str, str], str] = {}

    def note(self, event: Event) -> None:
        """Remember the author of an event that has an id."""
        if event.msgid and event.nick:
            if len(self._names) >= MAX_KNOWN:
                del self._names[next(iter(self._names))]
            self._names[event.network, event.target, event.msgid] = speaker_name(event)

    def of(self, event: Event) -> str:
        """Return the author of the message that an event is about; "" if that is unknown.

        The name is safe to show.
        """
        if event.subject:
            return visible_word(event.subject)
        return self._names.get((event.network, event.target, event.reply_to), "")


def speaker_name(event: Event) -> str:
    """Return who said a message, safe to show: a nick, or `ada via telegram` behind a relay.

    No nick has a space: who is on the channel itself has no such name.
    """
    if not event.relayed_nick:
        return visible_word(event.nick)
    return f"{visible(event.relayed_nick)} via {relay_of(event)}"


def relay_of(event: Event) -> str:
    """Return the way of a relayed message: the platform, or the relay's nick if it is unknown."""
    return visible_word(event.relayed_platform or event.nick)


def sentence_about(event: Event, show: Show, author: str) -> str:
    """Return the sentence of an event about another message; "" for any other event."""
    make = _SENTENCES.get(event.type)
    return "" if make is None else f"*** {visible_word(event.nick)} {make(event, show, author)}"


def _redact(event: Event, show: Show, author: str) -> str:
    return f"removed {_message(event, author)}" + (f": {show(event.text)}" if event.text else "")


def _react(event: Event, show: Show, author: str) -> str:
    return f"reacted {show(event.text)}" + (f" to {_message(event, author)}" if author else "")


def _unreact(event: Event, show: Show, author: str) -> str:
    return f"took back {show(event.text)}" + (f" from {_message(event, author)}" if author else "")


def _message(event: Event, author: str) -> str:
    if not author:
        return "a message"
    is_own = author == visible_word(event.nick)
    return "an own message" if is_own else f"a message of {author}"


_SENTENCES: Final[dict[str, Sentence]] = {
    EventType.REDACT: _redact,
    EventType.REACT: _react,
    EventType.UNREACT: _unreact,
}
