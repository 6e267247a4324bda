"""When a run was last known to hear a target: for intervals of coverage without an end.

Such an interval ends where the run's heartbeat, or the last line that it
wrote, shows that it still heard. What a run left in memory, as the disk had
refused it, is lost with it: then only the lines that are there count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog.coverage.fold import Bound
from chatlog.errors import TranscriptError
from chatlog.event import format_time, parse_time
from chatlog.health.runs import is_alive, read_runs
from chatlog.health.status import NetworkStatus, RunStatus, decode
from chatlog.read.lookup import last_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatlog.coverage.ledger import LedgerEntry


class Heard(NamedTuple):
    """The last moment at which somebody is known to have heard, by both clocks."""

    at: str
    server: str
    msgid: str
    is_alive: bool


class LastHeard:
    """Say of intervals without an end when they end, as far as the archive tells."""

    def __init__(self, root: Path) -> None:
        self._statuses: dict[str, RunStatus] = {}
        self._alive: dict[str, bool] = {}
        for run in read_runs(root):
            try:
                self._statuses[run.path.stem] = decode(run.data)
            except ValueError:
                continue
            self._alive[run.path.stem] = is_alive(run.path)

    def last(self, directory: Path, network: str, opened: LedgerEntry) -> Heard:
        """Find the last moment; at the earliest that at which the interval began."""
        alive = self._alive.get(opened.run, False)
        found = [Heard(opened.at, opened.server, opened.msgid, alive)]
        lines = last_lines(directory)
        msgid = lines.msgid if lines is not None else ""
        if lines is not None:
            event = lines.event
            server = event.time if opened.server else ""
            found.append(Heard(event.received or event.time, server, msgid, alive))
        beat = self._beat(network, opened.run)
        if beat is not None and beat.heard:
            found.append(Heard(beat.heard, _there(beat) if opened.server else "", msgid, alive))
        return max(found, key=lambda heard: heard.server or heard.at)

    def bounds(self, directory: Path, network: str) -> Callable[[LedgerEntry], Bound | None]:
        """Return what `coverage_of` asks of a target."""

        def heard(opened: LedgerEntry) -> Bound | None:
            try:
                last = self.last(directory, network, opened)
            except TranscriptError:
                return None
            return Bound(last.server or last.at, last.msgid)

        return heard

    def is_alive(self, run: str) -> bool:
        """Say whether a run still goes on."""
        return self._alive.get(run, False)

    def _beat(self, network: str, run: str) -> NetworkStatus | None:
        status = self._statuses.get(run)
        if status is None or status.waiting:
            return None
        return next((each for each in status.networks if each.name == network), None)


def _there(status: NetworkStatus) -> str:
    return format_time(parse_time(status.heard) + (status.offset or 0))
