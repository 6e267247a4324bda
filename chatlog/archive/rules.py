"""The rules of an archive: which classes of events are recorded of each target.

Pure. The first rule that matches a target decides; what it leaves open is as the
archive has it for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.event import CLASSES
from chatlog.places import ASCII, is_named, is_place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.casemapping import Casemapping

EVERY: Final = frozenset(CLASSES)
"""All classes."""

EVERY_KIND: Final = "all"
"""The `kinds` of a ledger's entry if all classes are meant."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule for the targets that match a pattern of each list; an empty list matches all.

    `record` is None to leave the classes open.
    """

    channels: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    record: frozenset[str] | None = None

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
    """The classes to record of one target.

    `number` is that of the rule that matched, from 1; 0 if none did.
    """

    record: frozenset[str]
    number: int = 0


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The classes to record of all targets, and the rules for some, in order."""

    record: frozenset[str] = EVERY
    rules: tuple[Rule, ...] = ()

    @property
    def record_all(self) -> bool:
        """Whether every class of every target is recorded."""
        return self.record == EVERY and all(each.record in {None, EVERY} for each in self.rules)

    def of(self, network: str, target: str, folds: Casemapping) -> Ruling:
        """Return the ruling for a target; `folds` are those of its network."""
        for number, rule in enumerate(self.rules, 1):
            if rule.matches(network, target, folds):
                return Ruling(self.record if rule.record is None else rule.record, number)
        return Ruling(self.record)


def classes_of(kinds: str) -> frozenset[str]:
    """Return the classes that the `kinds` of an `opened` name; every class if it has none.

    Those of a later version are left out.
    """
    return EVERY.intersection(kinds.split()) if kinds not in {"", EVERY_KIND} else EVERY


def kinds_of(classes: Iterable[str]) -> str:
    """Return the `kinds` of a ledger's entry for classes: `all`, or their names."""
    found = frozenset(classes)
    return EVERY_KIND if found == EVERY else " ".join(each for each in CLASSES if each in found)
