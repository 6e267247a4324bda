"""One connection at work: what it hears goes to the intake, what follows is sent.

The handlers of the reactor are here. What was read of the socket is in the
kernel's hands by the end of the same turn of the loop, and only then is
anything answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from chatlog.background import do_in_thread
from chatlog.connection import ANY, PING_TOKEN
from chatlog.event import EventType
from chatlog.protocol import numerics
from chatlog.record.intervals import Moment

if TYPE_CHECKING:
    import asyncio

    from chatlog.connection import Connection, LineEvent, Reactor
    from chatlog.event import Event
    from chatlog.protocol.history.pages import Told
    from chatlog.protocol.registration.login import Work
    from chatlog.protocol.session import Session
    from chatlog.protocol.session_settings import SessionSettings
    from chatlog.record.intake import Intake
    from chatlog.record.intervals import NewInterval
    from chatlog.record.sinks import LedgerSink

logger = logging.getLogger(__name__)

_READY_DELAY: Final = 10.0
_PRESENCE_EVERY: Final = 600.0
_ARRIVED: Final = "chatlog-arrived"
_MOVING: Final = "moving to another server, as this one asks"


class History(Protocol):
    """What deals with the past of the channels of one connection."""

    @property
    def is_settled(self) -> bool:
        """Say whether nothing is left to do."""

    def entered(self, interval: NewInterval) -> None:
        """Fetch the gaps of a channel that we are in."""

    def left(self, target: str) -> None:
        """Take note that we are in a channel no more."""

    def take(self, told: list[Told]) -> None:
        """Take what the server told of the past."""

    def close(self) -> None:
        """End."""


MakeHistory = Callable[["Session", Callable[[str], None], Callable[[], None]], History]


class Driver:
    """What is said on one connection, from its first line to its last.

    `welcomed` is done when the server has let us in. `parting_words` is what
    it said in ERROR. `on_arrival` is called when we are in all channels that
    let us in, `on_caught_up` when their history is dealt with as well, by what
    `history` makes of the session, of what sends a line, and of whom to tell.
    """

    def __init__(
        self,
        connection: Connection,
        session: Session,
        intake: Intake,
        ledgers: LedgerSink,
        *,
        now: Callable[[], str],
        on_arrival: Callable[[], None],
        on_caught_up: Callable[[], None],
        history: MakeHistory,
    ) -> None:
        loop: asyncio.AbstractEventLoop = connection.reactor.loop
        self.session = session
        self.heard: list[Event] = []
        self.replies: list[str] = []
        self.parting_words = ""
        self.welcomed: asyncio.Future[None] = loop.create_future()
        self.since = ""
        self._on_arrival = on_arrival
        self._on_caught_up = on_caught_up
        self._has_arrived = self._has_all_played_back = False
        self._ledgers = ledgers
        self._lost = ""
        self._history = history(session, connection.send_raw, self._look_whether_caught_up)
        self._loop = loop
        self._connection = connection
        self._intake = intake
        self._now = now
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Say what a fresh connection begins with."""
        for line in self.session.start():
            self._connection.send_raw(line)

    def apply(self, settings: SessionSettings) -> None:
        """Go by other settings from now on, as far as that needs no new connection."""
        self.replies += self.session.apply(settings)
        self._has_arrived = False
        self.after_read()
        self._report()

    def close(self) -> None:
        """Let nothing more happen by itself."""
        for timer in self._timers.values():
            timer.cancel()
        self._history.close()

    def after_read(self) -> None:
        """Write what was heard, send what follows, and see how far we are."""
        heard, self.heard = self.heard, []
        if self.session.moves:
            heard = [self._with_silence(event) for event in heard]
        self._intake.write(heard, self.session.state.isupport.casemapping.name)
        self._intake.flush()
        # Whoever gets an answer may rely on it: what was answered is written.
        for line in self.replies:
            self._connection.say(line)
        self.replies.clear()
        if self.session.changed:
            self._advance()
        if self.session.moves or self.session.past.told or self.session.proved or self._lost:
            self._take_note()
        registration = self.session.registration
        if not self.welcomed.done():
            self._register()
        elif self.session.must_move:
            self._connection.disconnect(_MOVING)
        if work := registration.take_work():
            self._compute(work)

    # -- what was heard, and what was not ------------------------------------------

    def lose(self, reason: str, received: str) -> None:
        """Take note that the connection is gone."""
        self.heard += self.session.close(reason, received)
        self._lost = reason

    def answered(self, token: str) -> None:
        """Take note of the answer to one of our PINGs."""
        if token == _ARRIVED:
            self._has_all_played_back = True
            self._look_whether_caught_up()

    def jumped(self, ahead: int, slept: int) -> None:
        """Take note that our clock was set, or that the machine slept, so many milliseconds."""
        self.session.clock.shift(ahead)
        self._ledgers.jumped(self._last_proof(), ahead, slept)

    def _take_note(self) -> None:
        moves, self.session.moves = self.session.moves, []
        for event in moves:
            if self._intake.takes(event.target) and not self._is_silent(event.target):
                _MOVES[str(event.type)](self, event)
        proved, self.session.proved = self.session.proved, []
        self._ledgers.proved(proved, self._last_proof())
        told, self.session.past.told = self.session.past.told, []
        self._history.take(told)
        if self._lost:
            self._ledgers.lost(self._last_proof(), self._lost)
            self._lost = ""

    def _with_silence(self, event: Event) -> Event:
        """Have our coming into a channel say since when nothing was heard of it."""
        if event.type != EventType.JOINED or not self._intake.takes(event.target):
            return event
        silence = self._ledgers.silence(event.target)
        return msgspec.structs.replace(event, text=silence) if silence else event

    def _is_silent(self, target: str) -> bool:
        return self.session.privacy.is_silent(target, self.session.state.isupport.casemapping)

    def _last_proof(self) -> Moment:
        heard = self._connection.heard
        return Moment(heard, self.session.clock.there(heard))

    def _moment_of(self, event: Event) -> Moment:
        at = event.received or event.time
        return Moment(at, event.time if event.received else self.session.clock.there(at))

    def _entered(self, event: Event) -> None:
        moment = self._moment_of(event)
        self._history.entered(self._ledgers.entered(event.target, moment, event.msgid))

    def _left(self, event: Event) -> None:
        wanted = self.session.joining.wants(event.target)
        cause = event.text if event.text == "kicked" else "parted" if wanted else "unwanted"
        moment = self._moment_of(event)
        self._ledgers.left(event.target, moment, cause, for_good=not wanted)
        self._history.left(event.target)

    def _renamed(self, event: Event) -> None:
        if event.params[1:2] == (event.target,):
            self._entered(event)
        else:
            moment = self._moment_of(event)
            self._ledgers.left(event.target, moment, "renamed", for_good=True)

    def _look_whether_caught_up(self) -> None:
        if self._has_all_played_back and self._has_arrived and self._history.is_settled:
            self._on_caught_up()

    # -- the way to the welcome ------------------------------------------------

    def _register(self) -> None:
        registration = self.session.registration
        if registration.registered:
            self.since = self._now()
            self.welcomed.set_result(None)
            # Some servers end their greeting with no numeric that says so.
            self._timers["ready"] = self._loop.call_later(_READY_DELAY, self._make_ready)
        elif registration.refused or registration.must_use_tls:
            self._connection.abort(registration.refused or "this server is for TLS alone (STS)")

    def _make_ready(self) -> None:
        events, replies = self.session.make_ready(self._now())
        self.heard += events
        self.replies += replies
        self.after_read()

    def _compute(self, work: Work) -> None:
        """Compute an answer of the login in a daemon thread, as it would delay the loop."""
        do_in_thread(self._loop, "login", work, self._go_on)

    def _go_on(self, response: bytes | str) -> None:
        self.replies += self.session.registration.go_on(response)
        self.after_read()

    # -- what is due without being asked -----------------------------------------

    def _advance(self) -> None:
        lines, again_at = self.session.advance(self._loop.time())
        for line in lines:
            self._connection.send_raw(line)
        self._report()
        if timer := self._timers.pop("advance", None):
            timer.cancel()
        if again_at is not None:
            self._timers["advance"] = self._loop.call_at(again_at, self._advance)

    def _report(self) -> None:
        """Tell which channels do not let us in, and once when we are in all that do."""
        network, joining = self.session.settings.network, self.session.joining
        reports = joining.take_reports()
        for report in reports:
            logger.warning("%s: %s", network, report)
        for name, why in joining.problems().items() if reports else ():
            if self._intake.takes(name):
                self._ledgers.absent(name, self._last_proof(), why)
        if not self._has_arrived and joining.is_settled():
            self._has_arrived = True
            there, wanted = joining.joined_count(), len(joining.names())
            logger.info("%s: in %d of %d channels", network, there, wanted)
            self._on_arrival()
            # What a server plays back on joining comes before the answer.
            self._connection.send_raw(f"PING :{_ARRIVED}")
            self._check_presence()

    def _check_presence(self) -> None:
        """Ask now and then where the server thinks that we are: it may not tell that we left."""
        self._timers["presence"] = self._loop.call_later(_PRESENCE_EVERY, self._ask_presence)

    def _ask_presence(self) -> None:
        for line in self.session.ask_presence():
            self._connection.send_raw(line)
        self._check_presence()


_MOVES: Final = {
    str(EventType.JOINED): Driver._entered,  # noqa: SLF001 - our own table
    str(EventType.PARTED): Driver._left,  # noqa: SLF001 - as above
    str(EventType.OTHER): Driver._renamed,  # noqa: SLF001 - as above
}


def listen(reactor: Reactor) -> None:
    """Add the handlers that pass what a reactor hears to the conversation concerned."""
    reactor.add_global_handler(ANY, _on_event)
    reactor.add_global_handler("error", _on_error)
    reactor.add_global_handler("pong", _on_pong)
    reactor.add_global_handler(numerics.ERR_YOUREBANNEDCREEP, _on_error)
    reactor.after_read = _after_read


def _on_event(connection: Connection, event: LineEvent) -> None:
    driver: Driver = connection.driver
    if event.message is None:
        driver.lose(event.reason, event.received)
        return
    events, replies = driver.session.receive(event.message, event.received)
    driver.heard += events
    if replies:
        driver.replies += replies


def _after_read(connection: Connection) -> None:
    connection.driver.after_read()


def _on_error(connection: Connection, event: LineEvent) -> None:
    """Take what the server says in ERROR for the reason of the end that follows."""
    said = event.message.params[-1] if event.message and event.message.params else ""
    connection.driver.parting_words = connection.driver.parting_words or said
    connection.reason = connection.reason or said


def _on_pong(connection: Connection, event: LineEvent) -> None:
    token = event.message.params[-1] if event.message and event.message.params else ""
    if connection.watch and token == PING_TOKEN:
        connection.watch.answered()
    connection.driver.answered(token)
