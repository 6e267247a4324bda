"""Messages of the general lane, parsed into Lines: source, time, tags and batch of history."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from chatlog.event import SERVER, Source
from chatlog.protocol.history import bare_playback
from chatlog.protocol.line import Line
from chatlog.protocol.message import parse_text
from chatlog.protocol.netsplits import MOVES
from chatlog.protocol.tag_plan import PLAIN, plan_for
from chatlog.protocol.twitch_tags import CAPABILITY, translate

if TYPE_CHECKING:
    from chatlog.protocol.accounts import Accounts
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
        *,
        netsplits: Netsplits,
        accounts: Accounts,
    ) -> None:
        self._state = state
        self._clock = clock
        self._sources = sources
        self._batches = batches
        self._netsplits = netsplits
        self._accounts = accounts
        self._plan = PLAIN

    def parse(self, message: Message, now: str) -> Line:
        """Return the Line of a message that was received now."""
        source = self._sources.known.get(message.source) or self._sources.parse(message.source)
        if message.tag_text:
            return self._tagged(message, source, now)
        if message.command in bare_playback.SAID:
            return self._said(message, source, now)
        rare, account = self._rare(message, "", now), self._accounts.of(source.nick)
        network = self._state.network
        return Line(message, message.params, source, network, now, now, "", account, rare=rare)

    def own(self, text: str, now: str) -> Line:
        """Return the Line of a message that we send ourselves."""
        message, state = parse_text(text), self._state
        return Line(message, message.params, state.me, state.network, now, now)

    def _tagged(self, message: Message, source: Source, now: str) -> Line:
        plan = self._plan
        match = plan.match_tags(message.tag_text)
        if match is None:
            return self._oddly_tagged(message, source, now)
        time, second, msgid, account = plan.tags(match)
        if second not in self._clock.live_seconds(now):
            return self._oddly_tagged(message, source, now)
        return Line(
            message,
            message.params,
            source,
            self._state.network,
            now,
            time,
            now,
            account or self._accounts.of(source.nick),
            msgid or "",
            rare=self._rare(message, "", now),
        )

    def _oddly_tagged(self, message: Message, source: Source, now: str) -> Line:
        """Return a line whose tags the plan does not fit, or whose time must be judged."""
        tags = message.tags()
        self._plan = plan_for(tags, self._plan)
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
        if not (account or via):
            account = self._accounts.of(source.nick)
        rare = self._rare(message, batch, now, is_live=not via) or {}
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

        Twitch plays nothing back, so that its first line was said now, even if our clock is wrong.
        """
        is_dated = "time" in tags
        translate(tags)
        if not (is_dated or self._clock.is_measured):
            self._clock.measure(tags.get("time", ""), now)

    def _said(self, message: Message, source: Source, now: str) -> Line:
        """Return a message without tags: of now, or one that a bouncer plays back in bare text."""
        network, rare = self._state.network, self._rare(message, "", now)
        dated = self._state.bare_playback.dated(message, now)
        if dated is None:
            account = self._accounts.of(source.nick)
            return Line(message, message.params, source, network, now, now, "", account, rare=rare)
        target = dated.params[0]
        name = self._state.membership.name(target) or SERVER
        # A target has one playback at a time, so its name serves as the batch's reference;
        # a batch that is open already stays as it is.
        self._batches.begin(target, bare_playback.KIND, name, {})
        rare = {**(rare or {}), "via": bare_playback.VIA}
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

    def _rare(
        self, message: Message, batch: str, now: str, *, is_live: bool = True
    ) -> dict[str, Any] | None:
        """Return the codec, raw bytes in Base64 and netsplit of a message; None if it has none."""
        split = ""
        if message.command in MOVES:
            split = self._netsplits.of(message, batch, now, is_live=is_live)
        if not (message.encoding or message.raw or split):
            return None
        rare: dict[str, Any] = {"split": split, "encoding": message.encoding}
        if message.raw:
            rare["raw"] = base64.b64encode(message.raw).decode()
        return rare
