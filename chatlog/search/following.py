"""Events of people under all their nicks: the archive's own changes of nick are searched first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.event import EventType
from chatlog.formats import jsonl
from chatlog.query.following import follow
from chatlog.query.predicates import All, Nick, Some, Type
from chatlog.query.selection import query_for
from chatlog.search.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.query.selection import Query
    from chatlog.read.reader import Reader
    from chatlog.search.search import HitsOf


def follow_nicks(
    query: Query,
    nicks: Iterable[str],
    reader: Reader,
    *,
    jobs: int,
    hits_of: HitsOf = Search.hits,
) -> Query:
    """Return the query for events of these nicks, and of the nicks their people had meanwhile.

    `jobs` is the number of processes, 0 for one a core. Damage found here is
    not counted: whoever runs the query meets it again. `hits_of` takes the hits of a
    search, and may show its progress.
    """
    wanted = [Nick(name) for name in nicks]
    changing = query_for(Some((Type(EventType.NICK), Type(EventType.QUIT))))
    events = [jsonl.decode(hit.line) for hit in hits_of(Search(reader, changing, jobs=jobs))]
    reader.damaged.clear()
    people = Some((*wanted, *follow(wanted, events, reader.names)))
    return query._replace(term=All((query.term, people)))
