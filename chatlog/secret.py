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
    a key that is the name of its channel is no secret.
    """

    def __init__(self, secrets: Iterable[Secret] = (), public: Iterable[str] = ()) -> None:
        names = {form for name in public for form in (name.lower(), name.lstrip("#&+!").lower())}
        texts = {form for secret in secrets for form in _forms(secret.reveal())}
        hidden = [each for each in texts if len(each) >= SHORTEST and each.lower() not in names]
        hidden.sort(key=len, reverse=True)  # a secret may be the beginning of another
        self._pattern = re.compile("|".join(map(_pattern, hidden))) if hidden else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def __call__(self, text: str) -> str:
        """Return a text with each secret in it replaced by `***`."""
        if self._pattern is None or not text:
            return text
        return self._pattern.sub(HIDDEN, text)

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


def _pattern(secret: str) -> str:
    if len(secret) >= LONG:
        return re.escape(secret)
    return rf"(?<![\w#&]){re.escape(secret)}(?!\w)"
