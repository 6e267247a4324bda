"""The rules of an archive: which classes of events are recorded, and kept how long, by target.

Pure. The first rule that matches a target decides; what it leaves open is as the
archive has it for all. Classes that are kept for a shorter time than another have
segments of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.event import CLASSES, SERVER, EventType, class_of
from chatlog.places import ASCII, is_named, is_place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.casemapping import Casemapping

EVERY: Final = frozenset(CLASSES)
"""All classes."""

ALL: Final = "all"
"""The key of `keep` for the classes without a key of their own."""

_HEARING: Final = frozenset({EventType.JOINED, EventType.PARTED})

EVERY_KIND: Final = "all"
"""The `kinds` of a ledger's entry if all classes are meant."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule for the targets that match a pattern of each list; an empty list matches all.

    `record` is None to leave the classes open. `keep` are seconds by class, None for ever;
    `all` stands for the classes that it does not name.
    """

    channels: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    record: frozenset[str] | None = None
    keep: dict[str, float | None] = {}

    def matches(self, network: str, target: str, folds: Casemapping) -> bool:
        """Return whether the rule is for a target; `folds` are those of its network."""
        of_network = not self.networks or any(
            is_named(each, network, ASCII) for each in self.networks
        )
        return of_network and (
            not self.channels
            or any(is_place(each, network, target, folds) for each in self.channels)
        )


class Ruling(NamedTuple):
    """The classes to record of one target, and the seconds to keep each class, None for ever.

    `number` is that of the rule that matched, from 1; 0 if none did.
    """

    record: frozenset[str]
    keep: dict[str, float | None]
    number: int = 0

    @property
    def longest(self) -> float | None:
        """The seconds for which some class is kept; None for ever."""
        return _longest(self.keep.values())

    @property
    def apart(self) -> frozenset[str]:
        """The classes that are kept for a shorter time than another."""
        longest = self.longest
        return frozenset(each for each, seconds in self.keep.items() if seconds != longest)


def part_of(kind: str, target: str, apart: frozenset[str]) -> str:
    """Return the class of the segment for a type of event, "" for the one of all other classes.

    What says when a channel was heard is kept as long as anything of the channel.
    """
    if target != SERVER and kind in _HEARING:
        return ""
    found = class_of(kind)
    return found if found in apart else ""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The classes to record of all targets, how long to keep each, and the rules for some."""

    record: frozenset[str] = EVERY
    keep: dict[str, float | None] = {}
    rules: tuple[Rule, ...] = ()

    @property
    def record_all(self) -> bool:
        """Whether every class of every target is recorded."""
        return self.record == EVERY and all(each.record in {None, EVERY} for each in self.rules)

    @property
    def may_part(self) -> bool:
        """Whether the classes of some target may be kept for different times."""
        named = [self.keep, *(each.keep for each in self.rules)]
        return any(each.keys() - {ALL} for each in named)

    def of(self, network: str, target: str, folds: Casemapping) -> Ruling:
        """Return the ruling for a target; `folds` are those of its network."""
        for number, rule in enumerate(self.rules, 1):
            if rule.matches(network, target, folds):
                return self._ruling(rule, number)
        return self._ruling(Rule(), 0)

    def for_unknown(self) -> Ruling:
        """Return the ruling for a target of which the name is not known: the longest of all."""
        rulings = [self._ruling(rule, 0) for rule in (Rule(), *self.rules)]
        keep = {name: _longest(each.keep[name] for each in rulings) for name in CLASSES}
        return Ruling(self.record, keep)

    def _ruling(self, rule: Rule, number: int) -> Ruling:
        default = {name: self.keep.get(name, self.keep.get(ALL)) for name in CLASSES}
        keep = {name: rule.keep.get(name, rule.keep.get(ALL, default[name])) for name in CLASSES}
        return Ruling(self.record if rule.record is None else rule.record, keep, number)


def _longest(times: Iterable[float | None]) -> float | None:
    found = list(times)
    return None if None in found else max(each for each in found if each is not None)


def classes_of(kinds: str) -> frozenset[str]:
    """Return the classes that the `kinds` of an `opened` name; every class if it has none.

    Those of a later version are left out.
    """
    return EVERY.intersection(kinds.split()) if kinds not in {"", EVERY_KIND} else EVERY


def kinds_of(classes: Iterable[str]) -> str:
    """Return the `kinds` of a ledger's entry for classes: `all`, or their names."""
    found = frozenset(classes)
    return EVERY_KIND if found == EVERY else " ".join(each for each in CLASSES if each in found)
