"""The rows of a conversation: lines as they were said, and the recorders that heard each. Pure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from chatlog.alignment.words import OF_ONE_RECORDER, words_of
from chatlog.event import EventType, own_time

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from chatlog.alignment.words import Words
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event


class HeardLine(NamedTuple):
    """A line as one recorder heard it: its stamp in milliseconds, and its key.

    Other recorders need not have a line that `is_own`: one whose connection broke parts without a
    PART. One that `is_coming` is the JOIN of the recorder itself. `origin` tells the line from all
    others but equal ones of the same moment.
    """

    time: int
    key: Words
    origin: Hashable
    is_own: bool = False
    is_join: bool = False
    is_part: bool = False
    is_coming: bool = False


def heard_line(event: Event, time: int, casemapping: Casemapping, recorder: str) -> HeardLine:
    """Return an event as a recorder heard it."""
    key = words_of(event, casemapping)
    return HeardLine(
        time,
        key,
        (recorder, own_time(event), key),
        event.type in OF_ONE_RECORDER or event.type == EventType.PARTED,
        key[0] == EventType.JOIN,
        key[0] == EventType.PART,
        event.type == EventType.JOINED,
    )


_NO_WORDS: Words = ("", "", "", "", "", ())
_NOBODY = frozenset[str]()


@cache
def _with(some: frozenset[str], recorder: str) -> frozenset[str]:
    """Return recorders and another one, as the same object for many rows."""
    return some | {recorder}


class SharedRow:
    """A line of the conversation: its time in milliseconds, its key, and who heard it.

    `came` are the recorders whose record begins with it, `passed` those that have heard a later
    line first. Rows are linked, as lines are put between them.
    """

    __slots__ = ("after", "before", "came", "heard", "is_own", "key", "passed", "time")

    def __init__(self, time: int = 0, key: Words = _NO_WORDS, *, is_own: bool = True) -> None:
        self.time, self.key, self.is_own = time, key, is_own
        self.heard = self.came = self.passed = _NOBODY
        self.before = self.after = self

    @property
    def begins_records(self) -> bool:
        """Whether the record of each recorder that has heard it begins with it."""
        return self.heard <= self.came

    def hear(self, recorder: str, *, begins: bool) -> None:
        """Note that a recorder has heard it, with which its record may begin."""
        self.heard = _with(self.heard, recorder)
        if begins:
            self.came = _with(self.came, recorder)

    def pass_over(self, recorder: str) -> None:
        """Note that a recorder has heard a later line first."""
        self.passed = _with(self.passed, recorder)


class Rows:
    """Rows in the order in which they were said; `end` stands before the first, and after the last.

    Their times rise, but for lines that clocks contradict.
    """

    def __init__(self) -> None:
        self.end = SharedRow()

    def put(self, line: HeardLine, after: SharedRow) -> SharedRow:
        """Put a line before a row, and return its own."""
        row = SharedRow(line.time, line.key, is_own=line.is_own)
        self._link(row, after)
        return row

    def move(self, row: SharedRow, after: SharedRow) -> None:
        """Put a row before another one, unless it stands before it already."""
        if all(each is not row for each in self.behind(after)):
            return
        row.before.after, row.after.before = row.after, row.before
        self._link(row, after)

    def _link(self, row: SharedRow, after: SharedRow) -> None:
        row.before, row.after = after.before, after
        row.before.after = row.after.before = row

    def date(self, row: SharedRow) -> None:
        """Give a new row a time not before the row before it.

        It is before that of the row behind it if that leaves a time.
        """
        if row.after is not self.end:
            row.time = min(row.time, row.after.time - 1)
        if row.before is not self.end:
            row.time = max(row.time, row.before.time)

    def drop_before(self, time: int) -> list[SharedRow]:
        """Drop and return the rows before the first one that is not earlier than a moment."""
        dropped = []
        while (row := self.end.after) is not self.end and row.time < time:
            self.end.after, row.after.before = row.after, self.end
            dropped.append(row)
        return dropped

    def behind(self, row: SharedRow) -> Iterator[SharedRow]:
        """Yield the rows behind one in their order, and behind the end all rows."""
        while (row := row.after) is not self.end:
            yield row

    def from_last(self) -> Iterator[SharedRow]:
        """Yield all rows, the last one first."""
        row = self.end
        while (row := row.before) is not self.end:
            yield row

    def like(self, line: HeardLine, recorder: str, reach: int) -> Iterator[SharedRow]:
        """Yield the rows with the words of a line that a recorder has not heard, the last first.

        They lie within `reach` milliseconds of it.
        """
        for row in self.from_last():
            if row.time < line.time - reach:
                return
            is_near = row.time <= line.time + reach
            if is_near and row.key == line.key and recorder not in row.heard:
                yield row
