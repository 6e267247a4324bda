"""Segments as readers see them: the events of one file, and which files are to be read.

Nothing here writes. A line that is no event is counted and passed over. A text
segment that is a copy of JSONL is not read, so that no event comes twice.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.errors import TranscriptError
from chatlog.formats import jsonl
from chatlog.transcript.layout import Period, SegmentName, parse_segment, period_named
from chatlog.transcript.lines import (
    backwards,
    blocks_in,
    end_of_lines,
    last_line,
    lines_after,
    lines_in,
    opened,
    size_of,
    state_of,
)
from chatlog.transcript.targets import Target, scan, spelled

if TYPE_CHECKING:
    import os
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from datetime import tzinfo

    from chatlog.event import Event
    from chatlog.transcript.said import Said

    Decode = Callable[[bytes, str], Event]

_FETCHED: Final = 1024 * 1024
_HEAD: Final = b'{"time":"'
_TIME: Final = slice(len(_HEAD), len(_HEAD) + len("2026-11-23T18:20:01.123Z"))


class Entry(NamedTuple):
    """An event and the line that holds it, without its newline."""

    event: Event
    line: bytes
    suffix: str


class Source:
    """One segment: its last events, and those that come after.

    `start` and `end` bound the times in it. What was read or marked is not
    `new`; of a segment never read or marked everything is. `read_to` is how
    many of its bytes that is, `last_time` the highest time among them.
    """

    def __init__(
        self, path: str, segment: SegmentName, period: Period, decode: Decode, damaged: Counter[str]
    ) -> None:
        self.path = path
        self.suffix = segment.suffix
        self.part = segment.part
        self.start = period.start
        self.end = period.end
        self.read_to = 0
        self.last_time = ""
        self._decode = decode
        self._damaged = damaged
        self._after = ""  # the time of the last live line

    def mark(self) -> None:
        """Take what is there by now for read."""
        with opened(self.path) as fd:
            if fd is not None:
                self.read_to = end_of_lines(fd)
                if line := last_line(fd, self.read_to):
                    self._note(self._event(line, ""))

    def last(self, count: int) -> list[Entry]:
        """Return at least the last `count` events; `new` begins behind them.

        Live lines stand in the order of their times, and what was fetched later
        anywhere among them: it is searched through for as many live ones, or
        1 MiB.
        """
        with opened(self.path) as fd:
            if fd is None:
                return []
            self.read_to = end_of_lines(fd)
            lines = self._last_lines(backwards(fd, self.read_to), count)
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
        begin, size = self.read_to, size_of(self.path)
        if size == begin:
            return []
        with opened(self.path) as fd:
            if fd is None:
                return []
            # Segments only grow: a shorter one is another of the same name.
            lines, self.read_to = lines_after(fd, begin if size > begin else 0)
        return lines

    def between(self, start: str, end: str) -> Iterator[Event]:
        """Yield the events of `[start, end)`, in the order of the file; nothing is marked."""
        low, high = start.encode(), end.encode()
        for line in self._all_lines():
            if line.startswith(_HEAD) and not low <= line[_TIME] < high:
                continue  # told without taking it apart
            event = self._event(line, "")
            if event is not None and start <= event.time < end:
                yield event

    def _all_lines(self) -> Iterator[bytes]:
        with opened(self.path) as fd:
            if fd is not None:
                yield from lines_in(blocks_in(fd))

    def _entries(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        for line in lines:
            event = self._event(line, self._after)
            if event is not None:
                self._after = self._after if event.via else event.time
                self._note(event)
                yield Entry(event, line, self.suffix)

    def _note(self, event: Event | None) -> None:
        if event is not None:
            self.last_time = max(self.last_time, event.time)

    def _event(self, line: bytes, after: str) -> Event | None:
        try:
            return self._decode(line, after)
        except ValueError:
            self._damaged[self.path] += 1
            return None


_Known = tuple[int, Source | None]
"""Which file had a name, and how it is read."""


class Sources:
    """The segments of targets, each known from one look to the next."""

    def __init__(self, damaged: Counter[str]) -> None:
        self._damaged = damaged
        self._known: dict[str, dict[str, _Known]] = {}
        self._names: dict[str, tuple[SegmentName, Period] | None] = {}
        self._said: dict[str, tuple[object, Said]] = {}

    def of(self, target: Target) -> list[Source]:
        """List the segments of a target that are there by now, from the oldest to the newest.

        A part whose lines are in a sealed one is not listed beside it.
        """
        known = self._known.get(target.path, {})
        items = [item for item in scan(target.path) if item.name in known or item.is_file()]
        hidden = self._hidden(target.path, [item.name for item in items])
        here = {item.name: self._look(target, item) for item in items if item.name not in hidden}
        self._known[target.path] = here
        sources = [source for _, source in here.values() if source is not None]
        sources.sort(key=lambda source: (source.start, source.part))
        return sources

    def _look(self, target: Target, item: os.DirEntry[str]) -> _Known:
        """Go on with a file that is known; one of the same name may be a sealed one by now."""
        inode = item.inode()
        before, source = self._known.get(target.path, {}).get(item.name, (None, None))
        if before is None or (before != inode and self._is_sealed(target, item.name)):
            return inode, self._find(target, item.name)
        return inode, source

    def _is_sealed(self, target: Target, filename: str) -> bool:
        return filename in self._said_in(target.path).sealed

    def _hidden(self, directory: str, names: list[str]) -> AbstractSet[str]:
        """Name the files to pass over; only where a period has several is there any."""
        several = _several(filter(None, map(self._segment, names)))
        return self._said_in(directory).hidden(several) if several else frozenset()

    def _segment(self, filename: str) -> SegmentName | None:
        if filename not in self._names:
            self._names[filename] = _segment(filename)
        named = self._names[filename]
        return named[0] if named else None

    def _find(self, target: Target, filename: str) -> Source | None:
        """Say how a file is to be read; None for one that is no segment, or a copy of others."""
        self._segment(filename)
        named = self._names[filename]
        if named is None:
            return None
        segment, period = named
        path = f"{target.path}/{filename}"
        if segment.suffix == jsonl.SUFFIX:
            return self._source(target, path, segment, period, _decode_jsonl)
        said = self._said_in(target.path).texts.get(str(segment._replace(compression="")), {})
        if said.get("copy"):
            return None
        tz = _zone(target, said.get("tz", "UTC"))
        period = period_named(segment.period, tz) or period
        return self._source(target, path, segment, period, _read_text(target, segment, tz))

    def _source(
        self, target: Target, path: str, segment: SegmentName, period: Period, decode: Decode
    ) -> Source:
        known = self._known.get(target.path, {})
        sealed = self._said_in(target.path).sealed.get(str(segment)) if known else None
        if not (segment.compression or sealed):
            return Source(path, segment, period, decode, self._damaged)
        from chatlog.transcript.sealed import Sealed  # noqa: PLC0415 - only who meets one pays

        source = Sealed(path, segment, period, decode, self._damaged)
        if sealed:
            source.follow_on(
                sealed.get("parts", ()), {name: source for name, (_, source) in known.items()}
            )
        return source

    def _said_in(self, directory: str) -> Said:
        """Return what the manifest says by now."""
        from pathlib import Path  # noqa: PLC0415 - only archives with such segments pay for these

        from chatlog.transcript import manifest  # noqa: PLC0415
        from chatlog.transcript.said import Said  # noqa: PLC0415

        path = f"{directory}/{manifest.NAME}"
        state = state_of(path)
        before, said = self._said.get(directory, (None, None))
        if said is None or state != before:
            entries = manifest.read(Path(directory))
            if entries.damaged:
                self._damaged[path] = entries.damaged
            said = Said(directory, entries)
            self._said[directory] = state, said
        return said


def _several(segments: Iterable[SegmentName]) -> list[SegmentName]:
    """List the segments of which there is more than one of a period and format."""
    groups: dict[tuple[str, str], list[SegmentName]] = {}
    for segment in segments:
        groups.setdefault((segment.period, segment.suffix), []).append(segment)
    return [segment for group in groups.values() if len(group) > 1 for segment in group]


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
