"""Who is in a channel, as its events tell it.

Pure. A list of names begins anew, as does the recorder's coming and going:
whom nobody saw meanwhile is not taken to have stayed. Of several recorders whose archives were
merged, each is a member like others. Lists and changes of mode tell the
statuses of members, as their prefixes; a list without multi-prefix has only the highest.
After a list, which is whole, who speaks without having joined is outside; without one it
is all that is known of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.casemapping import PREFIXES
from chatlog.event import EventType

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event


LIVE: Final = ("", "merge")
"""The `via` of events that a recorder heard when they happened, this one or another."""


class Presence:
    """The members of one channel; `since` is from when they are known, "" for not yet."""

    def __init__(self, casemapping: Casemapping) -> None:
        self._folds = casemapping
        self._members: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self._is_listed = False
        self._as_of = ""
        self.since = ""

    @property
    def members(self) -> list[str]:
        """The nicks of those who are there, in alphabetical order."""
        return [self._members[folded] for folded in sorted(self._members)]

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes of each member who has a status, as `@+`, by nick, the highest first."""
        return {
            self._members[folded]: self._prefixes[folded]
            for folded in sorted(self._members)
            if self._prefixes.get(folded)
        }

    def take(self, event: Event) -> None:
        """Update the members from a live event or a merged one; fetched events are ignored."""
        if event.via not in LIVE:
            return
        if event.via and self.since and event.type in _OF_ONE_OF_SEVERAL:
            _OF_ONE_OF_SEVERAL[event.type](self, event)
        elif change := _CHANGES.get(event.type):
            change(self, event)

    def began(self, event: Event) -> None:
        """Begin anew: the recorder came in, and is the first who is there."""
        # What came with it, in one read, is its own list, whatever the times say.
        if self._is_news(event, even_now=not self._is_listed):
            self._begin(event.time)
            self._add(event.nick)

    def ended(self, event: Event) -> None:
        """Know nothing from now on: the recorder is gone."""
        if self._is_news(event):
            self._begin("")

    def stayed(self, event: Event) -> None:
        """Change nothing: one recorder is gone, and another one may hear on."""

    def listed(self, event: Event) -> None:
        """Take over a list of names, or add to it if the event continues it."""
        if self._is_news(event):
            if not (self._is_listed and event.params):
                self._begin(self.since or event.time)
            self._is_listed = True
            for word in event.text.split():
                name = word.lstrip(PREFIXES)
                nick = name.partition("!")[0]
                self._add(nick)
                self._prefixes[self._folds[nick]] = word.removesuffix(name)

    def came(self, event: Event) -> None:
        """Add who joined, without a status."""
        self._prefixes.pop(self._folds[event.nick], None)
        self._add(event.nick)

    def spoke(self, event: Event) -> None:
        """Add the speaker of an event, if no list of names is known yet."""
        if not self._is_listed:
            self._add(event.nick)

    def left(self, event: Event) -> None:
        """Take out who parted or quit."""
        self._remove(event.nick)

    def kicked(self, event: Event) -> None:
        """Take out who was kicked."""
        self._remove(event.subject)

    def renamed(self, event: Event) -> None:
        """Rename a member, who keeps the status."""
        prefixes = self._prefixes.get(self._folds[event.nick], "")
        self._remove(event.nick)
        self._add(event.subject)
        self._prefixes[self._folds[event.subject]] = prefixes

    def changed_modes(self, event: Event) -> None:
        """Give and take statuses; modes whose arguments do not add up change nothing."""
        for is_set, letter, name in _arguments(event.command, event.params):
            prefix, folded = _STATUSES.get(letter), self._folds[name]
            if prefix and folded in self._members:  # else `q` and `a` are other modes
                rest = self._prefixes.get(folded, "").replace(prefix, "")
                held = rest + prefix * is_set
                self._prefixes[folded] = "".join(sorted(held, key=_rank))

    def _is_news(self, event: Event, *, even_now: bool = True) -> bool:
        """Return whether an event is newer than the known members: times may be of two clocks."""
        came = event.received or event.time
        is_news = came > self._as_of or (even_now and came == self._as_of)
        self._as_of = max(came, self._as_of)
        return is_news

    def _begin(self, since: str) -> None:
        self._members.clear()
        self._prefixes.clear()
        self._is_listed = False
        self.since = since

    def _remove(self, nick: str) -> None:
        self._members.pop(self._folds[nick], None)
        self._prefixes.pop(self._folds[nick], None)

    def _add(self, nick: str) -> None:
        if nick:
            self._members[self._folds[nick]] = nick


_STATUSES: Final = {"q": "~", "a": "&", "o": "@", "h": "%", "v": "+", "Y": "!", "y": "!"}
"""The prefixes of status modes, as servers have them; an archive keeps no PREFIX token."""
_RANKS: Final = "!~&@%+"
_ALWAYS: Final = frozenset("beIk")  # with an argument, beside the statuses
_IF_SET: Final = frozenset("lfjLHJFd")


def _rank(prefix: str) -> int:
    return _RANKS.find(prefix)


def _arguments(modes: str, arguments: tuple[str, ...]) -> list[tuple[bool, str, str]]:
    """Return each mode with its argument: whether it is set, its letter, the argument.

    It is empty unless the arguments suit the letters: which modes take one differs from
    server to server, and `q` and `a` are a status on some alone.
    """
    words = [word for argument in arguments for word in argument.split()]
    for with_argument in (_STATUSES.keys() | _ALWAYS, (_STATUSES.keys() | _ALWAYS) - {"a"}):
        found, is_set = [], True
        for letter in modes:
            if letter in "+-":
                is_set = letter == "+"
            elif letter in with_argument or (is_set and letter in _IF_SET):
                found.append((is_set, letter))
        if len(found) == len(words):
            return [(*mode, word) for mode, word in zip(found, words, strict=True)]
    return []


_CHANGES: Final[dict[str, Callable[[Presence, Event], None]]] = {
    EventType.JOINED: Presence.began,
    EventType.PARTED: Presence.ended,
    EventType.DISCONNECTED: Presence.ended,
    EventType.STOPPED: Presence.ended,
    EventType.NAMES: Presence.listed,
    EventType.JOIN: Presence.came,
    EventType.PART: Presence.left,
    EventType.QUIT: Presence.left,
    EventType.KICK: Presence.kicked,
    EventType.NICK: Presence.renamed,
    EventType.MODE: Presence.changed_modes,
    EventType.MESSAGE: Presence.spoke,
    EventType.ACTION: Presence.spoke,
}
_OF_ONE_OF_SEVERAL: Final[dict[str, Callable[[Presence, Event], None]]] = {
    EventType.JOINED: Presence.came,
    EventType.PARTED: Presence.left,
    EventType.DISCONNECTED: Presence.stayed,
    EventType.STOPPED: Presence.stayed,
}
"""The same of events that a merge brought, while another recorder may be in the channel."""
SPEAKING: Final = frozenset({EventType.MESSAGE, EventType.ACTION})
"""The types of events that say who is there as long as there is no list of names."""
CHANGING: Final = _CHANGES.keys() - SPEAKING
"""The types of events that say who came and went."""
