"""Matrix: the JSON export of Element, or raw events as an array or in lines.

A person is the local part of the Matrix ID, at the server of that ID as the host; the whole
ID is the account. The user names the network; blanks in the name of the room become `-`.
See https://spec.matrix.org/latest/client-server-api/#events
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.event import Event, EventType
from chatlog.formats.dialects.dialect import (
    MILLISECOND,
    Dialect,
    LogFacts,
)
from chatlog.formats.dialects.log_lines import LONGEST
from chatlog.formats.dialects.record_dialect import (
    RecordDecoder,
    RecordReader,
    UnknownRecordError,
    channel_name,
    rows,
    time_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Fields = dict[str, Any]
    """Fields of an event."""

ENCRYPTED: Final = "messages that are encrypted, of which the log has no words"

_KINDS: Final = {"m.notice": EventType.NOTICE, "m.emote": EventType.ACTION}


class _Unsigned(msgspec.Struct, frozen=True):
    prev_content: dict[str, Any] = {}
    redacted_because: dict[str, Any] | None = None


class _MatrixEvent(msgspec.Struct):
    type: str
    sender: str
    origin_server_ts: int
    content: dict[str, Any]
    event_id: str = ""
    state_key: str | None = None
    room_id: str = ""
    redacts: str = ""
    unsigned: _Unsigned = _Unsigned()


class _Room(msgspec.Struct):
    room_name: str


_decode: Final = msgspec.json.Decoder(_MatrixEvent).decode


def _word(content: Any, *keys: str) -> str:
    """Return a text deep in an object, "" if there is none."""
    value: Any = content
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _said(content: Any) -> str:
    """Return the words of a message, and the address of a file."""
    url = _word(content, "url") or _word(content, "file", "url")
    return "\n".join(filter(None, (_word(content, "body"), url)))


def _without_fallback(text: str) -> str:
    """Return a reply without the quoted lines that older programs put before it."""
    lines = text.split("\n")
    if not lines[0].startswith("> "):
        return text
    quoted = next((at for at, line in enumerate(lines) if not line.startswith(">")), len(lines))
    if quoted < len(lines) and not lines[quoted]:
        quoted += 1
    return "\n".join(lines[quoted:])


def _message(event: _MatrixEvent) -> Fields:
    """Return a message: new words of an edit, a reply without its quotation."""
    content: Any = event.content
    tags = {}
    relation, related = (_word(content, "m.relates_to", key) for key in ("rel_type", "event_id"))
    answered = _word(content, "m.relates_to", "m.in_reply_to", "event_id")
    if relation == "m.replace":
        tags["edit-of"], content = related, content.get("m.new_content") or content
    elif relation == "m.thread":
        tags["thread"] = related
        if content["m.relates_to"].get("is_falling_back") is True:
            answered = ""
    text = _said(content)
    if event.unsigned.redacted_because is not None:
        tags["redacted-by"] = _word(event.unsigned.redacted_because, "sender")
    return {
        "type": _KINDS.get(_word(event.content, "msgtype"), EventType.MESSAGE),
        "text": _without_fallback(text) if answered else text,
        "reply_to": answered,
        "tags": {key: value for key, value in tags.items() if value},
    }


def _reaction(event: _MatrixEvent) -> Fields:
    emoji, message = (_word(event.content, "m.relates_to", key) for key in ("key", "event_id"))
    return {"type": EventType.REACT, "text": emoji, "reply_to": message}


def _redaction(event: _MatrixEvent) -> Fields:
    message = event.redacts or _word(event.content, "redacts")
    return {"type": EventType.REDACT, "text": _word(event.content, "reason"), "reply_to": message}


def _topic(event: _MatrixEvent) -> Fields:
    return {"type": EventType.TOPIC, "text": _word(event.content, "topic")}


def _room_name(event: _MatrixEvent) -> Fields:
    return {
        "type": EventType.OTHER,
        "command": event.type,
        "params": (_word(event.content, "name"),),
    }


def _member(event: _MatrixEvent) -> Fields | None:
    """Return who came, left, was kicked, banned or invited; None for a new picture."""
    membership, before = (
        _word(each, "membership") for each in (event.content, event.unsigned.prev_content)
    )
    name, subject = _word(event.content, "displayname"), event.state_key or event.sender
    reason = _word(event.content, "reason")
    if membership == before == "join":
        is_new = name != _word(event.unsigned.prev_content, "displayname")
        return {"type": EventType.SETNAME, "text": name} if is_new else None
    if membership == "leave" and before == "ban":
        return {"type": EventType.MODE, "command": "-b", "params": (subject,)}
    if membership == "leave" and subject == event.sender:
        return {"type": EventType.PART, "text": reason}
    made: dict[str, Fields] = {
        "join": {"type": EventType.JOIN, "text": name},
        "leave": {"type": EventType.KICK, "subject": _local_part(subject), "text": reason},
        "ban": {
            "type": EventType.KICK,
            "subject": _local_part(subject),
            "text": reason,
            "tags": {"ban": subject},
        },
        "invite": {"type": EventType.INVITE, "subject": _local_part(subject)},
    }
    return made.get(membership, {"type": EventType.OTHER, "command": event.type})


_MAKERS: Final[dict[str, Callable[[_MatrixEvent], Fields | None]]] = {
    "m.room.message": _message,
    "m.sticker": _message,
    "m.reaction": _reaction,
    "m.room.redaction": _redaction,
    "m.room.topic": _topic,
    "m.room.name": _room_name,
    "m.room.member": _member,
}
"""The functions that make the fields of an event, by the type of Matrix's."""


def _local_part(user: str) -> str:
    """Return the name of a Matrix ID, without its server."""
    return user.removeprefix("@").partition(":")[0]


class _Reader(RecordReader):
    """The reader of one room."""

    title = "Matrix"

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the events of an export, an array or lines, as the first line tells."""
        rest = iter(blocks)
        begin = b""
        for block in rest:
            begin += block
            if b"\n" in begin.lstrip() or len(begin) > LONGEST:
                break
        text = begin.lstrip(b"\xef\xbb\xbf \t\r\n")
        whole = chain((begin,), rest)
        if text.startswith(b"["):
            yield from self.document(whole)
        elif _is_event(text.partition(b"\n")[0]):
            yield from rows(whole)
        else:
            yield from self.document(whole, "messages", self._read_head)

    def _read_head(self, head: bytes) -> None:
        """Read the name of the room, which only Element's export tells."""
        try:
            name = msgspec.json.decode(head, type=_Room).room_name
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError("it names no room of Matrix") from error
        self.target = channel_name(name)

    def events_of(self, record: bytes) -> Sequence[Event] | None:
        """Return the event of one of Matrix, None for the state of the room."""
        event = _decode(record)
        maker = _MAKERS.get(event.type)
        if maker is not None:
            fields = maker(event)
        elif event.state_key is None:
            fields = {"type": EventType.OTHER, "command": event.type}
        else:
            fields = None
        if event.type == "m.room.encrypted":
            self.tally.note(ENCRYPTED)
        return None if fields is None else [self._event(event, fields)]

    def _event(self, event: _MatrixEvent, fields: Fields) -> Event:
        name, colon, server = event.sender.removeprefix("@").partition(":")
        if not (name and colon):
            raise UnknownRecordError("its sender is no Matrix ID")
        return Event(
            time=time_of(event.origin_server_ts),
            network=self.facts.network,
            target=self.target or self.facts.target or event.room_id,
            nick=name,
            host=server,
            account=event.sender,
            msgid=event.event_id,
            via=DIALECT.via,
            **fields,
        )


def _is_event(line: bytes) -> bool:
    try:
        _decode(line)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _decoder(facts: LogFacts) -> RecordDecoder:
    """Return the decoder of one room."""
    return RecordDecoder(_Reader(facts))


DIALECT: Final = Dialect(
    name="matrix",
    title="Matrix (JSON export of Element; raw events as an array or in lines)",
    proven="source",
    decoder=_decoder,
    grain=MILLISECOND,
    lacks="nicks but Matrix IDs, formatting, earlier forms of redacted messages",
)
