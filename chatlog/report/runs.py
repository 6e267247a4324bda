"""The runs of an archive: their last status, and the problems of those that are alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.formats.wording import seconds_between
from chatlog.health.runs import is_alive, read_runs
from chatlog.health.status import RunStatus, decode
from chatlog.health.witness_runs import witness_roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_STALE: Final = 60  # seconds: a heartbeat comes much more often


class ObservedRun(NamedTuple):
    """The last status of a run, and whether the run is alive."""

    status: RunStatus
    alive: bool


class Silent(NamedTuple):
    """A run that is alive and has written no status for some seconds."""

    pid: int
    seconds: int


class DiskRefuses(NamedTuple):
    """A run whose lines wait for the disk."""

    lines: int


class NotConnected(NamedTuple):
    """A network that a run is not connected to, and the state it is in."""

    network: str
    state: str


Problem = Silent | DiskRefuses | NotConnected


def observe(root: Path, damaged: Callable[[Path], None]) -> list[ObservedRun]:
    """Return the runs of an archive, the newest first.

    `damaged` is called with the path of a run file that does not decode.
    """
    observed = []
    for path, data in read_runs(root):
        try:
            status = decode(data)
        except ValueError:
            damaged(path)
        else:
            observed.append(ObservedRun(status, is_alive(path)))
    return observed


def observe_collected(root: Path, damaged: Callable[[Path], None]) -> list[ObservedRun]:
    """Return the runs whose lines are collected into an archive from other machines."""
    return [run for each in witness_roots(root) for run in observe(each, damaged)]


def problems_of(status: RunStatus, now: str) -> Iterator[Problem]:
    """Yield the problems of a run that is alive."""
    silent = seconds_between(status.updated, now)
    if silent > _STALE:
        yield Silent(status.pid, silent)
    if status.waiting:
        yield DiskRefuses(status.waiting)
    for network in status.networks:
        if not network.connected:
            yield NotConnected(network.name, network.state)
