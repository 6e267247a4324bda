"""Logs that are lines of IRC as they came, with the tags that tell their times.

justlog and rustlog, the loggers of Twitch, write them. The events are made as of lines of
history that the recorder fetches, so that they hold the same.
See https://github.com/gempir/justlog and https://dev.twitch.tv/docs/chat/irc/#tags
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from chatlog.event import Source, normalize_server_time
from chatlog.formats.dialects.dialect import MILLISECOND, Dialect, LogFacts
from chatlog.formats.dialects.log_lines import LogLines
from chatlog.formats.dialects.record_dialect import (
    NO_TIME,
    OTHER_FORM,
    RecordDecoder,
    RecordReader,
    UnknownRecordError,
)
from chatlog.protocol.events.table import EVENTS, events_of
from chatlog.protocol.joining import Joining
from chatlog.protocol.line import Line
from chatlog.protocol.message import parse
from chatlog.protocol.overflows import Overflows
from chatlog.protocol.state import State
from chatlog.protocol.targets import AdmittedTargets
from chatlog.protocol.twitch_tags import translate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.event import Event
    from chatlog.protocol.message import Message

TWITCH: Final = "twitch"
"""The network of lines that Twitch dated, unless the user names another."""

_TWITCHES_TIME: Final = "tmi-sent-ts"


class _Reader(RecordReader):
    """The reader of one log, whose lines all are of channels."""

    title = "lines of IRC with the time in a tag"

    def __init__(self, facts: LogFacts) -> None:
        super().__init__(facts)
        overflows = Overflows()
        self._state = State(
            network=facts.network,
            nick="",
            queries=False,
            capabilities=frozenset(),
            wants=bool,
            targets=AdmittedTargets(Joining(), overflows),
            overflows=overflows,
        )

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the lines, in the bytes in which they came."""
        for some in LogLines(blocks).pieces():
            yield [
                None if line is None else line.encode(codec or "utf-8")
                for line, codec in some
                if line is None or line.strip(" ")
            ]

    def events_of(self, record: bytes) -> Sequence[Event] | None:
        """Return the events of a line, None for those of the protocol's own machinery."""
        message = parse(record)
        tags = message.tags()
        is_twitch = _TWITCHES_TIME in tags
        translate(tags)
        time = normalize_server_time(tags.pop("time", ""))
        if not message.command or not message.params:
            raise UnknownRecordError(OTHER_FORM)
        if not time:
            raise UnknownRecordError(NO_TIME)
        channel = message.params[0]
        if not self._state.isupport.is_channel(channel):
            raise UnknownRecordError("it names no channel")
        self.target = self.target or channel
        network = self.facts.network or (TWITCH if is_twitch else "")
        line = _line(message, tags, network, time, channel)
        return events_of(self._state, line, EVENTS.get(message.command)) or None


def _line(message: Message, tags: dict[str, str], network: str, time: str, channel: str) -> Line:
    """Return a message as a line of a channel's history."""
    account, msgid = tags.pop("account", ""), tags.pop("msgid", "")
    rare: dict[str, Any] = {"via": DIALECT.via, "encoding": message.encoding}
    if message.raw:
        rare["raw"] = base64.b64encode(message.raw).decode()
    if reply := tags.pop("+draft/reply", ""):
        rare["reply_to"] = reply
    if tags:
        rare["tags"] = tags
    return Line(
        message,
        message.params,
        Source.parse(message.source),
        network,
        time,
        time,
        account=account,
        msgid=msgid,
        via=DIALECT.via,
        tags=tags,
        history_of=channel,
        rare=rare,
    )


def _decoder(facts: LogFacts) -> RecordDecoder:
    """Return the decoder of one log."""
    return RecordDecoder(_Reader(facts))


DIALECT: Final = Dialect(
    name="justlog",
    title="justlog and rustlog (raw lines of Twitch)",
    proven="source",
    decoder=_decoder,
    grain=MILLISECOND,
    aliases=("rustlog",),
)
