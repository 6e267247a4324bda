"""Anchors: the names of lines in a page, which never change. Pure.

An anchor is the second of a line in UTC and ten letters of a keyed digest over its type, nick
and text: `181503-abcdefghij`. A bare digest would tell whether a hidden line says a guessed
word, so the key stays in the archive. Equal lines of one second are numbered.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chatlog.event import Event

_BYTES: Final = 7  # ten letters have 50 bits, and six are left over
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"  # as RFC 4648 has them, in lower case
_PAIRS: Final = [one + other for one in _LETTERS for other in _LETTERS]
KEY_BYTES: Final = 32
"""The length of a key."""


class Anchors:
    """The anchors of the lines of one page, in the order of the page."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._taken: dict[str, int] = {}

    def of(self, event: Event) -> str:
        """Return the anchor of the next line."""
        said = f"{event.type}\n{event.nick}\n{event.text}".encode("utf-8", "surrogatepass")
        bits = int.from_bytes(blake2b(said, key=self._key, digest_size=_BYTES).digest(), "big")
        time, pairs = event.time, _PAIRS
        anchor = (
            f"{time[11:13]}{time[14:16]}{time[17:19]}-{pairs[bits >> 46]}{pairs[bits >> 36 & 1023]}"
            f"{pairs[bits >> 26 & 1023]}{pairs[bits >> 16 & 1023]}{pairs[bits >> 6 & 1023]}"
        )
        count = self._taken.get(anchor, 0)
        self._taken[anchor] = count + 1
        return f"{anchor}-{count + 1}" if count else anchor


def aliases(before: list[str], now: list[str]) -> dict[str, list[str]]:
    """Return the former anchors of lines that moved to another second, by their present ones.

    A line of the same digest that was not there before takes those that are gone, in order.
    """
    gone: dict[str, list[str]] = {}
    for anchor in sorted(set(before) - set(now)):
        gone.setdefault(_digest_of(anchor), []).append(anchor)
    found: dict[str, list[str]] = {}
    for anchor in sorted(set(now) - set(before)) if gone else ():
        if former := gone.get(_digest_of(anchor)):
            found[anchor] = [former.pop(0)]
    return found


def _digest_of(anchor: str) -> str:
    return anchor.split("-")[1]
