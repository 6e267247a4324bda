"""The session of one connection: messages in; events, replies and facts out.

A session is pure: it does no I/O and reads no clock, and `receive` never raises,
whatever the server sends. It lives as long as its connection; the next
connection gets a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import SERVER, Event, EventType, Source
from chatlog.protocol import numerics
from chatlog.protocol.accounts import Accounts
from chatlog.protocol.answers import ANSWERS
from chatlog.protocol.carryover import Carryover
from chatlog.protocol.concealing import conceal
from chatlog.protocol.events.rows import own_event
from chatlog.protocol.events.table import EVENTS, events_of
from chatlog.protocol.facts import Disconnected, ErrorReceived, Pong, ReconnectRequested
from chatlog.protocol.fast_lane import FastLane
from chatlog.protocol.heads import Heads
from chatlog.protocol.history import bare_playback, playback_limits
from chatlog.protocol.history.chathistory import Answer, Point
from chatlog.protocol.history.pages import HistoryBatches
from chatlog.protocol.history.target_lists import TargetLists
from chatlog.protocol.line_parser import LineParser
from chatlog.protocol.multiline import Multiline
from chatlog.protocol.netsplits import Netsplits
from chatlog.protocol.privacy import SPOKEN
from chatlog.protocol.refusals import judge
from chatlog.protocol.registration.capabilities import Registration
from chatlog.protocol.relays import TOLD
from chatlog.protocol.repeats import said_of
from chatlog.protocol.server_time import ServerClock
from chatlog.protocol.sources import SourceCache
from chatlog.protocol.state import State
from chatlog.protocol.state_tracker import StateTracker
from chatlog.protocol.whois import WhoisCheck
from chatlog.secret import SecretMask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.protocol.answers import Respond
    from chatlog.protocol.events.rows import Row
    from chatlog.protocol.facts import Turn
    from chatlog.protocol.line import Handler, Line
    from chatlog.protocol.message import Message
    from chatlog.protocol.multiline import Arrived
    from chatlog.protocol.session_settings import SessionSettings

_READY_AFTER: Final = frozenset({numerics.RPL_ENDOFMOTD, numerics.ERR_NOMOTD, "JOIN"})


class _Plan(msgspec.Struct, frozen=True):
    """The way of one command's lines: to events, handlers in order, an answer, privacy."""

    row: Row | None = None
    handlers: tuple[Handler, ...] = ()
    respond: Respond | None = None
    is_spoken: bool = False


class Session:
    """The protocol side of one connection.

    Each method that takes a `Turn` only appends to it; the caller owns it.
    `server` is the server's name for people, and `tls` tells whether the way to
    it is encrypted. It is `ready` once the server's greeting is over.
    """

    def __init__(
        self,
        settings: SessionSettings,
        carryover: Carryover | None = None,
        *,
        server: str = "",
        tls: bool = False,
    ) -> None:
        self.settings = settings
        self.server = server
        self._secrets = set(settings.secrets())  # that the server of this connection may know
        self._mask = SecretMask(self._secrets, settings.public_names())
        self.registration = Registration(settings.identity, tls=tls, mask=self._mask)
        self._carryover = carryover or Carryover(settings)
        self.joining = self._carryover.joining
        self.overflows = self._carryover.overflows
        self.state = State(
            network=settings.network,
            nick=settings.identity.nick,
            queries=settings.queries,
            capabilities=self.registration.enabled,
            wants=self.joining.wants,
            targets=self._carryover.targets,
            overflows=self.overflows,
        )
        self.clock = ServerClock(settings.max_skew)
        self.ready = False
        self._last_words = ""  # of the message under way, with the secrets in them
        self.privacy = self._carryover.privacy
        self.batches = HistoryBatches(self.state)
        self._whois = WhoisCheck(self.state)
        self._relays = self._carryover.relays
        self._accounts = Accounts(self.state)
        self._netsplits = Netsplits()
        self._multiline = Multiline(self.privacy.is_off_record)
        self._lines, self._fast_lane = self._lanes()
        self._accounts.on_change = self._fast_lane.forget_people
        self._tracker = StateTracker(self.state, self._carryover, self._fast_lane.forget)
        self._plan_of_others = _Plan()
        self._plans = self._all_plans()

    def _lanes(self) -> tuple[LineParser, FastLane]:
        """Return the general and the fast lane, which share the sources that they know."""
        state, clock = self.state, self.clock
        sources = SourceCache(state, self.privacy, self._relays)
        lines = LineParser(
            state,
            clock,
            sources,
            self.batches,
            netsplits=self._netsplits,
            accounts=self._accounts,
        )
        heads = Heads(sources, self._accounts)
        return lines, FastLane(state, self.privacy, clock, heads, self._carryover.repeats)

    def apply(self, settings: SessionSettings, turn: Turn) -> None:
        """Replace the settings, except those that need a new connection.

        The secrets that this one was told before stay hidden.
        """
        self.settings = settings
        self._secrets.update(settings.secrets())
        self._mask = SecretMask(self._secrets, settings.public_names())
        turn.replies += self._carryover.apply(settings)
        self._fast_lane.forget()

    def start(self) -> list[str]:
        """Return the first lines of a connection."""
        return self.registration.start()

    # -- messages ------------------------------------------------------------------

    def receive(
        self,
        lines: Iterator[bytes],
        received: str,
        turn: Turn,
        is_time_up: Callable[[], bool] = bool,
    ) -> Turn:
        """Append the events, replies and facts of the lines of a read to the turn; return the turn.

        `received` is our clock at the read. Nearly every line takes the fast lane, whose
        event is the one that `receive_message` would append. Stop after another line if
        `is_time_up`; the lines behind it stay in the iterator.
        """
        for message in self._fast_lane.take(lines, received, turn.events):
            self.receive_message(message, received, turn)
            if is_time_up():
                break
        return turn

    def receive_message(self, message: Message, received: str, turn: Turn) -> Turn:
        """Append the events, replies and facts of a message of any kind; return the turn.

        A server that is to be reached by TLS alone has nothing more to say on a
        plain connection: its later messages are dropped.
        """
        if self.registration.must_use_tls:
            return turn
        if message.command != "BATCH" and not self._multiline.is_open:
            self._act_on(message, received, turn)
        else:
            self._act_on_all(self._multiline.take(message, received), turn)
        return turn

    def _act_on_all(self, arrived: Iterable[Arrived], turn: Turn) -> None:
        """Act on messages that waited, and answer the PINGs that came while they did."""
        for message, received, is_off_record in arrived:
            self._act_on(message, received, turn, is_off_record=is_off_record)
        turn.replies += self._multiline.answers()

    def _act_on(
        self, message: Message, received: str, turn: Turn, *, is_off_record: bool = False
    ) -> None:
        """Append the events, replies and facts of a message to the turn.

        Of one that is part of a message off the record, nothing is written.
        """
        command = message.command
        plan = self._plans.get(command) or self._plan_of_others
        if self._mask:
            self._last_words = "".join(message.params[-1:])
            conceal(message, self._mask, self._is_channel_of_ours)
        line = self._lines.parse(message, received)
        if not self.ready and command in _READY_AFTER:
            self.make_ready(received, turn)
        # Events first: a QUIT must still find the channels of who quits.
        made = events_of(self.state, line, plan.row)
        if self._relays.are_configured and command in TOLD:
            made = self._relays.attribute(made, self.state.isupport.casemapping)
        if not line.history_of:
            for handle in plan.handlers:
                handle(line, turn)
        if plan.respond and (answers := plan.respond(line, self.state, self._carryover)):
            turn.replies += answers
            made += self._own_events(answers, received)
        if plan.is_spoken or self.privacy.is_wide:
            made = self._permitted(made, is_off_record=is_off_record)
        if line.via or line.msgid:
            self._file(line, made, turn)
        else:
            turn.events += made
        if self.overflows.are_new:
            turn.facts += self.overflows.take()

    def _permitted(self, made: list[Event], *, is_off_record: bool) -> list[Event]:
        """Return the events that privacy lets be written; it counts the others."""
        kept = self.privacy.keep(made, self.state.isupport.casemapping)
        return self.privacy.withhold(kept) if is_off_record else kept

    def _is_channel_of_ours(self, name: str) -> bool:
        return bool(self.state.channel_said_to(name)[1])

    def make_ready(self, received: str, turn: Turn) -> None:
        """End the greeting: append our `connected` event, and join from the next `advance` on.

        Before the server's welcome, and a second time, it does nothing.
        """
        if self.ready or not self.registration.registered:
            return
        self.ready = True
        self._tracker.begin()
        connected = own_event(self.state, EventType.CONNECTED, SERVER, self.server, received)
        turn.events.append(connected)
        if bot := self.state.isupport.bot_mode:
            turn.replies.append(f"MODE {self.state.me.nick} +{bot}")

    def go_on(self, response: bytes | str, turn: Turn) -> None:
        """Continue the login with the computed response to a challenge, or the reason for none."""
        self.registration.go_on(response, turn)

    def close(self, reason: str, received: str, turn: Turn) -> None:
        """Append the end of the connection: the pages that it cut off, our events, the fact.

        The events are `disconnected`, and `parted` in each channel that we are in.
        """
        self._act_on_all(self._multiline.close(), turn)
        self.batches.close(turn)
        if self.ready:
            channels = self.state.membership.names()
            ends = {SERVER: EventType.DISCONNECTED, **dict.fromkeys(channels, EventType.PARTED)}
            turn.events += [
                own_event(self.state, kind, target, reason, received)
                for target, kind in ends.items()
            ]
        turn.facts.append(Disconnected(reason))

    def release(self) -> None:
        """Drop the handlers, which refer back to the session, so that it is freed at once."""
        self._plans.clear()
        self._accounts.release()

    # -- time ----------------------------------------------------------------------

    @property
    def changed(self) -> bool:
        """Whether `advance` has something to do."""
        are_changed = self._tracker.changed or self._multiline.changed or self._accounts.changed
        return self.ready and are_changed

    def advance(self, now: float, turn: Turn) -> float | None:
        """Add the lines to send now; return when to call again if nothing happens before.

        `now` is in seconds of a clock that only advances.
        """
        if not self.ready:
            return None
        self._act_on_all(self._multiline.expire(now), turn)
        joining_at = self._tracker.advance(now, turn)
        if self.joining.is_settled():
            turn.replies += self._accounts.ask(now)
        moments = (joining_at, self._multiline.next_at, self._accounts.next_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def ask_presence(self) -> list[str]:
        """Return the request for the channels that we are in; its answers are no events."""
        return self._whois.ask()

    def ask_playback_limits(self, target: str) -> list[str]:
        """Return the request for a channel's playback limits; its answers are no events."""
        return playback_limits.ask(self.state, target)

    # -- events --------------------------------------------------------------------

    def _file(self, line: Line, made: list[Event], turn: Turn) -> None:
        """Append the events of now, unless they are repeated; put those of the past into pages."""
        if not line.via:
            if not self._is_repeat(line):
                turn.events += made
            return
        turn.events += [event for event in made if not event.via]
        past = [event for event in made if event.via]
        # A claim that was not believed tells nothing of the place in the history.
        time = "" if "time" in line.tags else line.time
        point = Point(time, line.msgid)
        answer = Answer(1, point, point, bytes=line.message.size)
        self.batches.take(past, line.batch, answer, turn)

    def _is_repeat(self, line: Line) -> bool:
        """Return whether a live line with a msgid was delivered before: it is written once."""
        return self._carryover.repeats.is_repeat(line.msgid, said_of(line.message))

    def _own_events(self, lines: Sequence[str], received: str) -> list[Event]:
        """Return the events of lines that we send, unless an echo will bring them."""
        if not lines or "echo-message" in self.registration.enabled:
            return []
        own = [self._lines.own(text, received) for text in lines]
        row_of = EVENTS.get
        return [
            event
            for line in own
            for event in events_of(self.state, line, row_of(line.message.command))
        ]

    # -- handlers ------------------------------------------------------------------

    def _all_plans(self) -> dict[str, _Plan]:
        """Return the plan of each command that is more than an `other`."""
        handlers = self._all_handlers()
        return {
            command: _Plan(
                EVENTS.get(command),
                tuple(handlers.get(command, ())),
                ANSWERS.get(command),
                command in SPOKEN,
            )
            for command in {*EVENTS, *handlers, *ANSWERS, *SPOKEN}
        }

    def _all_handlers(self) -> dict[str, list[Handler]]:
        """Return the handlers of each command, in the order in which they act."""
        tables: tuple[dict[str, Handler], ...] = (
            # The server's own words for the end come before our conclusions from it.
            dict.fromkeys(("ERROR", numerics.ERR_YOUREBANNEDCREEP), self._on_error),
            dict.fromkeys(Registration.handled, self._on_registration),
            {
                "": self._on_not_understood,
                **dict.fromkeys(bare_playback.SAID, self._on_said),
                "RECONNECT": self._on_reconnect,
                "PING": self._on_ping,
                "PONG": self._on_pong,
                numerics.RPL_WELCOME: self._on_welcome,
                numerics.RPL_ISUPPORT: self._on_isupport,
            },
            self.batches.handlers(),
            TargetLists(self.state).handlers(),
            self._netsplits.handlers(),
            self._whois.handlers(),
            playback_limits.handlers(self.state),
            self._tracker.handlers(),
            self._accounts.handlers(),
        )
        found: dict[str, list[Handler]] = {}
        for table in tables:
            for command, handler in table.items():
                found.setdefault(command, []).append(handler)
        return found

    def _on_registration(self, line: Line, turn: Turn) -> None:
        self.registration.receive(line.message, turn)

    def _on_said(self, line: Line, turn: Turn) -> None:
        """Teach the fast lane a channel that we are in, unless its lines need a closer look."""
        playing, target = self.state.bare_playback.playing, "".join(line.params[:1])
        if bare_playback.is_bouncer(line.message.source):
            self._fast_lane.forget()
            if target not in playing:
                self.batches.end(target, turn)
        name = "" if target in playing else self.state.membership.name(target)
        if name and not self.privacy.is_silent(name, self.state.isupport.casemapping):
            self._fast_lane.learn(target, name)

    def _on_welcome(self, line: Line, _turn: Turn) -> None:
        self.state.be(Source(self.registration.nick))
        self._fast_lane.forget()
        if claim := line.message.tags().get("time"):
            self.clock.measure(claim, line.now)
            self.clock.begin(line.now)

    def _on_isupport(self, line: Line, _turn: Turn) -> None:
        # The words at the end may be missing; they are no token unless they are one word.
        tokens = [param for param in line.params[1:] if " " not in param]
        if self.state.receive_isupport(tokens):
            self._accounts.clear()
            self.joining.refold()
        self._fast_lane.forget()

    def _on_not_understood(self, _line: Line, _turn: Turn) -> None:
        self._carryover.not_understood += 1

    def _on_reconnect(self, _line: Line, turn: Turn) -> None:
        turn.facts.append(ReconnectRequested())

    def _on_pong(self, line: Line, turn: Turn) -> None:
        """Measure the server's clock anew: ours may have been set, or drifted."""
        if claim := line.message.tags().get("time"):
            self.clock.measure(claim, line.now)
        turn.facts.append(Pong("".join(line.params[-1:])))

    def _on_error(self, line: Line, turn: Turn) -> None:
        ends, reason = line.message.command == "ERROR", "".join(line.params[-1:])
        verdict = judge(self._last_words if self._mask else reason)
        turn.facts.append(ErrorReceived(reason, ends=ends, verdict=verdict))

    def _on_ping(self, line: Line, turn: Turn) -> None:
        """Answer a PING, after the parts that wait: our PONG tells that they are written."""
        pong = f"PONG :{line.params[-1]}" if line.params else "PONG"
        if not self._multiline.hold(pong):
            turn.replies.append(pong)
