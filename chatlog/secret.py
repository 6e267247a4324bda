"""Texts that must not be shown, passwords and keys of channels, and the mask that hides them."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN: Final = "***"
"""What is shown in place of a secret."""

SHORTEST: Final = 4
"""Characters of the shortest secret that is hidden in free text: shorter ones stand in any text."""

LONG: Final = 8
"""Characters from which on a secret is hidden inside longer words as well."""

_EDGES: Final = frozenset(" \t\r\n,:;!@()<>\"'")
_BEFORE_NAMES: Final = "#&+!~%"
"""The characters before the name of a channel: of its type, and of a status."""


class Secret(msgspec.Struct, frozen=True, gc=False):
    """A secret: printed, logged or formatted, it reads `***`.

    An empty one is false. What it holds is had only by `reveal`.
    """

    _text: str = ""

    def reveal(self) -> str:
        """Return the secret itself, to be sent and never to be shown."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return HIDDEN if self._text else "''"

    __str__ = __repr__


class SecretMask:
    """Hides known secrets in texts of others; it is false if there is nothing to hide.

    A secret of 4 to 7 characters is hidden where it stands as a word, a longer one
    anywhere. Not hidden are shorter ones, and those that are one of the `public` names:
    a key that is the name of its channel is no secret. Public names stay whole, too,
    if a secret is a part of them.
    """

    def __init__(self, secrets: Iterable[Secret] = (), public: Iterable[str] = ()) -> None:
        self._public = {form for name in public for form in _spellings(name.lower())}
        self._longest = max(map(len, self._public), default=0)
        self._are_parts: dict[str, bool] = {}  # of public names: secrets that were found
        texts = {form for secret in secrets for form in _forms(secret.reveal())}
        hidden = [
            each for each in texts if len(each) >= SHORTEST and each.lower() not in self._public
        ]
        self._pattern = re.compile(_pattern(hidden)) if hidden else None
        if not hidden:  # thousands of channels have as many names
            self._public.clear()

    def __bool__(self) -> bool:
        return self._pattern is not None

    def __call__(self, text: str) -> str:
        """Return a text with each secret in it replaced by `***`."""
        if self._pattern is None or not text:
            return text
        return self._pattern.sub(self._shown, text)

    def _shown(self, found: re.Match[str]) -> str:
        """Return a secret that was found as it is if it is a part of a public name, else hidden."""
        if not self._is_part(found[0].lower()):
            return HIDDEN
        text, (start, end) = found.string, found.span()
        first = max(0, start - self._longest)
        last = min(len(text), end + self._longest)
        while start > first and text[start - 1] not in _EDGES:
            start -= 1
        while end < last and text[end] not in _EDGES:
            end += 1
        # A nick in use has _ added, and a sentence ends in a full stop.
        word = text[start:end].lower()
        forms = {*_spellings(word), *_spellings(word.rstrip("._"))}
        return HIDDEN if forms.isdisjoint(self._public) else found[0]

    def _is_part(self, secret: str) -> bool:
        if secret not in self._are_parts:
            self._are_parts[secret] = any(secret in name for name in self._public)
        return self._are_parts[secret]

    def in_bytes(self, data: bytes) -> bytes:
        """Return bytes of any encoding with each secret in them replaced by `***`."""
        text = data.decode(errors="surrogateescape")
        hidden = self(text)
        return data if hidden is text or hidden == text else hidden.encode(errors="surrogateescape")


def base64_secrets(data: bytes, line: int = 0) -> list[Secret]:
    """Return the base64 of a login as a secret, and if it is sent in lines of a length, each."""
    text = base64.b64encode(data).decode()
    step = line or len(text) or 1
    lines = {text[start : start + step] for start in range(0, len(text), step)}
    return [Secret(each) for each in sorted({text, *lines})]


def _forms(text: str) -> set[str]:
    """Return a secret, the password in `user:password` as bouncers take it, and both quoted."""
    plain = {text, text.partition(":")[2]}
    return plain | {repr(each)[1:-1] for each in plain}


def _spellings(name: str) -> tuple[str, str]:
    return name, name.lstrip(_BEFORE_NAMES)


def _pattern(secrets: list[str]) -> str:
    """Return a pattern of all secrets: of those that begin alike, the longest is found."""
    escaped = [re.escape(each) for each in sorted(secrets, key=len, reverse=True)]
    long = sum(len(each) >= LONG for each in secrets)
    anywhere, words = escaped[:long], "|".join(escaped[long:])
    # One look behind for all words: hundreds of them are found in the time of a few.
    return "|".join([*anywhere, rf"(?<![\w#&])(?:{words})(?!\w)"] if words else anywhere)
