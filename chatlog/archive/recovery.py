"""The events that keep a line torn by a crash.

Pure: whoever cuts the torn bytes off writes these events in their place.
"""

from __future__ import annotations

import base64
from typing import Final

from chatlog.event import Event, EventType

_PIECE: Final = 8 * 1024


def recovered(torn: bytes, zeros: int, *, time: str, network: str, target: str) -> list[Event]:
    """Make the events that keep torn bytes, in pieces of 8 KiB, and say how many zeros followed."""

    def event(text: str, raw: str = "") -> Event:
        kind = EventType.RECOVERED
        return Event(time=time, network=network, target=target, type=kind, text=text, raw=raw)

    pieces = [torn[at : at + _PIECE] for at in range(0, len(torn), _PIECE)]
    events = [
        event(piece.decode("utf-8", "backslashreplace"), base64.b64encode(piece).decode("ascii"))
        for piece in pieces
    ]
    return [*events, event(f"{zeros} zero bytes")] if zeros else events
