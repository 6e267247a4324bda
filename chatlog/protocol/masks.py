"""Masks of people: `nick!user@host` with `*` and `?`; a bare nick is any such one. Pure."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.casemapping import Casemapping
    from chatlog.event import Source


class Masks:
    """Some masks, compiled for the casemapping with which they are asked for; false if none."""

    def __init__(self, masks: Iterable[str] = ()) -> None:
        self._masks = tuple(masks)
        self._casemapping: Casemapping | None = None
        self._pattern: re.Pattern[str] | None = None

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._masks)

    def match(self, source: Source, casemapping: Casemapping) -> bool:
        """Return whether a source with a nick matches any mask."""
        if not (self._masks and source.nick):
            return False
        if self._casemapping is not casemapping:
            self._casemapping = casemapping
            patterns = (glob(casemapping[_whole(mask)]) for mask in self._masks)
            self._pattern = re.compile("|".join(patterns))
        whole = casemapping[f"{source.nick}!{source.user}@{source.host}"]
        return self._pattern is not None and self._pattern.fullmatch(whole) is not None


def _whole(mask: str) -> str:
    """Complete a mask: a missing user or host becomes `*`."""
    who, at, host = mask.partition("@")
    nick, bang, user = who.partition("!")
    return f"{nick}!{user if bang else '*'}@{host if at else '*'}"


def glob(mask: str) -> str:
    """Return the regular expression of a text with the wildcards `*` and `?`."""
    # In a mask, brackets are letters of a nick and not a choice of letters.
    return translate(mask.replace("[", "[[]"))
