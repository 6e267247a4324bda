"""Options of `search` that choose the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog.errors import UsageError
from chatlog.query.predicates import texts_of

if TYPE_CHECKING:
    from chatlog.cli.options.query import Showing
    from chatlog.query.noise import Shown
    from chatlog.query.selection import Query


class Printing(NamedTuple):
    """How matches are printed, and how many."""

    counts: bool
    which: bool
    only_matching: bool
    after: int | None
    before: int | None
    context: int | None
    most: int | None
    reverse: bool
    jobs: int | None
    pager: bool
    as_json: bool
    showing: Showing

    def shown(self, query: Query) -> Shown | None:
        """Return the events to show of a query, None for all."""
        return self.showing.events(query, omits_nothing=self.as_json)

    @property
    def around(self) -> tuple[int, int]:
        """The numbers of events to print before each match and after it."""
        both = self.context or 0
        before, after = self.before, self.after
        return (both if before is None else before, both if after is None else after)

    def check(self, query: Query) -> None:
        """Raise UsageError if the options contradict each other or the query."""
        if self.only_matching and not any(texts_of(query.term)):
            raise UsageError(
                "--only-matching prints the matching part of a text; add a text to search for"
            )
        if sum((self.counts, self.which, self.only_matching, any(self.around))) > 1:
            raise UsageError(
                "--count, -l, --only-matching and -A, -B, -C exclude one another; use one of them"
            )
        if any(self.around) and self.reverse:
            raise UsageError("-A, -B and -C show events in order of time; leave out --reverse")
        if (self.counts or self.which) and self.most is not None:
            raise UsageError("--count and -l search everything; leave out -m")
