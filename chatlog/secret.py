"""A text that must not be shown: a password, a channel's key."""

from __future__ import annotations

import msgspec


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
        return "***" if self._text else "''"

    __str__ = __repr__
