"""What an event must be: small predicates, and what puts them together.

Pure. Each is a value that can be compared and shown; `holds` is all that it
does. Names are compared by the CASEMAPPING of the event's network, for which
`Names` asks; nothing else is needed but the event.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from chatlog.casemapping import Casemapping, is_wild, pattern_of, spellings
from chatlog.errors import UsageError
from chatlog.event import SERVER, TALK, EventType
from chatlog.formats.visible import unformatted
from chatlog.query.texts import Text  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chatlog.event import Event

    Names = Callable[[str], Casemapping]
    """How the names of a network fold."""

LINK: Final = re.compile(
    r"\b(?i:https?|ftps?|ircs?|gemini|gopher)://[^\s<>\"]+|\b(?:www|Www|WWW)\.[^\s<>\"]+"
)
"""What counts as a link in a text without formatting."""
_ASKS: Final = re.compile(r"\?(?!\w)")


def may_link(text: str) -> bool:
    """Say whether it is worth to look for links in a text: a tenth of the time of looking."""
    return "://" in text or "ww." in text or "WW." in text


def is_question(text: str) -> bool:
    """Say whether a text asks: a question mark ends a word of it that is no link."""
    return "?" in text and bool(_ASKS.search(LINK.sub("", text) if may_link(text) else text))


class Term(Protocol):
    """One condition on an event."""

    def holds(self, event: Event, names: Names) -> bool:
        """Say whether an event meets it."""
        ...


class All(msgspec.Struct, frozen=True):
    """Every one of several terms; of none, everything."""

    terms: tuple[Any, ...] = ()

    def holds(self, event: Event, names: Names) -> bool:
        """Say whether an event meets all."""
        return all(term.holds(event, names) for term in self.terms)


class Some(msgspec.Struct, frozen=True):
    """At least one of several terms."""

    terms: tuple[Any, ...]

    def holds(self, event: Event, names: Names) -> bool:
        """Say whether an event meets one."""
        return any(term.holds(event, names) for term in self.terms)


class Not(msgspec.Struct, frozen=True):
    """What a term does not hold of."""

    term: Any

    def holds(self, event: Event, names: Names) -> bool:
        """Say whether an event does not meet it."""
        return not self.term.holds(event, names)


class Said(msgspec.Struct, frozen=True):
    """A text that has something in it."""

    text: Text

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Say whether it is found in the event's text."""
        return bool(event.text) and self.text.is_in(event.text)


class Nick(msgspec.Struct, frozen=True):
    """Who did it; of a change of nick, either of the two."""

    name: str

    def is_called(self, nick: str, network: str, names: Names) -> bool:
        """Say whether it is this nick."""
        return _is_named(self.name, nick, names(network))

    def holds(self, event: Event, names: Names) -> bool:
        """Say whether that nick did it."""
        folds = names(event.network)
        return _is_named(self.name, event.nick, folds) or (
            event.type == "nick" and _is_named(self.name, event.subject, folds)
        )


class Subject(msgspec.Struct, frozen=True):
    """To whom it was done."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:
        """Say whether it was done to that nick."""
        return _is_named(self.name, event.subject, names(event.network))


class Account(msgspec.Struct, frozen=True):
    """Who was logged in; accounts fold as ASCII."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Say whether that account did it."""
        return _is_named(self.name, event.account, _ASCII)


class Target(msgspec.Struct, frozen=True):
    """Where it was said: a channel or query, perhaps behind a network and a slash."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:
        """Say whether it was said there."""
        folds = names(event.network)
        place, slash, name = self.name.partition("/")
        return _is_target(self.name, event.target, folds) or (
            bool(slash)
            and _is_named(place, event.network, _ASCII)
            and _is_target(name, event.target, folds)
        )


class Network(msgspec.Struct, frozen=True):
    """On which network it was said."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Say whether it was said there."""
        return _is_named(self.name, event.network, _ASCII)


class Type(msgspec.Struct, frozen=True):
    """What was done."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Say whether it is of that type."""
        return event.type == self.name


def type_named(name: str) -> Type:
    """Make the term of a type that a person names; one that nobody knows is a UsageError."""
    known = sorted(each.value for each in EventType)
    if name not in known:
        raise UsageError(f"there is no type {name!r}; known are {', '.join(known)}")
    return Type(name)


class Via(msgspec.Struct, frozen=True):
    """How it came: `live` is what was heard when it was said."""

    name: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Say whether it came that way."""
        return _is_named(self.name, event.via or "live", _ASCII)


class Between(msgspec.Struct, frozen=True):
    """When it was said: `[since, until)`, an empty bound is none."""

    since: str = ""
    until: str = ""

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Say whether it was said then."""
        return self.since <= event.time and not (self.until and event.time >= self.until)


class Has(msgspec.Struct, frozen=True):
    """Something that is there or not: one of `THINGS`."""

    thing: str

    def holds(self, event: Event, names: Names) -> bool:  # noqa: ARG002 - as every term
        """Say whether the event has it."""
        return THINGS[self.thing](event)


class Then(msgspec.Struct, frozen=True):
    """A nick while it was somebody's: `[since, until)` on one network, folded."""

    network: str
    nick: str
    since: str
    until: str

    def holds(self, event: Event, names: Names) -> bool:
        """Say whether it was done under that nick, then."""
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
    "tags": lambda event: bool(event.tags),
    "raw": lambda event: bool(event.raw),
}
"""What `has:` may ask for."""

_ASCII: Final = Casemapping("ascii")


def _is_named(name: str, found: str, folds: Casemapping) -> bool:
    if not found:
        return False
    folded = folds[name]
    if is_wild(name):
        return pattern_of(folded).fullmatch(folds[found]) is not None
    return folds[found] == folded


def _is_target(name: str, found: str, folds: Casemapping) -> bool:
    if SERVER in (name, found):  # which no pattern means
        return name == found
    return any(_is_named(each, found, folds) for each in spellings(name))


def texts_of(term: Term) -> Iterator[Text]:
    """Yield what is looked for in texts and not excluded: what can be shown as found."""
    match term:
        case Said(text):
            yield text
        case All(terms) | Some(terms):
            for each in terms:
                yield from texts_of(each)
