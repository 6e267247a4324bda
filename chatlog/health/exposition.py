"""Figures in the text format of Prometheus. Pure.

See https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from chatlog.event import parse_time
from chatlog.health.status import mended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Labels = dict[str, str]
MetricSample = tuple[Labels, float | None]
_Status = TypeVar("_Status")


class MetricFamily(NamedTuple, Generic[_Status]):
    """A metric: its name, its type, its meaning, and its samples in a status."""

    name: str
    kind: str
    meaning: str
    samples: Callable[[_Status], Iterable[MetricSample]]


def exposition(families: Iterable[MetricFamily[_Status]], status: _Status) -> str:
    """Write the metrics of a status.

    An unknown figure has no sample, and a metric without samples is left out. Of several
    samples with the same labels, as odd names may have, the first one counts.
    """
    return "".join(line for family in families for line in _lines(family, status))


def seconds(time: str) -> float | None:
    """Return a time as a Unix timestamp, None for ""."""
    return parse_time(time) / 1000 if time else None


def _lines(family: MetricFamily[_Status], status: _Status) -> list[str]:
    name = family.name
    samples: dict[str, float] = {}
    for labels, value in family.samples(status):
        if value is not None:
            samples.setdefault(mended(_written(labels)), value)
    if not samples:
        return []
    head = [f"# HELP {name} {family.meaning}\n", f"# TYPE {name} {family.kind}\n"]
    return head + [f"{name}{labels} {value}\n" for labels, value in samples.items()]


def _written(labels: Labels) -> str:
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
