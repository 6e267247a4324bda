"""Classes of events by their names, as settings choose them: `talk`, `-presence`, `all`.

Pure. The classes are those of `event.CLASSES`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from chatlog.errors import UsageError
from chatlog.event import CLASSES, EventType, class_of
from chatlog.settings.key_path import parse_at, typed
from chatlog.settings.kinds import Several

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.settings.key_path import KeyPath

ALL: Final = "all"
"""The word for every class."""


def parse_class(name: str) -> str:
    """Return the name of a class, or `all`; raise UsageError that names the near one."""
    name = name.strip()
    if name in CLASSES or name == ALL:
        return name
    if name in set(EventType):
        raise UsageError(f"{name!r} is a type of the class {class_of(name)}; name the class")
    close = get_close_matches(name.lower(), [*CLASSES, ALL], 1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(CLASSES)} and {ALL}"
    raise UsageError(f"there is no class {name!r}; {hint}")


def chosen(words: Iterable[str]) -> frozenset[str]:
    """Return the classes that words choose, in order; each adds one, or with `-` takes it out.

    They begin with every class if the first takes one out, else with none. Raise
    UsageError if no class is left.
    """
    words = list(words)
    found = set(CLASSES) if not words or words[0].startswith("-") else set()
    for word in words:
        name = word.removeprefix("-")
        classes = set(CLASSES) if name == ALL else {name}
        found = found - classes if word != name else found | classes
    if not found:
        raise UsageError("no class is left to record; a channel with nolog = true records nothing")
    return frozenset(found)


class ClassWords(msgspec.Struct, frozen=True):
    """One or more words that choose classes, with commas between."""

    metavar: ClassVar[str] = "CLASS"

    def parse(self, text: str) -> tuple[str, ...]:
        """Return the words of a text, each the name of a class with or without a `-`."""
        return tuple(self._word(each.strip()) for each in text.split(","))

    @staticmethod
    def _word(text: str) -> str:
        name = text.removeprefix("-")
        return text[: len(text) - len(name)] + parse_class(name)

    def read(self, value: Any, place: KeyPath) -> tuple[str, ...]:
        """Read a text as `parse` does."""
        return parse_at(self.parse, typed(value, str, place), place)  # type: ignore[no-any-return]

    def spell(self, value: Iterable[str]) -> str:
        """Return the words with commas between."""
        return ",".join(value)


class ClassSelection(Several, frozen=True):
    """A list of words that choose classes: `["talk", "topic"]`, `["-presence"]`.

    The value is the words; an empty list is no choice.
    """

    item: ClassWords = ClassWords()

    def read(self, value: Any, place: KeyPath) -> tuple[str, ...]:
        """Read the words of a list; refuse a choice that leaves no class."""
        items = typed(value, list, place)
        words = self.joined(self.item.read(each, place.item(n)) for n, each in enumerate(items))
        parse_at(chosen, words, place)
        return words

    @staticmethod
    def joined(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        """Return the words of several texts, in order."""
        return tuple(word for group in groups for word in group)

    def spell(self, value: Iterable[str]) -> str:
        """Return the words with commas between."""
        return self.item.spell(value)
