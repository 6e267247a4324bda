"""The counts of shippers and collectors, and lost messages, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.wording import many

if TYPE_CHECKING:
    from chatlog.bus.collection import Collection
    from chatlog.bus.messages import LostRequest
    from chatlog.bus.shipper import Shipped


def shipped_line(witness: str, shipped: Shipped) -> str:
    """Return the counts of a shipper."""
    return f"{witness}: {many(shipped.messages, 'message')} shipped"


def collected_line(collection: Collection) -> str:
    """Return the counts of a collector."""
    lines = many(sum(collection.lines.values()), "line")
    parts = [f"{lines} added in {many(len(collection.lines), 'target')}"]
    if collection.repeated:
        parts.append(f"{many(collection.repeated, 'message')} had come before")
    if collection.damaged:
        parts.append(f"{many(collection.damaged, 'message')} could not be read")
    return ", ".join(parts)


def lost_line(witness: str, lost: LostRequest) -> str:
    """Return the numbers of lost messages, and whose they are."""
    return f"messages {lost.first:,} to {lost.last:,} of {witness} are lost"
