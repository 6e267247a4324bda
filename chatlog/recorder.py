"""The recorder: a connection feeds a session, a session feeds the transcripts.

Where the network branch and the file branch meet. It keeps one network: it
dials, waits, dials again; it stops at a limit or when told. What was read of
the socket is in the kernel's hands by the end of the same turn of the loop.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog import __version__
from chatlog.connection import ANY, Address, Dialler, Reactor
from chatlog.errors import ChatlogError, NetworkError, RefusedError
from chatlog.event import SERVER, Event, EventType, is_live
from chatlog.intake import Intake
from chatlog.protocol.manners import Manners
from chatlog.protocol.numerics import JOIN_REFUSED
from chatlog.protocol.session import Session, SessionSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.connection import Connection, LineEvent
    from chatlog.transcript.writer import Writer

logger = logging.getLogger(__name__)

QUIT_MESSAGE: Final = "chatlog stopped"
_REGISTRATION_TIMEOUT: Final = 60.0
_READY_DELAY: Final = 10.0
_STABLE_AFTER: Final = 60.0
_TICK: Final = 5.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When a run ends by itself: seconds in all, seconds without an event, live events."""

    duration: float | None = None
    idle: float | None = None
    max_events: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to record and how to keep at it; delays are in seconds."""

    session: SessionSettings
    address: Address
    reconnect_min: float = 2.0
    reconnect_max: float = 300.0
    retry: bool = False


class Progress(msgspec.Struct):
    """What a run has done so far, for whoever looks on."""

    state: str = "starting"
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    last_event: str = ""


class Recorder:
    """Record one network until stopped, a limit, or a refusal.

    `now` is the clock, in the form of `Event.time`; `chance` returns numbers
    from 0 to 1 for the jitter.
    """

    def __init__(
        self,
        plan: Plan,
        writer: Writer,
        *,
        now: Callable[[], str],
        limits: Limits | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.plan = plan
        self._now = now
        self._limits = limits or Limits()
        self._chance = chance
        self._intake = Intake(
            plan.session.network,
            writer,
            max_events=self._limits.max_events,
            full=self._stop_at_limit,
            stop=self.stop,
        )
        self.progress = Progress(counts=self._intake.counts)
        self._heard: list[Event] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._manners = Manners(plan.session.manners)
        self._replies: list[str] = []
        self._was_welcomed = False
        self._refused: NetworkError | None = None
        self._at_limit = False
        self._heard_at = 0.0
        self._stopping: asyncio.Future[str] | None = None

    async def run(self) -> None:
        """Record; return after a clean stop.

        Raise what ended the run otherwise: RefusedError or NetworkError of
        the server, TranscriptError of the files, HeldError where a channel was
        left to another recorder. Whatever happens, what was heard is written.
        """
        loop = asyncio.get_running_loop()
        self._stopping = loop.create_future()
        reactor = Reactor(loop, self._now)
        reactor.add_global_handler(ANY, self._on_event)
        reactor.after_read = self._after_read
        reactor.add_global_handler("error", _note_reason)
        for numeric in JOIN_REFUSED:
            reactor.add_global_handler(numeric, _report_refused_join)
        try:
            self._hold_channels()
            await self._record(reactor)
        finally:
            self._close()
        if self._intake.failure is not None:
            raise self._intake.failure

    async def _record(self, reactor: Reactor) -> None:
        self._note(EventType.STARTED, f"chatlog {__version__}")
        self._start_timers(reactor.loop)
        try:
            await self._keep_connected(reactor)
        finally:
            self._note(EventType.STOPPED, self._stop_reason())

    def stop(self, reason: str) -> None:
        """End the run cleanly; the first reason counts."""
        if self._stopping is not None and not self._stopping.done():
            self._stopping.set_result(reason)

    def _stop_at_limit(self, reason: str) -> None:
        self._at_limit = True
        self.stop(reason)

    def _stop_reason(self) -> str:
        return self._stopping.result() if self._is_stopping() and self._stopping else "failed"

    def _is_stopping(self) -> bool:
        return self._stopping is not None and self._stopping.done()

    # -- connections -------------------------------------------------------

    async def _keep_connected(self, reactor: Reactor) -> None:
        failures = 0
        while not self._is_stopping():
            began = reactor.loop.time()
            try:
                await self._connect_once(reactor)
            except NetworkError as error:
                if not (self._was_welcomed or self.plan.retry):
                    raise
                self._refused = error
                logger.warning("%s", error)
            lived = reactor.loop.time() - began
            failures = 0 if lived >= _STABLE_AFTER else failures + 1
            if not self._is_stopping():
                await self._pause(failures)
        if self._at_limit and self._refused is not None and not self._was_welcomed:
            raise self._refused  # a batch that never got in has not done its work

    async def _pause(self, failures: int) -> None:
        delay = backoff(failures, self.plan.reconnect_min, self.plan.reconnect_max, self._chance())
        self.progress.state = f"waiting {delay:.0f} s to reconnect"
        logger.info("connecting again in %.1f s", delay)
        await self._first_of(within=delay)

    async def _connect_once(self, reactor: Reactor) -> None:
        """Go through one connection from dialling to its end."""
        address = self.plan.address
        connection: Connection = reactor.server()
        connection.session = Session(self.plan.session, self._manners)
        try:
            self.progress.state = f"connecting to {address}"
            dial = asyncio.ensure_future(
                connection.connect(address.host, address.port, Dialler(address))
            )
            await self._first_of(dial)
            if not dial.done():
                dial.cancel()
                await asyncio.wait([dial])
                return
            dial.result()
            await self._converse(connection)
        finally:
            reactor.connections.remove(connection)

    async def _converse(self, connection: Connection) -> None:
        session: Session = connection.session
        for line in session.start():
            connection.send_raw(line)
        await self._first_of(connection.welcomed, connection.closed, within=_REGISTRATION_TIMEOUT)
        if connection.welcomed.done():
            self._was_welcomed = True
            # Some servers end their greeting with no numeric that says so.
            ready = connection.reactor.loop.call_later(_READY_DELAY, self._make_ready, connection)
            await self._first_of(connection.closed)
            ready.cancel()
        await self._end(connection)
        if not connection.welcomed.done() and not self._is_stopping():
            raise self._refusal(session, connection.closed.result())

    async def _end(self, connection: Connection) -> None:
        if not connection.closed.done():
            connection.disconnect(QUIT_MESSAGE)
        reason = await connection.closed
        self.progress.state = "disconnected"
        logger.info("disconnected from %s: %s", self.plan.address, reason)

    def _refusal(self, session: Session, reason: str) -> ChatlogError:
        registration, where = session.registration, self.plan.address
        if not registration.refused:
            return NetworkError(f"{where} ended the connection before it welcomed us: {reason}")
        kind = RefusedError if registration.refused_for_good else NetworkError
        return kind(f"{where}: {registration.refused}")

    async def _first_of(
        self, *futures: asyncio.Future[None] | asyncio.Future[str], within: float | None = None
    ) -> None:
        """Wait for the first of these, for the stop, or so many seconds."""
        assert self._stopping is not None  # noqa: S101 - run() made it
        await asyncio.wait(
            {*futures, self._stopping}, timeout=within, return_when=asyncio.FIRST_COMPLETED
        )

    # -- handlers of the reactor -------------------------------------------

    def _on_event(self, connection: Connection, event: LineEvent) -> None:
        session: Session = connection.session
        if event.message is None:
            self._heard += session.close(event.reason, event.received)
            return
        events, replies = session.receive(event.message, event.received)
        self._heard += events
        if replies:
            self._replies += replies

    def _make_ready(self, connection: Connection) -> None:
        events, replies = connection.session.make_ready(self._now())
        self._heard += events
        self._replies += replies
        self._after_read(connection)

    def _after_read(self, connection: Connection) -> None:
        self._write(connection.session)
        # Whoever gets an answer may rely on it: what was answered is written.
        for line in self._replies:
            connection.send_raw(line)
        self._replies.clear()
        registration = connection.session.registration
        if registration.registered:
            if not connection.welcomed.done():
                connection.welcomed.set_result(None)
                self.progress.state = f"connected to {self.plan.address}"
                logger.info("connected to %s as %s", self.plan.address, registration.nick)
        elif registration.refused:
            connection.abort(registration.refused)

    # -- writing -----------------------------------------------------------

    def _hold_channels(self) -> None:
        session = self.plan.session
        self._intake.hold(session.channels)
        kept = msgspec.structs.replace(session, channels=self._intake.channels)
        self.plan = msgspec.structs.replace(self.plan, session=kept)

    def _write(self, session: Session) -> None:
        """Write what was heard, to the kernel's hands."""
        heard, self._heard = self._heard, []
        if self._limits.idle is not None and any(map(is_live, heard)):
            self._heard_at = asyncio.get_running_loop().time()
        self._intake.write(heard, session.state.isupport.casemapping.name)
        self._intake.flush()
        self.progress.last_event = self._now()

    def _note(self, kind: EventType, text: str) -> None:
        """Write an event of the recorder's own beside all channels."""
        network = self.plan.session.network
        self._intake.note(
            Event(time=self._now(), network=network, target=SERVER, type=kind, text=text)
        )

    # -- time --------------------------------------------------------------

    def _start_timers(self, loop: asyncio.AbstractEventLoop) -> None:
        self._heard_at = loop.time()
        self._tick(loop)
        if self._limits.duration is not None:
            self._timers["duration"] = loop.call_later(
                self._limits.duration, self._stop_at_limit, "the time is up"
            )
        if self._limits.idle is not None:
            self._check_idle(loop, self._limits.idle)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._intake.tick(self._now())
        self._timers["tick"] = loop.call_later(_TICK, self._tick, loop)

    def _check_idle(self, loop: asyncio.AbstractEventLoop, idle: float) -> None:
        left = self._heard_at + idle - loop.time()
        if left <= 0:
            self._stop_at_limit(f"nothing was heard for {idle:g} s")
        else:
            self._timers["idle"] = loop.call_later(left, self._check_idle, loop, idle)

    def _close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._intake.close()


def backoff(failures: int, least: float, most: float, chance: float) -> float:
    """Return how many seconds to wait after so many failures in a row.

    Doubles from `least` to `most`, and is then spread from half of that to
    all of it by `chance` (0 to 1), so that many recorders do not return at once.
    """
    full = min(most, least * 2.0 ** min(max(failures - 1, 0), 30))
    return full * (0.5 + chance / 2)


def _note_reason(connection: Connection, event: LineEvent) -> None:
    """Take what the server says in ERROR for the reason of the end that follows."""
    connection.reason = connection.reason or (event.target or "")


def _report_refused_join(_connection: Connection, event: LineEvent) -> None:
    if event.message is not None and len(event.message.params) > 1:
        channel, reason = event.message.params[1], event.message.params[-1]
        logger.warning("cannot join %s: %s (%s)", channel, reason, event.message.command)
