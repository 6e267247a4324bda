"""The Lounge, with its SQLite storage: one database for each user.

The database names a network by its id only; its name stands in the user's configuration.
See https://github.com/thelounge/thelounge
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.event import Event, EventType
from chatlog.formats.dialects.dialect import MILLISECOND, Database, Dialect, LogFacts
from chatlog.formats.dialects.record_dialect import RecordDecoder, RecordReader, rows, time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Fields = dict[str, Any]
    """Fields of an event."""


class _Person(msgspec.Struct):
    nick: str | None = None


class _Message(msgspec.Struct):
    """The JSON of a message; every type of message has some of these members."""

    sender: _Person = msgspec.field(default_factory=_Person, name="from")
    target: Any = None
    text: str | None = None
    hostmask: str | None = None
    new_nick: str | None = None
    new_ident: str | None = None
    new_host: str | None = None
    gecos: str | None = None
    account: Any = None
    channel: str | None = None

    @property
    def words(self) -> str:
        return self.text or ""

    @property
    def subject(self) -> str:
        """The nick of the person to whom something is done."""
        nick = self.target.get("nick") if isinstance(self.target, dict) else self.target
        return nick if isinstance(nick, str) else ""


class _Row(msgspec.Struct, array_like=True):
    network: str
    channel: str
    time: float
    type: str
    message: str
    msgid: str | None = None


_decode: Final = msgspec.json.Decoder(_Row).decode
_decode_message: Final = msgspec.json.Decoder(_Message).decode


def _said(kind: str) -> Callable[[_Message], Fields]:
    return lambda message: {"type": kind, "text": message.words}


def _join(message: _Message) -> Fields:
    return {"type": EventType.JOIN, "text": message.gecos or ""}


def _kick(message: _Message) -> Fields:
    return {"type": EventType.KICK, "text": message.words, "subject": message.subject}


def _mode(message: _Message) -> Fields:
    modes, *arguments = message.words.split() or [""]
    return {"type": EventType.MODE, "command": modes, "params": tuple(arguments)}


def _nick(message: _Message) -> Fields:
    return {"type": EventType.NICK, "subject": message.new_nick or ""}


def _chghost(message: _Message) -> Fields:
    params = (message.new_ident or "", message.new_host or "")
    return {"type": EventType.CHGHOST, "params": params}


def _invite(message: _Message) -> Fields:
    params = (message.channel,) if message.channel else ()
    return {"type": EventType.INVITE, "subject": message.subject, "params": params}


def _ctcp(message: _Message) -> Fields:
    return {"type": EventType.OTHER, "command": "CTCP", "params": (message.words,)}


_MAKERS: Final[dict[str, Callable[[_Message], Fields]]] = {
    "message": _said(EventType.MESSAGE),
    "action": _said(EventType.ACTION),
    "notice": _said(EventType.NOTICE),
    "part": _said(EventType.PART),
    "quit": _said(EventType.QUIT),
    "topic": _said(EventType.TOPIC),
    "away": _said(EventType.AWAY),
    "back": lambda _message: {"type": EventType.AWAY},
    "join": _join,
    "kick": _kick,
    "mode": _mode,
    "nick": _nick,
    "chghost": _chghost,
    "invite": _invite,
    "ctcp": _ctcp,
}
"""The functions that make the fields of an event, by the type of the message."""


class _Reader(RecordReader):
    """The reader of the rows of one database."""

    title = "The Lounge"

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the rows."""
        return rows(blocks)

    def events_of(self, record: bytes) -> Sequence[Event] | None:
        """Return the event of a row, None for a remark of The Lounge."""
        row = _decode(record)
        maker = _MAKERS.get(row.type)
        if maker is None:
            return None
        message = _decode_message(row.message)
        user, at, host = (message.hostmask or "").partition("@")
        account = message.account if isinstance(message.account, str) else ""
        made = Event(
            time=time_of(row.time),
            network=self.facts.network or row.network,
            target=row.channel or self.facts.target,
            nick=message.sender.nick or "",
            user=user if at else "",
            host=host,
            account=account,
            msgid=row.msgid or "",
            via=DIALECT.via,
            **maker(message),
        )
        return [made]


def _decoder(facts: LogFacts) -> RecordDecoder:
    """Return the decoder of one database."""
    return RecordDecoder(_Reader(facts))


DIALECT: Final = Dialect(
    name="thelounge-sqlite",
    title="The Lounge (SQLite database of a user)",
    proven="source",
    decoder=_decoder,
    grain=MILLISECOND,
    lacks="names of networks, how channels are spelled, ids of messages before 2026",
    database=Database(
        needs=("messages", "options"),
        query="select network, channel, time, type, msg, msgid from messages order by rowid",
        older=("select network, channel, time, type, msg from messages order by rowid",),
    ),
)
