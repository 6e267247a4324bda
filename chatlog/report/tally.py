"""Counts of the targets of an archive: each segment on some core, beside the coverage."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from chatlog.archive.targets import spelled
from chatlog.coverage.by_hour import attention_to
from chatlog.event import EARLIEST, EventType
from chatlog.query.predicates import Some, Type
from chatlog.report import hours
from chatlog.report.counts import Counts, count
from chatlog.report.gaps import Unreadable, coverages
from chatlog.report.holders import Holders, Renames, holders_in, renames_in
from chatlog.report.statistics import Statistics, TargetName
from chatlog.search.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from chatlog.archive.targets import Target
    from chatlog.query.selection import Query
    from chatlog.read.reader import Reader
    from chatlog.search.search import Watch

_HOUR, _QUARTER = 60, 15  # minutes of a slot


def count_targets(
    reader: Reader,
    query: Query,
    zone: tzinfo | None,
    *,
    jobs: int,
    join: bool,
    merge_networks: bool = False,
    watch: Watch = list,
) -> dict[Target, Counts]:
    """Count the matches in each target that has any, in the order of the targets' paths.

    `jobs` is the number of processes, 0 for one a core. If `join`, the changes of nick in
    the times and targets of the query are read first, also those that the query leaves
    out: they tell whose a nick was at a time. If `merge_networks`, a nick is one person
    on all networks. `watch` is that of `Search.folded`.
    """
    holders = _holders(reader, query, jobs, join=join, merge=merge_networks)
    grain = hours.grain_for(zone)
    found: dict[Target, Counts] = {}
    decoder = msgspec.msgpack.Decoder(Counts)
    for target, data in Search(reader, query, jobs=jobs).folded(
        lambda target, batches: msgspec.msgpack.encode(
            count(batches, holders[target.network], grain)
        ),
        watch,
    ):
        found.setdefault(target, Counts()).add(decoder.decode(data))
    return {target: found[target] for target in sorted(found) if found[target].events}


class _HoldersByNetwork(dict[str, Holders]):
    """The holders of each network; of one without a change of nick they are made when asked."""

    def __init__(self, reader: Reader, *, merge: bool) -> None:
        super().__init__()
        self._reader = reader
        self._merge = merge

    def __missing__(self, network: str) -> Holders:
        return self.note(network, ())

    def note(self, network: str, renames: Sequence[tuple[Target, bytes]]) -> Holders:
        """Return the holders that follow from encoded Renames, and remember them."""
        name = spelled(network)
        key = "" if self._merge else name
        self[network] = found = holders_in(key, self._reader.names(name), renames)
        return found


def _holders(
    reader: Reader, query: Query, jobs: int, *, join: bool, merge: bool
) -> _HoldersByNetwork:
    found = _HoldersByNetwork(reader, merge=merge)
    if not join:
        return found
    encoded: defaultdict[str, list[tuple[Target, bytes]]] = defaultdict(list)
    nothing = msgspec.msgpack.encode(Renames())
    changing = query._replace(term=Some((Type(EventType.NICK), Type(EventType.QUIT))))
    for target, data in Search(reader, changing, jobs=jobs).folded(
        lambda target, batches: msgspec.msgpack.encode(
            renames_in(batches, reader.names(spelled(target.network)))
        )
    ):
        if data != nothing:
            encoded[target.network].append((target, data))
    reader.damaged.clear()  # the second pass meets the same lines, and reports them once
    for network, renames in encoded.items():
        found.note(network, renames)
    return found


def statistics_of(
    root: Path,
    counted: dict[Target, Counts],
    query: Query,
    zone: tzinfo | None,
    now: str,
    *,
    each: bool,
    unreadable: Unreadable,
) -> Iterator[Statistics]:
    """Yield the statistics of all targets together, or of `each` by itself.

    `unreadable` reports files that could not be read.
    """
    covered = dict(coverages(root, list(counted), now, unreadable=unreadable))
    # A ledger may claim any time: what was heard lies between the first chat and now.
    since, until = max(query.since, EARLIEST), min(query.until or now, now)
    minutes = _HOUR if hours.grain_for(zone) == hours.HOUR else _QUARTER
    for targets in [[target] for target in counted] if each else [list(counted)]:
        total = Counts()
        for target in targets:
            total.add(counted[target])
        known = [covered[target] for target in targets if target in covered]
        yield Statistics(
            [TargetName(spelled(target.network), spelled(target.name)) for target in targets],
            total,
            len(known),
            attention_to(known, since, until, minutes),
        )
