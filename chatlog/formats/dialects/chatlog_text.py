"""chatlog's own text, from an archive or an export: see docs/transcript-format.md.

A line that is in none of its forms is not understood. A message of several lines counts each.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.event import TALK, Event, EventType
from chatlog.formats.dialects.dialect import (
    MOST_ODD_LINES,
    SECOND,
    SHOWN,
    Dialect,
    LogFacts,
    LogTally,
    NoDateError,
    OddLine,
)
from chatlog.formats.dialects.log_hearing import STEPS, LogHearing
from chatlog.formats.dialects.log_lines import LogLines
from chatlog.formats.plain import Plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NAME: Final = "chatlog-text"
_CLOCK: Final = re.compile(r"\[(\d\d):\d\d:\d\d\] ", re.ASCII)
_HALF_A_DAY: Final = 12
_LONGEST_TEXT: Final = 64 * 1024


class ChatlogTextDecoder:
    """The decoder of one log of chatlog's text; see `LogDecoder`."""

    def __init__(self, facts: LogFacts) -> None:
        self.tally = LogTally()
        self.odd: list[OddLine] = []
        self.hearing = LogHearing(facts.own_nick)
        self.target = ""
        self._facts = facts
        self._plain = Plain(tz=facts.tz)
        self._day = facts.date
        self._hour = 0
        self._live = ""
        self._number = 0
        self._made: list[Event] = []

    def events(self, blocks: Iterable[bytes]) -> Iterator[Sequence[Event]]:
        """Yield the events in the order of the log, some at once; see `LogDecoder`."""
        for some in LogLines(blocks, self._facts.encoding).pieces():
            for line, _ in some:
                self._number += 1
                self._take(line)
            ready, self._made = self._made[:-1], self._made[-1:]  # the last one may go on
            yield ready
        last = self._last
        self.hearing.end(lambda _place: last)
        yield self._made
        self._made = []

    @property
    def _last(self) -> str:
        """The time of the last event, "" before the first."""
        return self._made[-1].time if self._made else ""

    def _take(self, line: str | None) -> None:
        """Take the next line: count it once, and make its event."""
        if line is None:
            self._unknown("", "longer than any message")
            return
        if not line.strip():
            self.tally.noise += 1
            return
        try:
            event = self._decode(line)
        except NoDateError:
            raise
        except (ValueError, OverflowError):
            self._unknown(line, "no time stamp of chatlog, or no form behind it")
            return
        if event.text.startswith("\n") and not self._go_on(event):
            self._unknown(line, "no message that it goes on with")
            return
        self.tally.understood += 1

    def _decode(self, line: str) -> Event:
        """Return the event of a line; raise ValueError if it has no form of chatlog's."""
        self._step(line)
        facts = self._facts
        event = self._plain.decode(
            line.encode(),
            network=facts.network,
            target=facts.target,
            day=self._day,
            after=self._live,
        )
        if event.type == EventType.OTHER and not event.nick:
            raise ValueError("a sentence of no form")
        if not event.via:
            self._live = event.time
        event = replace(event, via=event.via or f"import:{NAME}", received=facts.received)
        if not event.text.startswith("\n"):
            if event.type in STEPS:
                self.hearing.follow(event, self._last)
            self._made.append(event)
        return event

    def _step(self, line: str) -> None:
        """Follow a stamp without a date to its day, over midnight."""
        clock = _CLOCK.match(line)
        if clock is None:
            return
        if not self._day:
            raise NoDateError("its stamps have no date")
        hour = int(clock[1])
        if hour < self._hour - _HALF_A_DAY:
            self._day = (date.fromisoformat(self._day) + timedelta(days=1)).isoformat()
        self._hour = hour

    def _go_on(self, event: Event) -> bool:
        """Add a further line to the message before; return False if it is not of that."""
        if not self._made or event.type not in TALK:
            return False
        last = self._made[-1]
        is_same = (last.time, last.type, last.nick) == (event.time, event.type, event.nick)
        if not is_same or len(last.text) >= _LONGEST_TEXT:
            return False
        self._made[-1] = replace(last, text=last.text + event.text)
        return True

    def _unknown(self, line: str, why: str) -> None:
        self.tally.unknown += 1
        if len(self.odd) < MOST_ODD_LINES:
            self.odd.append(OddLine(self._number, line[:SHOWN], why))


DIALECT: Final = Dialect(
    name=NAME,
    title="chatlog, its text",
    proven="run",
    decoder=ChatlogTextDecoder,
    grain=SECOND,
    paths=("{network}/{channel}/{date}.log", "{network}/{channel}/{year}-{month}.log"),
    lacks="milliseconds, accounts, ids, hosts of speakers, formatting unless it was kept",
)
