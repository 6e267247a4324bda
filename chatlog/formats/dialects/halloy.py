"""Halloy, before it kept its history in a database: one JSON array for each channel and query.

The name of a file tells nothing, and the records name no network. What is no message is
told by the text that was shown, which is read if it has the form that Halloy writes.
See https://github.com/squidowl/halloy
"""

from __future__ import annotations

import re
from datetime import UTC
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.alignment.losses import Loss
from chatlog.event import SERVER, Event, EventType, Source
from chatlog.formats.dialects.dialect import MILLISECOND, Dialect, LogFacts
from chatlog.formats.dialects.forms import PREFIXES
from chatlog.formats.dialects.record_dialect import (
    OTHER_FORM,
    RecordDecoder,
    RecordReader,
    UnknownRecordError,
    iso_time,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Fields = dict[str, Any]
    """Fields of an event."""

_WHO: Final = r"(?P<nick>\S+)(?: \((?P<user>[^@\s]*)@(?P<host>[^\s)]*)\))?"
_WHY: Final = r"(?: \((?P<text>.*)\))?"
_FORMS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (kind, re.compile(pattern, re.DOTALL))
    for kind, pattern in (
        (EventType.JOIN, rf"[→⟶] {_WHO} has joined the channel"),
        (EventType.PART, rf"[←⟵] {_WHO} has left the channel{_WHY}"),
        (EventType.QUIT, rf"[←⟵] {_WHO} has quit{_WHY}"),
        (EventType.NICK, r"(?P<nick>\S+) is now known as (?P<subject>\S+)"),
        (EventType.NICK, r"You're now known as (?P<subject>\S+)"),
        (EventType.MODE, r"(?P<nick>\S+) sets mode (?P<params>\S.*)"),
        (EventType.CHGHOST, rf"{_WHO} changed host to (?P<params>[^@\s]+@\S+)"),
        (EventType.INVITE, r"(?P<nick>\S+) invited you to join (?P<params>\S+)"),
    )
)
"""The texts of events; a message has another source, so that nobody can say one."""

_CODES: Final = {
    "bold": "\x02",
    "italics": "\x1d",
    "underline": "\x1f",
    "strikethrough": "\x1e",
    "monospace": "\x11",
}


_MOST_WAITING: Final = 10_000
"""Reactions that stand at their message and wait for the messages that were before them."""
_NEVER: Final = "~"


class _Reaction(msgspec.Struct):
    sender: str
    text: str
    unreact: bool = False
    id: Any = None
    server_time: str = ""


class _Message(msgspec.Struct):
    server_time: str
    direction: str
    target: dict[str, dict[str, Any] | None] | str
    content: Any = None
    text: str | None = None
    id: str | None = None
    reply_to: Any = None
    reactions: list[_Reaction] = []


_decode: Final = msgspec.json.Decoder(_Message).decode


def _named(name: Any) -> str:
    """Return the name of a channel or a query, of the form of any version."""
    raw = name.get("raw") if isinstance(name, dict) else name
    if not isinstance(raw, str):
        raise UnknownRecordError(OTHER_FORM)
    return raw


def _person(user: Any) -> Source:
    """Return a person, whom Halloy writes with marks of status before the nick."""
    if not isinstance(user, str):
        raise UnknownRecordError(OTHER_FORM)
    return Source.parse(user.lstrip(f"{PREFIXES} "))


def _text(message: _Message) -> str:
    """Return the text of a message, formatted as it was sent, but for colours."""
    content = message.content if isinstance(message.content, dict) else {}
    pieces = content.get("Fragments")
    whole = message.text or ""
    if not isinstance(pieces, list):
        plain = content.get("Plain")
        return plain if isinstance(plain, str) else whole
    plain, formatted = "", ""
    for each in pieces:
        text, codes = _piece(each)
        plain += text
        formatted += f"{codes}{text}{codes}"
    return formatted if plain == whole or not whole else whole


def _piece(fragment: Any) -> tuple[str, str]:
    """Return the text of a fragment, and the codes that begin and end its formatting."""
    value = next(iter(fragment.values()), "") if isinstance(fragment, dict) else ""
    if isinstance(value, dict):
        text, formatting = value.get("text"), value.get("formatting")
        marks = formatting if isinstance(formatting, dict) else {}
        codes = "".join(code for name, code in _CODES.items() if marks.get(name) is True)
        return text if isinstance(text, str) else "", codes
    if isinstance(value, list):
        value = value[-1] if value else ""
    return value if isinstance(value, str) else "", ""


class _Reader(RecordReader):
    """The reader of one channel or query."""

    title = "Halloy"

    def __init__(self, facts: LogFacts) -> None:
        super().__init__(facts)
        self._waiting: list[tuple[str, int, Event]] = []
        self._count = 0

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the messages of the array."""
        return self.document(blocks)

    def events_of(self, record: bytes) -> Sequence[Event] | None:
        """Return the event of a message, and its reactions; None for a remark of Halloy's."""
        message = _decode(record)
        kind, where = message.target, None
        if isinstance(message.target, dict):
            kind, where = next(iter(message.target.items()), ("", None))
        name = {"Channel": "channel", "Query": "query"}.get(str(kind))
        if name is None or where is None:
            return None
        source = where.get("source")
        if not isinstance(source, dict):
            raise UnknownRecordError(OTHER_FORM)
        fields = self._fields(message, source)
        if fields is None:
            return None
        self.target = self.target or _named(where.get(name))
        marks = where[name].get("prefixes") if isinstance(where[name], dict) else None
        if isinstance(marks, list) and all(isinstance(each, str) for each in marks):
            fields["statusmsg"] = "".join(marks)
        event, *reactions = self._events(message, {"target": _named(where.get(name)), **fields})
        due = self._due(event.time)
        for each in reactions:
            self._count += 1
            heappush(self._waiting, (each.time, self._count, each))
        return [*due, event]

    def _due(self, time: str) -> list[Event]:
        """Return the reactions that were before a moment, or are too many to wait for it."""
        due = []
        while self._waiting and (self._waiting[0][0] <= time or len(self._waiting) > _MOST_WAITING):
            due.append(heappop(self._waiting)[2])
        return due

    def last_events(self) -> list[Event]:
        """Return the reactions that were behind the last message."""
        return self._due(_NEVER)

    def _events(self, message: _Message, fields: Fields) -> Iterator[Event]:
        common: Fields = {"network": self.facts.network, "via": DIALECT.via}
        time = iso_time(message.server_time, UTC)
        reply = message.reply_to if isinstance(message.reply_to, str) else ""
        yield Event(time=time, msgid=message.id or "", reply_to=reply, **{**common, **fields})
        for each in message.reactions:
            yield Event(
                time=iso_time(each.server_time, UTC) if each.server_time else time,
                target=fields["target"],
                type=EventType.UNREACT if each.unreact else EventType.REACT,
                nick=each.sender,
                text=each.text,
                msgid=each.id if isinstance(each.id, str) else "",
                reply_to=message.id or "",
                **common,
            )

    def _fields(self, message: _Message, source: dict[str, Any]) -> Fields | None:
        """Return the fields of an event by its source, None for a remark of Halloy's."""
        if "User" in source or source.get("Action"):
            kind = EventType.MESSAGE if "User" in source else EventType.ACTION
            who = _person(source.get("User", source.get("Action")))
            text = _text(message)
            if kind == EventType.ACTION:
                text = text.removeprefix(who.nick).removeprefix(" ")
            return {
                "type": kind,
                "nick": who.nick,
                "user": who.user,
                "host": who.host,
                "text": text,
            }
        if "Server" not in source:
            return None
        return _of_server(message.text or _text(message), source["Server"])


def _of_server(text: str, source: Any) -> Fields | None:
    """Return the fields of a server's remark: an `other` if its text has none of the forms."""
    told = source if isinstance(source, dict) else {"kind": source}
    kind, nick = told.get("kind"), told.get("nick")
    nick = nick if isinstance(nick, str) else ""
    for name, form in _FORMS:
        if (found := form.fullmatch(text)) is not None:
            fields = {key: value for key, value in found.groupdict().items() if value}
            return _refined({"type": name, "nick": nick, **fields})
    if not isinstance(kind, str) or kind in {"replytopic", "monitoredonline", "monitoredoffline"}:
        return None
    return {"type": EventType.OTHER, "nick": nick, "command": kind, "params": (text,)}


def _refined(fields: Fields) -> Fields:
    """Return the fields of a form with its parameters taken apart."""
    words = tuple(fields.pop("params", "").split())
    if fields["type"] == EventType.MODE:
        fields["command"], fields["params"] = words[0], words[1:]
    elif fields["type"] == EventType.CHGHOST:
        user, _, host = words[0].partition("@")
        fields["params"] = (user, host)
    elif fields["type"] == EventType.INVITE:
        fields["target"], fields["params"] = SERVER, words
    return fields


def _decoder(facts: LogFacts) -> RecordDecoder:
    """Return the decoder of one channel or query."""
    return RecordDecoder(_Reader(facts))


DIALECT: Final = Dialect(
    name="halloy",
    title="Halloy (history in *.json.gz)",
    proven="sample",
    decoder=_decoder,
    grain=MILLISECOND,
    loss=Loss(same=((EventType.NOTICE, EventType.MESSAGE),)),
    lacks="the network, notices (as messages), colours, kicks and topics (as `other`), bytes",
)
