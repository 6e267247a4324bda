"""Dialects of lines: a stamp, and behind it one of a table of forms. Pure.

The forms of messages stand before those of events in each table, so that nobody can forge an
event by saying it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.event import SERVER, TALK, Event, EventType
from chatlog.formats.dialects.dialect import (
    MOST_ODD_LINES,
    SHOWN,
    HeardStretch,
    LogFacts,
    LogTally,
    NoDateError,
    OddLine,
)
from chatlog.formats.dialects.forms import (
    CHANNEL,
    CLOSED,
    CONTINUED,
    DAY,
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
from chatlog.formats.dialects.log_clock import LogClock
from chatlog.formats.dialects.log_lines import LogLines, TextLine
from chatlog.formats.dialects.mode_change import mode_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.formats.dialects.forms import Form, Found

NAMELESS: Final = "lines by the program's user, whose nick the log does not tell"
HIDDEN: Final = "people of a netsplit whose names the log leaves out"
AMBIGUOUS: Final = "another kind of event has the same form"


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

    def decoder(self, facts: LogFacts) -> TextDecoder:
        """Return the decoder of one log."""
        return TextDecoder(self, facts)


class TextDecoder:
    """The decoder of one log of lines; see `LogDecoder`."""

    def __init__(self, table: TextTable, facts: LogFacts) -> None:
        self.tally = LogTally()
        self.odd: list[OddLine] = []
        self.heard: list[HeardStretch] = []
        self.target = ""
        self._table = table
        self._facts = facts
        self._via = f"import:{table.name}"
        self._forms = by_first_letter(table.forms)
        self._quick = talk_by_first_letter(self._forms)
        self._clocks: list[LogClock] = []
        self._own_nick = facts.own_nick
        self._time = ""
        self._opened = ""
        self._number = 0
        self._encoding = ""
        self._made: list[Event] = []
        self._pause = 0  # the number of the last line that gave no event
        self._kinds: dict[str, Callable[[Found], bool]] = {
            NOISE: self._noise,
            DAY: self._day,
            OPENED: self._open,
            CLOSED: self._close,
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
            if not self._clocks:
                self._clocks = self._choose_stamp(some)
            self._take_lines(some)
            ready, self._made = self._made[:-1], self._made[-1:]  # the last may go on
            yield ready
        if self._opened and self._time:
            self.heard.append(HeardStretch(self._opened, max(self._opened, self._time)))
        yield self._made
        self._made = []

    def _choose_stamp(self, lines: Sequence[TextLine]) -> list[LogClock]:
        """Return the clocks for all forms of stamp, first the one that most of some lines have."""
        facts = self._facts
        clocks = [
            LogClock(re.compile(each, re.ASCII), facts.date, facts.tz, self.tally)
            for each in self._table.stamps
        ]
        texts = [line for line, _ in lines[:1000] if line]
        counts = [sum(each.length(text) >= 0 for text in texts) for each in clocks]
        best = max(range(len(clocks)), key=lambda number: (counts[number], -number))
        return [clocks[best], *clocks[:best], *clocks[best + 1 :]]

    # -- lines -------------------------------------------------------------------------

    def _take_lines(self, lines: Sequence[TextLine]) -> None:
        """Take the next lines: count each once, and make its events.

        Talk, which is nearly all of a log, takes a short way.
        """
        clock, add = self._clocks[0], self._made.append
        quick, otherwise = self._quick, self._quick.get("")
        network, target, via = self._facts.network, self._facts.target, self._via
        received = self._facts.received
        before, understood, has_bytes = self._number, 0, self._table.has_bytes
        for number, (line, encoding) in enumerate(lines, before + 1):
            try:
                end = clock.read(line) if line is not None else -1
            except (ValueError, OverflowError, KeyError):
                end = -1
            if (
                line is not None
                and end >= 0
                and (talk := quick.get(line[end : end + 1], otherwise)) is not None
                and (found := talk[1](line, end)) is not None
            ):
                nick, text = found.groups()
                self._time = time = clock.time
                understood += 1
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
            else:
                self._number, self._encoding = number, encoding if has_bytes else ""
                if line is None:
                    self._unknown("", "longer than any message")
                else:
                    self._take(line, end)
        self._number = before + len(lines)
        self.tally.understood += understood

    def _take(self, line: str, end: int) -> None:
        """Take a line of any kind; `end` is the length of its stamp, -1 if none is read yet."""
        if end >= 0:
            self._time = self._clocks[0].time
        else:
            try:
                end = self._read_stamp(line)
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

    def _read_stamp(self, line: str) -> int:
        """Return the length of a stamp in any form, and set the time; -1 if there is none."""
        first = self._clocks[0]
        for clock in self._clocks:
            clock.follow(first)
            if (end := clock.read(line)) >= 0:
                self._time = clock.time
                first.follow(clock)
                return end
        return -1

    def _take_first_date(self, line: str) -> bool:
        """Take a stamped line that itself tells the date, which none before it did."""
        days = [each for each in self._table.forms if each.kind in {DAY, OPENED}]
        ends = [clock.length(line) for clock in self._clocks]
        return any(self._take_form(line, end, days) for end in ends if end >= 0)

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
        found = {key: value for key, value in match.groupdict().items() if value}
        if used.refine is not None:
            found = used.refine(found)
        if used.note:
            self.tally.note(used.note)
        special = self._kinds.get(used.kind)
        if special is None:
            self._made.append(self._event(used, found))
        elif not special(found):
            no_message = used.kind == CONTINUED
            self._unknown(line, "no message before" if no_message else "no such time")
            return
        if used.kind == NOISE:
            self.tally.noise += 1
        elif used.is_ambiguous:
            self.tally.ambiguous += 1
            self._keep_odd(line, AMBIGUOUS, is_ambiguous=True)
        else:
            self.tally.understood += 1

    def _event(self, used: Form, found: Found) -> Event:
        """Return the event of the fields that a form found."""
        fields: dict[str, Any] = found
        named = fields.pop("target", "")
        self.target = self.target or named
        target = self._facts.target or named
        if named and used.kind in TALK and not _is_file_of(target, named):
            target = named
        if not target and used.kind in self._table.homeless:
            target = SERVER
        if "params" in fields:
            fields["command"], fields["params"] = mode_change(fields["params"])
        if "now" in fields:
            fields["params"] = tuple(fields.pop("now").split("@", 1))
        if used.is_own:
            fields["subject" if used.kind == EventType.KICK else "nick"] = self._own_nick
            if not self._own_nick:
                self.tally.note(NAMELESS)
        if used.kind == EventType.NICK and fields.get("nick") == self._own_nick:
            self._own_nick = fields.get("subject", "")
        if not self._time:  # before the first stamp
            self._time = self._clocks[0].time_at({})
        return Event(
            time=self._time,
            received=self._facts.received,
            network=self._facts.network,
            target=target,
            type=used.kind,
            via=self._via,
            encoding=self._encoding,
            **fields,
        )

    # -- lines that are no event by themselves -----------------------------------------

    def _noise(self, _found: Found) -> bool:
        self._pause = self._number
        return True

    def _moment(self, found: Found) -> bool:
        """Set the day and the time of a mark; return False if there is no such time."""
        if not found.get("day"):
            return True
        try:
            mark = LogClock(_ANY, "", self._facts.tz, self.tally)
            self._time = mark.time_at(found)
        except (ValueError, OverflowError, KeyError):
            return False
        if mark.date is not None:
            for clock in self._clocks:
                clock.set_date(mark.date)
        return True

    def _day(self, found: Found) -> bool:
        time = self._time
        known = self._moment({"hour": "0", "minute": "0", **found})
        self._time = max(time, self._time)
        return known

    def _open(self, found: Found) -> bool:
        known = self._moment(found)
        self._opened = self._time
        return known

    def _close(self, found: Found) -> bool:
        known = self._moment(found)
        if self._opened and self._time >= self._opened:
            self.heard.append(HeardStretch(self._opened, self._time))
        self._opened = ""
        return known

    def _name_channel(self, found: Found) -> bool:
        self.target = found.get("target", "")
        self._own_nick = found.get("nick", self._own_nick)
        return True

    def _name_own_nick(self, found: Found) -> bool:
        self._own_nick = found.get("nick", "")
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
        self.tally.note("messages said again, without their times", count)
        return True


def _is_file_of(target: str, named: str) -> bool:
    """Return whether a target, as a path tells it, can be one that a line names."""
    return target.casefold().replace("/", "_") == named.casefold().replace("/", "_")


_ANY: Final = re.compile("")
_QUIT: Final = form(EventType.QUIT, "", "")
_JOIN: Final = form(EventType.JOIN, "", "")
_MOST_REPEATS: Final = 1000
_DIGITS: Final = 9
_LONGEST_TEXT: Final = 64 * 1024
