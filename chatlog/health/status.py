"""The status of a run: connections, counts, lag, and its form as JSON.

Pure: it never asks for the time and never touches a file. It counts and names;
it never holds what was said.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    another run, each with whether it is heard; an earlier version tells no `holds`. Those of both
    that are not heard are `deaf`, each with the last proof of hearing by this run. `gaps` wait to
    be fetched from history. What is not known is empty, a lag that was not measured None.
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
    deaf: dict[str, str] = {}
    gaps: int = 0

    @property
    def heard_there(self) -> str:
        """The time in `heard` by the clock of the server."""
        return format_time(parse_time(self.heard) + (self.offset or 0)) if self.heard else ""


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One run; times are those of events, `ended` and `reason` are empty while it goes on.

    `loop_lag` is the longest that the loop was late since the last status, in
    seconds; `disk_free` is in bytes, of the disk that holds the archive;
    `waiting` is how many lines it has refused for now, `waiting_bytes` their bytes. `piped` is
    when the position of the pipe moved last, `shipped` when that of the shipper did.
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
    waiting_bytes: int = 0
    piped: str = ""
    shipped: str = ""


_SURROGATES: Final = "[\ud800-\udfff]"
# JSON needs only C0 escaped; these steer a terminal as well.
_UNSAFE: Final = "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_decoder: Final = msgspec.json.Decoder(RunStatus)


def encode(status: RunStatus) -> bytes:
    """Encode a status as one line of JSON with its newline.

    The line is safe to `cat`. Half a surrogate pair becomes U+FFFD.
    """
    text = json.dumps(msgspec.to_builtins(status), ensure_ascii=False, separators=(",", ":"))
    text = re.sub(_UNSAFE, lambda match: f"\\u{ord(match[0]):04x}", mended(text))
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
    yield from (status.started, status.updated, status.ended, status.piped, status.shipped)
    for network in status.networks:
        yield from (network.since, network.last_event, network.heard_there)
        yield from (each.at for each in network.invitations)
        yield from network.deaf.values()


def mended(text: str) -> str:
    """Return a text with U+FFFD for each half of a surrogate pair."""
    return re.sub(_SURROGATES, "\N{REPLACEMENT CHARACTER}", text)
