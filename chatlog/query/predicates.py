"""Predicates on events, and the terms that combine them.

Pure. Each is a value that can be compared and shown; `holds` is all that it
does. Names are compared by the CASEMAPPING of the event's network, for which
`Names` asks; nothing else is needed but the event.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from chatlog.errors import UsageError
from chatlog.event import CLASSES, TALK, EventType, class_of
from chatlog.formats.visible import unformatted
from chatlog.places import ASCII, is_named, is_place
from chatlog.query.texts import Text  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event

    Names = Callable[[str], Casemapping]
    """How the names of a network fold."""

LINK: Final = re.compile(
    r"\b(?i:https?|ftps?|ircs?|gemini|gopher)://[^\s<>\"]+|\b(?:www|Www|WWW)\.[^\s<>\"]+"
)
"""What counts as a link in a text without formatting."""
_ASKS: Final = re.compile(r"\?(?!\w)")
_MAY_ASK: Final = re.compile(r"\?(?!\w)|\?(?=\w+(?:://|\.))")
"""The same, or before what may be a link: found in a twentieth of the time of a link."""


def may_link(text: str) -> bool:
    """Return whether a text may have a link: ten times as fast as finding one."""
    return "://" in text or "ww." in text or "WW." in text


def is_question(text: str) -> bool:
    """Return whether a question mark ends a word of a text that is no link."""
    if "?" not in text or not _MAY_ASK.search(text):
        return False
    return bool(_ASKS.search(LINK.sub("", text) if may_link(text) else text))


class Term(Protocol):
    """One condition on an event."""

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether an event matches."""
        ...


class All(msgspec.Struct, frozen=True):
    """Every one of several terms; of none, everything."""

    terms: tuple[Any, ...] = ()

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether an event matches all terms."""
        return all(term.holds(event, names) for term in self.terms)


class Some(msgspec.Struct, frozen=True):
    """At least one of several terms."""

    terms: tuple[Any, ...]

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether an event matches any term."""
        return any(term.holds(event, names) for term in self.terms)


class Not(msgspec.Struct, frozen=True):
    """The events that a term does not match."""

    term: Any

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether an event does not match the term."""
        return not self.term.holds(event, names)


class Contains(msgspec.Struct, frozen=True):
    """A text that has something in it."""

    text: Text

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Return whether the event's text matches."""
        return bool(event.text) and self.text.is_in(event.text)


class Nick(msgspec.Struct, frozen=True):
    """Who did it; of a change of nick, either of the two; of a relayed text, speaker and relay."""

    name: str

    def is_called(self, nick: str, network: str, names: Names) -> bool:
        """Return whether a nick matches."""
        return is_named(self.name, nick, names(network))

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether the event's nick matches."""
        folds = names(event.network)
        return (
            is_named(self.name, event.nick, folds)
            or (event.type == "nick" and is_named(self.name, event.subject, folds))
            or (bool(event.relayed_nick) and is_named(self.name, event.relayed_nick, folds))
        )


class Subject(msgspec.Struct, frozen=True):
    """To whom it was done."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether the event's subject matches."""
        return is_named(self.name, event.subject, names(event.network))


class Account(msgspec.Struct, frozen=True):
    """Who was logged in; accounts fold as ASCII."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Return whether the event's account matches."""
        return is_named(self.name, event.account, ASCII)


class Place(msgspec.Struct, frozen=True):
    """Where it was said: a channel or query, perhaps behind a network and a slash."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether the event's place matches."""
        return is_place(self.name, event.network, event.target, names(event.network))


class Network(msgspec.Struct, frozen=True):
    """On which network it was said."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Return whether the event's place matches."""
        return is_named(self.name, event.network, ASCII)


class Type(msgspec.Struct, frozen=True):
    """The type of an event."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Return whether the event is of that type."""
        return event.type == self.name


class OfClass(msgspec.Struct, frozen=True):
    """The types of a class: one of `CLASSES`."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Return whether the type of the event belongs to the class."""
        return class_of(event.type) == self.name


def type_named(name: str) -> Type | OfClass:
    """Return the term of a class of types, else of a type; raise UsageError for an unknown one.

    `topic` is both, with the same events.
    """
    if name in CLASSES:
        return OfClass(name)
    known = sorted(each.value for each in EventType)
    if name not in known:
        raise UsageError(
            f"there is no type {name!r}; known are {', '.join(known)},"
            f" and the classes {', '.join(CLASSES)}"
        )
    return Type(name)


class Via(msgspec.Struct, frozen=True):
    """The source of an event: `live` for events heard when they happened."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Return whether the event has that source."""
        return is_named(self.name, event.via or "live", ASCII)


class Between(msgspec.Struct, frozen=True):
    """When it was said: `[since, until)`, an empty bound is none."""

    since: str = ""
    until: str = ""

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Return whether the event's time is in the range."""
        return self.since <= event.time and not (self.until and event.time >= self.until)


class Has(msgspec.Struct, frozen=True):
    """Something that is there or not: one of `THINGS`."""

    thing: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Return whether the event has the thing."""
        return THINGS[self.thing](event)


class Then(msgspec.Struct, frozen=True):
    """A folded nick on one network during `[since, until)`, when it belonged to one person."""

    network: str
    nick: str
    since: str
    until: str

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether the event was done under that nick in that stretch."""
        return (
            self.since <= event.time < self.until
            and event.network == self.network
            and names(event.network)[event.nick] == self.nick
        )


def _has_link(event: Event) -> bool:
    return LINK.search(unformatted(event.text)) is not None


def _asks(event: Event) -> bool:
    return event.type in TALK and is_question(unformatted(event.text))


THINGS: Final[Mapping[str, Callable[[Event], bool]]] = {
    "link": _has_link,
    "question": _asks,
    "formatting": lambda event: unformatted(event.text) != event.text,
    "account": lambda event: bool(event.account),
    "msgid": lambda event: bool(event.msgid),
    "reply": lambda event: bool(event.reply_to),
    "relay": lambda event: bool(event.relayed_nick),
    "tags": lambda event: bool(event.tags),
    "raw": lambda event: bool(event.raw),
}
"""What `has:` may ask for."""


def texts_of(term: Term) -> Iterator[Text]:
    """Yield the text terms that are not negated: the matches to highlight."""
    match term:
        case Contains(text):
            yield text
        case All(terms) | Some(terms):
            for each in terms:
                yield from texts_of(each)


def types_of(term: Term) -> frozenset[str]:
    """Return the types for which a term asks; a negated term asks for none."""
    match term:
        case Type(name):
            return frozenset({name})
        case OfClass(name):
            return CLASSES[name]
        case All(terms) | Some(terms):
            return frozenset().union(*map(types_of, terms))
    return frozenset()
