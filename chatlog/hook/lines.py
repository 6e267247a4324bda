"""The lines that a command reads: events as JSON, each with its cursor, and its variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.formats.visible import printable
from chatlog.read.segment_reader import digests_of

if TYPE_CHECKING:
    from chatlog.read.reader import Entry

REMEMBERED: Final = 1000
"""The number of lines in a row whose cursors all differ: equal lines among them are counted."""
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
        self._last: dict[bytes, tuple[int, int]] = {}  # count and place, the oldest first
        self._place = 0

    def number(self, entry: Entry) -> HookLine:
        """Return the line of an event; each event that comes is numbered, in order."""
        line = entry.json
        digest = digests_of([line])
        before = self._count_of(digest)
        cursor = digest.hex() + (f"-{before}" if before else "")
        data = b'%s,"cursor":"%s"}\n' % (line.rstrip()[:-1], cursor.encode())
        return HookLine(entry, cursor, data)

    def _count_of(self, digest: bytes) -> int:
        """Return the number of equal lines before, each near the next; remember this one."""
        before, _ = self._last.pop(digest, (-1, 0))
        self._last[digest] = before + 1, self._place
        self._place += 1
        oldest = next(iter(self._last))
        if self._last[oldest][1] < self._place - REMEMBERED:
            del self._last[oldest]
        return before + 1


def archive_variable(root: str) -> dict[str, str]:
    """Return the environment variable that names an archive."""
    return {"CHATLOG_ARCHIVE": os.path.abspath(root)}  # noqa: PTH100 - as typed, a text


def variables_of(lines: list[HookLine], root: str, *, is_batch: bool) -> dict[str, str]:
    """Return the environment variables for some lines of an archive.

    Their values have no control characters: a line break in one could begin a second
    header of a mail.
    """
    archive = archive_variable(root)
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
