"""The gaps in what `tail` shows: a line where each one lies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatlog.transcript.coverage import Gap
    from chatlog.transcript.sources import Entry
    from chatlog.transcript.targets import Target


class Silence(NamedTuple):
    """A gap of one target, before the entry at a position of those that are shown."""

    position: int
    network: str
    target: str
    gap: Gap

    @property
    def text(self) -> str:
        """Say how long, why, and what became of it."""
        from chatlog.cli.tables import span  # noqa: PLC0415 - few archives have a gap on show

        gap = self.gap
        length = span(max(1, gap.milliseconds // 1000))
        if gap.state == "filled":
            became = f"{gap.lines:,} lines fetched back"
        else:
            became = f"{gap.state}{f': {gap.why}' if gap.why else ''}"
        return f"not heard for {length} ({gap.cause}): {became}"


def silences_in(targets: Sequence[Target], entries: Sequence[Entry]) -> list[Silence]:
    """Find the gaps that begin among some entries, which are in order of time."""
    if not entries:
        return []
    found = [
        Silence(_position(entries, gap), target.network, target.name, gap)
        for target in targets
        for gap in _gaps(target)
        if entries[0].event.time < gap.start.time < entries[-1].event.time
    ]
    return sorted(found, key=lambda silence: (silence.position, silence.gap.start.time))


def _position(entries: Sequence[Entry], gap: Gap) -> int:
    """Say before which entry a gap begins."""
    return next(number for number, entry in enumerate(entries) if entry.event.time > gap.start.time)


def _gaps(target: Target) -> Iterator[Gap]:
    if not os.path.exists(f"{target.path}/LEDGER"):  # noqa: PTH110 - it is asked at each start
        return
    from pathlib import Path  # noqa: PLC0415 - only who meets a ledger pays for these

    from chatlog.errors import TranscriptError  # noqa: PLC0415
    from chatlog.transcript import ledger  # noqa: PLC0415
    from chatlog.transcript.coverage import coverage_of  # noqa: PLC0415

    try:
        coverage = coverage_of(ledger.read(Path(target.path)), heard=lambda _: None)
    except TranscriptError:
        return  # who may read the lines alone is shown the lines
    yield from coverage.gaps if coverage is not None else ()
