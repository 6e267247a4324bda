"""The classes of events that are recorded of each target of one network.

A rule is looked up once for each target and type, not for each event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.archive.rules import EVERY, kinds_of
from chatlog.casemapping import Casemapping
from chatlog.event import RECORDERS_OWN, EventType, class_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.archive.rules import Rules
    from chatlog.event import Event

_REMEMBERED: Final = 65_536
_MESSAGES: Final = "messages"
_TALK: Final = class_of(EventType.MESSAGE)


class RecordedClasses:
    """Chooses the events to record by the rules of an archive.

    `rules` returns the present rules. A channel that was entered keeps those of that moment
    until it is entered again, so that the ledger is right about all of the interval; for any
    other target the present ones count. The recorder's own events are always recorded.
    """

    def __init__(self, network: str, rules: Callable[[], Rules]) -> None:
        self._network = network
        self._rules_by_now = rules
        self._rules = rules()
        self._record_all = self._rules.record_all
        self._folds = Casemapping()
        self._entered: dict[str, frozenset[str]] = {}
        self._partial: set[str] = set()  # those of the entered ones that do not record all
        self._outdated: set[str] = set()  # those of the entered ones whose rules have changed
        self._known: dict[tuple[str, str], bool] = {}

    def choose(self, events: list[Event], casemapping: str) -> list[Event]:
        """Return the events to record, in order; the same list if every class is recorded.

        `casemapping` is the name of the network's present CASEMAPPING.
        """
        self._renew(casemapping)
        if self._record_all and not self._partial:
            return events
        if self._outdated:
            return [event for event in events if self._takes(event)]
        known = self._known
        try:
            return [event for event in events if known[event.target, event.type]]
        except KeyError:
            return [event for event in events if self._is_recorded(event.target, event.type)]

    def enter(self, target: str) -> str:
        """Apply the present rules to a channel that is heard from now on; return its `kinds`."""
        self._renew(self._folds.name)
        self._outdated.discard(target)
        before = self._entered.pop(target, None)
        classes = self._entered[target] = self._by_rules(target)
        self._partial.discard(target)
        if classes != EVERY:
            self._partial.add(target)
        if before is not None and before != classes:
            self._known.clear()
        return kinds_of(classes)

    def brought(self, target: str, kinds: str) -> str:
        """Return the `kinds` of a gap that history of some kinds has filled.

        If these are all that is recorded of the target, they are the target's; else
        they are `messages`, and "" if no talk is recorded. Kinds that nobody told are "".
        """
        self._renew(self._folds.name)
        classes = self._classes(target)
        if kinds != _MESSAGES:
            return kinds and kinds_of(classes)
        if _TALK not in classes:
            return ""
        return kinds_of(classes) if classes == {_TALK} else kinds

    def _renew(self, casemapping: str) -> None:
        """Take over rules and a CASEMAPPING that have changed."""
        rules = self._rules_by_now()
        if rules is not self._rules or casemapping != self._folds.name:
            self._rules, self._folds = rules, Casemapping(casemapping)
            self._record_all = rules.record_all
            self._known.clear()
            entered = self._entered.items()
            self._outdated = {name for name, each in entered if each != self._by_rules(name)}

    def _takes(self, event: Event) -> bool:
        """Return whether to record an event; our JOIN applies the present rules to its channel.

        The lines behind it may be of the same read, and the ledger claims them by these.
        """
        if event.type == EventType.JOINED and event.target in self._outdated:
            self.enter(event.target)
        return self._is_recorded(event.target, event.type)

    def _is_recorded(self, target: str, kind: str) -> bool:
        found = self._known.get((target, kind))
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = kind in RECORDERS_OWN or class_of(kind) in self._classes(target)
            self._known[target, kind] = found
        return found

    def _classes(self, target: str) -> frozenset[str]:
        """Return the classes to record of a target: those of its entry, else of the rules."""
        return self._entered.get(target) or self._by_rules(target)

    def _by_rules(self, target: str) -> frozenset[str]:
        """Return the classes to record of a target by the present rules."""
        return self._rules.of(self._network, target, self._folds).record
