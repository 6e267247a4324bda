"""Facts about channels, and their consequences for the ledgers and the history to fetch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from chatlog.event import EventType
from chatlog.protocol.facts import (
    Absent,
    Disconnected,
    Forwarded,
    HistoryPage,
    HistoryRefused,
    HistoryTargets,
    Joined,
    Left,
    PlaybackLimits,
    Proved,
    Renamed,
    RoomShown,
)
from chatlog.record.intervals import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.event import Event
    from chatlog.protocol.facts import Fact, HistoryFact
    from chatlog.protocol.session import Session
    from chatlog.record.intake import Intake
    from chatlog.record.intervals import NewInterval
    from chatlog.record.sinks import LedgerSink

logger = logging.getLogger(__name__)


class History(Protocol):
    """The consumer of one connection's history: it fetches gaps, or compares."""

    @property
    def is_settled(self) -> bool:
        """Return whether nothing is left to do."""

    @property
    def waiting_gaps(self) -> int:
        """Return the number of gaps that wait to be fetched."""

    def entered(self, interval: NewInterval) -> None:
        """Begin with a channel that we are in now, and the gaps before its interval."""

    def began(self, moment: Moment) -> Iterator[None]:
        """Begin with the private conversations of the network; yield after each."""

    def heard(self, targets: Iterable[str]) -> Iterator[None]:
        """Begin with the private conversations among some targets; yield after each new one."""

    def left(self, target: str) -> None:
        """Stop with a channel that we are in no more."""

    def take(self, fact: HistoryFact) -> None:
        """Act on a page, a refusal or playback limits."""

    @property
    def is_full(self) -> bool:
        """Return whether too much history waits for more to be read."""

    async def close(self) -> None:
        """End with the connection."""


def without_empty_absences(facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts of a turn without those that we left a channel for no time.

    A removal, and the JOIN of the same moment that follows it, are two facts
    without consequence: nothing could be missed between them.
    """
    dropped: set[int] = set()
    removed: dict[str, tuple[int, Left]] = {}
    for number, fact in enumerate(facts):
        if isinstance(fact, Left) and fact.wanted:
            removed[fact.channel] = number, fact
        elif isinstance(fact, Joined):
            place, left = removed.pop(fact.channel, (-1, None))
            if left is not None and _when(left) == _when(fact):
                dropped |= {place, number}
        else:
            removed.clear()  # it may concern any of these channels
    return [fact for number, fact in enumerate(facts) if number not in dropped]


def _when(fact: Joined | Left) -> tuple[str, str]:
    return fact.time, fact.received


class ChannelFacts:
    """The handlers of one connection's facts about channels.

    `heard` returns when something was read last, by our clock: coverage ends at
    that proof, and not when an end is noticed. Channels that another recorder
    holds, or that privacy keeps out, get no intervals and no history.
    """

    def __init__(
        self,
        session: Session,
        intake: Intake,
        ledgers: LedgerSink,
        history: History,
        heard: Callable[[], str],
    ) -> None:
        self._session = session
        self._intake = intake
        self._ledgers = ledgers
        self._history = history
        self._heard = heard

    def handlers(self) -> dict[type, Callable[[Any], Iterator[None] | None]]:
        """Return the handler of each type of fact; the steps that one returns are to be run."""
        return {
            Joined: self._on_joined,
            Left: self._on_left,
            Renamed: self._on_renamed,
            RoomShown: self._on_room_shown,
            Forwarded: self._on_forwarded,
            Proved: self._on_proved,
            HistoryPage: self._history.take,
            HistoryRefused: self._history.take,
            HistoryTargets: self._history.take,
            PlaybackLimits: self._history.take,
            Disconnected: self._on_disconnected,
        }

    def explained(self, event: Event) -> Event:
        """Return a `joined` event with the server, and since when and why nothing was heard.

        Any other event, and a `joined` with a text, is returned as it is. Call it before
        the fact that we joined: from then on the channel is heard.
        """
        if event.type != EventType.JOINED or event.text:
            return event
        takes = self._intake.takes(event.target)
        silence = self._ledgers.silence(event.target) if takes else ""
        text = "; ".join(filter(None, (self._session.server, silence)))
        return msgspec.structs.replace(event, text=text)

    def jumped(self, ahead: int, slept: int) -> None:
        """Note by how many milliseconds our clock was set, or the machine slept."""
        self._session.clock.shift(ahead)
        self._ledgers.jumped(self._last_proof(), ahead, slept)

    def begin_queries(self) -> Iterator[None]:
        """Begin to hear private conversations, if they are recorded; yield after each."""
        if self._session.settings.queries:
            yield from self._history.began(self._last_proof())

    def hear(self, events: Sequence[Event]) -> Iterator[None]:
        """Begin with private conversations of a turn, if they are recorded; yield after each."""
        if self._session.settings.queries and events:
            yield from self._history.heard(dict.fromkeys(event.target for event in events))

    def resume(self, target: str) -> None:
        """Begin with the gaps before the open interval of a target that was taken over."""
        interval = self._ledgers.resumed(target)
        if interval is not None:
            self._history.entered(interval)

    # -- handlers ------------------------------------------------------------------

    def _on_joined(self, fact: Joined) -> None:
        if self._is_recorded(fact.channel):
            self._enter(fact.channel, self._moment_of(fact), fact.msgid)

    def _on_left(self, fact: Left) -> None:
        if not self._is_recorded(fact.channel):
            return
        cause = "kicked" if fact.kicked else "parted" if fact.wanted else "unwanted"
        moment = self._moment_of(fact)
        self._ledgers.left(fact.channel, moment, cause, for_good=not fact.wanted)
        self._history.left(fact.channel)

    def _on_renamed(self, fact: Renamed) -> None:
        moment = self._moment_of(fact)
        if self._is_recorded(fact.channel):
            self._ledgers.left(fact.channel, moment, "renamed", for_good=True)
        if self._is_recorded(fact.onto):
            self._enter(fact.onto, moment, fact.msgid)

    def _on_room_shown(self, fact: RoomShown) -> None:
        if self._is_recorded(fact.channel):
            self._ledgers.room_shown(fact.channel, fact.room, self._last_proof())

    def on_absent(self, fact: Absent, level: int) -> None:
        """Log at a level, and append to the ledger, why a channel does not let us in."""
        logger.log(level, "%s: %s: %s", self._session.settings.network, fact.channel, fact.why)
        if self._intake.takes(fact.channel):
            self._ledgers.absent(fact.channel, self._last_proof(), fact.why)

    def _on_forwarded(self, fact: Forwarded) -> None:
        network = self._session.settings.network
        logger.warning("%s: %s: forwarded to %s", network, fact.channel, fact.onto)

    def _on_proved(self, fact: Proved) -> None:
        for interval in self._ledgers.proved(fact.channels, self._last_proof()):
            self._history.entered(interval)

    def _on_disconnected(self, fact: Disconnected) -> Iterator[None]:
        return self._ledgers.losing(self._last_proof(), fact.reason)

    def _enter(self, channel: str, moment: Moment, msgid: str) -> None:
        interval = self._ledgers.entered(channel, moment, msgid)
        if interval is not None:
            self._history.entered(interval)

    def _is_recorded(self, channel: str) -> bool:
        casemapping = self._session.state.isupport.casemapping
        return self._intake.takes(channel) and not self._session.privacy.is_silent(
            channel, casemapping
        )

    def _last_proof(self) -> Moment:
        heard = self._heard()
        return Moment(heard, self._session.clock.there(heard))

    def _moment_of(self, fact: Joined | Left | Renamed) -> Moment:
        if fact.received:
            return Moment(fact.received, fact.time)
        return Moment(fact.time, self._session.clock.there(fact.time))
