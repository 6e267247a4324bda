"""Sinks: the destinations of a connection's events and intervals.

The Writer is a Sink, and Ledgers is a LedgerSink, without a base class. The
null objects stand where a connection is kept and nothing written: in an audit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chatlog.coverage.gap_list import Gaps
from chatlog.event import trusted_time
from chatlog.record.intervals import NewInterval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chatlog.casemapping import Casemapping
    from chatlog.errors import TranscriptError
    from chatlog.event import Event
    from chatlog.record.intervals import Moment


class Sink(Protocol):
    """A destination of events; the Writer is one.

    A target is held before its first event, and the CASEMAPPING of its network
    set before the first target that has one.
    """

    def hold(self, network: str, target: str) -> None:
        """Lock a target; raise HeldError if another recorder holds it."""

    def set_casemapping(self, network: str, casemapping_name: str) -> None:
        """Keep a network's CASEMAPPING; raise TranscriptError if it could not be saved."""

    def known_casemapping(self, network: str) -> Casemapping | None:
        """Return a network's CASEMAPPING if it was set; raise TranscriptError if it is damaged."""

    def path(self, network: str, target: str) -> Path | None:
        """Return the directory of a target's transcript, None if the sink keeps no files."""

    def write_all(self, events: Sequence[Event]) -> None:
        """Take events in their order, and keep them until they are flushed."""


class Flusher(Protocol):
    """Flushes a Sink, and reports refusals of the disk; Durability is one."""

    def flush(self, is_time_up: Callable[[], bool] = bool) -> bool:
        """Write events that the sink took, until the time is up; return whether all are.

        Those that the disk refuses wait.
        """

    def note(self, error: TranscriptError) -> None:
        """Report a refusal of the disk."""


class NullSink:
    """A Sink and its Flusher that discard every event and lock no target."""

    def hold(self, network: str, target: str) -> None:
        """Refuse no target."""

    def set_casemapping(self, network: str, casemapping_name: str) -> None:
        """Save no CASEMAPPING: there are no paths that depend on it."""

    def known_casemapping(self, network: str) -> None:
        """Return None: no CASEMAPPING is kept."""

    def path(self, network: str, target: str) -> None:
        """Return None: there are no files."""

    def write_all(self, events: Sequence[Event]) -> None:
        """Discard the events."""

    def flush(self, is_time_up: Callable[[], bool] = bool) -> bool:  # noqa: ARG002 - as the protocol
        """Write nothing: nothing waits."""
        return True

    def note(self, error: TranscriptError) -> None:
        """Report nothing: no disk is written."""


class LedgerSink(Protocol):
    """A destination of the changes of a network's intervals; Ledgers is one."""

    def entered(self, target: str, moment: Moment, msgid: str) -> NewInterval | None:
        """Open an interval at the moment and msgid of our JOIN; return it with the gaps before.

        None means that the target waits for `proved`.
        """

    def left(self, target: str, moment: Moment, cause: str, *, for_good: bool = False) -> None:
        """Close an interval; `for_good` if the target is no longer meant to be heard."""

    def losing(self, moment: Moment, reason: str) -> Iterator[None]:
        """Close every interval at the last proof of hearing; yield after each."""

    def proved(self, targets: list[str], moment: Moment) -> list[NewInterval]:
        """Keep the server's confirmation that we are in these channels.

        Return the intervals that waited for it.
        """

    def resumed(self, target: str) -> NewInterval | None:
        """Return the open interval of a target that was taken over, None if it is not heard."""

    def absent(self, target: str, moment: Moment, why: str) -> None:
        """Keep why a channel does not let us in."""

    def room_shown(self, target: str, room: str, moment: Moment) -> None:
        """Keep the id of the room that a channel is, by which a renamed one is known."""

    def jumped(self, moment: Moment, ahead: int, slept: int) -> None:
        """Keep a jump of our clock, or a sleep of the machine, in milliseconds."""

    def silence(self, target: str) -> str:
        """Return since when and why a target is not heard, "" if there is nothing to tell."""


class NullLedgers:
    """A LedgerSink that keeps no interval, so that no target has a gap."""

    def entered(self, target: str, moment: Moment, msgid: str) -> NewInterval:  # noqa: ARG002 - as the protocol
        """Return an interval without gaps before it."""
        return NewInterval(target, trusted_time(moment.at, moment.server), Gaps(), is_first=False)

    def left(self, target: str, moment: Moment, cause: str, *, for_good: bool = False) -> None:
        """Keep nothing."""

    def losing(self, moment: Moment, reason: str) -> Iterator[None]:  # noqa: ARG002 - as the protocol
        """Keep nothing."""
        return iter(())

    def proved(self, targets: list[str], moment: Moment) -> list[NewInterval]:  # noqa: ARG002 - as the protocol
        """Return no interval: none waits."""
        return []

    def resumed(self, target: str) -> None:
        """Return None: nothing is taken over."""

    def absent(self, target: str, moment: Moment, why: str) -> None:
        """Keep nothing."""

    def room_shown(self, target: str, room: str, moment: Moment) -> None:
        """Keep nothing."""

    def jumped(self, moment: Moment, ahead: int, slept: int) -> None:
        """Keep nothing."""

    def silence(self, target: str) -> str:  # noqa: ARG002 - as the protocol
        """Return "": there is nothing to tell."""
        return ""
