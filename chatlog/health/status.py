"""The status of a run: connections, counts, lag, and its forms as JSON, metrics and text.

Pure: it never asks for the time and never touches a file. It counts and names;
it never holds what was said.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.event import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class InvitationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that invited us: by whom and when; `over` if it threw us out for good."""

    channel: str
    by: str = ""
    at: str = ""
    kicks: int = 0
    reason: str = ""
    over: bool = False


class NetworkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One network of a run; times are those of events, `lag` is in seconds.

    `since` is when the server welcomed us, `heard` when we last heard anything
    of it, `offset` how many milliseconds its clock is ahead, `events` counts by target.
    `holds` are the targets that the run records, and `awaits` those that it takes over from
    another run, each with whether it is heard; an earlier version tells no `holds`. What is
    not known is empty, a lag that was not measured None.
    """

    name: str
    state: str
    connected: bool
    server: str = ""
    nick: str = ""
    lag: float | None = None
    since: str = ""
    heard: str = ""
    offset: int | None = None
    last_event: str = ""
    reconnects: int = 0
    joined: int = 0
    wanted: int = 0
    events: dict[str, int] = {}
    problems: tuple[str, ...] = ()
    off_record: int = 0
    ignored: int = 0
    not_understood: int = 0
    invitations: tuple[InvitationStatus, ...] = ()
    holds: dict[str, bool] | None = None
    awaits: dict[str, bool] = {}

    @property
    def heard_there(self) -> str:
        """The time in `heard` by the clock of the server."""
        return format_time(parse_time(self.heard) + (self.offset or 0)) if self.heard else ""


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One run; times are those of events, `ended` and `reason` are empty while it goes on.

    `loop_lag` is the longest that the loop was late since the last status, in
    seconds; `disk_free` is in bytes, of the disk that holds the archive;
    `waiting` is how many lines it has refused for now.
    """

    pid: int
    version: str
    root: str
    started: str
    updated: str
    ended: str = ""
    reason: str = ""
    networks: tuple[NetworkStatus, ...]
    loop_lag: float = 0
    errors: int = 0
    disk_free: int = 0
    waiting: int = 0


_SURROGATES: Final = "[\ud800-\udfff]"
# JSON needs only C0 escaped; these steer a terminal as well.
_UNSAFE: Final = "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_decoder: Final = msgspec.json.Decoder(RunStatus)


def encode(status: RunStatus) -> bytes:
    """Encode a status as one line of JSON with its newline.

    The line is safe to `cat`. Half a surrogate pair becomes U+FFFD.
    """
    text = json.dumps(msgspec.to_builtins(status), ensure_ascii=False, separators=(",", ":"))
    text = re.sub(_UNSAFE, lambda match: f"\\u{ord(match[0]):04x}", _mended(text))
    return text.encode() + b"\n"


def decode(data: bytes) -> RunStatus:
    """Decode the line of a status, without unknown keys; raise ValueError for all else.

    A time that there cannot be makes it none.
    """
    try:
        status = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a status: {error}") from error
    try:
        for time in filter(None, _times(status)):
            parse_time(time)
    except (ValueError, OverflowError, OSError) as error:  # OSError: beyond what the system counts
        raise ValueError(f"not a status: a time that there cannot be: {error}") from error
    if not (status.started and status.updated):
        raise ValueError("not a status: it does not say of when it is")
    return status


def _times(status: RunStatus) -> Iterator[str]:
    yield from (status.started, status.updated, status.ended)
    for network in status.networks:
        yield from (network.since, network.last_event, network.heard_there)
        yield from (each.at for each in network.invitations)


def _mended(text: str) -> str:
    return re.sub(_SURROGATES, "\N{REPLACEMENT CHARACTER}", text)


# -- metrics -----------------------------------------------------------------

_Labels = dict[str, str]
_Sample = tuple[_Labels, float | None]


class _Family(NamedTuple):
    name: str
    kind: str
    meaning: str
    samples: Callable[[RunStatus], Iterable[_Sample]]


def _run(value: Callable[[RunStatus], float | None]) -> Callable[[RunStatus], Iterable[_Sample]]:
    return lambda status: [({}, value(status))]


def _each(
    value: Callable[[NetworkStatus], float | None],
) -> Callable[[RunStatus], Iterable[_Sample]]:
    return lambda status: [
        ({"network": network.name}, value(network)) for network in status.networks
    ]


def _events(status: RunStatus) -> Iterator[_Sample]:
    for network in status.networks:
        for target, count in network.events.items():
            yield {"network": network.name, "target": target}, count


def _seconds(time: str) -> float | None:
    return parse_time(time) / 1000 if time else None


_FAMILIES: Final = tuple(
    _Family(f"chatlog_{name}", kind, meaning, samples)
    for name, kind, meaning, samples in (
        ("info", "gauge", "Always 1; the version that runs.",
            lambda status: [({"version": status.version}, 1)]),
        ("up", "gauge", "1 while the run goes on, 0 after it ended.",
            _run(lambda status: int(not status.ended))),
        ("start_timestamp_seconds", "gauge", "When the run began.",
            _run(lambda status: _seconds(status.started))),
        ("heartbeat_timestamp_seconds", "gauge", "When this was written.",
            _run(lambda status: _seconds(status.updated))),
        ("loop_lag_seconds", "gauge", "The longest that the loop was late between two heartbeats.",
            _run(lambda status: status.loop_lag)),
        ("disk_free_bytes", "gauge", "What is left on the disk that holds the archive.",
            _run(lambda status: status.disk_free)),
        ("errors_total", "counter", "Errors since the run began.",
            _run(lambda status: status.errors)),
        ("waiting_lines", "gauge", "Lines that the disk has refused for now.",
            _run(lambda status: status.waiting)),
        ("connected", "gauge", "1 while a server of the network has us welcomed.",
            _each(lambda network: int(network.connected))),
        ("lag_seconds", "gauge", "How long the server took to answer the last PING.",
            _each(lambda network: network.lag)),
        ("connected_timestamp_seconds", "gauge", "When the server welcomed us.",
            _each(lambda network: _seconds(network.since))),
        ("last_event_timestamp_seconds", "gauge", "When the last event was recorded.",
            _each(lambda network: _seconds(network.last_event))),
        ("reconnects_total", "counter", "Connections after the first.",
            _each(lambda network: network.reconnects)),
        ("channels_joined", "gauge", "Channels that we are in.",
            _each(lambda network: network.joined)),
        ("channels_wanted", "gauge", "Channels that are to be recorded.",
            _each(lambda network: network.wanted)),
        ("problems", "gauge", "What a human should look at, such as channels that refuse us.",
            _each(lambda network: len(network.problems))),
        ("off_record_total", "counter", "Messages that their authors kept off the record.",
            _each(lambda network: network.off_record)),
        ("ignored_total", "counter", "Messages of those who are ignored.",
            _each(lambda network: network.ignored)),
        ("not_understood_total", "counter", "Lines that made no sense.",
            _each(lambda network: network.not_understood)),
        ("events_total", "counter", "Events recorded.", _events),
    )
)  # fmt: skip


def prometheus(status: RunStatus) -> str:
    """Write a status as metrics, for the textfile collector of the node exporter.

    What is not known has no sample, and a metric without samples is left out.
    See https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    return _mended("".join(line for family in _FAMILIES for line in _lines(family, status)))


def _lines(family: _Family, status: RunStatus) -> list[str]:
    name = family.name
    samples = [
        f"{name}{_written(labels)} {value}\n"
        for labels, value in family.samples(status)
        if value is not None
    ]
    head = [f"# HELP {name} {family.meaning}\n", f"# TYPE {name} {family.kind}\n"]
    return head + samples if samples else []


def _written(labels: _Labels) -> str:
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
