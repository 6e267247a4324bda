"""The streams of an archive: the parts that the next event of each target goes to."""

from __future__ import annotations

from bisect import bisect_left
from itertools import takewhile
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import msgspec

from chatlog.archive.layout import period_named, period_of
from chatlog.archive.rules import part_of
from chatlog.archive.storage import encodings_of
from chatlog.event import format_time, parse_time
from chatlog.formats import jsonl
from chatlog.formats.table import NAMES
from chatlog.write.parts import Parts
from chatlog.write.stream_key import StreamKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.archive.storage import Encoding
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.write.spool_list import LeftSpool
    from chatlog.write.stream_key import Archive

_GRACE: Final = 60_000
_HISTORY_QUIET: Final = 600_000
_REMEMBERED: Final = 65_536
_NEVER: Final = "~"  # after every time
_Line = TypeVar("_Line")
_type_of: Final[Callable[[Event], str]] = attrgetter("type")


class Stream:
    """The live events of one target, or its history.

    `pending` are events of `[start, end)`, the time for which `current` are the
    parts: one for each format. `apart` are the classes of events that then have parts of
    their own, which `open_class` returns, and `routes` the classes of types. `known` are
    all its parts, by suffix, period and class.
    """

    __slots__ = (
        *("apart", "current", "end", "known", "of_class", "open_class", "pending", "place"),
        *("routes", "start"),
    )

    def __init__(
        self, place: StreamKey, open_class: Callable[[Stream, str], tuple[Parts, ...]]
    ) -> None:
        self.place = place
        self.pending: list[Event] = []
        self.known: dict[tuple[str, str, str], Parts] = {}
        self.open_class = open_class
        self.forget_current()

    def forget_current(self) -> None:
        """Leave the current period; the next event turns the stream to its own."""
        self.current: tuple[Parts, ...] = ()
        self.part(frozenset())
        self.start = self.end = _NEVER

    def part(self, apart: frozenset[str]) -> None:
        """Give these classes of the current period parts of their own."""
        self.apart = apart
        self.of_class: dict[str, tuple[Parts, ...]] = {}  # of those that have an event
        self.routes: dict[str, str] = {}

    def takes(self, events: Sequence[Event]) -> bool:
        """Return whether all events are of the present period, and of the stream of the first."""
        first, start, end = events[0], self.start, self.end
        network, target, via = first.network, first.target, first.via
        for event in events:
            if event.target != target or event.via != via or event.network != network:
                return False
            if not start <= event.time < end:
                return False
        return True

    def settle(self, waiting: dict[Parts, None]) -> None:
        """Hand the pending events to the current parts, and add these to those that wait."""
        if not self.pending:
            return
        for current, events in self._shares(self.pending, _type_of):
            for parts in current:
                parts.pending += events
                waiting[parts] = None
        self.pending.clear()

    def end_within(self, times: Sequence[bytes], begin: int) -> int:
        """Return the position of the first time behind `begin` that is of another period.

        The times are those of lines of JSON.
        """
        start, end = self.start.encode(), self.end.encode()
        last = bisect_left(times, end, begin)  # right if they are in order, as nearly always
        some = times[begin:last]
        if start <= min(some, default=start) and max(some, default=start) < end:
            return last
        are_within = (start <= time < end for time in times[begin:])
        return begin + sum(1 for _ in takewhile(bool, are_within))

    def take_lines(self, lines: Sequence[bytes], waiting: dict[Parts, None]) -> None:
        """Hand lines of JSON of the present period to the current parts, behind all others."""
        self.settle(waiting)
        for current, some in self._shares(lines, jsonl.type_of):
            for parts in current:
                parts.add_lines(some)
                waiting[parts] = None

    def _shares(
        self, lines: Sequence[_Line], type_of: Callable[[_Line], str]
    ) -> Iterable[tuple[tuple[Parts, ...], Sequence[_Line]]]:
        """Return the current parts, and lines in order: those of all classes, or of each."""
        return ((self.current, lines),) if not self.apart else self._by_class(lines, type_of)

    def _by_class(
        self, lines: Sequence[_Line], type_of: Callable[[_Line], str]
    ) -> Iterator[tuple[tuple[Parts, ...], list[_Line]]]:
        """Yield the lines of each class that has parts of its own, and of the others."""
        found: dict[str, list[_Line]] = {}
        routes = self.routes
        for line, kind in zip(lines, map(type_of, lines), strict=True):
            name = routes.get(kind)
            if name is None:
                name = routes[kind] = part_of(kind, self.place.target, self.apart)
            found.setdefault(name, []).append(line)
        for name, some in found.items():
            if name and name not in self.of_class:
                self.of_class[name] = self.open_class(self, name)
            yield self.of_class[name] if name else self.current, some

    def live(self) -> Iterator[Parts]:
        """Yield the current parts of all classes."""
        yield from self.current
        for each in self.of_class.values():
            yield from each


class PartsOver(NamedTuple):
    """Parts that get no more events, and their place in a stream."""

    stream: Stream
    key: tuple[str, str, str]
    parts: Parts


class Streams:
    """The streams that a writer has met and not finished.

    `by_spelling` finds them by network, target and `via` as events spell them.
    `directory_of` returns the directory of a network's target, `folds_of` its CASEMAPPING.
    """

    def __init__(
        self,
        archive: Archive,
        directory_of: Callable[[str, str], Path],
        folds_of: Callable[[str], Casemapping],
    ) -> None:
        self.by_spelling: dict[tuple[str, str, str], Stream] = {}
        self._by_place: dict[tuple[Path, bool], Stream] = {}
        self._directory_of = directory_of
        self._folds_of = folds_of
        self.use(archive)

    def use(self, archive: Archive) -> None:
        """Begin each further period with the settings of an archive."""
        self._archive = archive
        self._is_beside = archive.is_beside
        self._rules = archive.storage.keeping
        self._may_part = self._rules.may_part
        self._encodings = encodings_of(archive.storage)
        # Readers merge parts by time, which their lines must tell by themselves.
        self._splits_history = any(each.format.decode_line for each in self._encodings)

    # -- where events go ---------------------------------------------------------------

    def find(self, event: Event) -> Stream:
        """Return the stream of an event, found by its spelling from now on."""
        place = StreamKey(
            self._directory_of(event.network, event.target),
            event.network,
            event.target,
            self._is_beside or (self._splits_history and event.via != ""),
        )
        stream = self._at(place)
        if len(self.by_spelling) >= _REMEMBERED:
            self.by_spelling.clear()
        self.by_spelling[event.network, event.target, event.via] = stream
        return stream

    def history(self, network: str, target: str) -> Stream:
        """Return the stream of a target's history."""
        directory = self._directory_of(network, target)
        is_apart = self._is_beside or self._splits_history
        return self._at(StreamKey(directory, network, target, is_apart))

    def _at(self, place: StreamKey) -> Stream:
        key = place.directory, place.history
        stream = self._by_place.get(key)
        if stream is None:
            stream = self._by_place[key] = Stream(place, self._open_class)
        return stream

    def turn(self, stream: Stream, time: str) -> None:
        """Turn a stream to the period that holds a time; its events must be settled."""
        stream.current = tuple(self._parts_at(stream, each, time) for each in self._encodings)
        stream.start = max(parts.period.start for parts in stream.current)
        stream.end = min(parts.period.end for parts in stream.current)
        stream.part(self._apart(stream.place) if self._may_part else frozenset())

    def _apart(self, place: StreamKey) -> frozenset[str]:
        folds = self._folds_of(place.network)
        return self._rules.of(place.network, place.target, folds).apart

    def _open_class(self, stream: Stream, name: str) -> tuple[Parts, ...]:
        """Return the current parts of a class that has parts of its own."""
        time = stream.start
        return tuple(self._parts_at(stream, each, time, name) for each in self._encodings)

    def _parts_at(self, stream: Stream, encoding: Encoding, time: str, of_class: str = "") -> Parts:
        period = period_of(time, self._archive.storage.rotate, encoding.tz)
        key = encoding.suffix, period.name, of_class
        parts = stream.known.get(key)
        if parts is None:
            place = stream.place._replace(of_class=of_class) if of_class else stream.place
            parts = stream.known[key] = Parts(place, period, encoding, self._archive)
        return parts

    def adopt(self, left: LeftSpool) -> Parts | None:
        """Return new parts with the lines that an earlier run left in its spool file.

        None if the parts are known already, or the format or the period is not.
        """
        storage, belonging = self._archive.storage, left.belonging
        every = encodings_of(msgspec.structs.replace(storage, formats=NAMES))
        encoding = {each.suffix: each for each in (*every, *self._encodings)}.get(belonging.suffix)
        period = period_named(belonging.period, encoding.tz) if encoding else None
        if encoding is None or period is None:
            return None
        directory = storage.root / Path(belonging.directory).relative_to(belonging.root)
        place = StreamKey(directory, belonging.network, belonging.target, belonging.history)
        stream, key = self._at(place), (encoding.suffix, period.name, belonging.of_class)
        if key in stream.known:
            return None
        place = place._replace(of_class=belonging.of_class)
        parts = stream.known[key] = Parts(place, period, encoding, self._archive, left)
        parts.adopt()
        return parts

    def live_paths(self, directory: Path) -> list[Path]:
        """Return the live segments of a target that are written to: for each class and format."""
        stream = self._by_place.get((directory, False))
        return [parts.path for parts in stream.live() if parts.path] if stream else []

    # -- the end of periods ------------------------------------------------------------

    def over(self, now: str) -> Iterator[PartsOver]:
        """Yield the parts that get no more events.

        Live parts are over 60 s after their period, history 10 min after its last event.
        """
        moment = parse_time(now)
        over, quiet = format_time(moment - _GRACE), format_time(moment - _HISTORY_QUIET)
        for stream in list(self._by_place.values()):
            for key, parts in list(stream.known.items()):
                parts.quiet_since = parts.quiet_since or now
                history = stream.place.history
                if parts.quiet_since <= quiet if history else parts.period.end <= over:
                    yield PartsOver(stream, key, parts)

    def forget(self, over: PartsOver) -> None:
        """Forget parts that are finished, and a stream without any."""
        stream = over.stream
        del stream.known[over.key]
        stream.forget_current()
        if not stream.known:
            del self._by_place[stream.place.directory, stream.place.history]
            self.by_spelling.clear()
