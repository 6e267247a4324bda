"""The gaps in what `tail` shows: a line where each one lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog.archive.files import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatlog.archive.targets import Target
    from chatlog.coverage.fold import Gap
    from chatlog.read.reader import Entry, Reader


class Silence(NamedTuple):
    """A gap of one target, before the entry at a position of those that are shown."""

    position: int
    network: str
    target: str
    gap: Gap

    @property
    def text(self) -> str:
        """Say how long, why, and what became of it."""
        from chatlog.cli.show.wording import many, span  # noqa: PLC0415 - few archives have a gap on show

        gap = self.gap
        length = span(max(1, gap.milliseconds // 1000))
        if gap.state == "filled":
            became = f"{many(gap.lines, 'line')} fetched back"
        else:
            became = f"{gap.state}{f': {gap.why}' if gap.why else ''}"
        return f"not heard for {length} ({gap.cause}): {became}"


class Silences:
    """The gaps of the targets of a reader that lie in what is shown of them, each once.

    Those before `since`, or the first entry, are not looked for.
    """

    def __init__(self, reader: Reader, since: str = "") -> None:
        self._reader = reader
        self._begin = since
        self._coming: list[tuple[Target, Gap]] | None = None  # the next one last
        self._told: dict[Target, list[Gap]] = {}
        self._read: dict[str, tuple[object, list[Gap]]] = {}

    def look_again(self) -> None:
        """Read what ledgers have by then, when it is needed: of a gap they tell when it is over."""
        self._coming = None

    def among(self, entries: Sequence[Entry]) -> list[Silence]:
        """Find those that were not told yet and begin before the last of these entries."""
        if not entries:
            return []
        self._begin = self._begin or entries[0].event.time
        if self._coming is None:
            self._coming = self._untold()
        found = []
        while self._coming and self._coming[-1][1].start.time < entries[-1].event.time:
            target, gap = self._coming.pop()
            self._told.setdefault(target, []).append(gap)
            found.append(Silence(_position(entries, gap), target.network, target.name, gap))
        return found

    def _untold(self) -> list[tuple[Target, Gap]]:
        untold = [
            (target, gap)
            for target in self._reader.targets()
            for gap in self._gaps(target.path)
            if gap.start.time >= self._begin and not self._is_told(target, gap)
        ]
        return sorted(untold, key=lambda each: each[1].start.time, reverse=True)

    def _is_told(self, target: Target, gap: Gap) -> bool:
        """Say whether it was told, or is what is left of one that was."""
        told = self._told.get(target, ())
        return any(each.start.time <= gap.start.time < each.end for each in told)

    def _gaps(self, directory: str) -> list[Gap]:
        state = state_of(f"{directory}/LEDGER")
        before, gaps = self._read.get(directory, (None, []))
        if state != before:
            gaps = list(_gaps(directory))
            self._read[directory] = state, gaps
        return gaps


def _position(entries: Sequence[Entry], gap: Gap) -> int:
    """Say before which entry a gap begins."""
    return next(number for number, entry in enumerate(entries) if entry.event.time > gap.start.time)


def _gaps(directory: str) -> Iterator[Gap]:
    from pathlib import Path  # noqa: PLC0415 - only who meets a ledger pays for these

    from chatlog.coverage import ledger  # noqa: PLC0415
    from chatlog.coverage.fold import coverage_of  # noqa: PLC0415
    from chatlog.errors import TranscriptError  # noqa: PLC0415

    try:
        coverage = coverage_of(ledger.read(Path(directory)), heard=lambda _: None)
    except TranscriptError:
        return  # who may read the lines alone is shown the lines
    yield from coverage.gaps if coverage is not None else ()
