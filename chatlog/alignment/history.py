"""History: the lines of a history that are new beside known ones.

Pure. Two lines with msgids are the same if the msgids are equal. Without msgids
they are the same if source, type, text and time agree. Each known line stands for
one line of the history: a text that was said twice stays there twice.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.alignment.words import OF_ONE_RECORDER, words_of
from chatlog.event import Event, format_time, parse_time, shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.alignment.words import Words
    from chatlog.casemapping import Casemapping

_SECOND: Final = 1000
_SLACK: Final = 5 * _SECOND
_AROUND: Final = 2 * _SECOND
_WHOLE: Final = ".000Z"
_LOOKED_AT: Final = 256  # lines alike, or moments; of more, a line is rather written twice


class _Known(msgspec.Struct, eq=False):
    """A known line: its time in milliseconds, and the precision of that time.

    `coarse` means that only the second is known; `slack` is the error of our own
    clock. `page` is the number of the last page on which the line was found.
    """

    time: int
    words: Words
    event: Event
    msgid: str
    coarse: bool = False
    slack: int = 0
    page: int = 0
    is_dropped: bool = False


class _AtOneTime:
    """Known lines with the same words and time, of which any may stand for a line.

    Those before position `start` were found on page `page`, or are dropped; there may be
    more such lines behind it. `count` is how many are not dropped.
    """

    # A list, as a deque of one line takes 700 bytes, and there is one for most lines.
    __slots__ = ("count", "lines", "page", "start")

    def __init__(self) -> None:
        self.count = self.page = self.start = 0
        self.lines: list[_Known] = []

    def first(self, page: int, msgid: str) -> _Known | None:
        """Return the first line that was not found on a page and has no other msgid."""
        if self.page != page:
            self.page, self.start = page, 0
            if len(self.lines) > 2 * self.count:
                self.lines = [line for line in self.lines if not line.is_dropped]
        lines, end = self.lines, len(self.lines)
        while self.start < end and not self._is_free(lines[self.start], page):
            self.start += 1
        some = (lines[at] for at in range(self.start, min(end, self.start + _LOOKED_AT)))
        free = (line for line in some if self._is_free(line, page))
        return next((line for line in free if not (msgid and line.msgid)), None)

    def _is_free(self, line: _Known, page: int) -> bool:
        return not (line.is_dropped or line.page == page)


class _Alike:
    """Known lines with the same words, by time."""

    __slots__ = ("at", "times")

    def __init__(self) -> None:
        self.times: list[int] = []
        self.at: dict[int, _AtOneTime] = {}

    def add(self, line: _Known) -> None:
        """Add a line."""
        if line.time not in self.at:
            self.at[line.time] = _AtOneTime()
            insort(self.times, line.time)
        lines = self.at[line.time]
        lines.count += 1
        lines.lines.append(line)

    def drop(self, line: _Known) -> None:
        """Drop a line."""
        line.is_dropped = True
        lines = self.at[line.time]
        lines.count -= 1
        if not lines.count:
            del self.at[line.time]
            del self.times[bisect_left(self.times, line.time)]

    def near(self, time: int) -> Iterator[_AtOneTime]:
        """Yield the lines of that time, or else those of times near it, a bounded number."""
        if time in self.at:
            yield self.at[time]
        middle = bisect_left(self.times, time)
        for other in self.times[max(0, middle - _LOOKED_AT) : middle + _LOOKED_AT]:
            if other != time and abs(other - time) <= _SLACK:
                yield self.at[other]


def around(low: str, high: str) -> tuple[str, str]:
    """Widen a stretch of time by the error of clocks that tell only seconds."""
    return shifted(low, -_AROUND), shifted(high, _AROUND)


class Alignment:
    """The known lines of a target, with which the pages of a history are compared.

    The times of a history count as whole seconds until one has a fraction. The
    lines of a page are known from the next `begin_page` on: pages may overlap,
    while all lines of one page are different.
    """

    def __init__(self, casemapping: Casemapping) -> None:
        self._casemapping = casemapping
        self._msgids: dict[str, _Known] = {}
        self._by_words: dict[Words, _Alike] = {}
        self._earliest: list[tuple[int, int, _Known]] = []  # a heap; told apart by a number
        self._told = 0
        self._fresh: list[_Known] = []
        self._page = 1
        self._coarse = True
        self._after = 0  # the time of the line before, as it stands in the transcript

    def know(self, event: Event, *, coarse: bool = False) -> None:
        """Add a line of the transcript; `coarse` if only its second is known."""
        if event.type not in OF_ONE_RECORDER:
            line = self._line(event)
            line.coarse, line.slack = coarse, 0 if coarse or event.received else _SLACK
            self._know(line)

    def _know(self, line: _Known) -> None:
        if line.msgid:
            self._msgids[line.msgid] = line
        if line.words not in self._by_words:
            self._by_words[line.words] = _Alike()
        self._by_words[line.words].add(line)
        self._told += 1
        heappush(self._earliest, (line.time, self._told, line))

    def begin_page(self) -> None:
        """Add known lines that fetched lines may repeat."""
        self._page += 1
        fresh, self._fresh = self._fresh, []
        for line in fresh:
            self._know(line)

    def forget_before(self, time: str) -> list[Event]:
        """Drop the known lines before a time; return those that no history brought."""
        least, unmet = parse_time(time), []
        while self._earliest and self._earliest[0][0] < least:
            line = heappop(self._earliest)[-1]
            self._drop(line)
            if not line.page:
                unmet.append(line.event)
        return unmet

    def forget_fresh_before(self, time: str) -> None:
        """Drop lines before a time that the history brought since the last `begin_page`."""
        least = parse_time(time)
        fresh, self._fresh = self._fresh, []
        for line in fresh:
            if line.time >= least:
                self._fresh.append(line)
            elif self._msgids.get(line.msgid) is line:
                del self._msgids[line.msgid]

    def forget_found(self) -> None:
        """Drop all lines but those of the transcript that no history has had."""
        unmet = [line for *_, line in self._earliest if not line.page]
        self._msgids, self._by_words, self._earliest, self._fresh = {}, {}, [], []
        for line in unmet:
            self._know(line)

    def found(self) -> Iterator[Event]:
        """Yield the events of all lines that a history brought or repeated."""
        yield from (line.event for *_, line in self._earliest if line.page)
        yield from (line.event for line in self._fresh)

    def events(self) -> Iterator[Event]:
        """Yield the events of all lines that are not dropped."""
        yield from (line.event for *_, line in self._earliest)
        yield from (line.event for line in self._fresh)

    def forget_since(self, time: str) -> None:
        """Drop the known lines at a time and later."""
        least = parse_time(time)
        for line in self._fresh:
            self._know(line)
        self._fresh.clear()
        for *_, line in self._earliest:
            if line.time >= least:
                self._drop(line)
        self._earliest = [entry for entry in self._earliest if entry[0] < least]
        heapify(self._earliest)

    def _drop(self, line: _Known) -> None:
        if self._msgids.get(line.msgid) is line:
            del self._msgids[line.msgid]
        alike = self._by_words[line.words]
        alike.drop(line)
        if not alike.at:
            del self._by_words[line.words]

    def new(self, events: Iterable[Event]) -> list[Event]:
        """Return the lines of a history that are not known, in its order.

        If the history tells only seconds, a line that follows a known one of the
        same second takes its time, so that it stays behind it.
        """
        lines = list(events)
        self._coarse = self._coarse and all(event.time.endswith(_WHOLE) for event in lines)
        found = []
        for event in lines:
            time = parse_time(event.time)
            known = self._find(event, time)
            if known is not None:
                known.page, self._after = self._page, known.time
                continue
            event = self._behind(event, time)  # noqa: PLW2901 - the same, dated
            line = self._line(event)
            line.page = self._page
            self._fresh.append(line)
            if line.msgid:
                self._msgids[line.msgid] = line
            found.append(event)
        return found

    def _line(self, event: Event) -> _Known:
        return _Known(
            parse_time(event.time), words_of(event, self._casemapping), event, event.msgid
        )

    def _find(self, event: Event, time: int) -> _Known | None:
        """Return the known line that an event of the history is, None if it is new."""
        if event.msgid and event.msgid in self._msgids:
            return self._msgids[event.msgid]
        alike = self._by_words.get(words_of(event, self._casemapping))
        nearest, least = None, _SLACK + _SECOND
        for lines in alike.near(time) if alike is not None else ():
            line = lines.first(self._page, event.msgid)
            distance = self._distance(line, time) if line is not None else None
            if distance is not None and distance < least:
                nearest, least = line, distance
            if least == 0:
                break
        return nearest

    def _distance(self, line: _Known, time: int) -> int | None:
        """Return the distance in ms of a known line from a time; None if it is too far."""
        if line.time == time:
            return 0
        if (self._coarse or line.coarse) and line.time // _SECOND == time // _SECOND:
            return 1
        apart = abs(line.time - time)
        return 1 + apart if apart <= line.slack else None

    def _behind(self, event: Event, time: int) -> Event:
        if self._coarse and time < self._after and time // _SECOND == self._after // _SECOND:
            return msgspec.structs.replace(event, time=format_time(self._after))
        self._after = time
        return event
