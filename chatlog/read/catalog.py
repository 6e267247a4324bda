"""The catalog: the segments of each target to read, each known from one look to the next.

Nothing here writes. A segment that is a copy of one in a preferred format is
not read, so that no event comes twice.
"""

from __future__ import annotations

from collections import Counter
from functools import cache, partial
from heapq import merge
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.archive.files import OddFileError, state_of
from chatlog.archive.layout import Period, SegmentName, parse_segment, period_named
from chatlog.archive.targets import Target, scan, spelled
from chatlog.errors import TranscriptError
from chatlog.formats.format import Origin, Style
from chatlog.formats.table import FORMATS
from chatlog.read.damaged_lines import DamagedLines
from chatlog.read.positions import Read
from chatlog.read.segment_reader import SegmentReader, end_of
from chatlog.read.zones import is_steady, zone_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from chatlog.archive.manifest_entries import SealedEntry, TextEntry
    from chatlog.archive.manifest_view import ManifestView
    from chatlog.formats.format import Decode
    from chatlog.read.sealed_reader import Sealed

_LOCAL: Final = tuple(f".{each.suffix}" for each in FORMATS if each.is_local)
"""The endings of files whose names do not tell their zone."""
_ANY_STYLE: Final = Style()
_NO_ORIGIN: Final = Origin()

_Known = tuple[int, SegmentReader | None]
"""The inode that had a name, and its reader."""


class Catalog:
    """The segments of targets, each known from one look to the next.

    With `remembers` they keep the digests of the lines that were read.
    """

    def __init__(self, damaged: DamagedLines) -> None:
        self.remembers = False
        self._damaged = damaged
        self._known: dict[str, dict[str, _Known]] = {}
        self._gone: dict[str, dict[str, _Known]] = {}
        self._names: dict[str, tuple[SegmentName, Period] | None] = {}
        self._views: dict[str, tuple[object, ManifestView]] = {}

    def of(self, target: Target) -> list[SegmentReader]:
        """List the segments of a target that are there by now, from the oldest to the newest.

        A part whose lines are in a sealed one is not listed beside it.
        """
        before = self._known.get(target.path, {})
        here = self._look_at(target, self._scan(target), before)
        self._known[target.path] = here
        gone = [name for name in before if name not in here]
        self._gone[target.path] = {name: before[name] for name in self._moving(target, gone, here)}
        sources = [source for _, source in here.values() if source is not None]
        sources.sort(key=_place_of)
        return sources

    def _moving(self, target: Target, gone: list[str], here: Mapping[str, _Known]) -> Iterator[str]:
        """Name the files that are gone, and the sealed one that has their lines is not here yet.

        A list that is made while a part is sealed may have neither of the two.
        """
        sealed = self._view_of(target.path).sealed if gone else {}
        for final, entry in sealed.items():
            if final not in here:
                yield from (part.segment for part in entry.parts if part.segment in gone)

    def newest_first(self, target: Target) -> Iterator[SegmentReader]:
        """Yield the segments of `of` from the latest end to the earliest, each looked at when due.

        The periods of names of one length end in the order of their letters,
        unless the zone of a segment is not in its name.
        """
        items = self._scan(target)
        local = any(ending in item.name for item in items for ending in _LOCAL)
        if local or target.path in self._known:
            yield from sorted(self.of(target), key=end_of, reverse=True)
            return
        periods: dict[int, dict[str, list[os.DirEntry[str]]]] = {}
        for item in items:
            period = item.name.partition("_")[0]
            periods.setdefault(len(period), {}).setdefault(period, []).append(item)
        of_length = (self._of_periods(target, each) for each in periods.values())
        yield from merge(*of_length, key=end_of, reverse=True)

    def _of_periods(
        self, target: Target, periods: dict[str, list[os.DirEntry[str]]]
    ) -> Iterator[SegmentReader]:
        known = self._known.setdefault(target.path, {})
        for period in sorted(periods, reverse=True):
            here = self._look_at(target, periods[period], {})
            known.update(here)
            yield from (source for _, source in here.values() if source is not None)

    def _scan(self, target: Target) -> list[os.DirEntry[str]]:
        try:
            return scan(target.path)
        except TranscriptError as error:
            self._damaged.refused[target.path] = str(error)
            return []

    def _is_regular(self, item: os.DirEntry[str]) -> bool:
        """Return whether a name is a regular file; note one of a segment that is not."""
        if item.is_file(follow_symlinks=False):
            return True
        if self._named(item.name) is not None:
            self._damaged.refused[item.path] = str(OddFileError(item.path))
        return False

    def _look_at(
        self, target: Target, items: list[os.DirEntry[str]], known: Mapping[str, _Known]
    ) -> dict[str, _Known]:
        items = [item for item in items if item.name in known or self._is_regular(item)]
        hidden = self._hidden(target.path, [item.name for item in items])
        return {
            item.name: self._look(target, item, known) for item in items if item.name not in hidden
        }

    def positions(self, directory: str) -> dict[str, Read]:
        """Return the position in each file of a target, also of files gone since the last look."""
        known = {**self._gone.get(directory, {}), **self._known.get(directory, {})}
        return {
            name: Read(source.read_to, source.last_time, source.is_sealed, source.digests or b"")
            for name, (_, source) in known.items()
            if source is not None and (source.read_to or source.digests)
        }

    def restore(self, target: Target, kept: Mapping[str, Read]) -> None:
        """Know files, that may be sealed or gone by now, as read so far."""
        known: dict[str, _Known] = {}
        for name, read in kept.items():
            source = self._find(target, name, {name: (0, None)} if read.sealed else None)
            if source is not None:
                source.resume(read)
            known[name] = 0, source
        self._known[target.path] = known

    def _look(self, target: Target, item: os.DirEntry[str], known: Mapping[str, _Known]) -> _Known:
        """Return the reader of a file: the known one, unless its name is another file's now."""
        inode = item.inode()
        before, source = known.get(item.name, (None, None))
        if before is None or (
            before != inode and source is not None and not self._is_the_same(target, source)
        ):
            gone = self._gone.get(target.path, {})
            source = self._find(target, item.name, {**gone, **known} if gone else known)
        if source is not None:
            source.inode = inode
        return inode, source

    def _is_the_same(self, target: Target, source: SegmentReader) -> bool:
        if source.is_sealed:
            return True
        name = source.path.rpartition("/")[2]
        return not self._view_of(target.path).is_sealed(name) and source.goes_on()

    def _hidden(self, directory: str, names: list[str]) -> AbstractSet[str]:
        """Name the files to pass over; only where a period has several is there any."""
        several = _several([named[0] for each in names if (named := self._named(each))])
        return self._view_of(directory).hidden(several) if several else frozenset()

    def _named(self, filename: str) -> tuple[SegmentName, Period] | None:
        try:
            return self._names[filename]
        except KeyError:
            named = self._names[filename] = _segment(filename)
            return named

    def _find(
        self, target: Target, filename: str, known: Mapping[str, _Known] | None
    ) -> SegmentReader | None:
        """Return the reader of a file; None if it is no segment, or a copy of others.

        If `known` is None, the file is taken for one that was not sealed.
        """
        named = self._named(filename)
        if named is None:
            return None
        segment, period = named
        path = f"{target.path}/{filename}"
        if not segment.format.is_described:
            decode = segment.format.codec().decoder(_ANY_STYLE, _NO_ORIGIN)
            source = self._source(path, segment, period, decode, known)
            if source.is_sealed or segment.compression:
                source.copies = partial(self.copies, target, period.start, period.end)
                source.beside = partial(_beside, target, path, period)
            return source
        text = self._text_of(target, segment)
        if text is not None and text.copy:
            return None
        return self._described(target, path, named, text, known)

    def _text_of(self, target: Target, segment: SegmentName) -> TextEntry | None:
        name = str(replace(segment, compression=""))
        return self._view_of(target.path).texts.get(name)

    def _described(
        self,
        target: Target,
        path: str,
        named: tuple[SegmentName, Period],
        text: TextEntry | None,
        known: Mapping[str, _Known] | None,
    ) -> SegmentReader:
        """Return the reader of a file whose form the manifest tells."""
        segment, period = named
        tz = zone_of(target, text.tz if text is not None else "UTC")
        period = period_named(segment.period, tz) or period
        origin = Origin(spelled(target.network), spelled(target.name), segment.period[:10])
        decode = segment.format.codec().decoder(Style(tz=tz), origin)
        source = self._source(path, segment, period, decode, known)
        source.is_steady = is_steady(period, tz)
        return source

    def copies(self, target: Target, start: str, end: str) -> Iterator[SegmentReader]:
        """Yield the copies, in another format, of events in `[start, end)`, the oldest first.

        `of` does not list them. They are for what a damaged segment lacks.
        """
        items = scan(target.path)
        hidden = self._hidden(target.path, [item.name for item in items])
        found = []
        for name in (item.name for item in items if item.name not in hidden and item.is_file()):
            named = self._named(name)
            text = (
                self._text_of(target, named[0]) if named and named[0].format.is_described else None
            )
            if named is not None and text is not None and text.copy:
                source = self._described(target, f"{target.path}/{name}", named, text, None)
                if source.start < end and source.end > start:
                    found.append(source)
        yield from sorted(found, key=_place_of)

    def _source(
        self,
        path: str,
        segment: SegmentName,
        period: Period,
        decode: Decode,
        known: Mapping[str, _Known] | None,
    ) -> SegmentReader:
        asks = known is not None and (known or self.remembers)
        entry = self._sealed(path, segment) if asks else None
        if not (segment.compression or entry):
            source = SegmentReader(path, segment, period, decode, self._damaged)
            if self.remembers:
                source.remember()
            return source
        sealed = _sealed_class()(path, segment, period, decode, self._damaged)
        if entry and known:
            sealed.follow_on(entry.parts, {name: source for name, (_, source) in known.items()})
        return sealed

    def _sealed(self, path: str, segment: SegmentName) -> SealedEntry | None:
        """Return the manifest's `sealed` entry of a segment, if it has one.

        A segment that is not compressed may be named there before it has taken
        the place of its last part, whose name it gets.
        """
        directory, _, name = path.rpartition("/")
        view = self._view_of(directory)
        return view.sealed.get(name) if segment.compression or view.is_sealed(name) else None

    def _view_of(self, directory: str) -> ManifestView:
        """Return the current view of a target's manifest."""
        from pathlib import Path

        from chatlog.archive import manifest
        from chatlog.archive.manifest_view import ManifestView

        path = f"{directory}/{manifest.NAME}"
        state = state_of(path)
        before, view = self._views.get(directory, (None, None))
        if view is None or state != before:
            lines = manifest.read(Path(directory))
            if lines.damaged:
                self._damaged[path] = lines.damaged
            view = ManifestView(directory, lines)
            self._views[directory] = state, view
        return view


def _place_of(source: SegmentReader) -> tuple[str, int, str]:
    """Return where a segment stands among others: events of one time come in this order."""
    return source.start, source.part, source.path


def _beside(target: Target, path: str, period: Period) -> Iterator[SegmentReader]:
    """Yield the other segments with events of a period; they read no copies, and count nothing."""
    for source in Catalog(DamagedLines()).of(target):
        if source.path != path and source.start < period.end and source.end > period.start:
            source.copies = source.beside = tuple
            yield source


@cache
def _sealed_class() -> type[Sealed]:
    from chatlog.read.sealed_reader import Sealed

    return Sealed


def _several(segments: list[SegmentName]) -> list[SegmentName]:
    """List the segments of which there is more than one of a period and format."""
    of_period = [(segment.period, segment.suffix) for segment in segments]
    if len(set(of_period)) == len(segments):
        return []
    counts = Counter(of_period)
    return [one for one, period in zip(segments, of_period, strict=True) if counts[period] > 1]


def _segment(filename: str) -> tuple[SegmentName, Period] | None:
    segment = parse_segment(filename)
    period = period_named(segment.period) if segment else None
    return (segment, period) if segment and period else None
