"""Terms made of filters: names, types, times, places and patterns, each given by itself.

Pure. Several values of one filter are alternatives; filters hold together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.query import language
from chatlog.query.predicates import (
    Account,
    All,
    Between,
    Contains,
    Network,
    Nick,
    Place,
    Some,
    Via,
    type_named,
)
from chatlog.query.texts import literal, regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.query.language import QueryOptions
    from chatlog.query.predicates import Term


def people(nicks: Iterable[str], accounts: Iterable[str]) -> list[Term]:
    """Return the terms for one of the nicks and one of the accounts."""
    return [*_any_of(Nick, nicks), *_any_of(Account, accounts)]


def kinds(types: Iterable[str], vias: Iterable[str]) -> list[Term]:
    """Return the terms for one of the types and one of the ways; UsageError for no type."""
    return [*_any_of(type_named, types), *_any_of(Via, vias)]


def places(targets: Iterable[str], networks: Iterable[str]) -> list[Term]:
    """Return the terms for one of the targets on one of the networks; none for everywhere."""
    return [*_any_of(Place, targets), *_any_of(Network, networks)]


def times(since: str, until: str) -> list[Term]:
    """Return the term for `[since, until)`, "" for no bound."""
    return [Between(since, until)] if since or until else []


def patterns(texts: Iterable[str], options: QueryOptions, *, fixed: bool) -> list[Term]:
    """Return the term for one of the regular expressions, or of the `fixed` texts."""
    make = literal if fixed else regular
    return _any_of(lambda text: Contains(make(text, options.case, word=options.word)), texts)


def matching(text: str, options: QueryOptions) -> Term:
    """Parse a line of the query language; a blank one holds for every event."""
    return language.parse(text, options) if text.strip() else All()


def _any_of(kind: Callable[[str], Term], names: Iterable[str]) -> list[Term]:
    terms = tuple(map(kind, names))
    return [terms[0] if len(terms) == 1 else Some(terms)] if terms else []
