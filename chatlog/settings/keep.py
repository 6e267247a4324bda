"""How long to keep classes of events, as settings say it: `90d`, `presence=30d`, `forever`.

Pure. The value is pairs of a class, or `all`, and seconds, None for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from chatlog.errors import UsageError
from chatlog.settings.classes import ALL, parse_class
from chatlog.settings.key_path import parse_at
from chatlog.settings.kinds import Duration, Several

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.settings.key_path import KeyPath

FOREVER: Final = "forever"
_DURATION: Final = Duration()

Keep = tuple[tuple[str, float | None], ...]
"""Pairs of a class, or `all`, and seconds, None for ever."""


class KeepTime(msgspec.Struct, frozen=True):
    """A time for which to keep all classes, or with a name before it one class."""

    metavar: ClassVar[str] = "[CLASS=]DURATION"

    def parse(self, text: str) -> tuple[str, float | None]:
        """Parse `90d`, `presence=30d` or `talk=forever`."""
        if "," in text:
            raise UsageError(f"{text!r} is more than one time; repeat the option for each class")
        name, equals, time = text.rpartition("=")
        return parse_class(name) if equals else ALL, parse_time(time.strip())

    def read(self, value: Any, place: KeyPath) -> tuple[str, float | None]:
        """Read a text or a number of seconds, for all classes."""
        return ALL, read_time(value, place)

    def spell(self, value: tuple[str, float | None]) -> str:
        """Return the text that a person types."""
        name, seconds = value
        time = FOREVER if seconds is None else _DURATION.spell(seconds)
        return time if name == ALL else f"{name}={time}"


def parse_time(text: str) -> float | None:
    """Parse a duration into seconds, or `forever` into None."""
    return None if text == FOREVER else _DURATION.parse(text)


def read_time(value: Any, place: KeyPath) -> float | None:
    """Read a duration or a number of seconds, or `forever`, from TOML."""
    if value == FOREVER:
        return None
    return _DURATION.read(value, place)  # type: ignore[no-any-return]


class KeepTimes(Several, frozen=True):
    """Times for which to keep classes; in TOML one for all, or a table with one for each."""

    item: KeepTime = KeepTime()

    def read(self, value: Any, place: KeyPath) -> Keep:
        """Read a duration for all classes, or a table of classes."""
        if type(value) is dict:
            return tuple(self._pair(name, each, place) for name, each in value.items())
        return (self.item.read(value, place),)

    @staticmethod
    def _pair(name: str, value: Any, place: KeyPath) -> tuple[str, float | None]:
        here = place.at(name)
        return parse_at(parse_class, name, here), read_time(value, here)

    def spell(self, value: Iterable[tuple[str, float | None]]) -> str:
        """Return the texts that a person types, with commas between."""
        return ", ".join(map(self.item.spell, value))


def over(kept: Keep, typed: Keep) -> Keep:
    """Return times with typed ones over them; a typed one for all takes the place of each."""
    before = {} if any(name == ALL for name, _ in typed) else dict(kept)
    return tuple({**before, **dict(typed)}.items())
