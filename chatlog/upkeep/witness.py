"""Witnesses: archives that may hold the same lines, read side by side.

Nothing here writes. A witness that is read while a recorder writes to it ends where the
reading came to.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from functools import reduce
from heapq import merge
from itertools import chain, groupby, islice
from operator import itemgetter, or_
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.alignment.clocks import Stamps
from chatlog.alignment.losses import Loss
from chatlog.alignment.words import as_others_see, words_of
from chatlog.archive.entry_lines import Damaged
from chatlog.archive.targets import Target, Targets, spelled
from chatlog.coverage import ledger
from chatlog.coverage.entries import ImportedEntry
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.last_heard import LastHeard
from chatlog.event import is_time, parse_time, parse_times, shifted
from chatlog.formats.dialects.table import dialect_of
from chatlog.formats.sentences import sentence
from chatlog.formats.visible import visible
from chatlog.read.catalog import Catalog
from chatlog.read.damaged_lines import DamagedLines

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from chatlog.alignment.sequences import Line
    from chatlog.casemapping import Casemapping
    from chatlog.coverage.fold import Coverage
    from chatlog.coverage.ledger import LedgerLines
    from chatlog.event import Event
    from chatlog.read.segment_reader import SegmentReader

    KeyOf = Callable[[Event], Hashable]
    """Returns what two records of one line have in common."""

SAMPLE: Final = 20_000
"""The most lines by which clocks are compared at once."""
_FINEST: Final = 1
_AT_ONCE: Final = 1000  # events
_AROUND: Final = 86_400_000
"""Milliseconds around a range in which lines are read too: clocks may differ."""
_NEVER: Final = "~"
_first: Final = itemgetter(0)


class TargetPlace(NamedTuple):
    """A target as paths spell it: the same in each archive that folds names alike."""

    network: str
    target: str


class Witness:
    """An archive as a witness: its targets, their lines in order, and when each was heard.

    `name` is how people call it; `signs` tells whether the lines that it brings have that name
    in `witness`. `damaged` counts the lines that could not be read.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        patterns: Iterable[str] = (),
        networks: Iterable[str] = (),
        *,
        signs: bool = True,
    ) -> None:
        self.name = name
        self.signs = signs
        self.root = root
        self.damaged = DamagedLines()
        self.selected = Targets(root, patterns, networks)
        self._last_heard = LastHeard(root)
        self._targets: dict[TargetPlace, Target] | None = None
        self._ledger: tuple[str, LedgerLines] | None = None

    @property
    def targets(self) -> dict[TargetPlace, Target]:
        """The targets that were asked for and were there at the last look, by their places."""
        if self._targets is None:
            found = self.selected.find()
            self._targets = {TargetPlace(each.network, each.name): each for each in found}
            for path, error in self.selected.refused.items():
                self.damaged.refused[path] = str(error)
        return self._targets

    def look_again(self, place: TargetPlace) -> None:
        """Add a target to `targets` if it is there by now."""
        path = os.path.join(self.root, *place)  # noqa: PTH118 - as targets spell it
        if place not in self.targets and os.path.isdir(path):  # noqa: PTH112
            self.targets[place] = Target(*place, path)

    def record_of(self, target: Target, since: str = "", until: str = "") -> WitnessRecord:
        """Return the record of a target, of whole segments around a range of time."""
        segments = Catalog(self.damaged).of(target)
        low = shifted(since, -_AROUND) if since else ""
        high = shifted(until, _AROUND) if until else _NEVER
        near = [each for each in segments if each.end > low and each.start < high]
        imports = [line for line in self._ledger_of(target) if isinstance(line, ImportedEntry)]
        return WitnessRecord(near, self.damaged, imports)

    def coverage(self, target: Target) -> Coverage | None:
        """Return the coverage of a target until it was last heard, None if no ledger tells."""
        bounds = self._last_heard.bounds(Path(target.path), spelled(target.network))
        lines = self._ledger_of(target)
        if damaged := sum(line.lines for line in lines if isinstance(line, Damaged)):
            self.damaged[f"{target.path}/{ledger.NAME}"] = damaged
        return coverage_of(lines, heard=bounds, lives=self._last_heard.is_alive)

    def _ledger_of(self, target: Target) -> LedgerLines:
        """Return the ledger of a target; that of the last one is remembered."""
        if self._ledger is None or self._ledger[0] != target.path:
            self._ledger = target.path, ledger.read(target.path)
        return self._ledger[1]


class WitnessRecord:
    """All lines of a target of one witness, in order of time.

    `grain` is the coarsest of its stamps in milliseconds; `tells_all` means that no line is
    of a format that keeps fewer fields than an event has. `imports` are those of other
    programs' logs, and `loss` the fields that these cannot hold, None without imports.
    """

    def __init__(
        self,
        segments: list[SegmentReader],
        damaged: DamagedLines,
        imports: Sequence[ImportedEntry] = (),
    ) -> None:
        self._segments = segments
        self._damaged = damaged
        self.imports = imports
        self.loss = _loss_of(imports)
        grains = *(each.format.grain for each in segments), *(each.grain for each in imports)
        self.grain = max(grains, default=_FINEST)
        self.tells_all = all(each.format.is_json for each in segments)

    @property
    def via(self) -> str:
        """How its lines are imported, "" if they are not."""
        return self.imports[0].via if self.imports else ""

    def lines(self, key_of: KeyOf) -> Iterator[Line]:
        """Return each line with its stamp, its key and its msgid, and its event behind them.

        A line with a time that there cannot be has the stamp of the line before it, in the
        first line of a period that of its beginning.
        """
        return chain.from_iterable(self._blocks(key_of))

    def _blocks(self, key_of: KeyOf) -> Iterator[Iterable[Line]]:
        """Yield the lines, some at once."""
        for start, same in groupby(self._segments, key=lambda segment: segment.start):
            last = parse_time(start)
            for events in _event_blocks([*same]):
                stamps = _stamps_of(events, last)
                last = stamps[-1] if stamps else last
                msgids = [event.msgid for event in events]
                yield zip(stamps, map(key_of, events), msgids, events, strict=True)

    def first_event(self) -> Event | None:
        """Return the event of the first line, None if there is none."""
        counted = Counter(self._damaged)
        line = next(self.lines(_no_key), None)
        self._damaged.back_to(counted)  # the lines will be met again
        return None if line is None else line[3]

    def sample(self, since: str, key_of: KeyOf) -> Stamps:
        """Return the first lines from a moment on, to compare clocks by them."""
        later = WitnessRecord([each for each in self._segments if each.end > since], self._damaged)
        counted = Counter(self._damaged)
        begin = parse_time(since)
        lines = (line for line in later.lines(key_of) if line[0] >= begin)
        some = list(islice(lines, SAMPLE))
        self._damaged.back_to(counted)  # they will be met again
        return Stamps([line[0] for line in some], [line[1] for line in some], self.grain)

    @property
    def begins(self) -> str:
        """The moment before which it has no line, "" if it has none at all."""
        return min((each.start for each in self._segments), default="")


def _loss_of(imports: Iterable[ImportedEntry]) -> Loss | None:
    """Return the fields that imported lines cannot hold, None without imports.

    An import of a later version is of a dialect that nothing is known of.
    """
    known = [dialect_of(each.via) for each in imports]
    return reduce(or_, (each.loss for each in known if each), Loss()) if known else None


def _no_key(_event: Event) -> None:
    """Return no key: the lines are compared with none."""


def _event_blocks(parts: Sequence[SegmentReader]) -> Iterator[Sequence[Event]]:
    """Yield the events of the parts of a period in order of time, some at once."""
    if len(parts) == 1:
        yield from parts[0].event_blocks()
        return
    merged = merge(*map(_ordered, parts), key=_first)
    while some := [event for _, event in islice(merged, _AT_ONCE)]:
        yield some


def _ordered(segment: SegmentReader) -> Iterator[tuple[str, Event]]:
    """Yield the events of a part, each with the highest time until then, in its order."""
    latest = ""
    for event in chain.from_iterable(segment.event_blocks()):
        time = event.time
        if time > latest and is_time(time):
            latest = time
        yield latest, event


def _stamps_of(events: Sequence[Event], last: int) -> list[int]:
    """Return the stamp of each event; of one with no time that can be, that of the one before."""
    try:
        return parse_times([event.time for event in events])
    except ValueError:
        stamps = []
        for event in events:
            with suppress(ValueError):
                last = parse_time(event.time)
            stamps.append(last)
        return stamps


def key_for(records: Iterable[WitnessRecord], casemapping: Casemapping) -> KeyOf:
    """Return the key of lines that all these records can hold.

    Beside a record in text, a line is known by its sentence: that is all that text holds. Beside
    one of another program's logs, it is known by the fields that those can hold.
    """
    records = [*records]
    losses = [record.loss for record in records if record.loss is not None]
    if losses:
        loss = reduce(or_, losses)
        return lambda event: loss.key_of(event, casemapping)
    if all(record.tells_all for record in records):
        return lambda event: words_of(event, casemapping)
    return lambda event: sentence(as_others_see(event), visible)
