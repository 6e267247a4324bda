"""Options of the commands that look for something, and the query that they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from chatlog import clock
from chatlog.errors import UsageError
from chatlog.event import EventType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.query.predicates import Term
    from chatlog.query.selection import Query
    from chatlog.query.texts import Case
    from chatlog.read.reader import Reader

match_option = click.option(
    "--match", metavar="QUERY", default="", help="Only what matches, as for `chatlog search`."
)
_OPTIONS = (
    click.option("--since", metavar="TIME", help="From then on: 2026-11, 'yesterday 18:00', -2h."),
    click.option("--until", metavar="TIME", help="Before then."),
    click.option(
        "--nick", "nicks", multiple=True, metavar="NICK", help="Who did it, * and ? allowed."
    ),
    click.option("--follow-nicks", is_flag=True, help="Under their other nicks as well."),
    click.option("--account", "accounts", multiple=True, metavar="NAME", help="Who was logged in."),
    click.option("--type", "types", multiple=True, metavar="TYPE", help="message, join, topic, …"),
    click.option("--via", "vias", multiple=True, metavar="WAY", help="live, chathistory, …"),
)


class Wanted(NamedTuple):
    """What the options say."""

    since: str | None
    until: str | None
    nicks: tuple[str, ...]
    follow_nicks: bool
    accounts: tuple[str, ...]
    types: tuple[str, ...]
    vias: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether none was given."""
        return not any(self)


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a query to a command, which gets them as one `wanted`."""

    def gathered(**options: Any) -> Any:
        fields = {name: options.pop(name) for name in Wanted._fields}
        return command(wanted=Wanted(**fields), **options)

    gathered.__doc__ = command.__doc__
    gathered.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def terms_of(wanted: Wanted, tz: str | None) -> list[Term]:
    """Say what must hold; nonsense is a UsageError."""
    from chatlog.query.predicates import Account, Nick, Via, type_named  # noqa: PLC0415 - as below

    if wanted.follow_nicks and not wanted.nicks:
        raise UsageError("--follow-nicks follows whom --nick names; say whom")
    return [
        *_times(wanted, tz),
        *_any_of(Account, wanted.accounts),
        *_any_of(type_named, wanted.types),
        *_any_of(Via, wanted.vias),
        *([] if wanted.follow_nicks else _any_of(Nick, wanted.nicks)),
    ]


def places(targets: Iterable[str], networks: Iterable[str | None]) -> list[Term]:
    """Say where it must be; nothing is everywhere."""
    from chatlog.query.predicates import Network, Target  # noqa: PLC0415 - as below

    return [*_any_of(Target, targets), *_any_of(Network, filter(None, networks))]


def parsed(text: str, tz: str | None, case: Case | None = None, *, word: bool = False) -> Term:
    """Read the query language."""
    from chatlog.query import language  # noqa: PLC0415 - who only wants the last lines need not pay
    from chatlog.query.predicates import All  # noqa: PLC0415
    from chatlog.query.texts import Case  # noqa: PLC0415

    if not text.strip():
        return All()
    return language.parse(text, language.Manner(moments(tz), case or Case.SMART, word))


def moments(tz: str | None) -> Callable[[str], str]:
    """Make what reads moments that people type, by the clock of now."""
    from chatlog.cli.options.moments import event_time  # noqa: PLC0415 - as above

    now = clock.now()
    return lambda text: event_time(text, now, tz)


def with_followed(query: Query, wanted: Wanted, reader: Reader, jobs: int = 1) -> Query:
    """Add who is to be followed through changes of nick, which are looked up first."""
    if not (wanted.follow_nicks and wanted.nicks):
        return query
    from chatlog.formats import jsonl  # noqa: PLC0415 - as above
    from chatlog.query.following import follow  # noqa: PLC0415
    from chatlog.query.predicates import All, Nick, Some, Type  # noqa: PLC0415
    from chatlog.query.selection import query_for  # noqa: PLC0415
    from chatlog.search.search import Search  # noqa: PLC0415

    nicks = [Nick(name) for name in wanted.nicks]
    changing = query_for(Some((Type(EventType.NICK), Type(EventType.QUIT))))
    events = [jsonl.decode(hit.line) for hit in Search(reader, changing, jobs=jobs).hits()]
    reader.damaged.clear()  # the search itself meets it again, and is to count it once
    people = Some((*nicks, *follow(nicks, events, reader.names)))
    return query._replace(term=All((query.term, people)))


def _times(wanted: Wanted, tz: str | None) -> list[Term]:
    from chatlog.query.predicates import Between  # noqa: PLC0415 - as above

    if not (wanted.since or wanted.until):
        return []
    moment = moments(tz)
    since, until = moment(wanted.since or ""), moment(wanted.until or "")
    if until and since >= until:
        raise UsageError(f"nothing is between --since {wanted.since} and --until {wanted.until}")
    return [Between(since, until)]


def _any_of(kind: Callable[[str], Term], names: Iterable[str]) -> list[Term]:
    from chatlog.query.predicates import Some  # noqa: PLC0415 - as above

    terms = tuple(map(kind, names))
    return [terms[0] if len(terms) == 1 else Some(terms)] if terms else []
