"""Options of a query into the terms of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog import clock
from chatlog.cli.options.moments import event_time
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.progress import watched_last_hits
from chatlog.errors import UsageError
from chatlog.formats.visible import printable
from chatlog.query import filters
from chatlog.query.language import QueryOptions
from chatlog.query.texts import Case
from chatlog.query.tokens import mistyped
from chatlog.search.following import follow_nicks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.cli.options.query import Wanted
    from chatlog.query.predicates import Term
    from chatlog.query.selection import Query
    from chatlog.read.reader import Reader


class TextOptions(NamedTuple):
    """The options of `search` that say how its texts match."""

    patterns: tuple[str, ...]
    fixed: bool
    ignore_case: bool
    case_sensitive: bool
    word: bool

    @property
    def case(self) -> Case:
        """When capitals count; UsageError for a contradiction."""
        if self.ignore_case and self.case_sensitive:
            raise UsageError("-i and --case-sensitive contradict each other; leave one out")
        if self.ignore_case:
            return Case.IGNORE
        return Case.SENSITIVE if self.case_sensitive else Case.SMART


def terms_of(wanted: Wanted, tz: str | None) -> list[Term]:
    """Return the terms of the filters; UsageError for a value that makes no sense."""
    if wanted.follow_nicks and not wanted.nicks:
        raise UsageError("--follow-nicks needs --nick")
    nicks = () if wanted.follow_nicks else wanted.nicks  # `followed` adds them
    return [
        *_times(wanted, tz),
        *filters.people(nicks, wanted.accounts),
        *filters.kinds(wanted.types, wanted.vias),
    ]


def _times(wanted: Wanted, tz: str | None) -> list[Term]:
    moment = _moments(tz)
    since, until = moment(wanted.since or ""), moment(wanted.until or "")
    if until and since >= until:
        raise UsageError(f"no time lies between --since {wanted.since} and --until {wanted.until}")
    return filters.times(since, until)


def places(targets: Iterable[str], network: str | None) -> list[Term]:
    """Return the terms of the places; none for everywhere."""
    return filters.places(targets, [network] if network else [])


def matching(text: str, tz: str | None) -> Term:
    """Return the term of a query that is typed."""
    return _parsed(text, QueryOptions(_moments(tz)))


def texts(words: tuple[str, ...], tz: str | None, options: TextOptions) -> list[Term]:
    """Return the terms of the texts that `search` looks for: its words and its patterns."""
    how = QueryOptions(_moments(tz), options.case, options.word)
    if options.fixed and not (words or options.patterns):
        raise UsageError("-F needs a text; add QUERY or -e")
    terms = filters.patterns(options.patterns, how, fixed=options.fixed)
    text = " ".join(words)
    if options.fixed and words:
        return [*terms, *filters.patterns([text], how, fixed=True)]
    return [*terms, _parsed(text, how)] if words else terms


def _parsed(text: str, how: QueryOptions) -> Term:
    """Return the term of a query; name on stderr each text in it that may be meant as a condition.

    Such a query is right for the text, and would silently find too little for the other.
    """
    term = filters.matching(text, how)
    for word, key in dict.fromkeys(mistyped(text)):
        name = printable(word.partition(":")[0])
        write_message(
            f"{printable(word)} is looked for as text, as there is no key {name}:;"
            f" did you mean {key}:?"
        )
    return term


def followed(query: Query, wanted: Wanted, reader: Reader, jobs: int) -> Query:
    """Return the query with the people of --follow-nicks, whose nicks are looked up now."""
    if not wanted.follow_nicks:
        return query
    return follow_nicks(query, wanted.nicks, reader, jobs=jobs, hits_of=watched_last_hits)


def _moments(tz: str | None) -> Callable[[str], str]:
    """Return the reader of typed moments, by the clock of now."""
    now = clock.now()
    return lambda text: event_time(text, now, tz)
