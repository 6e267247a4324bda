"""A predicate for events about people: done to them, or with their nick in the words. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.casemapping import is_wild
from chatlog.places import is_named
from chatlog.query.predicates import All, Nick, Some, Then

if TYPE_CHECKING:
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.query.predicates import Names, Term

_LETTER: Final = r"[\w\[\]\\`^{|}~-]"
"""A character that nicks may have; one that may not ends a nick in a text."""


class About(msgspec.Struct, frozen=True):
    """An event about one of some nicks, which may have wildcards, that another person did.

    It is done to them, or names them in its parameters, or as a word of its text.
    """

    nicks: tuple[str, ...]

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether an event matches."""
        folds = names(event.network)
        if any(Nick(nick).holds(event, names) for nick in self.nicks):
            return False
        return any(_is_about(nick, event, folds) for nick in self.nicks)


def _is_about(nick: str, event: Event, folds: Casemapping) -> bool:
    if is_named(nick, event.subject, folds):
        return True
    return any(_names(nick, text, folds) for text in (event.text, *event.params, event.raw))


def _names(nick: str, text: str, folds: Casemapping) -> bool:
    """Return whether a text has a nick as a word of its own."""
    if not text:
        return False
    name, folded = folds[nick], folds.fold(text)
    if not is_wild(name) and name not in folded:
        return False
    return _word_of(name).search(folded) is not None


@lru_cache(1024)
def _word_of(name: str) -> re.Pattern[str]:
    """Compile a folded nick, which may have wildcards, as a word of a folded text."""
    wild = {"*": f"{_LETTER}*", "?": _LETTER}
    word = "".join(wild.get(each) or re.escape(each) for each in name)
    return re.compile(f"(?<!{_LETTER}){word}(?!{_LETTER})")


def nicks_of(term: Term) -> list[str]:
    """Return the nicks for whose events a term asks, each once."""
    match term:
        case Nick(name) | Then(nick=name):
            return [name]
        case All(terms) | Some(terms):
            return list(dict.fromkeys(nick for each in terms for nick in nicks_of(each)))
    return []
