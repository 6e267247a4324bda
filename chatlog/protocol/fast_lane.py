"""The fast lane: the event of an ordinary message to a channel, which nearly every line is.

Its event is the one that the general lane would make. Whatever could make a
difference sends the line to the general lane: an unusual encoding, the past, an
answer that the line may ask for, a text or a person that privacy may keep out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import Event, EventType
from chatlog.protocol.events import CTCP
from chatlog.protocol.repeats import LONGEST
from chatlog.protocol.repeats import REMEMBERED as REMEMBERED_IDS
from chatlog.protocol.sources import LONGEST_SOURCE, REMEMBERED

if TYPE_CHECKING:
    from chatlog.casemapping import Casemapping
    from chatlog.protocol.message import Message
    from chatlog.protocol.privacy import Privacy
    from chatlog.protocol.repeats import Repeats
    from chatlog.protocol.server_time import ServerClock
    from chatlog.protocol.sources import SourceCache
    from chatlog.protocol.state import State

_MESSAGE: Final = EventType.MESSAGE.value
_ACTION: Final = EventType.ACTION.value
_ACTION_BEGINS: Final = f"{CTCP}ACTION "


class FastLane:
    """The channels and sources of one connection whose messages need no closer look.

    The general lane teaches it a channel with `learn`, and whatever changes our
    nick, our channels, the settings or ISUPPORT makes it `forget` everything.
    """

    def __init__(
        self,
        state: State,
        privacy: Privacy,
        clock: ServerClock,
        sources: SourceCache,
        repeats: Repeats,
    ) -> None:
        self._state = state
        self._privacy = privacy
        self._clock = clock
        self._sources = sources
        self._repeats = repeats
        self._known = sources.known
        self._network = state.network
        self._routes: dict[str, str] = {}
        self.forget()

    def learn(self, target: str, channel: str) -> None:
        """Remember under which name a target is written."""
        if len(target) <= LONGEST_SOURCE:
            if len(self._routes) >= REMEMBERED:
                self._routes.clear()
            self._routes[target] = channel

    def forget(self) -> None:
        """Forget every channel and source, and look anew at which texts need a closer look."""
        self._routes.clear()
        self._known.clear()
        nicks = _initials(self._state.me.nick, self._state.isupport.casemapping)
        self._initials = nicks | self._privacy.initials

    def event_of(self, message: Message, received: str) -> Event | None:
        """Return the event of a message; None if the general lane has to look at it."""
        if message.command != "PRIVMSG" or len(message.params) != 2:  # noqa: PLR2004 - target and text
            return None
        target, text = message.params
        channel = self._routes.get(target)
        kind = _MESSAGE
        if text[:1] in self._initials:
            is_action = text.startswith(_ACTION_BEGINS)
            kind, text = _ACTION, text[len(_ACTION_BEGINS) :].removesuffix(CTCP)
            if not is_action or text[:1] in self._privacy.initials:
                return None
        if not channel or message.encoding or message.raw:
            return None
        if message.tag_text:
            return self._tagged(message, channel, kind, text, received)
        source = self._known.get(message.source) or self._sources.learn(message.source)
        if source is None:
            return None
        return Event(
            time=received,
            network=self._network,
            target=channel,
            type=kind,
            nick=source.nick,
            user=source.user,
            host=source.host,
            text=text,
        )

    def _tagged(
        self, message: Message, channel: str, kind: str, text: str, received: str
    ) -> Event | None:
        """Return the event of a message with the tags of a live line; None for any other."""
        tags = message.tags()
        time = self._clock.live_time(tags.pop("time", ""), received)
        if not time:
            return None
        account, msgid, reply_to = tags.pop("account", ""), tags.pop("msgid", ""), ""
        if tags:  # which is rare
            if "batch" in tags:
                return None
            tags.pop("label", None)
            reply_to = tags.pop("+draft/reply", "")
        source = self._known.get(message.source) or self._sources.learn(message.source)
        if source is None:
            return None
        if msgid and len(msgid) + len(message.source) + len(text) <= LONGEST:
            # As in `Repeats.is_repeat`, which costs more; the general lane judges a known id.
            repeats, said = self._repeats, (message.source, message.params)
            recent = repeats.recent
            if msgid in repeats.older or recent.setdefault(msgid, said) is not said:
                return None
            if len(recent) >= REMEMBERED_IDS:
                repeats.rotate()
        return Event(
            time=time,
            received=received,
            network=self._network,
            target=channel,
            type=kind,
            nick=source.nick,
            user=source.user,
            host=source.host,
            account=account,
            text=text,
            msgid=msgid,
            reply_to=reply_to,
            tags=tags,
        )


def _initials(nick: str, casemapping: Casemapping) -> frozenset[str]:
    """Return the first characters of texts that need a closer look: CTCP, or our nick."""
    first = nick[:1]
    alike = {letter for letter in map(chr, range(128)) if casemapping.equal(letter, first)}
    return frozenset({CTCP, first, *alike} - {""})
