"""Sinks: the destinations of the events that an Intake takes.

The Writer is a Sink without knowing this module: a Protocol needs no base
class. The null object stands where a connection is kept and nothing written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chatlog.casemapping import Casemapping
    from chatlog.errors import TranscriptError
    from chatlog.event import Event


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

    def write_all(self, events: Iterable[Event]) -> None:
        """Take events in their order, and keep them until they are flushed."""


class Flusher(Protocol):
    """Flushes a Sink and reports what a disk refuses; Durability is one."""

    def flush(self) -> None:
        """Write all events that the sink took; those that the disk refuses wait."""

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

    def write_all(self, events: Iterable[Event]) -> None:
        """Discard the events."""

    def flush(self) -> None:
        """Write nothing: nothing waits."""

    def note(self, error: TranscriptError) -> None:
        """Report nothing: no disk is written."""
