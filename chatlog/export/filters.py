"""Filters of events before they are published: for redactions, opt-outs and hosts.

Pure, and the same for every format. A filter takes events in order, and returns those that
are left, some of them without a part. None of them is applied unless it is asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.casemapping import is_wild
from chatlog.event import SERVER, TALK, EventType
from chatlog.export.mentions import Mentions
from chatlog.places import ASCII, is_named
from chatlog.relay_heads import head_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from chatlog.archive.optout import OptOut
    from chatlog.event import Event
    from chatlog.query.predicates import Names
    from chatlog.relay_heads import RelayHead

    Filter = Callable[[Sequence[Event]], Sequence[Event]]
    """Returns the events that are left of some, in order."""

REDACTED: Final = "[redacted]"
"""The text of a message that was taken back, if its place is marked."""

OMITTED: Final = "…"
"""The text that stands for the nick of somebody who opted out."""

EDIT: Final = "edit-of"
"""The tag of an edited message: the id of the message that it replaces."""

_OF_A_MESSAGE: Final = frozenset({EventType.REDACT, EventType.REACT, EventType.UNREACT})
_HIDDEN: Final = "*"
_WORD: Final = re.compile(r"\S+")
_MASK: Final = re.compile(r"[\w.:/*?-]+")


def without_redacted(ids: AbstractSet[tuple[str, str]], *, marks: bool) -> Filter:
    """Return the filter of messages that were taken back, by their networks and message ids.

    With `marks`, such a message stays without its text, and the event that took it back stays
    too; otherwise both go, and reactions to the message. Edits of the message are as it is.
    """
    if not ids:
        return _all

    def is_taken_back(network: str, msgid: str) -> bool:
        return bool(msgid) and (network, msgid) in ids

    def kept(event: Event) -> Event | None:
        edited = event.tags.get(EDIT, "") if event.tags else ""
        if is_taken_back(event.network, event.msgid) or is_taken_back(event.network, edited):
            return _marked(event) if marks else None
        if event.type not in _OF_A_MESSAGE or not is_taken_back(event.network, event.reply_to):
            return event
        if not marks:
            return None
        # Twitch repeats the words of the message, whose author is the subject.
        is_repeated = event.type == EventType.REDACT and event.subject
        return replace(event, text="", tags={}, raw="") if is_repeated else event

    return _each(kept)


def _marked(event: Event) -> Event:
    return replace(event, text=REDACTED, raw="", encoding="", tags={}, params=())


class _People:
    """The people of an OptOut on one network."""

    def __init__(self, optout: OptOut, network: str, names: Names) -> None:
        self._folds = names(network)
        nicks, self._accounts = optout.names_on(network)
        wild = [name for name in nicks if is_wild(name)]
        exact = dict.fromkeys((name for name in nicks if not is_wild(name)), OMITTED)
        self._exact = frozenset(self._folds[each] for each in exact)
        self._wild = wild
        self._mentions = Mentions(self._folds, exact, dict.fromkeys(wild, OMITTED))

    def have(self, nick: str) -> bool:
        """Return whether a nick is that of a person."""
        if self._folds.fold(nick) in self._exact or self._mentions.has(nick):
            return True
        return any(is_named(each, nick, self._folds) for each in self._wild)

    def did(self, event: Event) -> bool:
        """Return whether an event is by a person, or names one as its object."""
        named = (event.nick, event.relayed_nick, event.subject, event.target, *event.params)
        if any(map(self.have, named)):
            return True
        if event.type in TALK and (head := _head_of(event.text)) and self.have(head.nick):
            return True
        return any(is_named(each, event.account, ASCII) for each in self._accounts)

    def without_mentions(self, event: Event) -> Event:
        """Return an event in which people are not named."""
        return self._mentions.in_event(event)


def _head_of(text: str) -> RelayHead | None:
    """Return the head of a text that a bridge may have relayed."""
    may_have = text[:1] in {"<", "(", "["} or not text[:1].isprintable()
    return head_of(text) if may_have else None


def without_people(optout: OptOut, names: Names) -> Filter:
    """Return the filter of events that people did, or that were done to them by name.

    In lists of members their names are left out. Where others mention them by a nick, as a whole
    word, `OMITTED` stands instead.
    """
    known: dict[str, _People] = {}

    def kept(event: Event) -> Event | None:
        people = known.get(event.network)
        if people is None:
            people = known[event.network] = _People(optout, event.network, names)
        if people.did(event):
            return None
        if event.type == EventType.NAMES:
            members = [each for each in event.text.split(" ") if not people.have(_nick_of(each))]
            event = replace(event, text=" ".join(members))
        return people.without_mentions(event)

    return _each(kept)


def _nick_of(member: str) -> str:
    """Return the nick of a member of a list, which may have prefixes and a host."""
    return member.lstrip("~&@%+!").partition("!")[0]


def without_hosts(events: Sequence[Event]) -> Sequence[Event]:
    """Return events without users and hosts: of people, in masks, lists and texts of servers.

    Changes of host are left out, and so are the bytes of odd lines, which may have hosts.
    """
    return [_hostless(each) for each in events if each.type != EventType.CHGHOST]


def _hostless(event: Event) -> Event:
    if event.type in TALK and event.target != SERVER and not event.params:  # most lines
        return replace(event, user="", host="", raw="")
    fields: dict[str, object] = {}
    for name in ("user", "host", "raw"):
        if getattr(event, name):
            fields[name] = ""
    is_of_server = event.target == SERVER or event.type == EventType.OTHER
    if event.type == EventType.NAMES:
        fields["text"] = " ".join(each.partition("!")[0] for each in event.text.split(" "))
    elif is_of_server and event.text:
        fields["text"] = without_hosts_within(event.text)
    if event.params:
        fields["params"] = tuple(map(without_hosts_within, event.params))
    return replace(event, **fields) if fields else event


def without_hosts_within(text: str) -> str:
    """Return a text with `*` for each mask, address, cloak and name of a host."""
    return _WORD.sub(_hidden, text) if any(sign in text for sign in "!.:/@") else text


def _hidden(word: re.Match[str]) -> str:
    has_mask = "@" in word[0] or "!" in word[0].strip("!")
    return _HIDDEN if has_mask else _MASK.sub(_without_own_host, word[0])


def _without_own_host(found: re.Match[str]) -> str:
    text = found[0]
    if text.count(":") > 1:  # IPv6
        return _HIDDEN
    core = text.strip(".:/")
    return text.replace(core, _HIDDEN) if "." in core or "/" in core else text


def without_member_lists(events: Sequence[Event]) -> Sequence[Event]:
    """Return events without the lists of members, which tell who never said a word."""
    return [each for each in events if each.type != EventType.NAMES]


def _all(events: Sequence[Event]) -> Sequence[Event]:
    return events


def _each(kept: Callable[[Event], Event | None]) -> Filter:
    """Return the filter that takes events one by one; None is an event that goes."""

    def take(events: Sequence[Event]) -> Sequence[Event]:
        return [*_present(map(kept, events))]

    return take


def _present(events: Iterable[Event | None]) -> Iterable[Event]:
    return (event for event in events if event is not None)
