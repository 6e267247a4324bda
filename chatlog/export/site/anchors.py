"""Anchors: the names of lines in a page, which never change. Pure.

An anchor is the second of a line in UTC and ten letters of a keyed digest over its type, nick
and text: `181503-abcdefghij`. A bare digest would tell whether a hidden line says a guessed
word, so the key stays in the archive. Equal lines of one second are numbered.
"""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatlog.event import Event

_BYTES: Final = 7  # ten letters have 50 bits, and six are left over
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"  # as RFC 4648 has them, in lower case
_PAIRS: Final = [one + other for one in _LETTERS for other in _LETTERS]
_named: Final = attrgetter("time", "type", "nick", "text")


class Anchors:
    """The anchors of the lines of pages, made with the key of an archive."""

    def __init__(self, key: bytes) -> None:
        self._keyed = blake2b(key=key, digest_size=_BYTES)  # a copy takes less time than the key

    def of(self, events: Iterable[Event]) -> list[str]:
        """Return the anchors of the lines of a page, in the order of the page."""
        copied, number, pairs = self._keyed.copy, int.from_bytes, _PAIRS
        found = []
        for time, kind, nick, text in map(_named, events):
            digest = copied()
            digest.update(f"{kind}\n{nick}\n{text}".encode("utf-8", "surrogatepass"))
            bits = number(digest.digest(), "big")
            found.append(
                f"{time[11:19].replace(':', '')}-{pairs[bits >> 46]}"
                f"{pairs[bits >> 36 & 1023]}{pairs[bits >> 26 & 1023]}"
                f"{pairs[bits >> 16 & 1023]}{pairs[bits >> 6 & 1023]}"
            )
        return found if len({*found}) == len(found) else _numbered(found)


def _numbered(anchors: Iterable[str]) -> list[str]:
    """Return anchors with a number at each that is there already."""
    taken: Counter[str] = Counter()
    found = []
    for anchor in anchors:
        taken[anchor] += 1
        found.append(f"{anchor}-{taken[anchor]}" if taken[anchor] > 1 else anchor)
    return found


Former: TypeAlias = "Mapping[str, Sequence[str]]"
"""The anchors of the lines of a page that is there, each with its aliases."""


def anchors_in(page: bytes) -> dict[str, list[str]]:
    """Return the anchors of the lines of a page in HTML, each with its aliases."""
    pieces = page.split(b'<p id="')
    found: dict[str, list[str]] = {}
    for before, piece in pairwise(pieces):
        anchor = piece[: piece.find(b'"')].decode("ascii", "replace")
        aliases = _ALIAS.findall(before[before.rfind(b"\n") + 1 :])
        found[anchor] = [each.decode() for each in aliases]
    return found


def aliases_now(former: Former, now: Sequence[str]) -> dict[str, list[str]]:
    """Return the aliases of the anchors of a page, whose former page had `former`.

    A line that moved to another second takes its former anchor and the aliases of that: among
    those of the same digest the first one that is new takes those of the first one that is gone.
    """
    present = set(now)
    gone: dict[str, list[list[str]]] = {}
    for anchor in sorted(former.keys() - present):
        gone.setdefault(_digest_of(anchor), []).append([anchor, *former[anchor]])
    found = {anchor: [*others] for anchor, others in former.items() if anchor in present}
    for anchor in sorted(present - former.keys()) if gone else ():
        if waiting := gone.get(_digest_of(anchor)):
            found[anchor] = waiting.pop(0)
    return {
        anchor: others
        for anchor, some in found.items()
        if (others := [each for each in some if each not in present])
    }


def _digest_of(anchor: str) -> str:
    return anchor[:17].partition("-")[2]


_ALIAS: Final = re.compile(rb'<a id="(\d{6}-[a-z2-7]{10}(?:-\d+)?)"></a>')
