"""Holders of nicks: people followed from the nick with which they came to each later one.

Pure. Who changes to a nick is still the person they were, until they change again or quit.
Who comes with a nick is taken for the person who came with it before: their home. So a
nick that two people had one after the other belongs to each for the time. A change
between a nick and the same with an appendix, as `ann_` to `ann`, makes one home of two:
that is how clients come back before their old connection has timed out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import EventType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatlog.casemapping import Casemapping
    from chatlog.report.deeds import Deed

    Change = tuple[str, str, str]
    """The time of a change of nick, the folded nick before and the one after."""

_LATER: Final = "~"
"""Behind a time, the first that is later; alone, behind every time."""
_APPENDIX: Final = frozenset("_`^~|\\-[{")
"""The characters with which clients lengthen a nick that is taken, or that is away."""


class Renames(msgspec.Struct):
    """The changes of nick in some events, in their order, and the times of quits by nick."""

    changes: list[tuple[str, str, str]] = []
    quits: dict[str, list[str]] = {}


class Holders:
    """The home of each nick of one network at any time; `network` is "" if all count as one.

    `homes` are those of nicks that belong to another home all the time, `stretches` those
    of nicks that change hands: times in order, and the home from each time on.
    """

    def __init__(
        self,
        network: str,
        folds: Casemapping,
        homes: Mapping[str, str] | None = None,
        stretches: Mapping[str, tuple[Sequence[str], Sequence[str]]] | None = None,
    ) -> None:
        self.network = network
        self.folds = folds
        self._homes = homes or {}
        self._stretches = stretches or {}

    def by_home(self, nick: str, deeds: list[Deed]) -> Iterable[tuple[str, list[Deed]]]:
        """Return the deeds under a folded nick, by the home of the person."""
        if nick not in self._stretches:
            return [(self._homes.get(nick, nick), deeds)]
        times, homes = self._stretches[nick]
        found: defaultdict[str, list[Deed]] = defaultdict(list)
        for deed in deeds:
            found[homes[bisect_right(times, deed.time) - 1]].append(deed)
        return found.items()


def renames_in(batches: Iterable[Iterable[Deed]], folds: Casemapping) -> Renames:
    """Collect the changes of nick and the quits; a change of case alone is none."""
    found = Renames()
    for batch in batches:
        for deed in batch:
            nick, name = folds[deed.nick], folds[deed.subject]
            if deed.type == EventType.QUIT:
                found.quits.setdefault(nick, []).append(deed.time)
            elif deed.type == EventType.NICK and nick and name and nick != name:
                found.changes.append((deed.time, nick, name))
    return found


def holders_in(
    network: str, folds: Casemapping, encoded: Sequence[tuple[object, bytes]]
) -> Holders:
    """Return the holders that follow from the encoded Renames of the targets of one network.

    What is held stays encoded, and quits are taken only of nicks to which somebody changed.
    """
    decode = msgspec.msgpack.Decoder(Renames).decode
    changes = _once([(target, decode(data).changes) for target, data in encoded])
    taken = {after for _, _, after in changes}
    quits: defaultdict[str, set[str]] = defaultdict(set)
    for _, data in encoded if changes else ():
        for nick, times in decode(data).quits.items():
            if nick in taken:
                quits[nick].update(times)
    walk = _Walk({nick: sorted(times) for nick, times in quits.items()})
    for change in changes:
        walk.rename(*change)
    walk.end()
    return Holders(network, folds, *walk.result())


def _once(found: Iterable[tuple[object, list[Change]]]) -> list[Change]:
    """Put changes in order, each once: a change stands in each channel of a person.

    Those of one time are in the order of the first target that has any.
    """
    several = [
        (time, target, (time, before, after))
        for target, changes in found
        for time, before, after in changes
    ]
    several.sort(key=lambda each: each[0])
    once: list[Change] = []
    for _, at_once in groupby(several, key=lambda each: each[0]):
        first: object = None
        seen: set[Change] = set()
        for _, target, change in at_once:
            first = target if first is None else first
            if target == first or change not in seen:
                once.append(change)
            seen.add(change)
    return once


class _Walk:
    """A walk along the changes of nick of one network."""

    def __init__(self, quits: Mapping[str, Sequence[str]]) -> None:
        self._quits = quits
        self._held: dict[str, tuple[str, str]] = {}  # the home and since when, by nick
        self._times: defaultdict[str, list[str]] = defaultdict(list)
        self._homes: defaultdict[str, list[str]] = defaultdict(list)
        self._above: dict[str, str] = {}

    def rename(self, time: str, before: str, after: str) -> None:
        """Take a person from a nick to another one."""
        home = self._left(before, time)
        self._belongs(before, time + _LATER, before)
        self._left(after, time)
        self._belongs(after, time, home)
        self._held[after] = home, time
        if _is_variant(home, after):
            first, *others = sorted({self._root(home), self._root(after)}, key=_by_length)
            self._above.update(dict.fromkeys(others, first))

    def end(self) -> None:
        """Take out those who quit after their last change."""
        for nick in list(self._held):
            self._left(nick, _LATER)

    def result(self) -> tuple[dict[str, str], dict[str, tuple[list[str], list[str]]]]:
        """Return the homes and the stretches for `Holders`."""
        homes: dict[str, str] = {}
        stretches: dict[str, tuple[list[str], list[str]]] = {}
        for nick in {*self._times, *self._above}:
            times, found = [""], [self._root(nick)]
            for time, home in zip(
                self._times[nick], map(self._root, self._homes[nick]), strict=True
            ):
                if home != found[-1]:
                    times.append(time)
                    found.append(home)
            if found[1:]:
                stretches[nick] = times, found
            elif found[0] != nick:
                homes[nick] = found[0]
        return homes, stretches

    def _left(self, nick: str, time: str) -> str:
        """Return the home of a nick that is left at a time, and end it at an earlier quit."""
        home, since = self._held.pop(nick, (nick, ""))
        quits = self._quits.get(nick, ())
        # A quit at the time of the change was that of the connection in the way.
        at = bisect_right(quits, since)
        if since and at < len(quits) and quits[at] < time:
            self._belongs(nick, quits[at] + _LATER, nick)
            return nick
        return home

    def _belongs(self, nick: str, since: str, home: str) -> None:
        times, homes = self._times[nick], self._homes[nick]
        while times and times[-1] >= since:
            times.pop()
            homes.pop()
        if home != (homes[-1] if homes else nick):
            times.append(since)
            homes.append(home)

    def _root(self, nick: str) -> str:
        while (above := self._above.get(nick, nick)) != nick:
            nick = above
        return nick


def _by_length(nick: str) -> tuple[int, str]:
    return len(nick), nick


def _is_variant(one: str, other: str) -> bool:
    """Return whether one of two nicks is the other with an appendix."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) : len(short) + 1] in _APPENDIX
