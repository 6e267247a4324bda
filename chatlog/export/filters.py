"""Filters of events before they are published: for redactions, opt-outs and hosts.

Pure, and the same for every format. A filter takes events in order, and returns those that
are left, some of them without a part. None of them is applied unless it is asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from chatlog.casemapping import is_wild
from chatlog.errors import UsageError
from chatlog.event import SERVER, EventType
from chatlog.places import ASCII, is_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from chatlog.event import Event
    from chatlog.query.predicates import Names

    Filter = Callable[[Sequence[Event]], Sequence[Event]]
    """Returns the events that are left of some, in order."""

REDACTED: Final = "[redacted]"
"""The text of a message that was taken back, if its place is marked."""

_OF_A_MESSAGE: Final = frozenset({EventType.REDACT, EventType.REACT, EventType.UNREACT})
_ACCOUNT: Final = "account:"
_HIDDEN: Final = "*"
_MASK: Final = re.compile(r"\S*[!@]\S*")
_HOST: Final = re.compile(
    r"\S+@\S+"
    r"|\b(?:\d{1,3}\.){3}\d{1,3}\b"
    r"|(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])"
    r"|\b(?:[\w-]+\.){2,}[A-Za-z][\w-]*\b"
)


def without_redacted(ids: AbstractSet[tuple[str, str]], *, marks: bool) -> Filter:
    """Return the filter of messages that were taken back, by their networks and message ids.

    With `marks`, such a message stays without its text, and the event that took it back stays
    too; otherwise both go, and reactions to the message.
    """

    def kept(event: Event) -> Event | None:
        if event.msgid and (event.network, event.msgid) in ids:
            return _marked(event) if marks else None
        gone = event.type in _OF_A_MESSAGE and (event.network, event.reply_to) in ids
        return None if gone and not marks else event

    return _each(kept)


def _marked(event: Event) -> Event:
    return replace(event, text=REDACTED, raw="", encoding="", tags={}, params=())


class OptOut(msgspec.Struct, frozen=True):
    """The people who do not want to be published: pairs of a network and a name.

    A network is "" for all of them. Names of `nicks` and `accounts` may have `*` and `?`.
    """

    nicks: tuple[tuple[str, str], ...] = ()
    accounts: tuple[tuple[str, str], ...] = ()

    @property
    def is_nobody(self) -> bool:
        """Whether it has no name."""
        return not (self.nicks or self.accounts)

    @classmethod
    def parse(cls, text: str) -> OptOut:
        """Parse lines such as `ann`, `libera/ann`, `account:ann` and `libera/account:ann`.

        Empty lines, and those that begin with `#`, are passed over. Raise UsageError for any
        other line of several words.
        """
        nicks, accounts = [], []
        for number, line in enumerate(text.splitlines(), 1):
            entry = line.strip()
            if not entry or entry.startswith("#"):
                continue
            network, slash, name = entry.partition("/")
            network, name = (network, name) if slash else ("", network)
            if not name or " " in entry:
                raise UsageError(f"line {number}: say a nick, NETWORK/nick or account:NAME")
            if name.startswith(_ACCOUNT):
                accounts.append((network, name.removeprefix(_ACCOUNT)))
            else:
                nicks.append((network, name))
        return cls(tuple(nicks), tuple(accounts))


class _People:
    """The people of an OptOut on one network."""

    def __init__(self, optout: OptOut, network: str, names: Names) -> None:
        self._folds = names(network)
        nicks = [name for place, name in optout.nicks if _is_of(place, network)]
        self._exact = frozenset(self._folds[each] for each in nicks if not is_wild(each))
        self._wild = [each for each in nicks if is_wild(each)]
        self._accounts = [name for place, name in optout.accounts if _is_of(place, network)]

    def have(self, nick: str) -> bool:
        """Return whether a nick is that of a person."""
        if self._folds.fold(nick) in self._exact:
            return True
        return any(is_named(each, nick, self._folds) for each in self._wild)

    def did(self, event: Event) -> bool:
        """Return whether an event is by a person, or names one as its object."""
        named = (event.nick, event.relayed_nick, event.subject, *event.params)
        if any(map(self.have, named)):
            return True
        return any(is_named(each, event.account, ASCII) for each in self._accounts)


def _is_of(place: str, network: str) -> bool:
    return not place or is_named(place, network, ASCII)


def without_people(optout: OptOut, names: Names) -> Filter:
    """Return the filter of events that people did, or that were done to them by name.

    In lists of members their names are left out. Lines of others that mention them stay.
    """
    known: dict[str, _People] = {}

    def kept(event: Event) -> Event | None:
        people = known.get(event.network)
        if people is None:
            people = known[event.network] = _People(optout, event.network, names)
        if people.did(event):
            return None
        if event.type != EventType.NAMES:
            return event
        members = [each for each in event.text.split(" ") if not people.have(_nick_of(each))]
        return replace(event, text=" ".join(members))

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
    fields: dict[str, object] = {}
    for name in ("user", "host", "raw"):
        if getattr(event, name):
            fields[name] = ""
    if event.target == SERVER or event.type == EventType.OTHER:
        fields["text"] = _HOST.sub(_HIDDEN, event.text)
        fields["params"] = tuple(_HOST.sub(_HIDDEN, each) for each in event.params)
    elif event.type == EventType.NAMES:
        fields["text"] = " ".join(each.partition("!")[0] for each in event.text.split(" "))
    elif event.params:
        fields["params"] = tuple(_MASK.sub(_HIDDEN, each) for each in event.params)
    return replace(event, **fields) if fields else event


def _each(kept: Callable[[Event], Event | None]) -> Filter:
    """Return the filter that takes events one by one; None is an event that goes."""

    def take(events: Sequence[Event]) -> Sequence[Event]:
        return [*_present(map(kept, events))]

    return take


def _present(events: Iterable[Event | None]) -> Iterable[Event]:
    return (event for event in events if event is not None)
