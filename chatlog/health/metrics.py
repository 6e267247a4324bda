"""Metrics of a run: its status in the text format of Prometheus. Pure.

The number of samples is bounded, whatever the number of targets is.
"""

from __future__ import annotations

import heapq
import itertools
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.health.exposition import MetricFamily, exposition, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.health.exposition import Labels, MetricSample
    from chatlog.health.status import NetworkStatus, RunStatus

MOST_TARGETS: Final = 2000
"""The most targets of a run that have samples of their own."""


def _run(
    value: Callable[[RunStatus], float | None],
) -> Callable[[RunStatus], Iterable[MetricSample]]:
    return lambda status: [({}, value(status))]


def _each(
    value: Callable[[NetworkStatus], float | None],
) -> Callable[[RunStatus], Iterable[MetricSample]]:
    return lambda status: [
        ({"network": network.name}, value(network)) for network in status.networks
    ]


def _events(status: RunStatus) -> Iterator[MetricSample]:
    counts = [
        (count, network.name, target)
        for network in status.networks
        for target, count in network.events.items()
    ]
    if len(counts) > MOST_TARGETS:
        counts = heapq.nlargest(MOST_TARGETS, counts, key=itemgetter(0))
    for count, network_name, target in counts:
        yield {"network": network_name, "target": target}, count


class _Hearing(NamedTuple):
    """A target that is recorded: whether it is heard, and the last proof of that."""

    labels: Labels
    is_heard: bool
    proof: str


def _hearings(status: RunStatus) -> Iterator[_Hearing]:
    """Yield the targets, those that are not heard first, `MOST_TARGETS` at most."""
    return itertools.islice(
        itertools.chain(_hearings_of(status, heard=False), _hearings_of(status, heard=True)),
        MOST_TARGETS,
    )


def _hearings_of(status: RunStatus, *, heard: bool) -> Iterator[_Hearing]:
    for network in status.networks:
        for target, is_heard in {**(network.holds or {}), **network.awaits}.items():
            if is_heard == heard:
                proof = network.heard if heard else network.deaf.get(target, "")
                yield _Hearing({"network": network.name, "target": target}, heard, proof)


def _heard(status: RunStatus) -> Iterator[MetricSample]:
    return ((each.labels, int(each.is_heard)) for each in _hearings(status))


def _proofs(status: RunStatus) -> Iterator[MetricSample]:
    return ((each.labels, seconds(each.proof)) for each in _hearings(status))


def _targets_left_out(status: RunStatus) -> Iterable[MetricSample]:
    held = sum(len(each.holds or ()) + len(each.awaits) for each in status.networks)
    return [({}, max(0, held - MOST_TARGETS))]


_FAMILIES: Final = tuple(
    MetricFamily(f"chatlog_{name}", kind, meaning, samples)
    for name, kind, meaning, samples in (
        ("info", "gauge", "Always 1; the version that runs.",
            lambda status: [({"version": status.version}, 1)]),
        ("up", "gauge", "1 while the run goes on, 0 after it ended.",
            _run(lambda status: int(not status.ended))),
        ("start_timestamp_seconds", "gauge", "When the run began.",
            _run(lambda status: seconds(status.started))),
        ("heartbeat_timestamp_seconds", "gauge", "When this was written.",
            _run(lambda status: seconds(status.updated))),
        ("loop_lag_seconds", "gauge", "Longest delay of the event loop between two heartbeats.",
            _run(lambda status: status.loop_lag)),
        ("disk_free_bytes", "gauge", "Free space on the disk of the archive.",
            _run(lambda status: status.disk_free)),
        ("errors_total", "counter", "Errors since the run began.",
            _run(lambda status: status.errors)),
        ("waiting_lines", "gauge", "Lines that the disk has refused for now.",
            _run(lambda status: status.waiting)),
        ("waiting_bytes", "gauge", "The bytes of these lines.",
            _run(lambda status: status.waiting_bytes)),
        ("pipe_timestamp_seconds", "gauge", "When the command of --pipe took lines last.",
            _run(lambda status: seconds(status.piped))),
        ("ship_timestamp_seconds", "gauge", "When the bus had taken all batches but the last.",
            _run(lambda status: seconds(status.shipped))),
        ("targets_left_out", "gauge", "Targets that are recorded and have no sample of their own.",
            _targets_left_out),
        ("connected", "gauge", "1 while the network is connected and registered.",
            _each(lambda network: int(network.connected))),
        ("lag_seconds", "gauge", "Round trip of the last PING.",
            _each(lambda network: network.lag)),
        ("connected_timestamp_seconds", "gauge", "When the server welcomed the recorder.",
            _each(lambda network: seconds(network.since))),
        ("last_event_timestamp_seconds", "gauge", "When the last event was recorded.",
            _each(lambda network: seconds(network.last_event))),
        ("reconnects_total", "counter", "Connections after the first.",
            _each(lambda network: network.reconnects)),
        ("channels_joined", "gauge", "Joined channels.",
            _each(lambda network: network.joined)),
        ("channels_wanted", "gauge", "Channels to record.",
            _each(lambda network: network.wanted)),
        ("targets_deaf", "gauge", "Targets to record that are not heard.",
            _each(lambda network: len(network.deaf))),
        ("gaps_waiting", "gauge", "Gaps that wait to be fetched from history.",
            _each(lambda network: network.gaps)),
        ("problems", "gauge", "Problems that need a human, such as a channel that refuses us.",
            _each(lambda network: len(network.problems))),
        ("off_record_total", "counter", "Messages marked off the record by their authors.",
            _each(lambda network: network.off_record)),
        ("ignored_total", "counter", "Messages of ignored people.",
            _each(lambda network: network.ignored)),
        ("not_understood_total", "counter", "Lines that could not be parsed.",
            _each(lambda network: network.not_understood)),
        ("network_events_total", "counter", "Events recorded, of all targets.",
            _each(lambda network: sum(network.events.values()))),
        ("events_total", "counter", "Events recorded.", _events),
        ("target_heard", "gauge", "1 while the target is heard, else 0.", _heard),
        ("target_heard_timestamp_seconds", "gauge", "The last proof that the target was heard.",
            _proofs),
    )
)  # fmt: skip


def prometheus(status: RunStatus) -> str:
    """Write a status as metrics, in the text format of Prometheus."""
    return exposition(_FAMILIES, status)
