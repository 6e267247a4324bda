"""Segments as readers see them: the events of one file, and which files are to be read.

Nothing here writes. A line that is no event is counted and passed over. A text
segment that is a copy of JSONL is not read, so that no event comes twice.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.errors import TranscriptError
from chatlog.formats import jsonl
from chatlog.transcript.layout import Period, SegmentName, parse_segment, period_named
from chatlog.transcript.lines import backwards, end_of_lines, lines_after, opened, size_of
from chatlog.transcript.targets import Target, scan, spelled

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo

    from chatlog.event import Event

    Decode = Callable[[bytes, str], Event]

_FETCHED: Final = 1024 * 1024


class Entry(NamedTuple):
    """An event and the line that holds it, without its newline."""

    event: Event
    line: bytes
    suffix: str


class Source:
    """One segment: its last events, and those that come after.

    `start` and `end` bound the times in it. What was read or marked is not
    `new`; of a segment never read or marked everything is.
    """

    def __init__(
        self, path: str, segment: SegmentName, period: Period, decode: Decode, damaged: Counter[str]
    ) -> None:
        self.path = path
        self.suffix = segment.suffix
        self.part = segment.part
        self.start = period.start
        self.end = period.end
        self._decode = decode
        self._damaged = damaged
        self._read_to = 0
        self._after = ""  # the time of the last live line

    def mark(self) -> None:
        """Take what is there by now for read."""
        with opened(self.path) as fd:
            if fd is not None:
                self._read_to = end_of_lines(fd)

    def last(self, count: int) -> list[Entry]:
        """Return at least the last `count` events; `new` begins behind them.

        Live lines stand in the order of their times, and what was fetched later
        anywhere among them: it is searched through for as many live ones, or
        1 MiB.
        """
        with opened(self.path) as fd:
            if fd is None:
                return []
            self._read_to = end_of_lines(fd)
            lines = self._last_lines(backwards(fd, self._read_to), count)
        return list(self._entries(reversed(lines)))

    def _last_lines(self, newest_first: Iterable[bytes], count: int) -> list[bytes]:
        lines: list[bytes] = []
        live = size = 0
        for line in newest_first:
            event = self._event(line, "")
            if event is None:
                continue
            lines.append(line)
            live += not event.via
            size += len(line)
            if live >= count or (len(lines) >= count and size > _FETCHED):
                break
        return lines

    def new(self) -> list[Entry]:
        """Return some of the events that were not read yet; none when all were."""
        while lines := self._new_lines():
            if entries := list(self._entries(lines)):
                return entries
        return []

    def _new_lines(self) -> list[bytes]:
        begin, size = self._read_to, size_of(self.path)
        if size == begin:
            return []
        with opened(self.path) as fd:
            if fd is None:
                return []
            # Segments only grow: a shorter one is another of the same name.
            lines, self._read_to = lines_after(fd, begin if size > begin else 0)
        return lines

    def _entries(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        for line in lines:
            event = self._event(line, self._after)
            if event is not None:
                self._after = self._after if event.via else event.time
                yield Entry(event, line, self.suffix)

    def _event(self, line: bytes, after: str) -> Event | None:
        try:
            return self._decode(line, after)
        except ValueError:
            self._damaged[self.path] += 1
            return None


class Sources:
    """The segments of targets, each known from one look to the next."""

    def __init__(self, damaged: Counter[str]) -> None:
        self._damaged = damaged
        self._known: dict[str, dict[str, Source | None]] = {}
        self._names: dict[str, tuple[SegmentName, Period] | None] = {}
        self._said: dict[str, dict[str, dict[str, Any]]] = {}

    def of(self, target: Target) -> list[Source]:
        """List the segments of a target that are there by now, from the oldest to the newest."""
        known = self._known.get(target.path, {})
        here = {
            item.name: known[item.name] if item.name in known else self._find(target, item.name)
            for item in scan(target.path)
            if item.name in known or item.is_file()
        }
        self._known[target.path] = here
        sources = [source for source in here.values() if source is not None]
        sources.sort(key=lambda source: (source.start, source.part))
        return sources

    def _find(self, target: Target, filename: str) -> Source | None:
        """Say how a file is to be read; None for one that is no segment, or a copy of others."""
        if filename not in self._names:
            self._names[filename] = _segment(filename)
        named = self._names[filename]
        if named is None:
            return None
        segment, period = named
        path = f"{target.path}/{filename}"
        if segment.suffix == jsonl.SUFFIX:
            return Source(path, segment, period, _decode_jsonl, self._damaged)
        said = self._said_of(target.path, filename)
        if said.get("copy"):
            return None
        tz = _zone(target, said.get("tz", "UTC"))
        period = period_named(segment.period, tz) or period
        return Source(path, segment, period, _read_text(target, segment, tz), self._damaged)

    def _said_of(self, directory: str, filename: str) -> dict[str, Any]:
        """Return what the manifest last said of a text segment."""
        if filename not in self._said.get(directory, {}):
            from pathlib import Path  # noqa: PLC0415 - only text pays for these

            from chatlog.transcript import manifest  # noqa: PLC0415

            entries = manifest.read(Path(directory))
            self._said[directory] = {
                str(entry.get("segment")): entry
                for entry in entries
                if entry.get("entry") == "text"
            }
            if entries.damaged:
                self._damaged[f"{directory}/{manifest.NAME}"] = entries.damaged
        return self._said[directory].get(filename, {})


def _segment(filename: str) -> tuple[SegmentName, Period] | None:
    segment = parse_segment(filename)
    period = period_named(segment.period) if segment else None
    return (segment, period) if segment and period else None


def _decode_jsonl(line: bytes, _after: str) -> Event:
    return jsonl.decode(line)


def _read_text(target: Target, segment: SegmentName, tz: tzinfo) -> Decode:
    from chatlog.formats.plain import Plain  # noqa: PLC0415 - only text pays for it

    text, day = Plain(tz=tz), segment.period[:10]
    network, name = spelled(target.network), spelled(target.name)

    def decode(line: bytes, after: str) -> Event:
        return text.decode(line, network=network, target=name, day=day, after=after)

    return decode


def _zone(target: Target, name: object) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - as above

    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError) as error:
        raise TranscriptError(
            f"text in {target.path} is in the time zone {name!r}, which this system does not know;"
            " install its tz database, or tzdata with pip"
        ) from error
