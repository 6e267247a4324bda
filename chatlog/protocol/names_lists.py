"""Lists of names (RPL_NAMREPLY) that have begun and not ended, in bounded memory."""

from __future__ import annotations

from typing import Final, NamedTuple

MAX_TEXT: Final = 64 * 1024
"""Characters of one `names` event; a longer list goes on in further events."""

MAX_GATHERED: Final = 8 * 1024 * 1024
"""Characters of all lists that have not ended; more become events at once."""


class NamesList(NamedTuple):
    """The names of a channel that were gathered; `continued` if an event has earlier ones."""

    text: str
    continued: bool


class NamesLists:
    """The lists of names of one connection, by channel."""

    def __init__(self, max_text: int = MAX_TEXT, max_gathered: int = MAX_GATHERED) -> None:
        self._max_text = max_text
        self._max_gathered = max_gathered
        self._texts: dict[str, list[str]] = {}
        self._sizes: dict[str, int] = {}
        self._size = 0
        self._continued: set[str] = set()

    def add(self, channel: str, names: list[str]) -> None:
        """Add the names of one line."""
        text = " ".join(names)
        if text:
            self._texts.setdefault(channel, []).append(text)
            self._sizes[channel] = self._sizes.get(channel, 0) + len(text) + 1
            self._size += len(text) + 1

    def is_full(self, channel: str) -> bool:
        """Return whether the names of a channel are to be taken before more are added."""
        size = self._sizes.get(channel, 0)
        return size >= self._max_text or (size > 0 and self._size >= self._max_gathered)

    def take(self, channel: str) -> NamesList:
        """Return the names that were gathered; those added from now on continue them."""
        self._size -= self._sizes.pop(channel, 0)
        text = " ".join(self._texts.pop(channel, ()))
        taken = NamesList(text, channel in self._continued)
        self._continued.add(channel)
        return taken

    def end(self, channel: str) -> None:
        """Forget the list of a channel: it has ended, or we are no longer there."""
        self._size -= self._sizes.pop(channel, 0)
        self._texts.pop(channel, None)
        self._continued.discard(channel)
