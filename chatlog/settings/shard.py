"""Shards: which of several recorders with the same configuration this one is."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from chatlog.errors import UsageError

MOST: Final = 10_000
"""The most shards of one configuration."""

_SHARD: Final = re.compile(r"(\d{1,5})/(\d{1,5})", re.ASCII)


class Shard(msgspec.Struct, frozen=True):
    """The number of a recorder, from 1, and how many share the channels."""

    number: int
    count: int


def parse_shard(text: str) -> Shard | None:
    """Return the shard of a text such as `2/5`, None for an empty one.

    Raise UsageError for any other text.
    """
    if not text:
        return None
    found = _SHARD.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no shard; say 2/5 for the second of five")
    number, count = int(found[1]), int(found[2])
    if not 1 <= number <= count <= MOST:
        raise UsageError(f"{text!r} is no shard; the first number is from 1 to the second")
    return Shard(number, count)


def spell_shard(shard: Shard | None) -> str:
    """Return the text of a shard."""
    return f"{shard.number}/{shard.count}" if shard else ""
