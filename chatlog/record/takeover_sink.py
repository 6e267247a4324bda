"""TakeoverSink: the Sink of a run that takes over targets from another recorder.

Events of a target that the other one still holds go to a spool; all others pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chatlog.errors import HeldError, TranscriptError
from chatlog.record.sinks import Sink

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.write.takeover_spool import TakeoverSpool


class LockingSink(Sink, Protocol):
    """A Sink that tells which targets another recorder holds; the Writer is one."""

    def is_held_elsewhere(self, network: str, target: str) -> bool:
        """Return at once whether another recorder holds a target."""


class TakeoverSink:
    """A Sink in front of a writer, for the events of one network.

    `awaited` are the targets that another recorder holds, or held until a moment ago. An
    awaited target counts as held; `release` ends the waiting.
    """

    def __init__(self, sink: LockingSink, spool: TakeoverSpool) -> None:
        self.awaited: set[str] = set()
        self.spool = spool
        self._sink = sink

    def awaits(self, target: str) -> bool:
        """Return whether the events of a target go to the spool."""
        return target in self.awaited

    def release(self, target: str) -> None:
        """Pass the events of a target on, from the next one on."""
        self.awaited.discard(target)

    def hold(self, network: str, target: str) -> None:
        """Lock a target, or await it if another recorder holds it.

        `hold` of the sink tries for a tenth of a second, in case a lock is free in a moment. A
        run that takes over thousands of targets would not start for minutes, so we look first.
        """
        if target in self.awaited:
            return
        if self._sink.is_held_elsewhere(network, target):
            self.awaited.add(target)
            return
        try:
            self._sink.hold(network, target)
        except HeldError:
            self.awaited.add(target)

    def set_casemapping(self, network: str, casemapping_name: str) -> None:
        """Keep a network's CASEMAPPING; raise TranscriptError if it could not be saved."""
        self._sink.set_casemapping(network, casemapping_name)

    def known_casemapping(self, network: str) -> Casemapping | None:
        """Return a network's CASEMAPPING if it was set; raise TranscriptError if it is damaged."""
        return self._sink.known_casemapping(network)

    def path(self, network: str, target: str) -> Path | None:
        """Return the directory of a target's transcript, None if the sink keeps no files."""
        return self._sink.path(network, target)

    def write_all(self, events: Sequence[Event]) -> None:
        """Take events in order: write those of awaited targets to the spool, pass on the others.

        Raise TranscriptError if the spool cannot be written, or is full. The other recorder
        goes on, so that nothing is lost if this run ends then.
        """
        waiting = [event for event in events if event.target in self.awaited]
        if len(waiting) < len(events):
            self._sink.write_all([event for event in events if event.target not in self.awaited])
        if not waiting:
            return
        self.spool.append(waiting)
        if self.spool.is_full:
            raise TranscriptError(
                "the take-over waited for too long, and its spool is full; start again, and let"
                " the other recorder leave with `chatlog handover`"
            )
