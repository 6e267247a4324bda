"""One connection's conversation: messages in, events and replies out.

A session is pure: it does no I/O and reads no clock, and `receive` never
raises, whatever the server says. It lives as long as its connection; the next
connection gets a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from chatlog.event import SERVER, Event, EventType, Source
from chatlog.protocol import events, numerics
from chatlog.protocol.carryover import Carryover
from chatlog.protocol.history import bare_playback, playback_limits
from chatlog.protocol.history.chathistory import Point
from chatlog.protocol.history.pages import Past
from chatlog.protocol.manners import is_service
from chatlog.protocol.message import Message, parse_text
from chatlog.protocol.privacy import SPOKEN
from chatlog.protocol.registration.capabilities import Registration
from chatlog.protocol.server_time import ServerClock
from chatlog.protocol.state import Line, State
from chatlog.protocol.state_tracker import StateTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatlog.casemapping import Casemapping
    from chatlog.protocol.session_settings import SessionSettings

Received = tuple["Sequence[Event]", "Sequence[str]"]
"""The events of a message, in order, and the lines to send in answer."""

_REMEMBERED: Final = 16_384
_NOTHING: Final[tuple[()]] = ()


class Session:
    """What follows from each message of one connection.

    `server` is how people name the server that it leads to, and `tls` says
    whether the way is encrypted. `must_move` is true once the server asked us
    to come back elsewhere. `past` gathers what it tells of the past, `moves` our
    own coming and going, `proved` the channels in which the server says that we
    are; who takes them clears them.
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
        self.must_move = False
        self.registration = Registration(settings.identity, tls=tls)
        self.state = State(
            network=settings.network, nick=settings.identity.nick, queries=settings.queries
        )
        self.clock = ServerClock(settings.max_skew)
        self.ready = False
        self._carryover = carryover or Carryover(settings)
        self.joining = self._carryover.joining
        self.privacy = self._carryover.privacy
        self._tracker = StateTracker(self.state, self._carryover)
        self._followed = self._tracker.handlers()
        self.past = Past()
        self.moves: list[Event] = []
        self.proved: list[str] = []
        self._has_whois = True
        self._sources: dict[str, Source] = {}
        self._routes: dict[str, str] = {}
        self._forget_routes()

    def apply(self, settings: SessionSettings) -> list[str]:
        """Go by other settings, as far as that needs no new connection; return what to send."""
        self.settings = settings
        lines = self._carryover.apply(settings)
        self._forget_routes()
        return lines

    def start(self) -> list[str]:
        """Say what a fresh connection begins with."""
        return self.registration.start()

    def receive(self, message: Message, received: str) -> Received:
        """Take one message, received at that time; return its events and our answers.

        What is said to a channel that we are in has a fast lane, whose result
        is that of `receive_any`.
        """
        if message.command != "PRIVMSG" or len(message.params) != 2:  # noqa: PLR2004 - target and text
            return self.receive_any(message, received)
        target, text = message.params
        channel = self._routes.get(target)
        kind = _MESSAGE
        if text[:1] in self._initials:
            is_action = text.startswith(_ACTION_BEGINS)
            kind, text = _ACTION, text[len(_ACTION_BEGINS) :].removesuffix(events.CTCP)
            if not is_action or text[:1] in self.privacy.initials:
                return self.receive_any(message, received)
        if not channel or message.encoding or message.raw:
            return self.receive_any(message, received)
        if message.tag_text:
            return self._receive_tagged(message, channel, kind, text, received)
        source = self._sources.get(message.source) or self._clear_source(message.source)
        if source is None:
            return self.receive_any(message, received)
        event = Event(
            time=received,
            network=self.state.network,
            target=channel,
            type=kind,
            nick=source.nick,
            user=source.user,
            host=source.host,
            text=text,
        )
        return (event,), _NOTHING

    def receive_any(self, message: Message, received: str) -> Received:
        """Take one message of any kind; none counts any more where we have to leave for TLS."""
        if self.registration.must_use_tls:
            return _NOTHING, _NOTHING
        line = self._line(message, received)
        command = message.command
        made: list[Event] = []
        replies: list[str] = []
        if not self.ready and command in _READY_AFTER:
            connected, joins = self.make_ready(received)
            made += connected
            replies += joins
        made += events.events_of(self.state, line)
        if not command:
            self._carryover.not_understood += 1
        if command in self.registration.handled:
            replies += self.registration.receive(message)
        track = self._tracked.get(command)
        if track is not None and not line.history_of:
            replies += track(self, line)
        follow = self._followed.get(command)
        if follow is not None and not line.history_of:
            follow(line)
            if self._tracker.we_moved:
                replies += self._arrive(line, made, received)
        if command == "PRIVMSG" and not line.fields["via"]:
            answers = self._answers(line, received)
            made += self.sent(answers, received)
            replies += answers
        return self._kept(line, made), replies

    def _kept(self, line: Line, made: list[Event]) -> list[Event]:
        """Return what may be written and was said now; what is told of the past goes elsewhere."""
        if self.privacy.is_wide or line.message.command in SPOKEN:
            made = self.privacy.keep(made, self.state.isupport.casemapping)
        if not line.fields["via"]:
            return made
        old = [event for event in made if event.via]
        point = Point(line.fields["time"], line.fields.get("msgid", ""))
        self.past.take(old, line.batch, point)
        return [event for event in made if not event.via]

    def make_ready(self, received: str) -> Received:
        """Take the registration for complete: from now on `advance` joins the channels."""
        if self.ready or not self.registration.registered:
            return _NOTHING, _NOTHING
        self.ready = True
        self._tracker.begin()
        targets = (SERVER, *self.joining.names())
        own = {"time": received, "type": EventType.CONNECTED, "text": self.server}
        bot = self.state.isupport.get("BOT", "")
        return (
            [events.local_event(self.state, own, target=target) for target in targets],
            [f"MODE {self.state.me.nick} +{bot}"] if bot else [],
        )

    @property
    def changed(self) -> bool:
        """Say whether `advance` has something to do."""
        return self.ready and self._tracker.changed

    def ask_presence(self) -> list[str]:
        """Ask in which channels we are; the answers are no events."""
        asks = self._has_whois and bool(self.state.membership.names())
        self.state.places = [] if asks else None
        return [f"WHOIS {self.state.me.nick}"] if asks else []

    def ask_playback_limits(self, target: str) -> list[str]:
        """Ask how much of a channel is played back, where the server may tell; no events follow."""
        isupport = self.state.isupport
        folded = isupport.casemapping[target]
        if not playback_limits.may_be_asked(isupport) or folded in self.state.modes_asked:
            return []
        self.state.modes_asked.add(folded)
        return [f"MODE {target}"]

    def advance(self, now: float) -> tuple[list[str], float | None]:
        """Return the lines to send now, and when to call again if nothing happens before.

        `now` is in seconds of a clock that only advances.
        """
        return self._tracker.advance(now) if self.ready else ([], None)

    def close(self, reason: str, received: str) -> list[Event]:
        """Say of every channel concerned that the connection is gone."""
        self.past.close()
        if not self.ready:
            return []
        targets = (SERVER, *(self.state.membership.names() or self.joining.names()))
        own = {"time": received, "type": EventType.DISCONNECTED, "text": reason}
        return [events.local_event(self.state, own, target=target) for target in targets]

    def sent(self, lines: Sequence[str], received: str) -> list[Event]:
        """Return the events of what we say ourselves, where no echo will bring them."""
        if not lines or "echo-message" in self.registration.enabled:
            return []
        fields = self._fields(self.state.me, received)
        made: list[Event] = []
        for text in lines:
            message = parse_text(text)
            line = Line(message, message.params, self.state.me, fields)
            made += events.events_of(self.state, line)
        return made

    def _receive_tagged(
        self, message: Message, channel: str, kind: str, text: str, received: str
    ) -> Received:
        """Go on in the fast lane, where the tags are those of a live line."""
        tags = message.tags()
        time = self.clock.live_time(tags.pop("time", ""), received)
        if not time or "batch" in tags:
            return self.receive_any(message, received)
        tags.pop("label", None)
        source = self._sources.get(message.source) or self._clear_source(message.source)
        if source is None:
            return self.receive_any(message, received)
        event = Event(
            time=time,
            received=received,
            network=self.state.network,
            target=channel,
            type=kind,
            nick=source.nick,
            user=source.user,
            host=source.host,
            account=tags.pop("account", ""),
            text=text,
            msgid=tags.pop("msgid", ""),
            reply_to=tags.pop("+draft/reply", ""),
            tags=tags,
        )
        return (event,), _NOTHING

    def _clear_source(self, text: str) -> Source | None:
        """Take a source apart and remember it; None for people who are ignored."""
        source = Source.parse(text)
        if bare_playback.is_bouncer(text):
            return None
        if self.privacy.is_wide and self.privacy.ignores(source, self.state.isupport.casemapping):
            return None
        if len(self._sources) >= _REMEMBERED:
            self._sources.clear()
        self._sources[text] = source
        return source

    def _line(self, message: Message, received: str) -> Line:
        source = (
            self._sources.get(message.source)
            or self._clear_source(message.source)
            or Source.parse(message.source)
        )
        fields = self._fields(source, received)
        fields["via"] = ""
        if message.encoding:
            fields["encoding"] = message.encoding
        if message.raw:
            fields["raw"] = events.encode_raw(message.raw)
        if not message.tag_text:
            return self._untagged(message, source, fields, received)
        tags = message.tags()
        batch = tags.pop("batch", "")
        history_of, via = self.past.of(batch) if batch else ("", "")
        moment = self.clock.judge(tags.pop("time", ""), received)
        tags.pop("label", None)
        if moment.claim:
            tags["time"] = moment.claim
        fields |= {
            "time": moment.time,
            "received": moment.received,
            "account": tags.pop("account", ""),
            "msgid": tags.pop("msgid", ""),
            "reply_to": tags.pop("+draft/reply", ""),
            "tags": tags,
            "via": via or moment.via,
        }
        return Line(message, message.params, source, fields, tags, history_of, batch)

    def _untagged(
        self, message: Message, source: Source, fields: dict[str, Any], received: str
    ) -> Line:
        dated = self.state.bare_playback.dated(message, received)
        if dated is None:
            return Line(message, message.params, source, fields)
        target = dated.params[0]
        name = self.state.membership.name(target) or SERVER
        self.past.begin(target, bare_playback.KIND, name, {})  # unless it has begun
        fields |= {"time": dated.time, "received": received, "via": bare_playback.VIA}
        if bare_playback.is_bouncer(message.source):
            fields |= {"user": "", "host": ""}  # which are the bouncer's
        return Line(message, dated.params, source, fields, {}, name, target)

    def _fields(self, source: Source, time: str) -> dict[str, Any]:
        return {
            "nick": source.nick,
            "user": source.user,
            "host": source.host,
            "network": self.state.network,
            "time": time,
        }

    def _arrive(self, line: Line, made: list[Event], received: str) -> list[str]:
        """Take note that we are somebody or somewhere else; say hello where we came in."""
        self._tracker.we_moved = False
        self._forget_routes()
        self.moves += [event for event in made if event.type in _MOVES]
        channel = line.params[0]
        if line.message.command != "JOIN" or line.fields["via"]:
            return []
        if self.privacy.is_silent(channel, self.state.isupport.casemapping):
            return []
        lines = self._carryover.manners.announcement(channel, received)
        made += self.sent(lines, received)
        return lines

    def _answers(self, line: Line, received: str) -> list[str]:
        """Return what politeness asks us to say to a PRIVMSG."""
        nick, params = line.source.nick, line.params
        if len(params) < 2 or not line.source.user:  # noqa: PLR2004 - target and text
            return []
        if self.state.is_me(nick) or is_service(nick):
            return []
        target, text = params[0], params[1]
        if self.state.is_me(target):
            if ctcp := events.ctcp_of(text):
                return self._carryover.manners.answer_ctcp(nick, *ctcp, received)
            return self._carryover.manners.answer_whisper(nick, received)
        if self.state.membership.name(target) and self._is_addressed(text):
            return self._carryover.manners.answer_addressed(nick, target, received)
        return []

    def _is_addressed(self, text: str) -> bool:
        length = len(self.state.me.nick)
        return self.state.is_me(text[:length]) and text[length : length + 1] in (":", ",", "")

    def _route(self, line: Line) -> list[str]:
        """Remember how a channel that we are in is spelled, for the fast lane."""
        playing, target = self.state.bare_playback.playing, "".join(line.params[:1])
        if bare_playback.is_bouncer(line.message.source):
            self._forget_routes()
            if target not in playing:
                self.past.end(target)
        name = "" if target in playing else self.state.membership.name(target)
        if name and not self.privacy.is_silent(name, self.state.isupport.casemapping):
            if len(self._routes) >= _REMEMBERED:
                self._routes.clear()
            self._routes[target] = name
        return []

    def _forget_routes(self) -> None:
        """Let the slow lane look at everything anew: who we are, or where, has changed."""
        self._routes.clear()
        self._sources.clear()
        nicks = _initials(self.state.me.nick, self.state.isupport.casemapping)
        self._initials = nicks | self.privacy.initials

    def _on_welcome(self, line: Line) -> list[str]:
        self.state.be(Source(self.registration.nick))
        self._forget_routes()
        if claim := line.message.tags().get("time"):
            received = line.fields["received"] or line.fields["time"]
            self.clock.measure(claim, received)
            self.clock.begin(received)
        return []

    def _on_isupport(self, line: Line) -> list[str]:
        self.state.receive_isupport(line.params[1:-1])
        self._forget_routes()
        return []

    def _on_reconnect(self, _line: Line) -> list[str]:
        self.must_move = True
        return []

    def _on_batch(self, line: Line) -> list[str]:
        """Note the batches that bring history; see https://ircv3.net/specs/extensions/batch."""
        reference, kind, target = [*line.params, "", "", ""][:3]
        if reference.startswith("-"):
            self.past.end(reference[1:])
        else:
            name = self.state.membership.name(target) or SERVER
            self.past.begin(reference[1:], kind, name, line.message.tags())
        return []

    def _on_fail(self, line: Line) -> list[str]:
        self.past.refused(line.params, line.message.tags())
        return []

    def _on_pong(self, line: Line) -> list[str]:
        """Measure the server's clock anew: ours may have been set, or run away."""
        if claim := line.message.tags().get("time"):
            self.clock.measure(claim, line.fields["received"] or line.fields["time"])
        return []

    def _on_modes(self, line: Line) -> list[str]:
        if len(line.params) > 2:  # noqa: PLR2004 - client, channel, modes
            name, (modes, *arguments) = self.state.membership.name(line.params[1]), line.params[2:]
            limits = playback_limits.limits_of(name, modes, arguments, self.state.isupport)
            if name and limits is not None:
                self.past.told.append(limits)
        return []

    def _on_end_of_whois(self, line: Line) -> list[str]:
        """Compare where the server says that we are with what it told before."""
        places, self.state.places = self.state.places, None
        if not places or len(line.params) < 2 or not self.state.is_me(line.params[1]):  # noqa: PLR2004 - client and nick
            return []
        there = {self.state.membership.name(place) for place in places}
        names = self.state.membership.names()
        self.proved += [name for name in names if name in there]
        # Who is there all the same is not told so a second time.
        return [f"JOIN {name}" for name in names if name not in there]

    def _on_unknown_command(self, line: Line) -> list[str]:
        if line.params[1:2] == ["WHOIS"]:
            self._has_whois = False
        return []

    def _on_ping(self, line: Line) -> list[str]:
        return [f"PONG :{line.params[-1]}" if line.params else "PONG"]

    _tracked: ClassVar[dict[str, Callable[[Session, Line], list[str]]]] = {
        "PRIVMSG": _route,
        "RECONNECT": _on_reconnect,
        "BATCH": _on_batch,
        "FAIL": _on_fail,
        "PONG": _on_pong,
        "PING": _on_ping,
        numerics.RPL_CHANNELMODEIS: _on_modes,
        numerics.RPL_ENDOFWHOIS: _on_end_of_whois,
        numerics.ERR_UNKNOWNCOMMAND: _on_unknown_command,
        numerics.RPL_WELCOME: _on_welcome,
        numerics.RPL_ISUPPORT: _on_isupport,
    }


def _initials(nick: str, casemapping: Casemapping) -> frozenset[str]:
    """Return the beginnings of a text that need a closer look: CTCP, or our nick."""
    first = nick[:1]
    alike = {letter for letter in map(chr, range(128)) if casemapping.equal(letter, first)}
    return frozenset({events.CTCP, first, *alike} - {""})


_MESSAGE: Final = EventType.MESSAGE.value
_ACTION: Final = EventType.ACTION.value
_ACTION_BEGINS: Final = f"{events.CTCP}ACTION "
_MOVES: Final = frozenset({EventType.JOINED, EventType.PARTED, EventType.OTHER})
_READY_AFTER: Final = frozenset({numerics.RPL_ENDOFMOTD, numerics.ERR_NOMOTD, "JOIN"})
