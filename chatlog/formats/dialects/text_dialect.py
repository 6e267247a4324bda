"""Dialects of lines: a stamp, and behind it one of a table of forms. Pure.

The forms of messages stand before those of events in each table, so that nobody can forge an
event by saying it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import TALK, Event, EventType
from chatlog.formats.dialects.dialect import (
    MOST_ODD_LINES,
    SHOWN,
    LogFacts,
    LogTally,
    NoDateError,
    OddLine,
)
from chatlog.formats.dialects.event_maker import EventMaker
from chatlog.formats.dialects.forms import (
    CHANNEL,
    CLOSED,
    CONTINUED,
    DAY,
    LOST,
    NOISE,
    OPENED,
    OWN_NICK,
    PREFIXES,
    REJOIN,
    REPEAT,
    SPLIT,
    by_first_letter,
    form,
    talk_by_first_letter,
)
from chatlog.formats.dialects.log_hearing import STEPS, LogHearing
from chatlog.formats.dialects.log_lines import LogLines, TextLine
from chatlog.formats.dialects.log_playback import LogPlayback
from chatlog.formats.dialects.log_times import LogTimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.formats.dialects.forms import Form, Found, Talk

HIDDEN: Final = "people of a netsplit whose names the log leaves out"
AMBIGUOUS: Final = "another kind of event has the same form"
_TABLES: Final = 256
_NEVER: Final = "\n"
"""A text with which no line begins."""


class TextTable(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The table of a dialect of lines.

    `stamps` are patterns of the stamps with which lines begin, with all that stands before
    the form: the first that fits most lines is tried first. No stamp may be the beginning of
    a longer one. `forms` are tried in order; `marks` are the forms of lines without a stamp.
    `continues` tells that any other line without a stamp goes on with the message before it.
    `has_bytes` tells that the program writes the bytes that came. Events of the types
    `homeless` belong to no channel unless something names one. `clean` changes each line
    before it is read.
    """

    name: str
    stamps: tuple[str, ...]
    forms: tuple[Form, ...]
    marks: tuple[Form, ...] = ()
    continues: bool = False
    has_bytes: bool = False
    homeless: frozenset[str] = frozenset()
    clean: Callable[[str], str] | None = None

    @property
    def tells_nicks(self) -> bool:
        """Whether a log of a channel has who changes nicks there."""
        kinds = {each.kind for each in self.forms}
        return EventType.NICK in kinds and EventType.NICK not in self.homeless

    def decoder(self, facts: LogFacts) -> TextDecoder:
        """Return the decoder of one log."""
        return TextDecoder(self, facts)


@lru_cache(maxsize=_TABLES)
def _by_first_letter(table: TextTable) -> tuple[dict[str, tuple[Form, ...]], dict[str, Talk]]:
    """Return the forms of a table by their first letters, and those of talk; see `forms`."""
    forms = by_first_letter(table.forms)
    return forms, talk_by_first_letter(forms)


class TextDecoder:
    """The decoder of one log of lines; see `LogDecoder`."""

    def __init__(self, table: TextTable, facts: LogFacts) -> None:
        self.tally = LogTally()
        self.odd: list[OddLine] = []
        told = facts.own_nicks
        self.hearing = LogHearing(
            facts.own_nick, told or (), tells_nicks=table.tells_nicks or told is not None
        )
        self.target = ""
        self._table = table
        self._facts = facts
        self._via = f"import:{table.name}"
        self._forms, self._quick = _by_first_letter(table)
        self._times = LogTimes(table.stamps, facts, self.tally)
        self._maker = EventMaker(table.name, table.homeless, facts, self.tally, self.hearing)
        self._playback = LogPlayback(self.tally)
        self._number = 0
        self._encoding = ""
        self._made: list[Event] = []
        self._pause = 0  # the number of the last line that gave no event
        self._kinds: dict[str, Callable[[Found], bool]] = {
            NOISE: self._noise,
            DAY: self._times.begin_day,
            OPENED: self._open,
            CLOSED: self._close,
            LOST: self._lose,
            CHANNEL: self._name_channel,
            OWN_NICK: self._name_own_nick,
            SPLIT: self._split,
            REJOIN: self._rejoin,
            REPEAT: self._repeat,
            CONTINUED: self._continue,
        }

    def events(self, blocks: Iterable[bytes]) -> Iterator[Sequence[Event]]:
        """Yield the events in the order of the log, some at once; see `LogDecoder`."""
        lines = LogLines(blocks, self._facts.encoding)
        clean = self._table.clean
        for some in lines.pieces():
            if clean is not None:
                some = [(clean(line) if line else line, codec) for line, codec in some]  # noqa: PLW2901
            if not self._number:
                apart = 1 + len(some) // _SAMPLE
                self._times.choose([line for line, _ in some[::apart] if line])
            self._take_lines(some)
            self.target = self._maker.target
            ready, self._made = self._made[:-1], self._made[-1:]  # the last may go on
            self._playback.follow(ready)
            yield ready
        last = self._times.time if self.hearing.is_marked else self._last
        self.hearing.end(lambda _place: last)
        self._playback.follow(self._made)
        self._playback.end()
        yield self._made
        self._made = []

    # -- lines -------------------------------------------------------------------------

    def _take_lines(self, lines: Sequence[TextLine]) -> None:
        """Take the next lines: count each once, and make its events.

        Talk, which is nearly all of a log, takes a short way.
        """
        times, clock, add = self._times, self._times.clock, self._made.append
        quick, otherwise = self._quick, self._quick.get("")
        network, target, via = self._facts.network, self._facts.target, self._via
        received, has_bytes = self._facts.received, self._table.has_bytes
        before, others, stamp = self._number, 0, _NEVER
        for number, (line, encoding) in enumerate(lines, before + 1):
            if line is None or not line.startswith(stamp):
                try:
                    end = clock.read(line) if line is not None else -1
                except (ValueError, OverflowError, KeyError):
                    end = -1
                stamp = line[:end] if line and end > 0 and clock.knows_minutes else _NEVER
            if (
                line is not None
                and end >= 0
                and (talk := quick.get(line[end : end + 1], otherwise)) is not None
                and (found := talk[1](line, end)) is not None
            ):
                nick, text = found.groups()
                times.time = time = clock.time
                add(
                    Event(
                        time=time,
                        received=received,
                        network=network,
                        target=target,
                        type=talk[0],
                        nick=nick,
                        text=text,
                        via=via,
                        encoding=encoding if has_bytes else "",
                    )
                )
                continue
            others, stamp = others + 1, _NEVER
            self._number, self._encoding = number, encoding if has_bytes else ""
            self._take(line, end)
        self._number = before + len(lines)
        self.tally.understood += len(lines) - others

    def _take(self, line: str | None, end: int) -> None:
        """Take a line of any kind, None for one that is too long.

        `end` is the length of its stamp, -1 if none is read yet.
        """
        if line is None:
            self._unknown("", "longer than any message")
            return
        if end >= 0:
            self._times.time = self._times.clock.time
        else:
            try:
                end = self._times.read(line)
            except NoDateError:
                if not self._take_first_date(line):
                    raise
                return
            except (ValueError, OverflowError, KeyError):
                self._unknown(line, "no such time")
                return
        if end < 0:
            self._take_unstamped(line)
            return
        forms = self._forms.get(line[end : end + 1]) or self._forms[""]
        if not self._take_form(line, end, forms):
            self._unknown(line, "no form of this dialect")

    def _take_first_date(self, line: str) -> bool:
        """Take a stamped line that itself tells the date, which none before it did."""
        days = [each for each in self._table.forms if each.kind in {DAY, OPENED}]
        return any(self._take_form(line, end, days) for end in self._times.lengths(line))

    def _take_form(self, line: str, start: int, forms: Sequence[Form]) -> bool:
        """Make the events of a line, from a place on, if it has one of some forms."""
        for each in forms:
            if line.startswith(each.lead, start) and (
                found := each.pattern.fullmatch(line, start + len(each.lead))
            ):
                self._use(each, found, line)
                return True
        return False

    def _take_unstamped(self, line: str) -> None:
        if self._take_form(line, 0, self._table.marks):
            return
        if self._table.continues and self._continue({"text": line}):
            self.tally.understood += 1
            return
        if line.strip():
            self._unknown(line, "no time stamp")
        else:
            self._pause = self._number
            self.tally.noise += 1

    def _is_behind_talk(self) -> bool:
        """Return whether the line before was a message, action or notice."""
        return bool(self._made) and self._made[-1].type in TALK and self._pause < self._number - 1

    def _unknown(self, line: str, why: str) -> None:
        self._pause = self._number
        self.tally.unknown += 1
        self._keep_odd(line, why, is_ambiguous=False)

    def _keep_odd(self, line: str, why: str, *, is_ambiguous: bool) -> None:
        if len(self.odd) < MOST_ODD_LINES:
            self.odd.append(OddLine(self._number, line[:SHOWN], why, is_ambiguous))

    def _use(self, used: Form, match: re.Match[str], line: str) -> None:
        """Make the events of a line of a form."""
        if used.is_plain and (time := self._times.time):
            fields = match.groupdict("")
            self._make(self._maker.plain(used.kind, fields, time, self._encoding))
            self.tally.understood += 1
            return
        found = {key: value for key, value in match.groupdict().items() if value}
        if used.refine is not None:
            found = used.refine(found)
        if used.note:
            self.tally.note(used.note)
        special = self._kinds.get(used.kind)
        if special is None:
            self._make(self._event(used, found), is_own=used.is_own)
        elif not special(found):
            no_message = used.kind == CONTINUED
            self._unknown(line, "no message before" if no_message else "no such time")
            return
        if used.kind in _SILENT:
            self._pause = self._number
        if used.kind in {NOISE, LOST}:
            self.tally.noise += 1
        elif used.is_ambiguous:
            self.tally.ambiguous += 1
            self._keep_odd(line, AMBIGUOUS, is_ambiguous=True)
        else:
            self.tally.understood += 1

    def _make(self, event: Event, *, is_own: bool = False) -> None:
        """Add an event, and follow one in which a person comes or goes."""
        if event.type in STEPS:
            self.hearing.follow(event, self._last, is_own=is_own)
        self._made.append(event)

    @property
    def _last(self) -> str:
        """The time of the last event, "" before the first."""
        return self._made[-1].time if self._made else ""

    def _event(self, used: Form, found: Found) -> Event:
        """Return the event of the fields that a form found."""
        self._times.start()
        return self._maker.event(used, found, self._times.time, self._encoding)

    # -- lines that are no event by themselves -----------------------------------------

    def _noise(self, _found: Found) -> bool:
        return True

    def _name_channel(self, found: Found) -> bool:
        self._maker.target = found.get("target", "")
        self._maker.enter(self._maker.target)
        self.hearing.know_as(found.get("nick", self.hearing.nick))
        return "day" not in found or self._times.begin_day(found)

    def _name_own_nick(self, found: Found) -> bool:
        self.hearing.know_as(found.get("nick", ""))
        return True

    def _open(self, found: Found) -> bool:
        """Begin a stretch of hearing at a mark of opening."""
        if known := self._times.mark(found):
            self.hearing.open(self._times.time, self._last)
            self._playback.open(self._times.time, len(self._made))
        return known

    def _close(self, found: Found) -> bool:
        """End the stretch of hearing at a mark of closing."""
        if known := self._times.mark(found):
            self.hearing.close(self._times.time)
        return known

    def _lose(self, _found: Found) -> bool:
        """End the stretch of hearing where a line tells that the connection is lost."""
        self.hearing.lose(self._last)
        return True

    def _split(self, found: Found) -> bool:
        """Make one quit of a netsplit for each nick that is named; note those that are not."""
        nicks = [each.lstrip(PREFIXES) for each in re.split(r",?\s+", found.get("nicks", ""))]
        split = f"{found.get('one', '')} {found.get('other', '')}".strip()
        for nick in filter(None, nicks):
            self._made.append(self._event(_QUIT, {"nick": nick, "text": split, "split": split}))
        self.tally.note(HIDDEN, int(found.get("more", "0")[:_DIGITS]))
        return True

    def _rejoin(self, found: Found) -> bool:
        """Make one join for each nick that comes back when a netsplit is over."""
        for nick in filter(None, re.split(r",?\s+", found.get("nicks", ""))):
            self._made.append(self._event(_JOIN, {"nick": nick.lstrip(PREFIXES)}))
        self.tally.note(HIDDEN, int(found.get("more", "0")[:_DIGITS]))
        return True

    def _continue(self, found: Found) -> bool:
        """Add a line to the message before; return False if there is none, or a too long one."""
        if not self._is_behind_talk() or len(self._made[-1].text) >= _LONGEST_TEXT:
            return False
        text = f"{self._made[-1].text}\n{found.get('text', '')}"
        self._made[-1] = msgspec.structs.replace(self._made[-1], text=text)
        return True

    def _repeat(self, found: Found) -> bool:
        """Make the event before once more, as often as the line says, within bounds."""
        count = int(found.get("count", "1")[:_DIGITS])
        if not self._made or self._pause == self._number - 1 or count > _MOST_REPEATS:
            self.tally.note("messages said again that cannot be told", count)
            return True
        self._made += self._made[-1:] * count
        self._pause = self._number  # a repeat of a repeat is none
        self.tally.note("messages said again, without their times", count)
        return True


_SILENT: Final = frozenset({NOISE, LOST, DAY, OPENED, CLOSED, CHANNEL, OWN_NICK})
_SAMPLE: Final = 30
_QUIT: Final = form(EventType.QUIT, "", "")
_JOIN: Final = form(EventType.JOIN, "", "")
_MOST_REPEATS: Final = 100
_DIGITS: Final = 9
_LONGEST_TEXT: Final = 64 * 1024
