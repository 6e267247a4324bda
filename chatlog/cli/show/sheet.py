"""Statistics as text: a summary, a table of people, a line of hours, and bars of days."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from chatlog.cli.show.screen import can_show
from chatlog.cli.show.sparkline import hours_of_day
from chatlog.cli.show.tables import show
from chatlog.event import EventType
from chatlog.formats.visible import printable
from chatlog.formats.wording import many
from chatlog.report import hours
from chatlog.report.people import people_in
from chatlog.report.statistics import busiest, hour_rows, period_rows, sums_of, weekday_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from rich.console import RenderableType

    from chatlog.report.people import Somebody
    from chatlog.report.statistics import Statistics, TimeRow

_BAR: Final = 30
_NICK: Final = 24
_PERIODS: Final = 30
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


class Sheet:
    """Statistics in one zone (None: local), with the `top` people and periods of one length."""

    def __init__(self, zone: tzinfo | None, *, top: int, period: str, join: bool) -> None:
        self._zone = zone
        self._top = top
        self._period = period
        self._join = join

    def show(self, shown: Iterable[Statistics]) -> None:
        """Write the tables of each statistics, blank lines between them."""
        show(self._apart(shown))

    def _apart(self, shown: Iterable[Statistics]) -> Iterator[RenderableType]:
        for number, statistics in enumerate(shown):
            if number:
                yield "\n"
            yield from self._tables(statistics)

    def _tables(self, statistics: Statistics) -> Iterator[RenderableType]:
        people = people_in(statistics.counts, join=self._join)
        yield self._summary(statistics, people)
        if people:
            periods = period_rows(statistics, self._zone, self._period)
            for table in (
                self._people(people),
                hours_of_day(hour_rows(statistics, self._zone)),
                _bars("weekday", weekday_rows(statistics, self._zone)),
                _bars(self._period, periods[-_PERIODS:], earlier=len(periods[:-_PERIODS])),
            ):
                yield ""
                yield table

    def _summary(self, statistics: Statistics, people: list[Somebody]) -> Text:
        counts, targets = statistics.counts, statistics.targets
        name = "/".join(targets[0]) if len(targets) == 1 else many(len(targets), "channel")
        days = " to ".join(dict.fromkeys(map(self._day, (counts.first, counts.last))))
        by = many(len(people), "person", "people")
        lines = [
            f"{printable(name)}: {many(counts.said, 'line')} by {by}, {days}",
            _sums(statistics),
            f"{self._heard(statistics)}{self._peaks(statistics)}",
        ]
        return Text("\n".join(lines))

    def _heard(self, statistics: Statistics) -> str:
        """Return the covered share, and since when and in how many channels if not in all."""
        share, attention = statistics.attention.share, statistics.attention
        if share is None:
            return "share of the time that was heard: unknown"
        begin = self._day(min(attention.meant))
        since = f" since {begin}" if begin > self._day(statistics.counts.first) else ""
        known, shown = statistics.with_ledger, len(statistics.targets)
        where = f" in {known:,} of {shown:,} channels" if known < shown else ""
        return f"heard {_percent(share)} of the time{since}{where}"

    def _peaks(self, statistics: Statistics) -> str:
        peaks = []
        for period in ("day", "hour"):
            if row := busiest(statistics, self._zone, period):
                name = _hour(row.name) if period == "hour" else row.name
                peaks.append(f"; busiest {period} {name} ({many(row.lines, 'line')})")
        return "".join(peaks)

    def _people(self, people: list[Somebody]) -> Table:
        table = _table("who")
        several = len({each.network for each in people}) > 1
        if several:
            table.add_column("network", overflow="ellipsis", max_width=_NICK, no_wrap=True)
        for name in ("lines", "words", "a line", "questions", "links", "last"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("also", overflow="ellipsis")
        for somebody in people[: self._top]:
            total = somebody.total
            table.add_row(
                _named(total.nick), *([_named(somebody.network)] if several else []),
                f"{total.lines:,}", f"{total.words:,}",
                f"{total.words / total.lines:,.1f}", f"{total.questions:,}", f"{total.links:,}",
                self._day(total.last), _named(" ".join(somebody.nicks[1:])),
            )  # fmt: skip
        if len(people) > self._top:
            _note(table, f"and {len(people) - self._top:,} more; --top shows them")
        return table

    def _day(self, time: str) -> str:
        return printable(hours.day_of(time, self._zone))


def _hour(name: str) -> str:
    """Return an hour as `2026-10-25 02:00`, with the offset from UTC if the name has one."""
    day, _, hour = name.partition("T")
    return f"{day} {hour[:2]}:00 {hour[2:]}".rstrip()


def _sums(statistics: Statistics) -> str:
    counts, sums = statistics.counts, sums_of(statistics.counts)
    parts = (
        many(sums["words"], "word"),
        many(sums["questions"], "question"),
        many(sums["links"], "link"),
        many(counts.types.get(EventType.NICK, 0), "nick change"),
        *([many(counts.netsplits, "netsplit")] if counts.splits else []),
        f"{many(counts.events, 'event')} in all",
    )
    return ", ".join(parts)


def _percent(share: float | None) -> str:
    """Return a share as `68.3 %`, "" if unknown; a share below 1 is never 100 %."""
    if share is None:
        return ""
    return "100 %" if share == 1 else f"{min(share, 0.999):.1%}".replace("%", " %")


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, overflow="ellipsis", max_width=_NICK)
    return table


def _named(text: str) -> Text:
    """Return names as a cell that gives way to numbers; `[m]` in a nick is no markup."""
    return Text(printable(text), no_wrap=True, overflow="ellipsis")


def _bars(title: str, rows: list[TimeRow], earlier: int = 0) -> Table:
    most = max((row.lines for row in rows), default=0) or 1
    table = _table(title)
    table.add_column("lines", justify="right", no_wrap=True)
    table.add_column("heard", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name, lines, heard in rows:
        table.add_row(name, f"{lines:,}", _percent(heard), _bar(lines / most))
    if earlier:
        _note(table, f"and {earlier:,} before; --json shows them")
    return table


def _note(table: Table, text: str) -> None:
    table.caption, table.caption_justify = text, "left"


def _bar(share: float) -> str:
    """Return a bar in eighths of a letter, in ASCII of whole ones if stdout has no blocks."""
    if not can_show("█" + _EIGHTHS):
        return "#" * ceil(share * _BAR)
    whole, eighths = divmod(round(share * _BAR * 8), 8)
    return "█" * whole + (_EIGHTHS[eighths] if eighths else "")
