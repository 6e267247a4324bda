"""Modes in words, as some programs write them: `gives voice to ann` is `+v ann`. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatlog.formats.dialects.forms import Found, Refine


def mode_pattern(words: dict[str, str]) -> str:
    """Return a pattern of the words for modes, with the group `words`."""
    longest_first = sorted(words, key=len, reverse=True)
    return f"(?P<words>{'|'.join(map(re.escape, longest_first))})"


def mode_refine(words: dict[str, str]) -> Refine:
    """Return a refinement that makes `params` of the groups `words` and `to`.

    A mode that is given to several people is one letter for each of them.
    """

    def refine(found: Found) -> Found:
        mode = words[found.pop("words")]
        people = found.pop("to", "").split()
        letters = mode[1:] * max(1, len(people))
        return {**found, "params": " ".join([mode[0] + letters, *people])}

    return refine
