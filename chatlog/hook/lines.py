"""The lines that a command reads: events as JSON, each with its cursor, and its variables."""

from __future__ import annotations

import os
from collections import Counter, deque
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.formats.visible import printable
from chatlog.read.segment_reader import digests_of

if TYPE_CHECKING:
    from chatlog.read.reader import Entry

_REMEMBERED: Final = 1000  # lines among which equal ones are counted
_LONGEST: Final = 500  # characters of a variable; a server may send longer names


class HookLine(NamedTuple):
    """An event for a command: the line of JSON with its newline, and the cursor in it."""

    entry: Entry
    cursor: str
    data: bytes


class Numbering:
    """Gives each event its cursor: the digest of its line, and the count of equal ones before.

    So an event has the same cursor when it comes again, also after its segment was
    sealed, and two equal lines have two. Only equal lines among the last 1,000 count.
    """

    def __init__(self) -> None:
        self._last: deque[bytes] = deque()
        self._counts: Counter[bytes] = Counter()

    def number(self, entry: Entry) -> HookLine:
        """Return the line of an event; each event that comes is numbered, in order."""
        line = entry.json
        digest = digests_of([line])
        before = self._counts[digest]
        self._remember(digest)
        cursor = digest.hex() + (f"-{before}" if before else "")
        data = b'%s,"cursor":"%s"}\n' % (line.rstrip()[:-1], cursor.encode())
        return HookLine(entry, cursor, data)

    def _remember(self, digest: bytes) -> None:
        self._counts[digest] += 1
        self._last.append(digest)
        if len(self._last) > _REMEMBERED:
            oldest = self._last.popleft()
            self._counts[oldest] -= 1
            if not self._counts[oldest]:
                del self._counts[oldest]


def variables_of(lines: list[HookLine], root: str, *, is_batch: bool) -> dict[str, str]:
    """Return the environment variables for some lines of an archive.

    Their values have no control characters: a line break in one could begin a second
    header of a mail.
    """
    archive = {"CHATLOG_ARCHIVE": os.path.abspath(root)}  # noqa: PTH100 - as typed, a text
    if is_batch:
        return {**archive, "CHATLOG_EVENTS": str(len(lines))}
    (line,) = lines
    event = line.entry.event
    values = {
        "NETWORK": event.network,
        "TARGET": event.target,
        "TYPE": event.type,
        "NICK": event.nick,
        "TIME": event.time,
        "CURSOR": line.cursor,
    }
    named = {f"CHATLOG_{name}": printable(value)[:_LONGEST] for name, value in values.items()}
    return {**archive, **named}
