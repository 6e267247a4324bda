"""A whole query: its term, its time range and its places.

Pure. The times and the places that must hold of every match are told apart
from the rest, so that whoever reads need not open what lies outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.errors import UsageError
from chatlog.query.predicates import All, Between, Network, Not, Place, Some, Term, types_of

MOST_CONDITIONS: Final = 1000
"""How many conditions a query may have: each is held against every event."""

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.query.predicates import Names


class Query(NamedTuple):
    """A query: a term, and the time range and places beside it.

    Times are `[since, until)`, an empty one is no bound; `places` are patterns
    of targets of which one must hold, none for all; so with `networks`.
    """

    term: Term = All()
    since: str = ""
    until: str = ""
    places: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether the query matches every event."""
        return self.term == All()

    @property
    def asked_types(self) -> frozenset[str]:
        """The types for which the query asks."""
        return types_of(self.term)

    def showing(self, shown: Term | None) -> Query:
        """Return this query of only those events that a screen shows; None is all."""
        if shown is None:
            return self
        return self._replace(term=shown if self.is_everything else All((self.term, shown)))

    def holds(self, event: Event, names: Names) -> bool:
        """Return whether an event of a selected target matches."""
        return (
            self.since <= event.time
            and not (self.until and event.time >= self.until)
            and self.term.holds(event, names)
        )

    def may_hold_between(self, start: str, end: str) -> bool:
        """Return whether events in `[start, end)` can match."""
        return end > self.since and not (self.until and start >= self.until)


def query_for(*terms: Term) -> Query:
    """Make a query of terms that must all hold; raise UsageError if they are too many."""
    expect_few(sum(map(_leaves, terms)))
    parts = [each for term in terms for each in _conjuncts(term)]
    bounds = [each for each in parts if isinstance(each, Between)]
    places, parts = _taken(parts, Place)
    networks, parts = _taken(parts, Network)
    parts = [each for each in parts if not isinstance(each, Between)]
    return Query(
        parts[0] if len(parts) == 1 else All(tuple(parts)),
        since=max((each.since for each in bounds), default=""),
        until=min((each.until for each in bounds if each.until), default=""),
        places=places,
        networks=networks,
    )


def expect_few(conditions: int) -> None:
    """Raise UsageError if a query has more conditions than `MOST_CONDITIONS`."""
    if conditions > MOST_CONDITIONS:
        raise UsageError(
            f"more than {MOST_CONDITIONS:,} conditions in one query;"
            " join texts in a pattern such as 'ann|bob' with -e, or ask several times"
        )


def _leaves(term: Term) -> int:
    """Count the conditions of a term; its depth is bounded by the parser."""
    match term:
        case All(terms) | Some(terms):
            return sum(map(_leaves, terms))
        case Not(inner):
            return _leaves(inner)
    return 1


def _conjuncts(term: Term) -> list[Term]:
    if isinstance(term, All):
        return [each for part in term.terms for each in _conjuncts(part)]
    return [term]


def _taken(parts: list[Term], kind: type[Place | Network]) -> tuple[tuple[str, ...], list[Term]]:
    """Take out the one part that names nothing but places: its directories tell them."""
    for number, part in enumerate(parts):
        terms = part.terms if isinstance(part, Some) else (part,)
        if all(isinstance(each, kind) for each in terms):
            names = tuple(each.name for each in terms)
            return names, parts[:number] + parts[number + 1 :]
    return (), parts
