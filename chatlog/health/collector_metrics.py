"""Metrics of a collector in the text format of Prometheus: how far it is behind the bus. Pure."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.health.exposition import MetricFamily, exposition, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.health.exposition import MetricSample

MOST_WITNESSES: Final = 1000
"""The most recorders that have samples of their own."""


class CollectorStatus(msgspec.Struct, frozen=True):
    """The figures of a collector at the moment `updated`.

    `left` counts the messages of the stream that wait, None if there is no connection.
    `caught_up` is when the archive had last all that the stream had. `heard` has the time of
    the newest live line of each recorder.
    """

    version: str
    started: str
    updated: str
    left: int | None
    caught_up: str
    lines: int
    damaged: int
    repeated: int
    lost: int
    disk_free: int | None
    heard: dict[str, str] = {}


def _one(
    value: Callable[[CollectorStatus], float | None],
) -> Callable[[CollectorStatus], Iterable[MetricSample]]:
    return lambda status: [({}, value(status))]


def _heard(status: CollectorStatus) -> Iterable[MetricSample]:
    for name, time in itertools.islice(status.heard.items(), MOST_WITNESSES):
        yield {"witness": name}, seconds(time)


_FAMILIES: Final = tuple(
    MetricFamily(f"chatlog_{name}", kind, meaning, samples)
    for name, kind, meaning, samples in (
        ("info", "gauge", "Always 1; the version that runs.",
            lambda status: [({"version": status.version}, 1)]),
        ("start_timestamp_seconds", "gauge", "When the run began.",
            _one(lambda status: seconds(status.started))),
        ("heartbeat_timestamp_seconds", "gauge", "When this was written.",
            _one(lambda status: seconds(status.updated))),
        ("disk_free_bytes", "gauge", "Free space on the disk of the archive.",
            _one(lambda status: status.disk_free)),
        ("collect_connected", "gauge", "1 while the collector reads the stream, else 0.",
            _one(lambda status: int(status.left is not None))),
        ("collect_left_messages", "gauge", "Messages of the stream that are not collected yet.",
            _one(lambda status: status.left)),
        ("collect_timestamp_seconds", "gauge", "When the archive had all that the stream had.",
            _one(lambda status: seconds(status.caught_up))),
        ("collect_lines_total", "counter", "Lines written since the run began.",
            _one(lambda status: status.lines)),
        ("collect_damaged_total", "counter", "Messages that could not be read.",
            _one(lambda status: status.damaged)),
        ("collect_repeated_total", "counter", "Messages that came again.",
            _one(lambda status: status.repeated)),
        ("collect_lost_messages", "gauge", "Messages that are lost; they are asked for.",
            _one(lambda status: status.lost)),
        ("collect_witness_timestamp_seconds", "gauge", "The newest live line of each recorder.",
            _heard),
    )
)  # fmt: skip


def prometheus_of_collector(status: CollectorStatus) -> str:
    """Write the figures as metrics."""
    return exposition(_FAMILIES, status)
