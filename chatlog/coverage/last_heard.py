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
from chatlog.event import trusted_time
from chatlog.health.runs import Run, is_alive, read_run, read_runs
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

    @property
    def time(self) -> str:
        """The moment in the clock of the events: the server's if it is near ours, else ours."""
        return trusted_time(self.at, self.server)


class _Look(NamedTuple):
    """The status of a run, None if its file is none, and whether the run goes on."""

    status: RunStatus | None
    is_alive: bool


class LastHeard:
    """The run files of an archive, each read when its run is asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._looks: dict[str, _Look] = {}

    @property
    def damaged(self) -> list[Path]:
        """The newest run files that do not decode, the newest first."""
        return [run.path for run in read_runs(self._root) if _decoded(run) is None]

    def last(
        self, directory: Path, network: str, opened: OpenedEntry, others_until: str = ""
    ) -> Heard:
        """Return the last moment; at the earliest that at which the interval began.

        Lines until `others_until` may be another run's, and prove nothing.
        """
        alive = self.is_alive(opened.run)
        found = [Heard(opened.at, opened.server, opened.msgid, alive)]
        lines = last_lines(directory)
        if lines is not None and lines.event.time <= others_until:
            lines = None
        # A batch without news has no line in the interval, and the first msgid is that of its JOIN.
        is_within = lines is not None and lines.event.time >= opened.time
        msgid = lines.msgid if lines is not None and is_within else opened.msgid
        if lines is not None:
            event = lines.event
            server = event.time if opened.server else ""
            found.append(Heard(event.received or event.time, server, msgid, alive))
        beat = self._beat(network, opened.run)
        if beat is not None and beat.heard:
            server = beat.heard_there if opened.server else ""
            found.append(Heard(beat.heard, server, msgid, alive))
        return max(found, key=lambda heard: heard.time)

    def bounds(self, directory: Path, network: str) -> Callable[[OpenedEntry], Bound | None]:
        """Return the function `heard` that `coverage_of` takes, for one target."""

        def heard(opened: OpenedEntry) -> Bound | None:
            try:
                last = self.last(directory, network, opened)
            except TranscriptError:
                return None
            return Bound(last.time, last.msgid)

        return heard

    def is_alive(self, run: str) -> bool:
        """Return whether a run still goes on."""
        return self._look_at(run).is_alive

    def _look_at(self, name: str) -> _Look:
        if name not in self._looks:
            run = read_run(self._root, name)
            status = None if run is None else _decoded(run)
            alive = run is not None and status is not None and is_alive(run.path)
            self._looks[name] = _Look(status, alive)
        return self._looks[name]

    def _beat(self, network: str, run: str) -> NetworkStatus | None:
        """Return the status of a network as a run left it; None if it is no proof."""
        status = self._look_at(run).status
        if status is None or status.waiting:
            return None
        found = next((each for each in status.networks if each.name == network), None)
        if found is not None and found.awaits:  # its lines are in a spool
            return None
        # A run cannot have heard after it wrote this, unless its clock was set back meanwhile.
        return found if found is not None and found.heard <= status.updated else None


def _decoded(run: Run) -> RunStatus | None:
    try:
        return decode(run.data)
    except ValueError:
        return None
