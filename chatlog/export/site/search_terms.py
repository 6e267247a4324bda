"""The terms by which lines are found in a page: words, pairs of CJK characters, speakers. Pure.

`search.js` takes a query apart in the same way: change both together.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import filterfalse, pairwise
from operator import sub
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST: Final = 32
"""The characters of a word that count."""

_ANY: Final = "surrogatepass"

_CJK: Final = "\\u3040-\\u30fa\\u30fc-\\u30ff\\u3400-\\u9fff\\uac00-\\ud7af"
_APART: Final = bytes(
    each if each > ord("\x7f") or chr(each).isalnum() else ord(" ") for each in range(256)
).lower()
"""A table for `bytes.translate`: letters of ASCII in lower case, its signs as spaces."""

_RUNS: Final = re.compile(rf"([{_CJK}]+)|([^\W_{_CJK}]+)")
_MASK: Final = 0xFFFFFFFF


def terms_of(text: str) -> set[bytes]:
    """Return the terms of a text, in UTF-8.

    A run of letters and digits is a word, in lower case. CJK characters, which write no spaces,
    are terms each, and with their neighbours; words of other letters end at them.
    """
    # One pass over bytes cuts a page in a fifth of the time of a pattern; only words with other
    # letters than those of ASCII need the pattern, each once.
    found = {*text.encode(errors=_ANY).translate(_APART).split()}
    if others := [*filterfalse(bytes.isascii, found)]:
        found.difference_update(others)
        found.update(map(str.encode, _other_terms(b" ".join(others).decode(errors=_ANY))))
    if found and max(map(len, found)) > LONGEST:
        return {_cut(term) for term in found}
    return found


def _other_terms(words: str) -> set[str]:
    """Return the terms of words with letters of all languages."""
    found: set[str] = set()
    for run, word in set(_RUNS.findall(words.lower().replace("ς", "σ"))):
        if word:
            found.add(word[:LONGEST])
        else:
            found.update(run)
            found.update(map("".join, pairwise(run)))
    return found


def _cut(term: bytes) -> bytes:
    """Return the first characters of a term, those that count."""
    return term[:LONGEST] if term.isascii() else term


PREFIX: Final = 3
"""The characters of a term that decide its shard: terms that begin alike lie together."""


@lru_cache(maxsize=65_536)
def shard_of(term: str, count: int) -> int:
    """Return the number of the shard of a term, or of the `PREFIX` with which it begins."""
    value = 2166136261
    for byte in term[:PREFIX].encode("utf-8", "surrogatepass"):
        value = ((value ^ byte) * 16777619) & _MASK
    return value % count


_SMALL: Final = [f"{number:x}" for number in range(1024)]


def packed(pages: Iterable[int]) -> str:
    """Return rising page numbers as the distances between them, in hexadecimal."""
    numbers = [*pages]
    if len(numbers) == 1:  # most terms
        return f"{numbers[0]:x}"
    distances = map(sub, numbers, [0, *numbers])
    return ",".join([_SMALL[each] if each < len(_SMALL) else f"{each:x}" for each in distances])


def unpacked(text: str) -> list[int]:
    """Return the page numbers that `packed` wrote."""
    last, found = 0, []
    for each in text.split(","):
        last += int(each, 16)
        found.append(last)
    return found
