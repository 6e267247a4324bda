"""Adium: one XML document for each chat, of IRC as of other services.

The path names the chat and the account, the document the service only. Its end is missing if
the program was killed.
See https://github.com/adium/adium
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

_IRC: Final = "IRC"
_AWAY: Final = {"away": True, "available": False}


class _Reader(RecordReader):
    """The reader of one chat."""

    title = "Adium"
    _network = ""
    _account = ""

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the messages, statuses and events of the document."""
        records = XmlRecords(blocks, "chat", ("message", "status", "event"))
        for some in records.pieces():
            self._read_root(records.attributes or {})
            self.is_torn = records.is_torn
            yield some

    def _read_root(self, root: dict[str, str]) -> None:
        """Read the service, which is the network if it is not IRC, and the own account."""
        service, self._account = root.get("service", ""), root.get("account", "")
        self._network = self.facts.network or ("" if service == _IRC else service.lower())

    def events_of(self, record: bytes) -> Sequence[Event] | None:
        """Return the event of a record, None for the opening and closing of windows."""
        element = parsed(record)
        name = element.tag.rpartition("}")[2]
        if name == "event":
            return None
        if name == "message":
            return [self._event(element, EventType.MESSAGE, text=text_of(element))]
        if name != "status":
            raise UnknownRecordError(OTHER_FORM)
        kind, text = element.get("type", ""), text_of(element)
        if kind in _AWAY:
            return [self._event(element, EventType.AWAY, text=text if _AWAY[kind] else "")]
        params = (text,) if text else ()
        return [self._event(element, EventType.OTHER, command=kind, params=params)]

    def _event(
        self,
        element: Element,
        kind: str,
        *,
        text: str = "",
        command: str = "",
        params: tuple[str, ...] = (),
    ) -> Event:
        sender = element.get("sender", "")
        if sender == self._account:
            sender = self.facts.own_nick or sender.partition("@")[0]
        return Event(
            time=iso_time(element.get("time", ""), self.facts.tz),
            network=self._network,
            target=self.facts.target,
            type=kind,
            nick=sender,
            text=text,
            command=command,
            params=params,
            via=DIALECT.via,
        )


def _decoder(facts: LogFacts) -> RecordDecoder:
    """Return the decoder of one chat."""
    return RecordDecoder(_Reader(facts))


DIALECT: Final = Dialect(
    name="adium",
    title="Adium (XML)",
    proven="sample",
    decoder=_decoder,
    grain=SECOND,
    paths=tuple(
        f"IRC.{{any}}@{{network}}/{{channel}}/{each}"
        for each in ("{any}.chatlog/{any}.xml", "{any}.chatlog")
    ),
    lacks="actions, modes, kicks and topics, users and hosts, colours",
)
