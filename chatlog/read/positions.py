"""Positions of a reader: how far each segment of each target was read."""

from __future__ import annotations

from typing import Final

import msgspec

DIGEST: Final = 8
"""Bytes of the digest of one line."""


class Read(msgspec.Struct, frozen=True):
    """The position in one segment: bytes read, highest time, sealed or not, digests of its lines.

    Of a sealed one they are of the lines that were read of its parts before.
    """

    position: int
    last_time: str
    sealed: bool
    digests: bytes | bytearray


Positions = dict[str, dict[str, Read]]
"""By target and segment."""
