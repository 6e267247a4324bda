"""The fast lane: the events of ordinary messages to channels, which nearly all lines are.

Its event is the one that the general lane would make. Whatever could make a
difference sends the line to the general lane: an unusual encoding, the past, an
answer that the line may ask for, a text or a person that privacy may keep out, a
server or service, which could repeat a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import Event, EventType
from chatlog.protocol.events.talk import CTCP
from chatlog.protocol.message import MAX_LINE, parse, parse_tags, parse_text
from chatlog.protocol.relays import RELAYED_BY
from chatlog.protocol.repeats import LONGEST, LONGEST_ID
from chatlog.protocol.tag_plan import PLAIN, plan_for
from chatlog.protocol.twitch_tags import CAPABILITY, translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.casemapping import Casemapping
    from chatlog.protocol.heads import Heads
    from chatlog.protocol.message import Message
    from chatlog.protocol.privacy import Privacy
    from chatlog.protocol.repeats import Repeats
    from chatlog.protocol.server_time import ServerClock
    from chatlog.protocol.state import State

_MESSAGE: Final = EventType.MESSAGE.value
_ACTION: Final = EventType.ACTION.value
_ACTION_BEGINS: Final = f"{CTCP}ACTION "


class FastLane:
    """The channels, sources and heads of one connection whose messages need no closer look.

    The general lane teaches it a channel with `learn`, and whatever changes our
    nick, our channels, the settings or ISUPPORT makes it `forget` everything.
    """

    def __init__(
        self,
        state: State,
        privacy: Privacy,
        clock: ServerClock,
        heads: Heads,
        repeats: Repeats,
    ) -> None:
        self._state = state
        self._privacy = privacy
        self._clock = clock
        self._is_new_id = repeats.is_new_id
        self._capabilities = state.capabilities
        self._network = state.network
        self._heads = heads
        self._plan = PLAIN
        self._received = ""
        self._live: set[str] = set()
        self._initials: set[str] = set()  # always this one, which `take` holds
        self.forget()

    def learn(self, target: str, channel: str) -> None:
        """Remember under which name a target is written."""
        self._heads.learn(target, channel)

    def forget(self) -> None:
        """Forget every channel and source, and look anew at which texts need a closer look."""
        self._heads.forget()
        nick, self._casemapping = self._state.me.nick, self._state.isupport.casemapping
        self._nick = self._casemapping.fold(nick)
        self._initials.clear()
        self._initials |= _initials(nick, self._casemapping) | self._privacy.initials | {""}

    def forget_people(self) -> None:
        """Forget who speaks in the channels: an account became known, or is none any more."""
        self._heads.forget_people()

    def take(self, lines: Iterator[bytes], received: str, events: list[Event]) -> Iterator[Message]:
        """Append the events of ordinary lines; yield the message of each other line.

        The caller acts on that message before it asks for the next one. Lines that it does
        not ask for stay in `lines`.
        """
        heads, initials, network = self._heads, self._initials, self._network
        append, tagged = events.append, self._tagged
        if received != self._received:  # a read of which other lines were not taken before
            self._received, self._live = received, self._clock.live_seconds(received)
        for line in lines:
            try:
                whole = line.decode() if len(line) <= MAX_LINE else ""
            except UnicodeDecodeError:
                whole = ""
            if whole[:1] == "@":
                if (event := tagged(whole)) is not None:
                    append(event)
                else:
                    yield parse_text(whole)
                continue
            head, colon, text = whole.partition(" :")
            known = heads[head]
            if known is None:
                yield parse_text(whole) if whole else parse(line)
                continue
            channel, nick, user, host, account, kind = known
            if text[:1] in initials:
                kind, text = self._look_closer(kind, text) if colon else ("", "")
                if not kind:
                    yield parse_text(whole)
                    continue
            append(
                Event(
                    time=received,
                    network=network,
                    target=channel,
                    type=kind,
                    nick=nick,
                    user=user,
                    host=host,
                    account=account,
                    text=text,
                )
            )

    def _look_closer(self, kind: str, text: str) -> tuple[str, str]:
        """Return the type and text of an event; "" if the general lane has to look at the text.

        Most texts that begin with a letter of our nick do not begin with the nick.
        """
        first = text[:1]
        if first == CTCP:
            said = text[len(_ACTION_BEGINS) :].removesuffix(CTCP)
            is_action = kind == _MESSAGE and text.startswith(_ACTION_BEGINS)
            is_plain = is_action and said[:1] not in self._privacy.initials
            return (_ACTION, said) if is_plain else ("", "")
        if not text:
            return kind, ""
        if first in self._privacy.initials:
            return "", ""
        is_for_us = self._casemapping.fold(text[: len(self._nick)]) == self._nick
        return ("", "") if is_for_us else (kind, text)

    def _tagged(self, line: str) -> Event | None:
        """Return the event of a message with the tags of a live line; None for any other."""
        plan = self._plan
        match = plan.match(line)
        if match is None:
            return self._oddly_tagged(line)
        time, second, msgid, account, head, said = plan.fields(match)
        known = self._heads[head]
        if known is None:
            return None
        channel, nick, user, host, known_account, kind = known
        text = said
        if said[:1] in self._initials:
            kind, text = self._look_closer(kind, said)
            if not kind:
                return None
        if second not in self._live and not (time := self._clock.live_time(time, self._received)):
            return None
        if msgid and len(said) <= LONGEST and not self._is_new_id(msgid, (head, said)):
            return None  # the general lane judges a known id
        return Event(
            time=time,
            received=self._received,
            network=self._network,
            target=channel,
            type=kind,
            nick=nick,
            user=user,
            host=host,
            account=account or known_account,
            text=text,
            msgid=msgid or "",
        )

    def _oddly_tagged(self, line: str) -> Event | None:
        """Return the event of a message that the plan does not fit, as `_tagged`."""
        tag_text, _, rest = line.partition(" ")
        head, colon, said = rest.partition(" :")
        known = self._heads[head]
        if known is None:
            return None
        channel, nick, user, host, known_account, kind = known
        text = said
        if said[:1] in self._initials:
            kind, text = self._look_closer(kind, said) if colon else ("", "")
            if not kind:
                return None
        tags = parse_tags(tag_text[1:])
        self._plan = plan_for(tags, self._plan)
        if CAPABILITY in self._capabilities:
            if not self._clock.is_measured:  # which the general lane does
                return None
            translate(tags)
        time = self._clock.live_time(tags.pop("time", ""), self._received)
        if not time or "batch" in tags or RELAYED_BY in tags:
            return None
        account, msgid = tags.pop("account", "") or known_account, tags.pop("msgid", "")
        tags.pop("label", None)
        reply_to = tags.pop("+draft/reply", "")
        is_remembered = bool(msgid) and len(said) <= LONGEST and len(msgid) <= LONGEST_ID
        if is_remembered and not self._is_new_id(msgid, (head, said)):
            return None
        return Event(
            time=time,
            received=self._received,
            network=self._network,
            target=channel,
            type=kind,
            nick=nick,
            user=user,
            host=host,
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
