"""What `chatlog stats` shows of counts: tables with bars for people, or JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.cli.show.screen import json_line, write
from chatlog.cli.show.tables import safe, show
from chatlog.cli.show.wording import many
from chatlog.coverage.by_hour import share_of
from chatlog.event import EventType
from chatlog.report import hours
from chatlog.report.people import people_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from chatlog.coverage.by_hour import Attention
    from chatlog.report.counts import Counts
    from chatlog.report.people import Somebody

_BAR: Final = 30
_NICK: Final = 24
_PERIODS: Final = 30
_PARTS: Final = " ▏▎▍▌▋▊▉"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LENGTHS: Final = {"year": 4, "month": 7, "day": 10, "hour": 13}
_SUMS: Final = ("words", "letters", "questions", "links")


class About(NamedTuple):
    """Some targets, what was counted of them together, and when those with a ledger were heard."""

    targets: list[str]
    counts: Counts
    with_ledger: int
    attention: Attention


class _Row(NamedTuple):
    """How much was said in some time, and how much of that time was heard."""

    name: str
    lines: int
    heard: float | None


class Sheet:
    """Show counts in one zone (None: local): `top` people, in periods of some length."""

    def __init__(self, zone: tzinfo | None, *, top: int, period: str, join: bool) -> None:
        self._zone = zone
        self._top = top
        self._period = period
        self._join = join

    def show(self, shown: Iterable[About], *, as_json: bool) -> None:
        """Print them all."""
        if not as_json:
            show(self._apart(shown))
            return
        for about in shown:
            write(b"".join(map(json_line, self._lines(about))))

    def _apart(self, shown: Iterable[About]) -> Iterator[RenderableType]:
        for number, about in enumerate(shown):
            if number:
                yield "\n"
            yield from self._tables(about)

    # -- for programs ------------------------------------------------------------------

    def _lines(self, about: About) -> Iterator[dict[str, Any]]:
        counts = about.counts
        # All names would stand in each line else, and an archive has thousands.
        of = {"target": about.targets[0] if len(about.targets) == 1 else None}
        people = people_in(counts, join=self._join)
        yield {
            "type": "total", "targets": about.targets, "events": counts.events,
            "lines": counts.said, "people": len(people), **_sums(counts), "types": counts.types,
            "first": counts.first, "last": counts.last, "heard": _rounded(about.attention.share),
        }  # fmt: skip
        for kind, rows in (
            ("hour", self._hours(about)),
            ("weekday", self._weekdays(about)),
            ("period", self._periods(about, self._period)),
        ):
            for row in rows:
                yield {"type": kind, **of, kind: row.name, "lines": row.lines,
                       "heard": _rounded(row.heard)}  # fmt: skip
        for somebody in people:
            yield {"type": "person", **of, **_person(somebody)}

    # -- for people --------------------------------------------------------------------

    def _tables(self, about: About) -> Iterator[RenderableType]:
        people = people_in(about.counts, join=self._join)
        yield self._summary(about, people)
        if people:
            periods = self._periods(about, self._period)
            for table in (
                self._people(people),
                _bars("hour", self._hours(about)),
                _bars("weekday", self._weekdays(about)),
                _bars(self._period, periods[-_PERIODS:], earlier=len(periods[:-_PERIODS])),
            ):
                yield ""
                yield table

    def _summary(self, about: About, people: list[Somebody]) -> RenderableType:
        from rich.text import Text  # noqa: PLC0415 - --json does not pay for rich

        counts, sums = about.counts, _sums(about.counts)
        name = about.targets[0] if len(about.targets) == 1 else f"{len(about.targets)} channels"
        days = " to ".join(dict.fromkeys(map(self._day, (counts.first, counts.last))))
        by = many(len(people), "person", "people")
        lines = [
            f"{safe(name)}: {many(counts.said, 'line')} by {by}, {days}",
            ", ".join(
                many(number, what)
                for what, number in (
                    ("word", sums["words"]),
                    ("question", sums["questions"]),
                    ("link", sums["links"]),
                    ("nick change", counts.types.get(EventType.NICK, 0)),
                )
            )
            + f", {many(counts.events, 'event')} in all",
            f"{self._heard(about)}{self._peaks(about)}",
        ]
        return Text("\n".join(lines))

    def _heard(self, about: About) -> str:
        """Say how much was heard, and of what, where that is not all that is shown."""
        share, known, shown = about.attention.share, about.with_ledger, len(about.targets)
        if share is None:
            return "how much of the time was heard is not known"
        begin = self._day(min(about.attention.meant))
        since = f" since {begin}" if begin > self._day(about.counts.first) else ""
        where = f" in {known:,} of {shown:,} channels" if known < shown else ""
        return f"heard {_percent(share)} of the time{since}{where}"

    def _peaks(self, about: About) -> str:
        said = []
        for period in ("day", "hour"):
            rows = [row for row in self._periods(about, period) if row.lines]
            if rows:
                most = max(rows, key=lambda row: row.lines)
                name = f"{most.name.replace('T', ' ')}:00" if period == "hour" else most.name
                said.append(f"; busiest {period} {name} ({many(most.lines, 'line')})")
        return "".join(said)

    def _people(self, people: list[Somebody]) -> RenderableType:
        table = _table("who")
        for name in ("lines", "words", "a line", "questions", "links", "last"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("also", overflow="ellipsis")
        for somebody in people[: self._top]:
            total = somebody.total
            table.add_row(
                _named(total.nick), f"{total.lines:,}", f"{total.words:,}",
                f"{total.words / total.lines:,.1f}", f"{total.questions:,}", f"{total.links:,}",
                self._day(total.last), _named(" ".join(somebody.nicks[1:])),
            )  # fmt: skip
        if len(people) > self._top:
            _note(table, f"and {len(people) - self._top:,} more; --top shows them")
        return table

    # -- times -------------------------------------------------------------------------

    def _day(self, time: str) -> str:
        return safe(hours.day_of(time, self._zone))

    def _hours(self, about: About) -> list[_Row]:
        lines, heard, meant = (hours.by_hour(each, self._zone) for each in _slots(about))
        names = [f"{hour:02}" for hour in range(24)]
        return _rows(names, lines, heard, meant)

    def _weekdays(self, about: About) -> list[_Row]:
        return _rows(_DAYS, *(hours.by_weekday(each, self._zone) for each in _slots(about)))

    def _periods(self, about: About, period: str) -> list[_Row]:
        """List the periods in which something was said, or was to be heard."""
        lines, heard, meant = (
            hours.by_period(each, self._zone, _LENGTHS[period]) for each in _slots(about)
        )
        names = sorted({*lines, *meant})
        return _rows(names, *([each[name] for name in names] for each in (lines, heard, meant)))


def _slots(about: About) -> tuple[Mapping[str, int], ...]:
    return about.counts.slots, about.attention.heard, about.attention.meant


def _rows(
    names: Iterable[str], lines: Sequence[int], heard: Sequence[int], meant: Sequence[int]
) -> list[_Row]:
    return [
        _Row(name, number, share_of(*times))
        for name, number, *times in zip(names, lines, heard, meant, strict=True)
    ]


def _sums(counts: Counts) -> dict[str, int]:
    return {name: sum(getattr(person, name) for person in counts.people.values()) for name in _SUMS}


def _person(somebody: Somebody) -> dict[str, Any]:
    total = somebody.total
    return {
        "nick": total.nick,
        "nicks": somebody.nicks,
        "account": somebody.account,
        "lines": total.lines,
        **{name: getattr(total, name) for name in _SUMS},
        "first": total.first,
        "last": total.last,
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


def _percent(share: float | None) -> str:
    """Write a share so that only what is whole says 100 %, and nothing where it is not known."""
    if share is None:
        return ""
    return "100 %" if share == 1 else f"{min(share, 0.999):.1%}".replace("%", " %")


def _table(first: str) -> Table:
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, overflow="ellipsis", max_width=_NICK)
    return table


def _named(text: str) -> Text:
    """Make names a cell that gives way to numbers; `[m]` in them is no markup."""
    from rich.text import Text  # noqa: PLC0415 - as above

    return Text(safe(text), no_wrap=True, overflow="ellipsis")


def _bars(title: str, rows: list[_Row], earlier: int = 0) -> RenderableType:
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
    """Draw a bar in eighths of a letter."""
    whole, eighths = divmod(round(share * _BAR * 8), 8)
    return "█" * whole + (_PARTS[eighths] if eighths else "")
