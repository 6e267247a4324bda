"""Messages of the general lane, parsed into Lines: source, time, tags and batch of history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatlog.event import SERVER, Source
from chatlog.protocol import events
from chatlog.protocol.history import bare_playback
from chatlog.protocol.message import parse_text
from chatlog.protocol.state import Line
from chatlog.protocol.twitch_tags import CAPABILITY, translate

if TYPE_CHECKING:
    from chatlog.protocol.history.pages import HistoryBatches
    from chatlog.protocol.message import Message
    from chatlog.protocol.server_time import ServerClock
    from chatlog.protocol.sources import SourceCache
    from chatlog.protocol.state import State


class LineParser:
    """The parser of one connection's Lines, with the state, clock and batches it depends on."""

    def __init__(
        self, state: State, clock: ServerClock, sources: SourceCache, batches: HistoryBatches
    ) -> None:
        self._state = state
        self._clock = clock
        self._sources = sources
        self._batches = batches

    def parse(self, message: Message, received: str) -> Line:
        """Return the Line of a message that was received at that time."""
        source = self._sources.parse(message.source)
        fields = self._fields(source, received)
        if message.encoding:
            fields["encoding"] = message.encoding
        if message.raw:
            fields["raw"] = events.encode_raw(message.raw)
        if message.tag_text:
            return self._tagged(message, source, fields, received)
        return self._untagged(message, source, fields, received)

    def own(self, text: str, received: str) -> Line:
        """Return the Line of a message that we send ourselves."""
        message = parse_text(text)
        me = self._state.me
        return Line(message, message.params, me, self._fields(me, received), received)

    def _tagged(
        self, message: Message, source: Source, fields: dict[str, Any], received: str
    ) -> Line:
        tags = message.tags()
        if CAPABILITY in self._state.capabilities:
            self._translate(tags, received)
        batch = tags.pop("batch", "")
        history_of, via = self._batches.origin(batch) if batch else ("", "")
        claim = tags.pop("time", "")
        tags.pop("label", None)
        if time := self._clock.live_time(claim, received):  # nearly always, and cheap
            fields["time"], fields["received"], fields["via"] = time, received, via
        else:
            moment = self._clock.judge(claim, received)
            if moment.claim:
                tags["time"] = moment.claim
            fields["time"], fields["received"] = moment.time, moment.received
            fields["via"] = via or moment.via
        fields["account"] = tags.pop("account", "")
        fields["msgid"] = tags.pop("msgid", "")
        fields["reply_to"] = tags.pop("+draft/reply", "")
        fields["tags"] = tags
        return Line(message, message.params, source, fields, received, tags, history_of, batch)

    def _translate(self, tags: dict[str, str], received: str) -> None:
        """Translate Twitch's tags; the first time among them is the measure of its clock.

        Twitch plays nothing back, so that its first line was said now, whatever our clock is.
        """
        is_dated = "time" in tags
        translate(tags)
        if not (is_dated or self._clock.is_measured):
            self._clock.measure(tags.get("time", ""), received)

    def _untagged(
        self, message: Message, source: Source, fields: dict[str, Any], received: str
    ) -> Line:
        """Return a line of now, or one that a bouncer plays back in bare text."""
        dated = self._state.bare_playback.dated(message, received)
        if dated is None:
            return Line(message, message.params, source, fields, received)
        target = dated.params[0]
        name = self._state.membership.name(target) or SERVER
        # A target has one playback at a time, so its name serves as the batch's reference;
        # a batch that is open already stays as it is.
        self._batches.begin(target, bare_playback.KIND, name, {})
        fields |= {"time": dated.time, "received": received, "via": bare_playback.VIA}
        if bare_playback.is_bouncer(message.source):
            fields |= {"user": "", "host": ""}  # which are the bouncer's
        return Line(message, dated.params, source, fields, received, {}, name, target)

    def _fields(self, source: Source, time: str) -> dict[str, Any]:
        return {
            "nick": source.nick,
            "user": source.user,
            "host": source.host,
            "network": self._state.network,
            "time": time,
            "via": "",
        }
