"""Events as lines on stdout: in colour, in columns, under their days on a terminal."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from chatlog import clock
from chatlog.cli.show.gap_lines import gap_run_line
from chatlog.formats.about_messages import Authors
from chatlog.formats.terminal import (
    BREAK,
    LineFormat,
    Span,
    columns,
    local_time,
    parts,
    place,
    width_of,
)
from chatlog.formats.visible import visible
from chatlog.formats.wrapping import hanging, hanging_lines
from chatlog.report.split_runs import SplitRun, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date, tzinfo

    from chatlog.archive.targets import Target
    from chatlog.cli.show.painting import Painter
    from chatlog.event import Event
    from chatlog.formats.terminal import Find
    from chatlog.read.reader import Entry
    from chatlog.report.gap_runs import GapRun
    from chatlog.report.json_records import Record

_MAX_TARGET_WIDTH: Final = 20
_MARK: Final = "*** "
_AT_ONCE: Final = 500
_BYTES: Final = 1024 * 1024
_Thing = TypeVar("_Thing")
# Compiled when asked for: only `--json` of records needs them.
_SURROGATE: Final = "[\ud800-\udfff]"
_NOT_PLAIN: Final = r"[^\x00-\x7f]+"
_RELATIVE: Final = {0: "today", 1: "yesterday"}


def write(data: bytes) -> None:
    """Write all bytes to stdout, at once."""
    rest = memoryview(data)
    while rest:  # where Python does not buffer, one call may take less
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


def encoded(text: str) -> bytes:
    """Encode a text for stdout; characters that it cannot show become escapes."""
    return text.encode(sys.stdout.encoding or "utf-8", "backslashreplace")


def can_show(text: str) -> bool:
    """Return whether stdout has all characters of a text in its encoding."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def as_json_lines(entries: Iterable[Entry]) -> bytes:
    """Return events as JSON lines: those that were recorded so, byte for byte."""
    return b"".join(entry.json + b"\n" for entry in entries)


def json_line(record: Record) -> bytes:
    """Return a record as one line of JSON in ASCII, which is safe to `cat`.

    Half a surrogate pair, as of a file name that is not UTF-8, becomes U+FFFD: no
    reader of JSON has to take it.
    """
    import json

    text = json.dumps(msgspec.to_builtins(record), ensure_ascii=False)
    whole = re.sub(_SURROGATE, "\N{REPLACEMENT CHARACTER}", text)
    line = re.sub(_NOT_PLAIN, lambda match: json.dumps(match[0])[1:-1], whole)
    return line.replace("\x7f", r"\u007f").encode() + b"\n"


class Screen:
    """Events as coloured lines.

    Targets and networks are shown where there is more than one. Dates stand
    above the events of each day with `headings`, else before each time, where
    not everything is of today or `dates` says so.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        tz: tzinfo | None,
        paint: Painter,
        *,
        find: Find | None = None,
        headings: bool = False,
        dates: bool = False,
    ) -> None:
        self._tz = tz
        self._paint = paint
        self._targets = len(targets)
        self._networks = len({target.network for target in targets})
        self._shown: set[tuple[str, str]] = set()
        self._width = 0
        self._headings = headings
        self._columns = 0  # of a terminal, which may change
        self._dates = dates
        self._day: date | None = None
        self._authors = Authors()
        self._kept = LineFormat(
            tz, formatting=paint.has_colors, author_of=self._authors.of, breaks=True
        )
        if find is not None:
            self._kept = self._kept._replace(find=find)

    def __call__(self, events: Sequence[Event], gaps: Sequence[GapRun] = ()) -> bytes:
        """Return the lines of some events, and among them a line for each run of gaps."""
        self._columns = terminal_columns()
        layout, shown, begin = self._layout(events), [], 0
        for run in gaps:
            shown += self._lines(events[begin : run.position], layout)
            shown.append(self._gaps(run, layout))
            begin = run.position
        shown += self._lines(events[begin:], layout)
        return encoded("".join(shown))

    def between(self) -> bytes:
        """Return the separator between events that do not follow one another."""
        return encoded(self._paint(Span("--", "time")) + "\n")

    def _lines(self, events: Sequence[Event], layout: LineFormat) -> list[str]:
        return [
            self._split(each, layout) if isinstance(each, SplitRun) else self._line(each, layout)
            for each in folded(events)
        ]

    def _line(self, event: Event, layout: LineFormat) -> str:
        lead, text = parts(event, layout)
        self._authors.note(event)
        return self._day_above(event.time, layout) + self._hung(lead, text)

    def _split(self, run: SplitRun, layout: LineFormat) -> str:
        from chatlog.cli.show.split_lines import split_sentence

        first = run.events[0]
        words = split_sentence(run, short=layout.short_names)
        line = self._hung(columns(first, layout), [Span(words, "event")])
        return self._day_above(first.time, layout) + line

    def _hung(self, lead: list[Span], text: list[Span]) -> str:
        """Return a line whose text is broken behind its lead."""
        is_several = BREAK in text
        start = sum(width_of(span.text) for span in lead) if self._columns or is_several else 0
        indent = start + len(_MARK) if text and text[0].text.startswith(_MARK) else start
        if is_several:
            text = hanging_lines(text, start, indent, self._columns)
        else:
            text = self._wrapped(text, start, indent)
        return f"{self._painted(lead)}{self._painted(text)}\n"

    def _gaps(self, run: GapRun, layout: LineFormat) -> str:
        several = self._targets > 1
        line = gap_run_line(run, self._tz, dated=layout.date, names_target=several)
        heading = self._heading(run.start) if self._headings else ""
        return heading + self._separator(visible(line), "own")

    def _day_above(self, time: str, layout: LineFormat) -> str:
        """Return the heading of a new day; without headings only where lines have no date."""
        if self._headings or not (layout.date or self._day is None):
            return self._heading(time)
        self._heading(time)  # the day is told by the line, or is today
        return ""

    def _heading(self, time: str) -> str:
        """Name the day above its first event."""
        try:
            day = local_time(time, self._tz).date()
        except ValueError:
            return ""
        if day == self._day:
            return ""
        self._day = day
        ago = (local_time(clock.now(), self._tz).date() - day).days
        words = [f"{day:%A} {day}", _RELATIVE.get(ago, f"{ago:,} days ago" if ago > 0 else "")]
        return self._separator(", ".join(filter(None, words)), "day")

    def _separator(self, text: str, style: str) -> str:
        spans = [Span(f"--- {text}", style)]
        return self._painted(self._wrapped(spans, 0, len(_MARK))) + "\n"

    def _wrapped(self, text: list[Span], start: int, indent: int) -> list[Span]:
        """Return a text broken at the width of the terminal; as it is if there is none."""
        return hanging(text, start, indent, self._columns) if self._columns else text

    def _painted(self, spans: Iterable[Span]) -> str:
        return "".join(map(self._paint, spans))

    def _layout(self, events: Sequence[Event]) -> LineFormat:
        self._shown.update((event.network, event.target) for event in events)
        layout = self._kept._replace(
            short_names=bool(self._columns),
            date=not self._headings
            and (self._dates or any(not self._is_of_today(event.time) for event in events)),
            network=max(self._networks, len({network for network, _ in self._shown})) > 1,
        )
        if max(self._targets, len(self._shown)) <= 1:
            return layout
        widest = max((width_of(place(each, layout)) for each in events), default=1)
        self._width = max(self._width, min(widest, _MAX_TARGET_WIDTH))
        return layout._replace(target_width=self._width)

    def _is_of_today(self, time: str) -> bool:
        try:
            return local_time(time, self._tz).date() == local_time(clock.now(), self._tz).date()
        except ValueError:
            return False


def terminal_columns() -> int:
    """Return the width of the terminal on stdout; 0 if it is none, or not known."""
    if not sys.stdout.isatty():
        return 0
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 0


def wants_headings() -> bool:
    """Return whether to print days above their events: on a terminal."""
    return sys.stdout.isatty()


def find_in(spans: Sequence[Callable[[str], Iterable[tuple[int, int]]]]) -> Find | None:
    """Return a function that finds the matches of several texts."""
    if not spans:
        return None
    return lambda shown: (span for each in spans for span in each(shown))


def batched(
    things: Iterator[_Thing], size_of: Callable[[_Thing], int] = lambda _thing: 0
) -> Iterator[list[_Thing]]:
    """Put things together: the first one alone, so that it is seen at once.

    At most 500, and at most 1 MiB by their sizes, or one that is larger.
    """
    most, size = 1, 0
    batch: list[_Thing] = []
    for thing in things:
        batch.append(thing)
        size += size_of(thing)
        if len(batch) == most or size >= _BYTES:
            yield batch
            batch, size = [], 0
            most = min(2 * most, _AT_ONCE)
    if batch:
        yield batch
