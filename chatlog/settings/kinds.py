"""Kinds of values: how chatlog.toml and a person at a prompt spell each, and how it is refused.

A kind knows no setting by its name. `read` takes a value of TOML, `parse` the
text of an option or an environment variable; both raise UsageError. `spell` is
the way back: the text that a person types for a value.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import msgspec

from chatlog.errors import UsageError
from chatlog.secret import Secret
from chatlog.settings import parsers
from chatlog.settings.key_path import parse_at, path_at, read_file, typed
from chatlog.settings.secret_files import LONGEST_SECRET, secret_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.settings.key_path import KeyPath

_INSTANT: Final = 0.001
_FOR_EVER: Final = 1e9
_LARGEST: Final = 1024**5
_MOST_DIGITS: Final = 10


class Kind(Protocol):
    """A kind of values, and the word that stands for one in a help text."""

    @property
    def metavar(self) -> str:
        """The word that stands for a value: DURATION."""

    def read(self, value: Any, place: KeyPath) -> Any:
        """Return the setting's value for a value of TOML; refuse it at its place."""

    def spell(self, value: Any) -> str:
        """Return the text that a person types for a value."""


class Typed(Kind, Protocol):
    """A kind whose values have a text that a parser checks."""

    def parse(self, text: str) -> Any:
        """Return the value of a text; raise UsageError if it has none."""


class Flag(msgspec.Struct, frozen=True):
    """True or false; a `negatable` one has an option `--no-…` as well."""

    negatable: bool = False
    metavar: ClassVar[str] = ""

    def read(self, value: Any, place: KeyPath) -> Any:
        """Read true or false."""
        return typed(value, bool, place)

    def spell(self, value: Any) -> str:
        """Spell true or false as TOML does."""
        return "true" if value else "false"


class Parsed(msgspec.Struct, frozen=True):
    """A text that `parse` turns into a value, and `spell` back into a text."""

    parse: Callable[[str], Any]
    metavar: str
    spell: Callable[[Any], str] = str

    def read(self, value: Any, place: KeyPath) -> Any:
        """Read a text and parse it."""
        return parse_at(self.parse, typed(value, str, place), place)


class Choice(msgspec.Struct, frozen=True):
    """One of a few words."""

    words: tuple[str, ...]
    metavar: ClassVar[str] = ""

    def parse(self, text: str) -> str:
        """Return a word; refuse any other text."""
        return one_of(self.words)(text)

    def read(self, value: Any, place: KeyPath) -> Any:
        """Read one of the words."""
        return parse_at(self.parse, typed(value, str, place), place)

    def spell(self, value: Any) -> str:
        """Return the word."""
        return str(value)


class Duration(msgspec.Struct, frozen=True):
    """A duration in seconds, at least `least`; in TOML a text or a number."""

    least: float = _INSTANT
    metavar: ClassVar[str] = "DURATION"

    def parse(self, text: str) -> float:
        """Parse `90s`, `1h30m` or a number of seconds."""
        return self._within(parsers.parse_duration(text))

    def read(self, value: Any, place: KeyPath) -> Any:
        """Read a number of seconds, or a text as `parse` does."""
        if type(value) in {int, float}:
            return parse_at(self._within, value, place)
        return parse_at(self.parse, typed(value, str, place), place)

    def spell(self, value: Any) -> str:
        """Spell seconds in the largest unit that divides them."""
        units = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
        unit = next((unit for unit, size in units.items() if value and value % size == 0), "s")
        return f"{value / units[unit]:.3f}".rstrip("0").rstrip(".") + unit

    def _within(self, seconds: float) -> float:
        if not self.least <= seconds < _FOR_EVER:
            raise UsageError("this is no duration; say 90s, 55m, 1h30m or 7d")
        return float(seconds)


class Size(msgspec.Struct, frozen=True):
    """A size in bytes, at least `least`; in TOML a text or a number."""

    least: int = 1
    metavar: ClassVar[str] = "SIZE"

    def parse(self, text: str) -> int:
        """Parse `10M` or a number of bytes."""
        return 0 if text == "0" and not self.least else parsers.parse_size(text)

    def read(self, value: Any, place: KeyPath) -> Any:
        """Read a number of bytes, or a text as `parse` does."""
        if type(value) is int and self.least <= value < _LARGEST:
            return value
        return parse_at(self.parse, typed(value, str, place), place)

    def spell(self, value: Any) -> str:
        """Spell bytes in the largest unit that divides them."""
        units = {"G": 1024**3, "M": 1024**2, "K": 1024}
        unit = next((unit for unit, size in units.items() if value and value % size == 0), "")
        return f"{value // units.get(unit, 1)}{unit}"


class Count(msgspec.Struct, frozen=True):
    """A whole number, at least `least`; in TOML a number or a text."""

    least: int = 0
    metavar: ClassVar[str] = "N"

    def parse(self, text: str) -> int:
        """Parse a number in digits."""
        is_short = text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS
        return self._within(int(text) if is_short else -1)

    def read(self, value: Any, place: KeyPath) -> Any:
        """Read a number, or a text as `parse` does."""
        if type(value) is int:
            return parse_at(self._within, value, place)
        return parse_at(self.parse, typed(value, str, place), place)

    def spell(self, value: Any) -> str:
        """Spell a number in digits."""
        return str(value)

    def _within(self, number: int) -> int:
        if not self.least <= number < _FOR_EVER:
            example = max(self.least, 3)
            raise UsageError(f"this is no whole number of {self.least} or more; say {example}")
        return number


class FilePath(msgspec.Struct, frozen=True):
    """The path of a file or, by the metavar DIR, of a directory; a `readable` file must exist.

    A `private` one may hold a private key (PEM). In TOML a path is relative to the
    directory of chatlog.toml.
    """

    metavar: str = "FILE"
    readable: bool = False
    private: bool = False

    def read(self, value: Any, place: KeyPath) -> str:
        """Read a path into an absolute one; the empty text stays empty."""
        text: str = typed(value, str, place)
        where = str(path_at(text, place)) if text else ""
        if where and self.readable:
            read_file(Path(where), 1, place)
        return where

    def spell(self, value: Any) -> str:
        """Return the path."""
        return str(value)


class SecretText(msgspec.Struct, frozen=True):
    """A secret: a text under its own key, or in the first line of the file of another key."""

    check: Callable[[str], str]
    metavar: ClassVar[str] = "FILE"

    def read(self, value: Any, place: KeyPath) -> Secret:
        """Read a secret that stands in chatlog.toml itself."""
        return Secret(parse_at(self.check, typed(value, str, place), place))

    def read_file(self, value: Any, place: KeyPath) -> Secret:
        """Read the path of a file, and the secret from the first line of that file."""
        data, _ = read_file(Path(FilePath().read(value, place)), LONGEST_SECRET, place)
        return Secret(parse_at(self.check, parse_at(secret_in, data, place), place))

    def spell(self, value: Any) -> str:
        """Return the secret's mask, never the secret."""
        return str(value) if value else ""


class Several(msgspec.Struct, frozen=True):
    """A list of values of one kind, at least `least`; equal ones count once."""

    item: Typed
    least: int = 0

    @property
    def metavar(self) -> str:
        """The word that stands for one item."""
        return self.item.metavar

    def read(self, value: Any, place: KeyPath) -> tuple[Any, ...]:
        """Read each item of a list, in order."""
        items = typed(value, list, place)
        if len(items) < self.least:
            raise place.refuse(f"at least {self.least} must be in the list")
        read = (self.item.read(item, place.item(index)) for index, item in enumerate(items))
        return tuple(dict.fromkeys(read))

    def spell(self, value: Any) -> str:
        """Spell the items, with commas between."""
        return ", ".join(map(self.item.spell, value))


READABLE: Final = FilePath(readable=True)
PRIVATE: Final = FilePath(readable=True, private=True)
FILE: Final = FilePath()
DIRECTORY: Final = FilePath("DIR")
LINE: Final = Parsed(parsers.parse_line, "TEXT")


# -- parsers of a kind ------------------------------------------------------------


def one_of(words: Iterable[str], fold: Callable[[str], str] = str) -> Callable[[str], str]:
    """Make the parser of one of a few words, folded first."""

    def parse(text: str) -> str:
        word = fold(text)
        if word not in words:
            raise UsageError(f"{text!r} is none of {', '.join(words)}")
        return word

    return parse


def unless_empty(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Make the parser of a text that may be empty, which takes another value back."""
    return lambda text: parse(text) if text else ""
