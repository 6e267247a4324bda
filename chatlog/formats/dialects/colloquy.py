"""Colloquy: XML transcripts, in which a person's messages stand together in an envelope.

The document names the server and the channel. Times have a zone; the ids of messages are
the program's own and left out.
See https://github.com/colloquy/colloquy
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from chatlog.event import Event, EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect, LogFacts
from chatlog.formats.dialects.markup_text import text_of
from chatlog.formats.dialects.record_dialect import (
    OTHER_FORM,
    RecordDecoder,
    RecordReader,
    UnknownRecordError,
    iso_time,
)
from chatlog.formats.dialects.xml_records import XmlRecords, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    Fields = dict[str, Any]
    """Fields of an event."""

_SOURCE: Final = re.compile(r"\w+://(?:[^/@]*@)?(\[[^\]]*\]|[^/:]+)(?::\d+)?/(.+)", re.DOTALL)
_ZONE: Final = re.compile(r" (?=[+-]\d\d:?\d\d$)")
_ESCAPED: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_YES: Final = "yes"


def _joined(event: dict[str, str]) -> Fields:
    return {"type": EventType.JOIN, "nick": event["who"]}


def _parted(event: dict[str, str]) -> Fields:
    return {"type": EventType.PART, "nick": event["who"], "text": event.get("reason", "")}


def _kicked(event: dict[str, str]) -> Fields:
    reason = event.get("reason", "")
    return {
        "type": EventType.KICK,
        "nick": event["by"],
        "subject": event["who"],
        "text": reason,
    }


def _renamed(event: dict[str, str]) -> Fields:
    return {"type": EventType.NICK, "nick": event["old"], "subject": event["new"]}


def _topic(event: dict[str, str]) -> Fields:
    return {"type": EventType.TOPIC, "nick": event["by"], "text": event["topic"]}


_MAKERS: Final[dict[str, Callable[[dict[str, str]], Fields]]] = {
    "memberJoined": _joined,
    "memberParted": _parted,
    "memberKicked": _kicked,
    "memberNewNickname": _renamed,
    "newNickname": _renamed,
    "topicChanged": _topic,
}
"""The functions that make the fields of an event, by its name; others are kept as they are."""


class _Reader(RecordReader):
    """The reader of one transcript."""

    title = "Colloquy"
    _network = ""

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the envelopes and events of the document."""
        records = XmlRecords(blocks, "log", ("envelope", "event"))
        is_first = True
        for some in records.pieces():
            if is_first:
                self._read_root(records.attributes or {})
                is_first = False
            self.is_torn = records.is_torn
            yield some

    def _read_root(self, root: dict[str, str]) -> None:
        """Read the server and the channel or nick."""
        self._network = self.facts.network
        if (found := _SOURCE.fullmatch(root.get("source", ""))) is not None:
            self._network = self._network or found[1]
            self.target = _ESCAPED.sub(_unescaped, found[2])

    def events_of(self, record: bytes) -> Sequence[Event]:
        """Return the messages of an envelope, or the event of a record."""
        element = parsed(record)
        if element.tag == "envelope":
            return self._messages(element)
        if element.tag != "event":
            raise UnknownRecordError(OTHER_FORM)
        told = {each.tag: text_of(each) for each in element}
        name = element.get("name", "")
        try:
            fields = _MAKERS[name](told)
        except KeyError:  # another event, or one without all of its parts
            words = told.get("message", "")
            fields = {
                "type": EventType.OTHER,
                "command": name,
                "params": (words,) if words else (),
            }
        who = element.find("who")
        if who is not None and fields.get("nick") == told.get("who"):
            fields |= _mask(who)
        return [self._event(element.get("occurred", ""), fields)]

    def _messages(self, envelope: Element) -> list[Event]:
        sender = envelope.find("sender")
        if sender is None:
            raise UnknownRecordError(OTHER_FORM)
        nick = sender.get("nickname") or text_of(sender)
        return [
            self._event(
                each.get("received", envelope.get("received", "")),
                {"type": _kind(each), "nick": nick, "text": text_of(each), **_mask(sender)},
            )
            for each in envelope.iter("message")
        ]

    def _event(self, time: str, fields: Fields) -> Event:
        return Event(
            time=iso_time(_ZONE.sub("", time), self.facts.tz),
            network=self._network,
            target=self.target or self.facts.target,
            via=DIALECT.via,
            **fields,
        )


def _unescaped(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode(errors="replace")


def _kind(message: Element) -> str:
    if message.get("action") == _YES:
        return EventType.ACTION
    return EventType.NOTICE if message.get("type") == "notice" else EventType.MESSAGE


def _mask(person: Element) -> Fields:
    user, at, host = person.get("hostmask", "").partition("@")
    return {"user": user, "host": host} if at else {}


def _decoder(facts: LogFacts) -> RecordDecoder:
    """Return the decoder of one transcript."""
    return RecordDecoder(_Reader(facts))


DIALECT: Final = Dialect(
    name="colloquy",
    title="Colloquy (transcripts)",
    proven="sample",
    decoder=_decoder,
    grain=SECOND,
    lacks="modes (as `other`, in words), colours, accounts, ids of messages",
)
