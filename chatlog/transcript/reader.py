"""Reading an archive: its targets, their last events, and those that follow.

Nothing here writes. A damaged line is counted and passed over; an unfinished
last line is one that is still being written, and not shown before it is whole.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from chatlog.casemapping import Casemapping
from chatlog.errors import ChatlogError, TranscriptError
from chatlog.event import SERVER, Event
from chatlog.formats import jsonl, plain
from chatlog.transcript import manifest
from chatlog.transcript.layout import SegmentName, directory_name, parse_segment, period_named
from chatlog.transcript.networks import read_casemapping
from chatlog.transcript.segment import reported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Decode = Callable[[bytes], Event]

_BLOCK: Final = 64 * 1024
_GLOB: Final = frozenset("*?[")
_CHANTYPES: Final = "#&+!"


class Entry(NamedTuple):
    """An event and the line that holds it, without its newline."""

    event: Event
    line: bytes
    suffix: str


class Target(NamedTuple):
    """A target's directory; network and name are as paths spell them."""

    network: str
    name: str
    path: Path


class Source(NamedTuple):
    """A segment that is to be read: its place in the order of reading, and how."""

    path: Path
    start: str
    part: int
    suffix: str
    decode: Decode


class Reader:
    """Read the targets of an archive that match.

    A pattern is a channel or nick (`#python`, or a bare `python`), a glob, or
    either behind a network's name and a slash. No pattern means everything but
    `@server`. `damaged` counts the lines of each file that could not be read.
    """

    def __init__(self, root: Path, patterns: Iterable[str] = (), network: str = "") -> None:
        self._root = root
        self._patterns = tuple(patterns)
        self._network = network
        self._sources: dict[Path, Source | None] = {}
        self._read_to: dict[Path, int] = {}
        self._is_target: dict[tuple[str, str], bool] = {}
        self.damaged: Counter[Path] = Counter()

    def targets(self) -> list[Target]:
        """List the targets that match, in the order of their names."""
        found = []
        for network in _directories(self._root):
            for target in _directories(network.path):
                wanted = self._is_target.get((network.name, target.name))
                if wanted is None:
                    wanted = self._matches(network.name, target.name)
                    self._is_target[network.name, target.name] = wanted
                if wanted:
                    found.append(Target(network.name, target.name, Path(target.path)))
        return found

    def last(self, count: int) -> list[Entry]:
        """Return the last events of all targets together, in order of time.

        From here on, `follow` goes on behind what this returned.
        """
        found: list[Entry] = []
        for target in self.targets():
            found += self._last_of(target, count)
        found.sort(key=lambda entry: entry.event.time)
        return found[-count:] if count else []

    def new(self) -> list[Entry]:
        """Return what was written since the last call of this or of `last`, in order of time."""
        found: list[Entry] = []
        for target in self.targets():
            for source in self._sources_of(target):
                found += self._entries(source, self._lines_after(source))
        found.sort(key=lambda entry: entry.event.time)
        return found

    def follow(self, wait: Callable[[], object]) -> Iterator[Entry]:
        """Yield what is written from now on; call `wait` whenever there was nothing."""
        while True:
            found = self.new()
            yield from found
            if not found:
                wait()

    # -- which targets --------------------------------------------------

    def _matches(self, network: str, target: str) -> bool:
        if self._network and network != directory_name(_ASCII[self._network]):
            return False
        if not self._patterns:
            return target != SERVER
        casemapping = self._casemapping(network)
        return any(self._matches_one(each, network, target, casemapping) for each in self._patterns)

    def _casemapping(self, network: str) -> Casemapping:
        try:
            known = read_casemapping(self._root, unquote(network))
        except ChatlogError:
            known = None  # who reads an archive need not have it whole
        return known or Casemapping()

    def _matches_one(
        self, pattern: str, network: str, target: str, casemapping: Casemapping
    ) -> bool:
        place, slash, name = pattern.partition("/")
        if slash and _fits(place, network, _ASCII) and _fits(name, target, casemapping):
            return True
        return _fits(pattern, target, casemapping)

    # -- which segments -------------------------------------------------

    def _sources_of(self, target: Target) -> list[Source]:
        """List the segments of a target, from the oldest to the newest."""
        sources = []
        for item in _scan(target.path):
            path = target.path / item.name
            if path not in self._sources:
                self._sources[path] = _source(target, path)
            source = self._sources[path]
            if source is not None:
                sources.append(source)
        return sorted(sources, key=lambda source: (source.start, source.part))

    # -- which lines ----------------------------------------------------

    def _last_of(self, target: Target, count: int) -> list[Entry]:
        sources = self._sources_of(target)
        found: list[Entry] = []
        for start in sorted({source.start for source in sources}, reverse=True):
            period = [source for source in sources if source.start == start]
            lines: list[Entry] = []
            for source in period:
                wanted = count if len(found) < count else 0
                lines += self._entries(source, self._last_lines(source, wanted))
            lines.sort(key=lambda entry: entry.event.time)
            found = lines + found
        return found[-count:] if count else []

    def _entries(self, source: Source, lines: Iterable[bytes]) -> Iterator[Entry]:
        for line in lines:
            try:
                event = source.decode(line)
            except ValueError:
                self.damaged[source.path] += 1
            else:
                yield Entry(event, line, source.suffix)

    def _last_lines(self, source: Source, count: int) -> list[bytes]:
        """Return the last whole lines, and remember where they end."""
        with reported(source.path, doing="read"), _opened(source.path) as fd:
            if fd < 0:
                return []
            end = _end_of_lines(fd, os.fstat(fd).st_size)
            self._read_to[source.path] = end
            return _lines_before(fd, end, count) if count else []

    def _lines_after(self, source: Source) -> list[bytes]:
        """Return the whole lines behind those already read."""
        begin = self._read_to.get(source.path, 0)
        with reported(source.path, doing="read"), _opened(source.path) as fd:
            if fd < 0 or (size := os.fstat(fd).st_size) <= begin:
                return []
            data = os.pread(fd, size - begin, begin)
        whole = data.rfind(b"\n") + 1
        self._read_to[source.path] = begin + whole
        return data[:whole].split(b"\n")[:-1]


_ASCII: Final = Casemapping("ascii")


def _fits(pattern: str, component: str, casemapping: Casemapping) -> bool:
    """Say whether a pattern names a component of a path."""
    if pattern == component == SERVER:
        return True
    folded = casemapping[pattern]
    spellings = (
        folded,
        *(kind + folded for kind in _CHANTYPES[:1] if pattern[:1] not in _CHANTYPES),
    )
    if _GLOB.isdisjoint(pattern):
        return component in map(directory_name, spellings)
    return component != SERVER and any(fnmatchcase(unquote(component), each) for each in spellings)


def _source(target: Target, path: Path) -> Source | None:
    """Say how a file is to be read; None for one that is not, or not of its own."""
    name = parse_segment(path.name)
    period = period_named(name.period) if name else None
    if name is None or period is None:
        return None
    if name.suffix == jsonl.SUFFIX:
        return Source(path, period.start, name.part, name.suffix, jsonl.decode)
    return _text_source(target, path, name)


def _text_source(target: Target, path: Path, name: SegmentName) -> Source | None:
    said = [each for each in manifest.read(path.parent) if each.get("segment") == path.name]
    entry = said[-1] if said else {}
    if entry.get("copy"):
        return None  # JSONL beside it holds the same events
    zone = str(entry.get("tz", "UTC"))
    try:
        tz = UTC if zone == "UTC" else ZoneInfo(zone)
    except (ValueError, OSError, KeyError) as error:
        raise TranscriptError(f"{path} is in the time zone {zone!r}, which is not known") from error
    period = period_named(name.period, tz)
    text = plain.Plain(stamp=str(entry.get("stamp", "time")), tz=tz)
    day = name.period[:10]

    def decode(line: bytes) -> Event:
        return text.decode(
            line, network=unquote(target.network), target=unquote(target.name), day=day
        )

    start = period.start if period else ""
    return Source(path, start, name.part, name.suffix, decode)


class _opened:  # noqa: N801 - used as a statement
    """Open a file to read, -1 where it is gone by now; close it at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> int:
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._fd = -1
        return self._fd

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)


def _end_of_lines(fd: int, size: int) -> int:
    """Say where the last whole line ends."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _lines_before(fd: int, end: int, count: int) -> list[bytes]:
    """Read backwards until there are so many lines, or the beginning."""
    data, start = b"", end
    while start > 0 and data.count(b"\n") <= count:
        size = min(_BLOCK, start)
        start -= size
        data = os.pread(fd, size, start) + data
    return data.split(b"\n")[:-1][-count:]


def _directories(path: Path | str) -> list[os.DirEntry[str]]:
    return [item for item in _scan(path) if not item.name.startswith(".") and item.is_dir()]


def _scan(path: Path | str) -> list[os.DirEntry[str]]:
    with reported(Path(path), doing="read"):
        try:
            with os.scandir(path) as items:
                return sorted(items, key=lambda item: item.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
