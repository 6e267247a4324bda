"""The last proof that a run heard a target: for intervals of coverage without an end.

Such an interval ends where the run's heartbeat, or the last line that it
wrote, shows that it still heard. Lines that a run left in memory, as the disk
had refused them, are lost with it: then only the lines that are there count.
A run file that does not decode proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog.coverage.interval_fold import Bound
from chatlog.errors import TranscriptError
from chatlog.health.runs import is_alive, read_runs
from chatlog.health.status import NetworkStatus, RunStatus, decode
from chatlog.read.lookup import last_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatlog.coverage.entries import OpenedEntry


class Heard(NamedTuple):
    """The last moment at which a run is known to have heard, by both clocks."""

    at: str
    server: str
    msgid: str
    is_alive: bool


class LastHeard:
    """The run files of an archive; `damaged` are those that do not decode, the newest first."""

    def __init__(self, root: Path) -> None:
        self.damaged: list[Path] = []
        self._statuses: dict[str, RunStatus] = {}
        self._alive: dict[str, bool] = {}
        for run in read_runs(root):
            try:
                self._statuses[run.path.stem] = decode(run.data)
            except ValueError:
                self.damaged.append(run.path)
                continue
            self._alive[run.path.stem] = is_alive(run.path)

    def last(self, directory: Path, network: str, opened: OpenedEntry) -> Heard:
        """Return the last moment; at the earliest that at which the interval began."""
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
            server = beat.heard_there if opened.server else ""
            found.append(Heard(beat.heard, server, msgid, alive))
        return max(found, key=lambda heard: heard.server or heard.at)

    def bounds(self, directory: Path, network: str) -> Callable[[OpenedEntry], Bound | None]:
        """Return the function `heard` that `coverage_of` takes, for one target."""

        def heard(opened: OpenedEntry) -> Bound | None:
            try:
                last = self.last(directory, network, opened)
            except TranscriptError:
                return None
            return Bound(last.server or last.at, last.msgid)

        return heard

    def is_alive(self, run: str) -> bool:
        """Return whether a run still goes on."""
        return self._alive.get(run, False)

    def _beat(self, network: str, run: str) -> NetworkStatus | None:
        """Return the status of a network as a run left it; None if it is no proof."""
        status = self._statuses.get(run)
        if status is None or status.waiting:
            return None
        found = next((each for each in status.networks if each.name == network), None)
        # A run cannot have heard after it wrote this, unless its clock was set back meanwhile.
        return found if found is not None and found.heard <= status.updated else None
