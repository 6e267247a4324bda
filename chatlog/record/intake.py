"""What of the events that were heard goes into the transcripts of a network.

Owns which targets are ours and which another recorder's. A disk that refuses
lines is the business of `durability`; any other failure is kept, and the run
is told to stop. It knows no connection and reads no clock.
"""

from __future__ import annotations

import logging
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING

from chatlog.errors import HeldError, TranscriptError
from chatlog.event import SERVER, Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.record.durability import Durability
    from chatlog.record.limits import Limiter
    from chatlog.write.writer import Writer

logger = logging.getLogger(__name__)

_target_of = attrgetter("target")


class Intake:
    """Take the events of one network into its transcripts.

    `limiter` says which of them still count. `stop` is called with the reason
    when taking them fails; `failure` is then the first error. `begin` is called
    with each target of ours before its first line. `counts` are the
    events of each target, `last_event` the time of the last one.
    """

    def __init__(
        self,
        network: str,
        writer: Writer,
        limiter: Limiter,
        durability: Durability,
        *,
        stop: Callable[[str], None],
        begin: Callable[[str], None] = lambda _target: None,
    ) -> None:
        self.channels: tuple[str, ...] = ()
        self.counts: Counter[str] = Counter()
        self.failure: Exception | None = None
        self.last_event = ""
        self._network = network
        self._writer = writer
        self._limiter = limiter
        self._durability = durability
        self._stop = stop
        self._begin = begin
        self._mine: set[str] = set()
        self._held: set[str] = set()
        self._mapped = False

    def hold(self, channels: tuple[str, ...]) -> None:
        """Lock what is to be recorded; `channels` are then those that are ours.

        What another recorder holds is left out. Raise HeldError when no
        channel is left, TranscriptError when the archive cannot be written.
        """
        try:
            self._writer.hold(self._network, SERVER)
            self._mine.add(SERVER)
        except HeldError:
            # Two recorders of one network, each with its own channels, is no mistake.
            self._held.add(SERVER)
            logger.info("another chatlog records what %s says outside channels", self._network)
        self.channels = self.hold_more(channels)
        if not self.channels and self.failure is not None:
            raise self.failure

    def hold_more(self, channels: tuple[str, ...]) -> tuple[str, ...]:
        """Lock further channels; return those that are ours."""
        held = tuple(channel for channel in channels if self._hold(channel))
        if self._mapped:
            self._begin_all(held)
        return held

    def takes(self, target: str) -> bool:
        """Say whether what is heard of a target is recorded here."""
        return target in self._mine

    def write(self, events: list[Event], casemapping: str) -> None:
        """Take events in their order, but those beyond the limit or another recorder's.

        `casemapping` is how the network folds names, as far as it has said so.
        """
        try:
            events = self._limiter.admit(events)
            counts = Counter(map(_target_of, events))
            if not counts.keys() <= self._mine:
                events = [each for each in events if self._is_ours(each.target, casemapping)]
                counts = Counter(map(_target_of, events))
            self._writer.write_all(events)
        except Exception as error:  # noqa: BLE001 - a bug here must end the run, not the connection
            self.fail(error)
        else:
            self.counts.update(counts)
            if events:
                self.last_event = events[-1].received or events[-1].time

    def flush(self) -> None:
        """Write everything taken: after it, it is in the kernel's hands, or waits for the disk."""
        try:
            self._durability.flush()
        except Exception as error:  # noqa: BLE001 - as above
            self.fail(error)

    def note(self, event: Event) -> None:
        """Write an event of the recorder's own at once, unless its target is another's."""
        if event.target in self._mine:
            self._writer.write(event)
        self.flush()

    def trouble(self, error: TranscriptError) -> None:
        """Take note of what the disk refused to whoever stands beside."""
        self._durability.note(error)

    def _is_ours(self, target: str, casemapping: str) -> bool:
        """Make a target ours before its first event, unless another recorder has it."""
        if target in self._mine or target in self._held:
            return target in self._mine
        if not self._mapped:
            self._map(casemapping)
        if self._hold(target):
            self._mine.add(target)
            if target not in self.channels:
                self._begin(target)
        return target in self._mine

    def _map(self, casemapping: str) -> None:
        """Settle the names of files before the first one that needs a CASEMAPPING."""
        self._mapped = True
        try:
            self._writer.set_casemapping(self._network, casemapping)
        except TranscriptError as error:
            self._writer.known_casemapping(self._network)  # raises unless only writing failed
            self._durability.note(error)
        self._begin_all(self.channels)

    def _begin_all(self, channels: tuple[str, ...]) -> None:
        for channel in channels:
            self._begin(channel)
            logger.info("recording %s in %s", channel, self._writer.path(self._network, channel))

    def _hold(self, target: str) -> bool:
        try:
            self._writer.hold(self._network, target)
        except HeldError as error:
            self._held.add(target)
            self.failure = self.failure or error
            logger.warning("%s", error)
            return False
        return True

    def fail(self, error: Exception) -> None:
        """Keep the first error, and have the run stopped."""
        if self.failure is None or isinstance(self.failure, HeldError):
            self.failure = error
        self._stop(str(error))
