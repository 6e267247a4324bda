"""Counts of the targets of an archive: each segment on some core, beside the coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog.archive.targets import spelled
from chatlog.coverage.by_hour import attention_to
from chatlog.event import EventType
from chatlog.query.predicates import Type
from chatlog.report import hours
from chatlog.report.counts import Counts, count
from chatlog.report.gaps import Unreadable, coverages
from chatlog.report.statistics import Statistics, TargetName
from chatlog.search.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo
    from pathlib import Path

    from chatlog.archive.targets import Target
    from chatlog.query.selection import Query
    from chatlog.read.reader import Reader

_HOUR, _QUARTER = 60, 15  # minutes of a slot


def count_targets(
    reader: Reader, query: Query, zone: tzinfo | None, *, jobs: int, join: bool
) -> dict[Target, Counts]:
    """Count the matches in each target that has any, in the order of the targets' paths.

    `jobs` is the number of processes, 0 for one a core. If `join`, all changes
    of nick are counted too, also those that the query leaves out: they tell
    which nicks are one person.
    """
    renames: dict[Target, Counts] = {}
    if join and not query.is_everything:
        renames = _count(reader, query._replace(term=Type(EventType.NICK)), None, jobs)
        reader.damaged.clear()  # the second pass meets the same lines, and reports them once
    found = _count(reader, query, zone, jobs)
    for target in found.keys() & renames.keys():
        found[target].changes |= renames[target].changes
    return found


def _count(reader: Reader, query: Query, zone: tzinfo | None, jobs: int) -> dict[Target, Counts]:
    grain = hours.grain_for(zone)
    found: dict[Target, Counts] = {}
    decoder = msgspec.msgpack.Decoder(Counts)
    for target, data in Search(reader, query, jobs=jobs).folded(
        lambda target, batches: msgspec.msgpack.encode(
            count(batches, reader.names(spelled(target.network)), grain)
        )
    ):
        found.setdefault(target, Counts()).add(decoder.decode(data))
    return {target: found[target] for target in sorted(found) if found[target].events}


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
            attention_to(known, query.since, query.until or now, minutes),
        )
