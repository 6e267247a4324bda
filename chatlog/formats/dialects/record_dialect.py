"""Dialects of records: JSON objects, rows of a database, elements of XML. Pure.

A dialect has a reader, which makes the events of one record. The decoder counts each record
once, and keeps those that are odd.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import format_time
from chatlog.formats.dialects.dialect import (
    MOST_ODD_LINES,
    SHOWN,
    LogTally,
    OddLine,
)
from chatlog.formats.dialects.json_records import JsonRecords
from chatlog.formats.dialects.log_hearing import STEPS, LogHearing
from chatlog.formats.dialects.log_lines import LogLines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo

    from chatlog.event import Event
    from chatlog.formats.dialects.dialect import LogFacts

_MOST_FOREIGN: Final = 100
"""Records of which none is understood before the log is given up as one of another dialect."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

TOO_LONG: Final = "longer or deeper than any message"
OTHER_FORM: Final = "no record of this dialect"
TORN: Final = "the log ends in it, or it is no record of this dialect"
NO_TIME: Final = "no such time"


class UnknownRecordError(ValueError):
    """A record that is not understood; its text says why."""


class RecordReader(ABC):
    """The reader of one log's records: all that differs between dialects.

    `title` names the dialect. `tally` and `target` are as in `LogDecoder`. `is_torn`
    tells of the last piece that the log ends in its last record.
    """

    title: str

    def __init__(self, facts: LogFacts) -> None:
        self.facts = facts
        self.tally = LogTally()
        self.target = ""
        self.is_torn = False

    @abstractmethod
    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the records of a log, some at once; None for one that is too long.

        Raise ValueError for a log that is not of this dialect at all.
        """

    @abstractmethod
    def events_of(self, record: bytes) -> Sequence[Event] | None:
        """Return the events of a record, None if it is noise.

        Raise UnknownRecordError, or an error of msgspec, if it is not understood.
        """

    def last_events(self) -> Sequence[Event]:
        """Return the events that still wait for their time at the end of the log."""
        return ()

    def document(
        self,
        blocks: Iterable[bytes],
        member: str = "",
        read_head: Callable[[bytes], None] | None = None,
    ) -> Iterator[list[bytes | None]]:
        """Yield the records of a JSON document; see `JsonRecords`.

        `read_head` is called once with the members before them, before the first is yielded.
        """
        records = JsonRecords(blocks, member)
        for some in records.pieces():
            if read_head is not None:
                read_head(records.head)
                read_head = None
            self.is_torn = records.is_torn
            yield some
        if read_head is not None:
            read_head(records.head)


class RecordDecoder:
    """The decoder of one log of records; see `LogDecoder`."""

    def __init__(self, reader: RecordReader) -> None:
        self.tally = reader.tally
        self.odd: list[OddLine] = []
        self.hearing = LogHearing(reader.facts.own_nick)
        self._last: dict[tuple[str, str], str] = {}  # times of events, by their places
        self.target = ""
        self._reader = reader
        self._number = 0
        self._is_last_unknown = False

    def events(self, blocks: Iterable[bytes]) -> Iterator[Sequence[Event]]:
        """Yield the events in the order of the log, some at once; see `LogDecoder`."""
        for some in self._reader.pieces(blocks):
            made: list[Event] = []
            for record in some:
                self._number += 1
                made += self._take(record)
                if self.tally.unknown == self._number == _MOST_FOREIGN:
                    self._refuse()
            self.target = self._reader.target
            self._follow(made)
            yield made
        yield self._reader.last_events()
        self.hearing.end(lambda place: self._last.get(place, ""))
        self.target = self._reader.target
        if self._number and self.tally.unknown == self._number and not self.target:
            self._refuse()
        if self._reader.is_torn and self._is_last_unknown:
            self.tally.torn = 1

    def _follow(self, events: Sequence[Event]) -> None:
        """Follow the program's user, if its nick is known, through some events."""
        if not self.hearing.nick:
            return
        for event in events:
            place = event.network, event.target.lower()
            if event.type in STEPS:
                self.hearing.follow(event, self._last.get(place, ""))
            self._last[place] = event.time

    def _refuse(self) -> None:
        raise ValueError(f"none of its records is one of {self._reader.title}")

    def _take(self, record: bytes | None) -> Sequence[Event]:
        """Return the events of the next record, and count it once."""
        self._is_last_unknown = False
        if record is None:
            self._unknown(b"", TOO_LONG)
            return ()
        try:
            made = self._reader.events_of(record)
        except UnknownRecordError as error:
            self._unknown(record, str(error))
            return ()
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            self._unknown(record, TORN if self._reader.is_torn else OTHER_FORM)
            return ()
        if made is None:
            self.tally.noise += 1
            return ()
        self.tally.understood += 1
        return made

    def _unknown(self, record: bytes, why: str) -> None:
        self.tally.unknown += 1
        self._is_last_unknown = True
        if len(self.odd) < MOST_ODD_LINES:
            text = record[: SHOWN * 4].decode(errors="replace")[:SHOWN]
            self.odd.append(OddLine(self._number, text, why))


def rows(blocks: Iterable[bytes]) -> Iterator[list[bytes | None]]:
    """Yield the lines of a log that has one record in each, some at once."""
    for some in LogLines(blocks).pieces():
        yield [
            None if line is None else line.encode()
            for line, _ in some
            if line is None or line.strip()
        ]


def one_word(name: str) -> str:
    """Return a name with `-` for its blanks, which no name of IRC has."""
    return "-".join(name.split())


def channel_name(name: str) -> str:
    """Return the name of a channel, with `#` and without blanks; "" of none."""
    word = one_word(name)
    return word if word.startswith("#") or not word else f"#{word}"


def time_of(milliseconds: float) -> str:
    """Return milliseconds since 1970 as `Event.time`; raise UnknownRecordError for no moment."""
    try:
        return format_time(int(milliseconds))
    except (ValueError, OverflowError) as error:
        raise UnknownRecordError(NO_TIME) from error


def iso_time(text: str, tz: tzinfo) -> str:
    """Return a time of ISO 8601 as `Event.time`; one without a zone is in `tz`.

    Raise UnknownRecordError if it is no moment.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=tz)
        apart = moment.astimezone(UTC) - _EPOCH
    except (ValueError, OverflowError) as error:
        raise UnknownRecordError(NO_TIME) from error
    return time_of((apart.days * 86400 + apart.seconds) * 1000 + apart.microseconds // 1000)
