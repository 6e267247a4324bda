"""A session that a test speaks to in lines of IRC, and events in a form that reads well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatlog.protocol.facts import HistoryPage, Turn
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session import Session
from chatlog.protocol.session_settings import SessionSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.event import Event, EventType
    from chatlog.protocol.facts import Fact

NOW = "2026-11-23T18:20:01.123Z"

_TOKENS = "CASEMAPPING=ascii CHANTYPES=# PREFIX=(ov)@+ STATUSMSG=@+ CHANMODES=beI,k,l,imnpst"
WELCOME = (
    ":irc.test 001 log :Welcome",
    f":irc.test 005 log {_TOKENS} :are supported by this server",
    ":irc.test 376 log :End of /MOTD",
)
JOINED = (
    ":log!chatlog@here.test JOIN #a",
    ":irc.test 353 log = #a :log @alice bob",
    ":irc.test 366 log #a :End of /NAMES list",
    ":log!chatlog@here.test JOIN #b",
    ":irc.test 353 log = #b :log bob",
    ":irc.test 366 log #b :End of /NAMES list",
)


class Conversation:
    """A session; `said` is all that it answered, `facts` all that it told beside events."""

    def __init__(
        self,
        *,
        nick: str = "log",
        capabilities: tuple[str, ...] = (),
        queries: bool = False,
        **settings: Any,
    ) -> None:
        settings = {"channels": ("#a", "#b"), **settings}
        self.session = Session(
            SessionSettings(
                network="test",
                identity=Identity(nick=nick, capabilities=capabilities),
                queries=queries,
                **settings,
            ),
            server="irc.test:6697",
        )
        self.said: list[str] = []
        self.facts: list[Fact] = []
        self.now = 1000.0

    def hear(self, *lines: str | bytes, at: str = NOW) -> list[Event]:
        """Receive lines; return their events, those of the past included."""
        events: list[Event] = []
        for line in lines:
            data = line.encode() if isinstance(line, str) else line
            turn = self.session.receive(iter([data]), at, Turn())
            events += self.end(turn)
            if self.session.changed:
                self.after(0)
        return events

    def end(self, turn: Turn) -> list[Event]:
        """Keep the replies and facts of a turn; return its events, those of the past included."""
        self.said += turn.replies
        self.facts += turn.facts
        pages = [fact for fact in turn.facts if isinstance(fact, HistoryPage)]
        return turn.events + [event for page in pages for event in page.events]

    def after(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.now += seconds
        turn = Turn()
        self.session.advance(self.now, turn)
        self.end(turn)

    def told(self, kind: type) -> list[Fact]:
        """List the facts of a kind, in the order in which they came."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def outcome(self, *lines: str | bytes, at: str = NOW) -> list[str]:
        """Receive lines; return their events in short form."""
        return [short(event) for event in self.hear(*lines, at=at)]


def in_channels(*extra: str, **settings: Any) -> Conversation:
    """Return a conversation of a recorder called `log` that is in #a and #b.

    alice (an operator) and bob are in #a, bob in #b. `extra` is heard between
    the welcome and the JOINs.
    """
    conversation = Conversation(**settings)
    conversation.hear(*WELCOME, *extra, *JOINED)
    conversation.said.clear()
    return conversation


_LEFT_OUT = {"time", "received", "network", "target", "type", "nick", "user", "host"}


def short(event: Event) -> str:
    """Write an event as `#a message bob text='hi'`: when and from where are left out."""
    fields = msgspec.structs.asdict(event)
    rest = [f"{key}={value!r}" for key, value in fields.items() if value and key not in _LEFT_OUT]
    return " ".join([event.target, str(event.type), event.nick or "-", *rest])


def types_by_target(events: Iterable[Event]) -> dict[str, list[EventType | str]]:
    """Group the kinds of events by target, in order."""
    found: dict[str, list[EventType | str]] = {}
    for event in events:
        found.setdefault(event.target, []).append(event.type)
    return found
