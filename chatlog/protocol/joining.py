"""How many channels fit into one JOIN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.protocol.isupport import ISupport

MAX_BYTES: Final = 510
"""What a line may hold beside its CR LF; some servers cut it there without a word."""


def join_lines(channels: Iterable[str], isupport: ISupport) -> Iterator[str]:
    """Yield the JOINs for these channels, within line length and TARGMAX."""
    limit = isupport.targets_per_join()
    packed: list[str] = []
    for channel in channels:
        line = "JOIN " + ",".join([*packed, channel])
        if packed and (len(packed) >= limit or len(line.encode()) > MAX_BYTES):
            yield "JOIN " + ",".join(packed)
            packed = []
        packed.append(channel)
    if packed:
        yield "JOIN " + ",".join(packed)
