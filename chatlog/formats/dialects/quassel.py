"""Quassel's core, with its SQLite database: all networks and buffers of all its users.

The networks of the first user have their own names; those of others have the user's name
behind it, as each user's log is a record of its own. Times are milliseconds, in earlier
versions seconds.
See https://github.com/quassel/quassel
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.event import SERVER, Event, EventType, Source
from chatlog.formats.dialects.dialect import MILLISECOND, Database, Dialect, LogFacts
from chatlog.formats.dialects.record_dialect import (
    RecordDecoder,
    RecordReader,
    UnknownRecordError,
    one_word,
    rows,
    time_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Fields = dict[str, Any]
    """Fields of an event."""

_STATUS: Final = 1
"""The type of the buffer that belongs to no channel and no query."""
_IN_SECONDS: Final = 100_000_000_000
"""Times below it are seconds: as milliseconds they would be before 1973."""

_TOPIC: Final = re.compile(r'(\S+) has changed topic for \S+ to: "(.*)"', re.DOTALL)
_STANDING: Final = re.compile(r"(?:Topic for \S+ is|Topic set by|No topic is set)", re.DOTALL)
_INVITE: Final = re.compile(r"(\S+) invited (\S+) to channel (\S+)")
_SPLIT: Final = "#:#"


class _Row(msgspec.Struct, array_like=True):
    """A row of the query: the message, its sender, and where it was said."""

    id: int
    time: float
    type: int
    sender: str | None
    message: str | None
    buffer: str | None
    buffer_type: int | None
    network: str | None
    user: str | None


_decode: Final = msgspec.json.Decoder(_Row).decode


def _said(kind: str) -> Callable[[str], Fields]:
    return lambda text: {"type": kind, "text": text}


def _nick(text: str) -> Fields:
    return {"type": EventType.NICK, "subject": text}


def _mode(text: str) -> Fields:
    target, _, changes = text.partition(" ")
    modes, *arguments = changes.split() or [""]
    fields: Fields = {"type": EventType.MODE, "command": modes, "params": tuple(arguments)}
    return fields if target.startswith(("#", "&", "!", "+")) else {**fields, "subject": target}


def _kick(text: str) -> Fields:
    victim, _, reason = text.partition(" ")
    return {"type": EventType.KICK, "subject": victim, "text": reason}


def _topic(text: str) -> Fields | None:
    if (found := _TOPIC.fullmatch(text)) is not None:
        return {"type": EventType.TOPIC, "nick": found[1], "text": found[2]}
    if _STANDING.match(text) is not None:
        return None
    raise UnknownRecordError("the words of a topic are in another language")


def _invite(text: str) -> Fields:
    if (found := _INVITE.fullmatch(text)) is None:
        raise UnknownRecordError("the words of an invitation are in another language")
    subject = "" if found[2] == "you" else found[2]
    return {
        "type": EventType.INVITE,
        "nick": found[1],
        "subject": subject,
        "params": (found[3],),
    }


_MAKERS: Final[dict[int, Callable[[str], Fields | None]]] = {
    0x1: _said(EventType.MESSAGE),
    0x2: _said(EventType.NOTICE),
    0x4: _said(EventType.ACTION),
    0x8: _nick,
    0x10: _mode,
    0x20: lambda _channel: {"type": EventType.JOIN},
    0x40: _said(EventType.PART),
    0x80: _said(EventType.QUIT),
    0x100: _kick,
    0x4000: _topic,
    0x20000: _invite,
}
"""The functions that make the fields of an event, by the type of the message."""

_SPLITS: Final = {0x8000: EventType.JOIN, 0x10000: EventType.QUIT}
"""Many people at once, who are listed in one message with the two servers behind them."""
_REMARKS: Final = frozenset({0x200, 0x400, 0x800, 0x1000, 0x2000})
"""Kill, server, info, error, and the change of the day."""


class _Reader(RecordReader):
    """The reader of the rows of one database."""

    title = "Quassel"

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the rows."""
        return rows(blocks)

    def events_of(self, record: bytes) -> Sequence[Event] | None:
        """Return the events of a row, None for a remark of the server or of Quassel."""
        row = _decode(record)
        if row.type in _REMARKS:
            return None
        text = row.message or ""
        if (kind := _SPLITS.get(row.type)) is not None:
            *people, split = text.split(_SPLIT)
            told = {"text": split} if kind == EventType.QUIT else {}
            return [
                self._event(row, Source.parse(who), {"type": kind, **told, "split": split})
                for who in people
            ]
        maker = _MAKERS.get(row.type)
        if maker is None:
            raise UnknownRecordError("a type of message that is not known")
        fields = maker(text)
        return (
            None if fields is None else [self._event(row, Source.parse(row.sender or ""), fields)]
        )

    def _event(self, row: _Row, who: Source, fields: Fields) -> Event:
        """Return the event of a person; a text that was shown may name another one."""
        if fields.setdefault("nick", who.nick) != who.nick:
            who = Source()
        is_seconds = abs(row.time) < _IN_SECONDS
        network = "-".join(filter(None, (one_word(row.network or ""), row.user)))
        return Event(
            time=time_of(row.time * 1000 if is_seconds else row.time),
            network=network or self.facts.network,
            target=SERVER if row.buffer_type == _STATUS else row.buffer or self.facts.target,
            user=who.user,
            host=who.host,
            via=DIALECT.via,
            **fields,
        )


def _decoder(facts: LogFacts) -> RecordDecoder:
    """Return the decoder of one database."""
    return RecordDecoder(_Reader(facts))


_BUFFER: Final = "from buffer f where f.bufferid = b.bufferid limit 1"
# Each looks up one row, so that tables without their keys cannot multiply the messages.
_QUERY: Final = f"""
select b.messageid, b.time, b.type,
  (select s.sender from sender s where s.senderid = b.senderid limit 1),
  b.message,
  (select f.buffername {_BUFFER}),
  (select f.buffertype {_BUFFER}),
  (select n.networkname from network n
    where n.networkid = (select f.networkid {_BUFFER}) limit 1),
  (select u.username from quasseluser u
    where u.userid = (select f.userid {_BUFFER})
      and u.userid > (select min(first.userid) from quasseluser first) limit 1)
from backlog b order by b.messageid
"""  # noqa: S608 - made of constants

DIALECT: Final = Dialect(
    name="quassel",
    title="Quassel (SQLite database of the core)",
    proven="run",
    decoder=_decoder,
    grain=MILLISECOND,
    lacks=(
        "ids of messages, accounts, real names, bytes, the prefix of messages to operators alone;"
        " topics and invitations in other languages"
    ),
    database=Database(
        needs=("backlog", "sender", "buffer", "network", "quasseluser"), query=_QUERY
    ),
)
