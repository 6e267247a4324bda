"""Messages of the general lane, parsed into Lines: source, time, tags and batch of history."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from chatlog.event import SERVER, Source
from chatlog.protocol.history import bare_playback
from chatlog.protocol.line import Line
from chatlog.protocol.message import parse_text
from chatlog.protocol.netsplits import MOVES
from chatlog.protocol.twitch_tags import CAPABILITY, translate

if TYPE_CHECKING:
    from chatlog.protocol.history.pages import HistoryBatches
    from chatlog.protocol.message import Message
    from chatlog.protocol.netsplits import Netsplits
    from chatlog.protocol.server_time import ServerClock
    from chatlog.protocol.sources import SourceCache
    from chatlog.protocol.state import State


class LineParser:
    """The parser of one connection's Lines, with the state, clock and batches it depends on."""

    def __init__(
        self,
        state: State,
        clock: ServerClock,
        sources: SourceCache,
        batches: HistoryBatches,
        netsplits: Netsplits,
    ) -> None:
        self._state = state
        self._clock = clock
        self._sources = sources
        self._batches = batches
        self._netsplits = netsplits

    def parse(self, message: Message, now: str) -> Line:
        """Return the Line of a message that was received now."""
        source = self._sources.parse(message.source)
        if message.tag_text:
            return self._tagged(message, source, now)
        return self._untagged(message, source, now)

    def own(self, text: str, now: str) -> Line:
        """Return the Line of a message that we send ourselves."""
        message, state = parse_text(text), self._state
        return Line(message, message.params, state.me, state.network, now, now)

    def _tagged(self, message: Message, source: Source, now: str) -> Line:
        tags = message.tags()
        if CAPABILITY in self._state.capabilities:
            self._translate(tags, now)
        batch = tags.pop("batch", "")
        history_of, via = self._batches.origin(batch) if batch else ("", "")
        claim = tags.pop("time", "")
        tags.pop("label", None)
        if time := self._clock.live_time(claim, now):  # nearly always, and cheap
            received = now
        else:
            time, received, past, unbelieved = self._clock.judge(claim, now)
            via = via or past
            if unbelieved:
                tags["time"] = unbelieved
        account, msgid = tags.pop("account", ""), tags.pop("msgid", "")
        rare = _rare(message)
        if message.command in MOVES:
            self._note_split(rare, message, batch, now, via)
        for key, value in (("via", via), ("reply_to", tags.pop("+draft/reply", ""))):
            if value:
                rare[key] = value
        if tags:
            rare["tags"] = tags
        return Line(
            message,
            message.params,
            source,
            self._state.network,
            now,
            time,
            received,
            account,
            msgid,
            via,
            tags,
            history_of,
            batch,
            rare or None,
        )

    def _translate(self, tags: dict[str, str], now: str) -> None:
        """Translate Twitch's tags; the first time among them is the measure of its clock.

        Twitch plays nothing back, so that its first line was said now, whatever our clock is.
        """
        is_dated = "time" in tags
        translate(tags)
        if not (is_dated or self._clock.is_measured):
            self._clock.measure(tags.get("time", ""), now)

    def _note_split(
        self, rare: dict[str, Any], message: Message, batch: str, now: str, via: str
    ) -> None:
        if split := self._netsplits.of(message, batch, now, is_live=not via):
            rare["split"] = split

    def _untagged(self, message: Message, source: Source, now: str) -> Line:
        """Return a line of now, or one that a bouncer plays back in bare text."""
        network, rare = self._state.network, _rare(message)
        dated = self._state.bare_playback.dated(message, now)
        if dated is None:
            if message.command in MOVES:
                self._note_split(rare, message, "", now, "")
            return Line(message, message.params, source, network, now, now, rare=rare or None)
        target = dated.params[0]
        name = self._state.membership.name(target) or SERVER
        # A target has one playback at a time, so its name serves as the batch's reference;
        # a batch that is open already stays as it is.
        self._batches.begin(target, bare_playback.KIND, name, {})
        rare["via"] = bare_playback.VIA
        if bare_playback.is_bouncer(message.source):
            rare |= {"user": "", "host": ""}  # which are the bouncer's
        return Line(
            message,
            dated.params,
            source,
            network,
            now,
            dated.time,
            now,
            via=bare_playback.VIA,
            history_of=name,
            batch=target,
            rare=rare,
        )


def _rare(message: Message) -> dict[str, Any]:
    """Return the fields of events that few messages have: encoding, and raw bytes in Base64."""
    rare: dict[str, Any] = {}
    if message.encoding:
        rare["encoding"] = message.encoding
    if message.raw:
        rare["raw"] = base64.b64encode(message.raw).decode()
    return rare
