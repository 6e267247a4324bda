"""Names of people as whole words in texts, and their replacements. Pure."""

from __future__ import annotations

import re
from base64 import b64decode
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.relay_heads import without_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event

_ATOM: Final = re.compile(r"[^\W_]+|.", re.DOTALL)
"""A run of letters and digits, or one other character. A whole word begins and ends with one."""

_WILD: Final = {"*": r"[\w\[\]\\`^{|}~-]*", "?": r"[\w\[\]\\`^{|}~-]"}
_FIELDS: Final = ("nick", "user", "host", "account", "relayed_nick", "subject", "text", "split")


class Mentions:
    """Replace names that stand as whole words, as a network folds them, in any case.

    A letter or a digit beside a name makes another word; any other character does not. So
    `ann` stands in `ann:`, in `~ann@example.org` and in `ann|away`, but not in `annual`.
    Formatting codes and characters without width within a name or beside it count for nothing.
    The names of `wild` have `*` and `?`, which stand for characters of nicks.
    """

    def __init__(
        self,
        folds: Casemapping,
        replacements: Mapping[str, str],
        wild: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._wild = [(_pattern_of(folds[name]), other) for name, other in wild.items()]
        self._folds = folds
        self._replacements = {self._key(name): other for name, other in replacements.items()}
        atoms = [_ATOM.findall(name) for name in replacements if name]
        self._longest = max(map(len, atoms), default=0)
        self._starts = {self._key(each[0]) for each in atoms}
        # Folding can part a letter from its mark.
        self._starts.update(_ATOM.findall(key)[0] for key in self._replacements if key)

    def _key(self, text: str) -> str:
        return self._folds.fold(text).casefold()

    def has(self, name: str) -> bool:
        """Return whether a name is one of those that are replaced."""
        return bool(name) and self._key(name) in self._replacements

    def in_text(self, text: str) -> str:
        """Return a text with the names replaced."""
        if not text:
            return text
        if self._starts:
            text = _replaced(text, self._found)
        for pattern, other in self._wild:
            text = _replaced(text, partial(self._matching, pattern, other))
        return text

    def _matching(
        self, pattern: re.Pattern[str], other: str, text: str
    ) -> Iterable[tuple[int, int, str]]:
        for match in pattern.finditer(self._folds.fold(text)):
            if match[0]:  # `*` may match nothing
                yield match.start(), match.end(), other

    def _found(self, text: str) -> Iterable[tuple[int, int, str]]:
        """Yield the begin, the end and the replacement of each name; the longest name counts."""
        if self._starts.isdisjoint(_ATOM.findall(self._key(text))):
            return
        atoms = _ATOM.findall(text)
        keys = [self._key(atom) for atom in atoms]
        place = number = 0
        while number < len(atoms):
            taken = 1
            if keys[number] in self._starts:
                for count in range(min(self._longest, len(atoms) - number), 0, -1):
                    other = self._replacements.get("".join(keys[number : number + count]))
                    if other is not None:
                        taken = count
                        length = sum(map(len, atoms[number : number + count]))
                        yield place, place + length, other
                        break
            place += sum(map(len, atoms[number : number + taken]))
            number += taken

    def in_event(self, event: Event) -> Event:
        """Return an event with the names replaced in all its fields.

        The raw line, which is no text, is left out if it has one.
        """
        changed: dict[str, object] = {}
        for field in _FIELDS:
            value = getattr(event, field)
            if value and (other := self.in_text(value)) != value:
                changed[field] = other
        if event.params:
            changed["params"] = tuple(map(self.in_text, event.params))
        if event.tags:
            changed["tags"] = {key: self.in_text(value) for key, value in event.tags.items()}
        if event.raw and self._is_in_raw(event.raw):
            changed["raw"] = ""
        return replace(event, **changed) if changed else event

    def _is_in_raw(self, raw: str) -> bool:
        """Return whether a line in base64 has one of the names, or is no base64."""
        try:
            text = b64decode(raw).decode("utf-8", "replace")
        except ValueError:
            return True
        return self.in_text(text) != text


def _replaced(text: str, found: Callable[[str], Iterable[tuple[int, int, str]]]) -> str:
    """Return a text with the stretches replaced that are found in it without its formatting."""
    plain, places = (text, None) if text.isprintable() else without_marks(text)
    pieces: list[str] = []
    done = 0
    for begin, end, other in found(plain):
        # Codes within a name go with it; those before and behind it stay.
        first = begin if places is None else places[begin]
        last = end if places is None else places[end - 1] + 1
        pieces += (text[done:first], other)
        done = last
    return "".join([*pieces, text[done:]]) if pieces else text


def _pattern_of(name: str) -> re.Pattern[str]:
    """Compile a folded name with wildcards as a whole word of a folded text."""
    word = "".join(_WILD.get(each) or re.escape(each) for each in name)
    return re.compile(f"(?<![^\\W_]){word}(?![^\\W_])")
