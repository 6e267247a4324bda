"""The lines of a transcript in a stretch of time, and its last lines.

Nothing here writes; any thread may read. What cannot be read is passed over:
whoever compares then takes a line for new, and says it twice rather than never.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from chatlog.archive.files import opened
from chatlog.archive.layout import parse_segment
from chatlog.archive.targets import Target
from chatlog.event import TALK, EventType, is_time
from chatlog.formats import jsonl
from chatlog.read.catalog import Catalog
from chatlog.read.damaged_lines import DamagedLines
from chatlog.read.lines import backwards, end_of_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.read.segment_reader import SegmentReader

_LOOKED_AT = 50
_SECOND = 1000


class KnownLine(NamedTuple):
    """An event of the transcript; `coarse` where its time is known to the second only."""

    event: Event
    coarse: bool


def lines_between(directory: Path, start: str, end: str) -> Iterator[KnownLine]:
    """Yield the entries of a transcript in `[start, end)`, segment by segment."""
    for source in _sources(directory):
        if source.start < end and source.end > start:
            coarse = source.format.grain >= _SECOND
            for event in source.between(start, end):
                yield KnownLine(event, coarse)


class NewestLine(NamedTuple):
    """The time of the last live line that its server dated, and the last msgid; "" for none."""

    time: str = ""
    msgid: str = ""


class LastLines(NamedTuple):
    """The last live line, and the last msgid among the last few live lines."""

    event: Event
    msgid: str


def last_lines(directory: Path) -> LastLines | None:
    """Find the last lines that were heard live; return None if there is none.

    A line with a time that there cannot be proves nothing, and is passed over.
    """
    for source in reversed(_sources(directory)):
        events = [entry.event for entry in source.last(_LOOKED_AT)]
        live = [each for each in events if _is_proof(each)]
        if live:
            msgids = [each.msgid for each in live if each.msgid]
            return LastLines(live[-1], msgids[-1] if msgids else "")
    return None


def _is_proof(event: Event) -> bool:
    """Return whether an event was heard live, at a time that there can be."""
    is_live = not event.via and event.type != EventType.RECOVERED
    return is_live and is_time(event.time) and (not event.received or is_time(event.received))


def has_talk_before(directory: Path, time: str) -> bool:
    """Return whether the transcript has messages before a time."""
    sources = [source for source in _sources(directory) if source.start <= time]
    return any(
        event.type in TALK for source in reversed(sources) for event in source.between("", time)
    )


def _sources(directory: Path) -> list[SegmentReader]:
    target = Target(directory.parent.name, directory.name, str(directory))
    return Catalog(DamagedLines()).of(target)


def newest_line(paths: Iterable[Path]) -> NewestLine:
    """Find the last live line that its server dated, and the last msgid, in segments of JSONL.

    A quick look at the ends of some live segments: of several it is the latest of each. What a
    recorder notes itself, as that it lost a connection, proves no hearing, and no server dates it.
    """
    times, bearers = [""], [("", "")]
    for path in paths:
        segment = parse_segment(path.name)
        if segment is None or not segment.format.is_json:
            continue
        with opened(str(path)) as fd:
            if fd is None:
                continue
            time, bearer = _last_of(islice(backwards(fd, end_of_lines(fd), _pass_over), _LOOKED_AT))
            times.append(time)
            bearers.append(bearer)
    return NewestLine(max(times), max(bearers)[1])


def _last_of(lines: Iterable[bytes]) -> tuple[str, tuple[str, str]]:
    """Return the time of the last line that was dated, and time and msgid of the last with one."""
    time = ""
    for line in lines:
        has_msgid, is_dated = b'"msgid":' in line, b'"received":' in line
        if not has_msgid and (time or not is_dated):
            continue
        try:
            event = jsonl.decode(line)
        except ValueError:
            continue
        if not time and event.received and _is_proof(event):
            time = event.time
        if event.msgid:
            return time, (event.time, event.msgid)
    return time, ("", "")


def _pass_over() -> None:
    """Pass over a line that is too long; readers of the transcript count it."""
