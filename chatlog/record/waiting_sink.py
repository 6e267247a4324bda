"""WaitingSink: the Sink of a batch, in which a channel without news gets no line.

The events that joining a channel brings wait in memory until somebody else's line
follows, live or fetched. If none follows until the end of the run, they are dropped: the
ledger tells that the channel was heard. A run that is killed loses them as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import SERVER, EventType, Source
from chatlog.protocol.history.pages import weight_of
from chatlog.record.arrival import comes_with_joining, tells_of_us

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.record.sinks import Sink

MAX_WAITING: Final = 32 * 1024 * 1024
"""Estimated bytes of the events of all channels that wait."""

MAX_OURS: Final = 64
"""Sources of ours that are known; what tells of an earlier one counts as news."""


class WaitingSink:
    """A Sink in front of another one, for the events of one network in one run.

    The first news of a target releases its waiting events; from then on all its events
    pass. Those of `@server` never wait. Memory holds MAX_WAITING bytes: the target whose
    event would exceed that is released as if there were news.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: dict[str, list[Event]] = {}
        self._weight = 0
        self._released = {SERVER}
        self._ours: dict[Source, None] = {}  # the sources that we had, the last one at the end
        self._nicks: set[str] = set()

    def hold(self, network: str, target: str) -> None:
        """Lock a target; raise HeldError if another recorder holds it."""
        self._sink.hold(network, target)

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
        """Pass on events that are or follow news, in order; keep the others back."""
        self._sink.write_all([ready for event in events for ready in self._ready(event)])

    def last_msgid(self, target: str) -> str:
        """Return the msgid of the last waiting event of a target that has one, else ""."""
        waiting = reversed(self._waiting.get(target, ()))
        return next((event.msgid for event in waiting if event.msgid), "")

    def _ready(self, event: Event) -> list[Event]:
        """Return the events to pass on because of this one, in the order in which they came."""
        self._learn(event)
        target = event.target
        if target in self._released:
            return [event]
        waiting = self._waiting.setdefault(target, [])
        waiting.append(event)
        self._weight += weight_of(event)
        if self._weight <= MAX_WAITING and self._may_wait(event):
            return []
        self._released.add(target)
        self._weight -= sum(map(weight_of, waiting))
        return self._waiting.pop(target)

    def _may_wait(self, event: Event) -> bool:
        if event.via:
            return False
        return comes_with_joining(event) or tells_of_us(event, self._ours, self._nicks)

    def _learn(self, event: Event) -> None:
        """Learn our source from our JOIN, and our new nick."""
        source = Source(event.nick, event.user, event.host)
        if event.type == EventType.JOINED:
            self._add(source)
        elif event.type == EventType.NICK and not event.via and source in self._ours:
            self._add(Source(event.subject, event.user, event.host))

    def _add(self, source: Source) -> None:
        self._ours.pop(source, None)
        self._ours[source] = None
        if len(self._ours) > MAX_OURS:
            del self._ours[next(iter(self._ours))]
        self._nicks = {each.nick for each in self._ours}
