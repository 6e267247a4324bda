"""Intake: the events of one network, on their way from its connection to a sink.

It knows which targets this run records and which another recorder holds. A
Flusher reports the lines that a disk refuses; any other failure is kept, and
ends the run. An Intake knows no connection and reads no clock.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING

from chatlog.casemapping import Casemapping
from chatlog.errors import HeldError, TranscriptError
from chatlog.event import SERVER, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.record.limits import Limiter
    from chatlog.record.recorded_classes import RecordedClasses
    from chatlog.record.sinks import Flusher, Sink

logger = logging.getLogger(__name__)

_target_of = attrgetter("target")
_WIDEST = Casemapping()
"""The CASEMAPPING that takes the most names for one."""


class Intake:
    """Writes the events of one network; skips targets that another recorder holds.

    `limiter` drops events beyond a limit of the run. `flusher` flushes the sink. If
    writing fails, `failure` keeps the first error, and `stop` is called with its text.
    `begin` is called with each recorded target before its first line. `channels` are
    the recorded channels of the configuration, `counts` the events of each target,
    `fetched` those of its history, `last_event` the time of the last one by our clock,
    "" before the first. `on_written`, if set, is called once a turn with its events.
    `classes` choose the events to record; the others count nowhere.
    """

    def __init__(
        self,
        network: str,
        sink: Sink,
        limiter: Limiter,
        flusher: Flusher,
        *,
        stop: Callable[[str], None],
        begin: Callable[[str], None] = lambda _target: None,
        classes: RecordedClasses | None = None,
    ) -> None:
        self.channels: tuple[str, ...] = ()
        self.counts: Counter[str] = Counter()
        self.fetched: Counter[str] = Counter()
        self.failure: Exception | None = None
        self.last_event = ""
        self.on_written: Callable[[list[Event]], None] | None = None
        self._network = network
        self._sink = sink
        self._limiter = limiter
        self._flusher = flusher
        self._stop = stop
        self._begin = begin
        self._classes = classes
        self._recorded: set[str] = set()
        self._elsewhere: set[str] = set()
        self._has_casemapping = False

    def hold(self, channels: tuple[str, ...]) -> None:
        """Lock `@server` and the channels of the configuration; keep those that were free.

        Channels that another recorder holds are left out. Raise HeldError if no
        channel is left, TranscriptError if the archive cannot be written.
        """
        try:
            self._sink.hold(self._network, SERVER)
            self._recorded.add(SERVER)
        except HeldError:
            # Two recorders of one network, each with its own channels, are no mistake.
            self._elsewhere.add(SERVER)
            logger.info("another chatlog records what %s says outside channels", self._network)
        self.channels = self.hold_more(channels)
        if not self.channels and self.failure is not None:
            raise self.failure

    def use(self, sink: Sink) -> None:
        """Write to another sink, which holds the same targets, from the next event on."""
        self._sink = sink

    @property
    def recorded(self) -> list[str]:
        """The targets of which events are written, and the channels of the configuration."""
        return [*dict.fromkeys([*self.channels, *self._recorded])]

    def leave_out(self, target: str) -> None:
        """Record a target no longer: another recorder holds it."""
        self._recorded.discard(target)
        self._elsewhere.add(target)

    def hold_more(self, channels: tuple[str, ...]) -> tuple[str, ...]:
        """Lock further channels; return those that no other recorder holds."""
        held = tuple(channel for channel in channels if self._hold(channel))
        if self._has_casemapping:
            for _ in self._begin_all(held):
                pass
        return held

    def takes(self, target: str) -> bool:
        """Return whether this run records a target, which it does from its first event."""
        return target in self._recorded

    def claiming(self, targets: Iterable[str], casemapping: str) -> Iterator[None]:
        """Begin to record targets before their first event; yield after each new one.

        Those that another recorder holds are skipped. A failure is kept, not raised.
        """
        try:
            for target in targets:
                yield from self._claim(target, casemapping)
        except Exception as error:  # noqa: BLE001 - a bug here must end the run, not the connection
            self.fail(error)

    def write(self, events: list[Event], casemapping: str) -> None:
        """Write events in their order; skip those beyond a limit or of targets held elsewhere.

        `casemapping` is the name of the network's CASEMAPPING, or of the default
        until the server has sent RPL_ISUPPORT. Failures are kept, not raised.
        """
        for _ in self.writing(events, casemapping):
            pass

    def writing(self, events: list[Event], casemapping: str) -> Iterator[None]:
        """Write events as `write`, those of a transcript at once; yield after each of these.

        One line may concern thousands of targets, and each may begin a segment.
        """
        try:
            events = self._limiter.admit(self.chosen(events, casemapping))
            by_target = _by_target(events)
            if not by_target.keys() <= self._recorded:
                for target in by_target:
                    yield from self._claim(target, casemapping)
                events = [each for each in events if each.target in self._recorded]
                by_target = _by_target(events)
            for some in _by_transcript(by_target, events):
                self._sink.write_all(some)
                yield
        except Exception as error:  # noqa: BLE001 - as above
            self.fail(error)
        else:
            for target, some in by_target.items():
                self.counts[target] += len(some)
            if events:
                self.last_event = events[-1].received or events[-1].time
                if self.on_written is not None:
                    self.on_written(events)

    def chosen(self, events: list[Event], casemapping: str) -> list[Event]:
        """Return those of some events that are to be recorded, by the rules for their classes."""
        return events if self._classes is None else self._classes.choose(events, casemapping)

    def flush(self, is_time_up: Callable[[], bool] = bool) -> bool:
        """Flush the sink until the time is up; return whether every line was dealt with.

        Each such line is in the kernel's hands, or waits for the disk.
        """
        try:
            return self._flusher.flush(is_time_up)
        except Exception as error:  # noqa: BLE001 - as above
            self.fail(error)
            return True

    def write_history(self, events: list[Event], casemapping: str) -> None:
        """Write and flush lines of history, and count them as fetched."""
        self.write(events, casemapping)
        self.flush()
        self.fetched.update(map(_target_of, events))

    def note(self, event: Event) -> None:
        """Write and flush an event of the recorder's own, if this run records its target."""
        if event.target in self._recorded:
            self._sink.write_all([event])
        self.flush()

    def trouble(self, error: TranscriptError) -> None:
        """Report a refusal of the disk to another part of the recorder."""
        self._flusher.note(error)

    def _claim(self, target: str, casemapping: str) -> Iterator[None]:
        """Lock a target before its first event, unless another recorder holds it."""
        if target in self._recorded or target in self._elsewhere:
            return
        if not self._has_casemapping:
            yield from self._set_casemapping(casemapping)
        if self._hold(target):
            self._recorded.add(target)
            if target not in self.channels:
                self._begin(target)
        yield

    def _set_casemapping(self, casemapping: str) -> Iterator[None]:
        """Set the CASEMAPPING before the first target whose path depends on it."""
        self._has_casemapping = True
        try:
            self._sink.set_casemapping(self._network, casemapping)
        except TranscriptError as error:
            self._sink.known_casemapping(self._network)  # raises unless only writing failed
            self._flusher.note(error)
        yield from self._begin_all(self.channels)

    def _begin_all(self, channels: tuple[str, ...]) -> Iterator[None]:
        begun: list[tuple[str, Path]] = []
        for channel in channels:
            # Held already, but for its directory, which was not known before the CASEMAPPING.
            if not self._hold(channel):
                self.channels = tuple(each for each in self.channels if each != channel)
                continue
            self._begin(channel)
            directory = self._sink.path(self._network, channel)
            if directory is not None:
                begun.append((channel, directory))
            yield
        if len(begun) == 1:
            logger.info("recording %s in %s", *begun[0])
        elif begun:
            logger.info("recording %d channels in %s", len(begun), begun[0][1].parent)

    def _hold(self, target: str) -> bool:
        try:
            self._sink.hold(self._network, target)
        except HeldError as error:
            self._elsewhere.add(target)
            self.failure = self.failure or error
            logger.warning("%s", error)
            return False
        return True

    def fail(self, error: Exception) -> None:
        """Keep the first error and stop the run; a lock held elsewhere counts as no error."""
        if self.failure is None or isinstance(self.failure, HeldError):
            self.failure = error
        self._stop(str(error))


def _by_target(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Return the events of each target in their order, by the first event of each."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.target].append(event)
    return found


def _by_transcript(
    by_target: dict[str, list[Event]], events: Iterable[Event]
) -> Iterable[list[Event]]:
    """Return the events of each transcript in their order.

    Spellings of one name, as of a server that changes it while we are there, have one
    transcript. The network's own CASEMAPPING may take fewer names for one, which costs time.
    """
    folded = {_WIDEST[target] for target in by_target}
    if len(folded) == len(by_target):  # nearly always
        return by_target.values()
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[_WIDEST[event.target]].append(event)
    return found.values()
