"""Netsplits of one connection: which quits and joins belong to one, and its two servers.

The batches `netsplit` and `netjoin` name them. On a connection without such batches, the
reason of a quit does, and the people who quit so are remembered: their next JOIN, from
the same address, within an hour, is their return.
See https://ircv3.net/specs/batches/netsplit
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import parse_time
from chatlog.netsplit import LONGEST_NAMES, split_in_reason

if TYPE_CHECKING:
    from chatlog.protocol.facts import Turn
    from chatlog.protocol.line import Handler, Line
    from chatlog.protocol.message import Message

MAX_BATCHES: Final = 64
"""Batches that are open at a time; beyond it the first ones are forgotten."""

MAX_PARTED: Final = 8192
"""People whose return is awaited; beyond it the first ones are forgotten."""

LONGEST_SPLIT: Final = 3_600_000
"""Milliseconds within which a JOIN is a return from a netsplit."""

LONGEST_RETURN: Final = 60_000
"""Milliseconds within which all channels are joined again."""

MOVES: Final = frozenset({"JOIN", "QUIT"})
"""The commands whose events may belong to a netsplit."""

_BATCHES: Final = frozenset({"netsplit", "netjoin"})
_LONGEST_SOURCE: Final = 512


class _Parted(msgspec.Struct):
    split: str
    quit_at: str
    back_at: str = ""


class Netsplits:
    """The open batches of netsplits, and the people whom one parted from us."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}
        self._parted: dict[str, _Parted] = {}
        self._has_batches = False

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of the commands that begin and end a netsplit."""
        return {"BATCH": self._on_batch}

    def of(self, message: Message, batch: str, received: str, *, is_live: bool) -> str:
        """Return the two servers of the netsplit that a QUIT or JOIN belongs to; "" for none."""
        if split := self._open.get(batch, ""):
            return split
        if message.command == "JOIN":
            return self._return_of(message.source, received) if self._parted and is_live else ""
        reason = message.params[0] if message.params and not self._has_batches else ""
        split = split_in_reason(reason)
        if is_live and (split or self._parted):
            self._part(message.source, split, received)
        return split

    def _part(self, source: str, split: str, received: str) -> None:
        """Remember a person who quit in a netsplit; forget one who left otherwise."""
        self._parted.pop(source, None)
        if split and len(source) <= _LONGEST_SOURCE:
            if len(self._parted) >= MAX_PARTED:
                del self._parted[next(iter(self._parted))]
            self._parted[source] = _Parted(split, received)

    def _return_of(self, source: str, received: str) -> str:
        parted = self._parted.get(source)
        if parted is None:
            return ""
        now = parse_time(received)
        begin, longest = parted.quit_at, LONGEST_SPLIT
        if parted.back_at:
            begin, longest = parted.back_at, LONGEST_RETURN
        if not 0 <= now - parse_time(begin) <= longest:
            del self._parted[source]
            return ""
        parted.back_at = parted.back_at or received
        return parted.split

    def _on_batch(self, line: Line, _turn: Turn) -> None:
        reference, kind, *servers = [*line.params, "", ""]
        if reference[:1] == "-":
            self._open.pop(reference[1:], None)
            return
        names = [name for name in servers[:2] if name and " " not in name]
        split = " ".join(names)
        if not reference[1:]:  # or the lines of no batch would belong to it
            return
        if kind in _BATCHES and len(names) == 2 and len(split) <= LONGEST_NAMES:  # noqa: PLR2004 - the two servers
            self._has_batches = True
            if len(self._open) >= MAX_BATCHES:  # of which the first one hardly goes on
                del self._open[next(iter(self._open))]
            self._open[reference[1:]] = split
