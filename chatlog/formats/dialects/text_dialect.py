"""Dialects of lines: a stamp, and behind it one of a table of forms. Pure.

The forms of messages stand before those of events in each table, so that nobody can forge an
event by saying it.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.event import Event, EventType
from chatlog.formats.dialects.dialect import (
    MOST_ODD_LINES,
    SHOWN,
    HeardStretch,
    LogFacts,
    LogTally,
    NoDateError,
    OddLine,
)
from chatlog.formats.dialects.log_clock import LogClock
from chatlog.formats.dialects.log_lines import LogLines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Found = dict[str, str]
    """The named groups of a form that matched, without the empty ones."""
    Refine = Callable[[Found], Found]
    """Changes what a pattern found, as where a group needs more than a pattern to split it."""

NOISE: Final = "-noise"
DAY: Final = "-day"
OPENED: Final = "-opened"
CLOSED: Final = "-closed"
CHANNEL: Final = "-channel"
OWN_NICK: Final = "-own-nick"
SPLIT: Final = "-split"
REPEAT: Final = "-repeat"
"""Kinds of line that are no event by themselves: remarks, a new day (with the groups of a
stamp), the beginning and the end of listening (the same groups), the channel that follows
(`target`), the nick of the program's user (`nick`), quits of many (`nicks`, `more`, and the
servers `one` and `other`), and a
message said again (`count`)."""

PREFIXES: Final = "~&@%+!"
"""The marks of status that programs show before a nick."""

NICK: Final = r"(?P<nick>[^\s<>]+)"
SUBJECT: Final = r"(?P<subject>\S+)"
TARGET: Final = r"(?P<target>\S+)"
MASK: Final = r"(?P<user>[^@\s]*)@(?P<host>\S*?)"
TEXT: Final = r"(?P<text>.*)"
"""Pieces of patterns: a nick, a person that something is done to, a channel, `user@host`,
the rest of the line."""

_WEEKDAY: Final = r"(?:[A-Z][a-z]{2} )?"
CTIME: Final = (
    _WEEKDAY + r"(?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d)"
    r":(?P<second>\d\d) (?P<year>\d{4})"
)
"""A date and time as C's `ctime` writes it: `Mon Nov 23 19:30:42 2026`."""
CDATE: Final = _WEEKDAY + r"(?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2}) (?P<year>\d{4})"
"""A date in the words of `ctime`: `Mon Nov 23 2026`."""
CLOCK_TIME: Final = r"(?P<hour>\d\d):(?P<minute>\d\d)"
CLOCK_SECONDS: Final = CLOCK_TIME + r":(?P<second>\d\d)"
ISO_DATE: Final = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"

AMBIGUOUS: Final = "an action and an event have the same form"


class Form(msgspec.Struct, frozen=True):
    """One form of line: the kind of event, the text with which it begins, and the rest.

    `pattern` matches all that follows `lead`, and names the fields of the event. `refine`
    changes what it found. A line of an ambiguous form counts so.
    """

    kind: str
    lead: str
    pattern: re.Pattern[str]
    refine: Refine | None = None
    is_ambiguous: bool = False


def form(
    kind: str, lead: str, pattern: str, refine: Refine | None = None, *, is_ambiguous: bool = False
) -> Form:
    """Return a form of line; its pattern must match to the end."""
    return Form(kind, lead, re.compile(pattern, re.DOTALL), refine, is_ambiguous)


class TextTable(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The table of a dialect of lines.

    `stamps` are patterns of the stamps with which lines begin, with all that stands before
    the form: the first that fits most lines is taken for the whole log. `forms` are tried in
    order; `marks` are the forms of lines without a stamp. `continues` tells that any other line
    without a stamp goes on with the message before it. `has_bytes` tells that the
    program writes the bytes that came.
    """

    name: str
    stamps: tuple[str, ...]
    forms: tuple[Form, ...]
    marks: tuple[Form, ...] = ()
    continues: bool = False
    has_bytes: bool = False

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
        self._forms = _by_first_letter(table.forms)
        self._clock: LogClock | None = None
        self._clocks: list[LogClock] = []
        self._own_nick = facts.own_nick
        self._time = ""
        self._opened = ""
        self._number = 0
        self._encoding = ""
        self._made: list[Event] = []
        self._kinds: dict[str, Callable[[Found], bool]] = {
            NOISE: self._noise,
            DAY: self._day,
            OPENED: self._open,
            CLOSED: self._close,
            CHANNEL: self._name_channel,
            OWN_NICK: self._name_own_nick,
            SPLIT: self._split,
            REPEAT: self._repeat,
        }

    def events(self, blocks: Iterable[bytes]) -> Iterator[Sequence[Event]]:
        """Yield the events in the order of the log, some at once; see `LogDecoder`."""
        lines = LogLines(blocks, self._facts.encoding)
        for some in lines.pieces():
            if self._clock is None:
                self._choose_stamp(some)
            for line, encoding in some:
                self._number += 1
                self._encoding = encoding if self._table.has_bytes else ""
                self._take(line)
            keep = 1 if self._table.continues and self._made else 0
            ready = self._made[: len(self._made) - keep]
            self._made = self._made[len(ready) :]
            yield ready
        if self._opened and self._time:
            self.heard.append(HeardStretch(self._opened, max(self._opened, self._time)))
        yield self._made
        self._made = []

    # -- stamps ------------------------------------------------------------------------

    def _choose_stamp(self, lines: Sequence[tuple[str | None, str]]) -> None:
        """Choose the form of stamp that most of some lines have."""
        patterns = [re.compile(each) for each in self._table.stamps]
        texts = [line for line, _ in lines[:1000] if line]
        counts = [sum(each.match(text) is not None for text in texts) for each in patterns]
        best = max(range(len(patterns)), key=lambda number: (counts[number], -number))
        facts = self._facts
        self._clocks = [
            LogClock(pattern, facts.date, facts.tz, self.tally)
            for pattern in (patterns[best], *patterns[:best], *patterns[best + 1 :])
        ]
        self._clock = self._clocks[0]

    def _stamp(self, line: str) -> tuple[re.Match[str], LogClock] | None:
        """Return the stamp of a line with its clock: nearly always that of the lines before."""
        for clock in self._clocks:
            if (found := clock.match(line)) is not None:
                if clock is not self._clock:
                    assert self._clock is not None  # noqa: S101 - chosen before
                    if self._clock.date is not None:
                        clock.set_date(self._clock.date)
                return found, clock
        return None

    # -- lines -------------------------------------------------------------------------

    def _take(self, line: str | None) -> None:
        """Take the next line: count it once, and make its events."""
        if line is None:
            self._unknown("", "longer than any message")
            return
        stamp = self._stamp(line)
        if stamp is None:
            self._take_unstamped(line)
            return
        found, clock = stamp
        try:
            self._time = clock.time_of(found)
        except NoDateError:
            raise
        except (ValueError, OverflowError, KeyError):
            self._unknown(line, "no such time")
            return
        body = line[found.end() :]
        if clock is not self._clock and clock.date is not None and self._clock is not None:
            self._clock.set_date(clock.date)
        forms = self._forms.get(body[:1])
        if forms is None:
            forms = self._forms[""]
        self._take_form(line, body, forms)

    def _take_unstamped(self, line: str) -> None:
        for each in self._table.marks:
            if line.startswith(each.lead) and (
                found := each.pattern.fullmatch(line, len(each.lead))
            ):
                self._use(each, found, line)
                return
        if not line.strip():
            self.tally.noise += 1
        elif self._table.continues and self._made:
            last = self._made[-1]
            self._made[-1] = msgspec.structs.replace(last, text=f"{last.text}\n{line}")
            self.tally.understood += 1
        else:
            self._unknown(line, "no time stamp")

    def _take_form(self, line: str, body: str, forms: Sequence[Form]) -> None:
        for each in forms:
            lead = each.lead
            if body.startswith(lead) and (found := each.pattern.fullmatch(body, len(lead))):
                self._use(each, found, line)
                return
        self._unknown(line, "no form of this dialect")

    def _unknown(self, line: str, why: str) -> None:
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
        special = self._kinds.get(used.kind)
        if special is None:
            self._made.append(self._event(used.kind, found))
        elif not special(found):
            self._unknown(line, "no such time")
            return
        if used.kind == NOISE:
            self.tally.noise += 1
        elif used.is_ambiguous:
            self.tally.ambiguous += 1
            self._keep_odd(line, AMBIGUOUS, is_ambiguous=True)
        else:
            self.tally.understood += 1

    def _event(self, kind: str, found: Found) -> Event:
        """Return the event that has the fields which a form found."""
        facts = self._facts
        fields: dict[str, Any] = found
        if target := fields.pop("target", ""):
            self.target = self.target or target
        if "params" in fields:
            command, *params = fields["params"].split()
            fields["command"], fields["params"] = command, tuple(params)
        if kind == EventType.NICK and not fields.get("nick"):
            fields["nick"] = self._own_nick
            self._own_nick = fields.get("subject", "")
        return Event(
            time=self._time,
            network=facts.network,
            target=facts.target or target,
            type=kind,
            via=self._via,
            encoding=self._encoding,
            **fields,
        )

    # -- lines that are no event by themselves -----------------------------------------

    def _noise(self, _found: Found) -> bool:
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
        return True

    def _name_own_nick(self, found: Found) -> bool:
        self._own_nick = found.get("nick", "")
        return True

    def _split(self, found: Found) -> bool:
        """Make one quit of a netsplit for each nick that is named; note those that are not."""
        nicks = [each.lstrip(PREFIXES) for each in re.split(r",?\s+", found.get("nicks", ""))]
        split = f"{found.get('one', '')} {found.get('other', '')}".strip()
        for nick in filter(None, nicks):
            self._made.append(
                self._event(EventType.QUIT, {"nick": nick, "text": split, "split": split})
            )
        if more := found.get("more"):
            self.tally.note("people of a netsplit whose names the log leaves out", int(more))
        return True

    def _repeat(self, found: Found) -> bool:
        """Make the message before once more, as often as the line says, within bounds."""
        count = int(found.get("count", "1"))
        if not self._made or count > _MOST_REPEATS:
            self.tally.note("messages said again that cannot be told", count)
            return True
        self._made += [self._made[-1]] * count
        self.tally.note("messages said again, without their times", count)
        return True


_ANY: Final = re.compile("")
_MOST_REPEATS: Final = 1000


def _by_first_letter(forms: Sequence[Form]) -> dict[str, tuple[Form, ...]]:
    """Return the forms by the first letter of their leads; under "" those without a lead.

    Each letter has the forms without a lead too, in the order of the table.
    """
    letters = {each.lead[:1] for each in forms} | {""}
    return {
        letter: tuple(each for each in forms if each.lead[:1] in {letter, ""}) for letter in letters
    }


def day_of(found: Found) -> date:
    """Return the date of a found ISO date."""
    return date(int(found["year"]), int(found["month"]), int(found["day"]))
