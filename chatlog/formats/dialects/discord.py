"""Discord, as DiscordChatExporter writes it: one JSON document for each channel.

The guild is the network, the channel is `#name`, and the person of a private chat is the
target of a query; blanks in these names become `-`.
See https://github.com/Tyrrrz/DiscordChatExporter
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import Event, EventType
from chatlog.formats.dialects.dialect import (
    MILLISECOND,
    Dialect,
    LogFacts,
)
from chatlog.formats.dialects.record_dialect import (
    RecordDecoder,
    RecordReader,
    channel_name,
    iso_time,
    one_word,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NAME: Final = "discord"
_SYSTEM: Final = 18
"""Kinds of message up to it are what Discord says; the exporter has no names for later ones."""
_NAMED: Final = {
    "Default": EventType.MESSAGE,
    "Reply": EventType.MESSAGE,
    "GuildMemberJoin": EventType.JOIN,
}


class _Named(msgspec.Struct, rename="camel"):
    id: str = ""
    name: str = ""
    type: str = ""


class _Head(msgspec.Struct, rename="camel"):
    guild: _Named
    channel: _Named


class _Person(msgspec.Struct, rename="camel"):
    id: str
    name: str = ""
    nickname: str | None = None

    @property
    def nick(self) -> str:
        return self.nickname or self.name


class _Emoji(msgspec.Struct, rename="camel"):
    name: str
    id: str | None = None

    @property
    def text(self) -> str:
        """The emoji itself; one that the guild has made is named between colons."""
        return f":{self.name}:" if self.id else self.name


class _Reaction(msgspec.Struct, rename="camel"):
    emoji: _Emoji
    count: int = 0
    users: list[_Person] = []


class _File(msgspec.Struct, rename="camel"):
    url: str = ""
    source_url: str = ""


class _Reference(msgspec.Struct, rename="camel"):
    message_id: str | None = None


class _Forwarded(msgspec.Struct, rename="camel"):
    content: str = ""
    attachments: list[_File] = []


class _Message(msgspec.Struct, rename="camel"):
    id: str
    timestamp: str
    author: _Person
    content: str
    type: str = "Default"
    timestamp_edited: str | None = None
    attachments: list[_File] = []
    stickers: list[_File] = []
    reactions: list[_Reaction] = []
    reference: _Reference | None = None
    forwarded_message: _Forwarded | None = None

    @property
    def text(self) -> str:
        """The words, and the address of each attachment on a line of its own."""
        forwarded = self.forwarded_message or _Forwarded()
        files = [*self.attachments, *forwarded.attachments, *self.stickers]
        lines = [self.content, forwarded.content, *(each.url or each.source_url for each in files)]
        return "\n".join(filter(None, lines))

    @property
    def kind(self) -> str:
        if self.type.isdigit():
            return EventType.MESSAGE if int(self.type) > _SYSTEM else EventType.OTHER
        return _NAMED.get(self.type, EventType.OTHER)


_decode: Final = msgspec.json.Decoder(_Message).decode


class _Reader(RecordReader):
    """The reader of one channel."""

    title = "DiscordChatExporter"
    _network = ""

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the messages of the document."""
        return self.document(blocks, "messages", self._read_head)

    def _read_head(self, head: bytes) -> None:
        """Read the names of the guild and the channel; raise ValueError if there are none."""
        try:
            found = msgspec.json.decode(head, type=_Head)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError("it names no guild and channel of Discord") from error
        is_private = found.channel.type.startswith("Direct")
        self.target = (one_word if is_private else channel_name)(found.channel.name)
        self._network = one_word(found.guild.name) or self.facts.network

    def events_of(self, record: bytes) -> Sequence[Event]:
        """Return the message, and a `react` for each person who reacted to it."""
        message = _decode(record)
        time = iso_time(message.timestamp, self.facts.tz)
        return [self._event(message, time), *self._reactions(message, time)]

    def _event(self, message: _Message, time: str) -> Event:
        kind, is_other = message.kind, message.kind == EventType.OTHER
        reference = message.reference or _Reference()
        return Event(
            time=time,
            network=self._network,
            target=self.target or self.facts.target,
            type=kind,
            nick=message.author.nick,
            account=message.author.id,
            text=message.text if kind == EventType.MESSAGE else "",
            command=message.type if is_other else "",
            params=(message.text,) if is_other and message.text else (),
            msgid=message.id,
            reply_to=(reference.message_id or "") if message.type == "Reply" else "",
            tags=self._tags(message),
            via=DIALECT.via,
        )

    def _tags(self, message: _Message) -> dict[str, str]:
        """Return when a message was edited, and the reactions of people who are not named."""
        counts = [f"{each.emoji.text} {each.count}" for each in message.reactions if not each.users]
        tags = {"reactions": ", ".join(counts)} if counts else {}
        if message.timestamp_edited:
            tags["edited"] = iso_time(message.timestamp_edited, self.facts.tz)
        return tags

    def _reactions(self, message: _Message, time: str) -> Iterator[Event]:
        for each in message.reactions:
            for person in each.users:
                yield Event(
                    time=time,
                    network=self._network,
                    target=self.target or self.facts.target,
                    type=EventType.REACT,
                    nick=person.nick,
                    account=person.id,
                    text=each.emoji.text,
                    reply_to=message.id,
                    via=DIALECT.via,
                )


def _decoder(facts: LogFacts) -> RecordDecoder:
    """Return the decoder of one channel."""
    return RecordDecoder(_Reader(facts))


DIALECT: Final = Dialect(
    name=NAME,
    title="Discord (DiscordChatExporter, JSON)",
    proven="sample",
    decoder=_decoder,
    grain=MILLISECOND,
    lacks="times of reactions, earlier forms of edited messages, who left, formatting but markdown",
)
