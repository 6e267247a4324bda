"""The driver of one connection: it feeds the session and carries out its turns.

It works in turns. While the lines of a read are dispatched, the session adds to
the turn; at the end of the read the driver writes the events, then sends the
replies, then acts on the facts. A reply is an acknowledgement that people rely on,
so it must not leave before the events are in the kernel.

A turn that takes long, because a line concerns thousands of channels or each line
needs the disk, is carried out over several turns of the loop. Meanwhile nothing
more is read from the connection.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from chatlog.background import do_in_thread
from chatlog.connection import DISCONNECT, PING_TOKEN, READ, UNFINISHED
from chatlog.event import EventType
from chatlog.protocol.facts import (
    Absent,
    BoundExceeded,
    Challenged,
    ErrorReceived,
    InvitationsChanged,
    Invited,
    Joined,
    PolicyDeclared,
    Pong,
    ReconnectRequested,
    RegistrationRefused,
    TlsRequired,
    Turn,
    Welcomed,
)
from chatlog.protocol.refusals import ACCIDENT
from chatlog.record.absences import arrival_line
from chatlog.record.channel_facts import ChannelFacts, History, without_empty_absences
from chatlog.record.steps import TURN, Steps

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from chatlog.connection import Connection, LineEvent, Reactor, ReadEvent
    from chatlog.event import Event
    from chatlog.protocol.session import Session
    from chatlog.protocol.session_settings import SessionSettings
    from chatlog.record.intake import Intake
    from chatlog.record.sinks import LedgerSink

logger = logging.getLogger(__name__)

_READY_DELAY: Final = 10.0
_PRESENCE_EVERY: Final = 600.0
_ARRIVED: Final = "chatlog-arrived"
_REACHED: Final = "chatlog-reached"
_MOVING: Final = "moving to another server, as this one asks"
_TLS_ALONE: Final = "this server is for TLS alone (STS)"
_ROOM_EVERY: Final = 0.05

MakeHistory = Callable[["Session", Callable[[str], None], Callable[[], None]], History]
"""Makes the consumer of a connection's history: of the session, of the function that
sends a line, and of the function to call when nothing is left to do."""


class Driver:
    """One connection at work, from its first line to its last.

    `turn` is the Turn of the read under way. `welcomed` is done when the server
    has let us in, `since` then. `parting_words` are those of an ERROR, `verdict` what
    follows from them, and `must_reconnect` is true once the server asked us to connect again.
    `on_arrival` is called when we are in all channels that let us in, and after each
    later turn in which one lets us in or refuses, `on_caught_up` when their history is
    dealt with as well, `on_policy` when the server declares an STS policy by TLS, and
    `on_invitations` when the channels that we came into on invitation change.
    `on_limit` with the number of channels that the server lets us be in, if it has any.
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
        on_policy: Callable[[], None],
        on_invitations: Callable[[], None] = lambda: None,
        history: MakeHistory,
        on_limit: Callable[[int], None] = lambda _most: None,
    ) -> None:
        loop: asyncio.AbstractEventLoop = connection.reactor.loop
        self.session, self.turn = session, Turn()
        self.welcomed: asyncio.Future[None] = loop.create_future()
        self.since, self.parting_words, self.verdict = "", "", ACCIDENT
        self.must_reconnect = self._has_claimed = self._has_reported = False
        self._connection, self._intake, self._loop, self._now = connection, intake, loop, now
        self._on_arrival, self._on_caught_up = on_arrival, on_caught_up
        self._on_invitations, self._are_invitations_changed = on_invitations, False
        self._on_limit: Callable[[int], None] | None = on_limit
        self._has_arrived = self._has_all_played_back = self._is_over = self._has_queries = False
        self._history = history(session, connection.send_raw, self._look_whether_caught_up)
        self._channels = ChannelFacts(session, intake, ledgers, self._history, self._heard)
        self._steps = Steps(loop, connection.begin_acting, connection.end_acting, intake.fail)
        self._handlers: dict[type, Callable[[Any], Iterator[None] | None]] = {
            BoundExceeded: self._on_exceeded,
            Welcomed: self._on_welcomed,
            RegistrationRefused: self._on_refused,
            TlsRequired: self._on_tls_required,
            PolicyDeclared: lambda _fact: on_policy(),
            Challenged: self._on_challenged,
            Pong: self._on_pong,
            ErrorReceived: self._on_error,
            ReconnectRequested: self._on_reconnect,
            **self._channels.handlers(),
            Invited: self._on_invited,
            InvitationsChanged: self._note_invitations,
            Absent: self._on_absent,
        }
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._reaching: list[asyncio.Future[None]] = []

    def _heard(self) -> str:
        """Return when anything was last heard from the server."""
        return self._connection.heard

    def start(self) -> None:
        """Send the first lines of the connection."""
        for line in self.session.start():
            self._connection.send_raw(line)

    def apply(self, settings: SessionSettings) -> None:
        """Replace the session's settings, except those that need a new connection."""
        self.session.apply(settings, self.turn)
        self._has_arrived = self._has_claimed = False
        self.end_turn()

    def lose(self, reason: str, received: str) -> None:
        """End the session because its connection is gone, for that reason."""
        self.session.close(reason, received, self.turn)

    async def close(self) -> None:
        """End with the turns and the history, and let go of everything that a connection held."""
        self._cancel_timers()
        await self._steps.finish()
        await self._history.close()
        self._cancel_timers()  # of the turns that were still to be carried out
        # What refers back to this object or to the session would wait for the collector.
        self._is_over = True
        self._note_reached()
        self._handlers.clear()
        self._connection.driver = None
        self.session.release()
        del self._history, self._channels

    def _cancel_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def jumped(self, ahead: int, slept: int) -> None:
        """Note by how many milliseconds our clock was set, or the machine slept."""
        self._channels.jumped(ahead, slept)

    # -- turns ---------------------------------------------------------------------

    def end_turn(self) -> None:
        """Write the events of the turn, send its replies, act on its facts; begin the next one."""
        if self._on_limit is not None and self.session.ready:
            self._report_limit(self._on_limit)
        if self.session.changed:
            self._advance()
        turn, self.turn = self.turn, Turn()
        self._steps.run(self._carry_out(turn), self._until())

    def _report_limit(self, on_limit: Callable[[int], None]) -> None:
        """Report, before the first JOIN, how many channels the server lets us be in."""
        self._on_limit = None
        if limit := self.session.state.isupport.channel_limit():
            on_limit(limit)

    def _until(self) -> float:
        """Return the end of this turn of the loop: that of the lines, or a new one of ours."""
        now, ends = self._loop.time(), self._connection.turn_ends
        return ends if ends > now - TURN else now + TURN

    def _carry_out(self, turn: Turn) -> Iterator[None]:
        """Carry a turn out; yield wherever the loop may turn."""
        casemapping = self.session.state.isupport.casemapping.name
        if self.session.ready and not self._has_claimed:
            self._has_claimed = True
            self._report_welcome()
            yield from self._intake.claiming(self.session.joining.names(), casemapping)
            yield from self._begin_queries()
        if turn.facts:  # among them, perhaps, that we joined a channel
            yield from self._explain(turn.events, casemapping)
        yield from self._intake.writing(turn.events, casemapping)
        while not self._intake.flush(self._steps.is_time_up):
            yield
        yield from self._channels.hear(turn.events)
        for line in turn.replies:
            self._connection.say(line)
        for fact in without_empty_absences(turn.facts):
            yield from self._handlers[type(fact)](fact) or ()
            yield
        self._keep_invitations()
        if not self._has_arrived and self.session.ready and self.session.joining.is_settled():
            self._arrive()
        elif self._has_arrived and any(isinstance(fact, (Absent, Joined)) for fact in turn.facts):
            self._on_arrival()  # once for all of a turn: it looks at every channel
        if self._history.is_full:
            self._hold_for_history()

    @property
    def waiting_gaps(self) -> int:
        """The number of gaps that wait to be fetched."""
        return self._history.waiting_gaps

    def _begin_queries(self) -> Iterator[None]:
        """Begin to hear private conversations, once a connection."""
        if not self._has_queries:
            self._has_queries = True
            yield from self._channels.begin_queries()

    def _explain(self, events: list[Event], casemapping: str) -> Iterator[None]:
        """Give each `joined` its text, once its target is claimed; yield after each."""
        for number, event in enumerate(events):
            if event.type == EventType.JOINED:
                yield from self._intake.claiming((event.target,), casemapping)
                events[number] = self._channels.explained(event)
                yield

    def _hold_for_history(self) -> None:
        """Read nothing more until there is room for history that waits."""
        is_full = self._history.is_full
        self._connection.hold_for_history(is_full=is_full)
        again_at = self._loop.time() + _ROOM_EVERY if is_full else None
        self._set_timer("history", again_at, self._hold_for_history)

    def _advance(self) -> None:
        """Add the lines that are due to the turn, and set the timer for the next ones."""
        again_at = self.session.advance(self._loop.time(), self.turn)
        self._set_timer("advance", again_at, self._wake)

    def _wake(self) -> None:
        self._advance()
        self.end_turn()

    def _set_timer(self, name: str, at: float | None, callback: Callable[[], None]) -> None:
        """Replace the timer of a name by one for `at`, by the loop's clock, or by none."""
        if timer := self._timers.pop(name, None):
            timer.cancel()
        if at is not None:
            self._timers[name] = self._loop.call_at(at, callback)

    # -- registration --------------------------------------------------------------

    def _on_welcomed(self, _fact: Welcomed) -> None:
        self.since = self._now()
        self.welcomed.set_result(None)
        # Whoever waits for that goes on in a later turn, and the arrival may be in this one.
        self._report_welcome()
        # Some servers end their greeting with no numeric that says so.
        self._set_timer("ready", self._loop.time() + _READY_DELAY, self._make_ready)
        if self.must_reconnect:
            self._connection.disconnect(_MOVING)

    def _report_welcome(self) -> None:
        """Log the connection once, before any line about its channels.

        A greeting that comes in one read makes the session ready before its facts are
        acted on.
        """
        if not self._has_reported:
            self._has_reported = True
            server, nick = self.session.server, self.session.registration.nick
            logger.info("connected to %s as %s", server, nick)

    def _make_ready(self) -> None:
        self.session.make_ready(self._now(), self.turn)
        self.end_turn()

    def _on_refused(self, fact: RegistrationRefused) -> None:
        """Leave as one should: a line that is dropped counts as an error on the other side."""
        self._connection.disconnect(fact.reason)

    def _on_tls_required(self, _fact: TlsRequired) -> None:
        self._connection.abort(_TLS_ALONE)

    def _on_challenged(self, fact: Challenged) -> None:
        """Compute the response in a daemon thread, which delays neither the loop nor the exit."""
        do_in_thread(self._loop, "login", fact.respond, self._go_on)

    def _go_on(self, response: bytes | str) -> None:
        if self._is_over:  # the connection did not wait for the thread
            return
        self.session.go_on(response, self.turn)
        self.end_turn()

    # -- the connection ------------------------------------------------------------

    def _on_exceeded(self, fact: BoundExceeded) -> None:
        logger.warning("%s: %s", self.session.settings.network, fact.consequence)

    def _on_error(self, fact: ErrorReceived) -> None:
        """Keep the server's words as the reason of the end, and end; the first words count.

        There is no wait for the server to close: some never do, or are gone.
        """
        if not self.parting_words:
            self.parting_words, self.verdict = fact.reason, fact.verdict
        self._connection.reason = self._connection.reason or fact.reason
        if fact.ends:
            self._connection.abort(fact.reason)

    def _on_reconnect(self, _fact: ReconnectRequested) -> None:
        self.must_reconnect = True
        if self.welcomed.done():
            self._connection.disconnect(_MOVING)

    def _on_pong(self, fact: Pong) -> None:
        if fact.token == PING_TOKEN and self._connection.watch:
            self._connection.watch.answered()
        elif fact.token == _ARRIVED:
            self._has_all_played_back = True
            self._look_whether_caught_up()

        elif fact.token == _REACHED:
            self._note_reached()

    def reach(self) -> asyncio.Future[None]:
        """Return a future that is done once all lines until now were received and written.

        The server's answer follows everything that it sent before; so does the connection's end.
        """
        reached: asyncio.Future[None] = self._loop.create_future()
        if self._is_over or not self.welcomed.done():
            reached.set_result(None)
            return reached
        self._reaching.append(reached)
        self._connection.send_raw(f"PING :{_REACHED}")
        return reached

    def _note_reached(self) -> None:
        reaching, self._reaching = self._reaching, []
        for each in reaching:
            if not each.done():
                each.set_result(None)

    def resume(self, target: str) -> None:
        """Fetch the gaps of a target that was taken over, if we hear it."""
        if not self._is_over:
            self._channels.resume(target)

    # -- arrival ---------------------------------------------------------------------

    def _arrive(self) -> None:
        """Report, once for each plan, that we are in all channels that let us in."""
        self._has_arrived = True
        network, joining = self.session.settings.network, self.session.joining
        joined, wanted = joining.joined_count(), len(joining.names())
        logger.info("%s", arrival_line(network, joining.absences(), joined, wanted))
        self._on_arrival()
        # The server's answer follows everything that it plays back on joining.
        self._connection.send_raw(f"PING :{_ARRIVED}")
        self._ask_presence_later()

    def _on_absent(self, fact: Absent) -> None:
        # Until we have arrived, one line tells of all channels; then the caller tells of news.
        is_removal = self.session.joining.comes_back(fact.channel)
        level = logging.WARNING if self._has_arrived and is_removal else logging.DEBUG
        self._channels.on_absent(fact, level)

    def _note_invitations(self, _fact: InvitationsChanged) -> None:
        self._are_invitations_changed = True

    def _keep_invitations(self) -> None:
        """Report once a turn that invitations changed: a server may change them with each line."""
        if self._are_invitations_changed:
            self._are_invitations_changed = False
            self._on_invitations()

    def _on_invited(self, fact: Invited) -> None:
        logger.info("%s: %s: %s", self.session.settings.network, fact.channel, fact.why)

    def _look_whether_caught_up(self) -> None:
        if self._is_over:
            return
        if self._has_all_played_back and self._has_arrived and self._history.is_settled:
            self._on_caught_up()

    def _ask_presence_later(self) -> None:
        self._set_timer("presence", self._loop.time() + _PRESENCE_EVERY, self._ask_presence)

    def _ask_presence(self) -> None:
        """Ask in which channels the server has us, as it may not tell that we left one."""
        for line in self.session.ask_presence():
            self._connection.send_raw(line)
        self._ask_presence_later()


def listen(reactor: Reactor) -> None:
    """Add the handlers that pass the lines and ends of a reactor's connections to their drivers."""
    reactor.add_global_handler(READ, _on_read)
    reactor.add_global_handler(UNFINISHED, _on_unfinished)
    reactor.add_global_handler(DISCONNECT, _on_disconnect)
    reactor.after_read = _end_turn


def _on_read(connection: Connection, event: ReadEvent) -> None:
    driver: Driver = connection.driver
    driver.session.receive(event.lines, event.received, driver.turn, event.is_time_up)


def _on_unfinished(connection: Connection, event: LineEvent) -> None:
    driver: Driver = connection.driver
    if event.message is not None:
        driver.session.receive_message(event.message, event.received, driver.turn)


def _on_disconnect(connection: Connection, event: LineEvent) -> None:
    driver: Driver = connection.driver
    driver.lose(event.reason, event.received)


def _end_turn(connection: Connection) -> None:
    connection.driver.end_turn()
