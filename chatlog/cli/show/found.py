"""Matches on stdout: events, the matching texts alone, counts, or events with context."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from chatlog.archive.targets import spelled
from chatlog.cli.show.progress import counted, progress_until_output
from chatlog.cli.show.screen import batched, encoded, json_line
from chatlog.formats import jsonl
from chatlog.formats.visible import unformatted, visible
from chatlog.query.predicates import texts_of
from chatlog.search.context import Context
from chatlog.search.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.cli.options.printing import Printing
    from chatlog.cli.show.screen import Screen
    from chatlog.event import Event
    from chatlog.query.selection import Query
    from chatlog.read.reader import Reader
    from chatlog.search.search import Hit

    Write = Callable[[bytes], object]


def print_found(
    reader: Reader, query: Query, printing: Printing, screen: Screen, write: Write
) -> bool:
    """Print the matches of a query that are shown; return whether there are any."""
    shown = printing.shown(query)
    query = query.showing(shown)
    search = Search(reader, query, newest_first=printing.reverse, jobs=printing.jobs or 0)
    if printing.counts or printing.which:
        return _print_counts(search, printing, write)
    with progress_until_output("searching", search.size, write) as (advance, write_on):
        if any(printing.around):
            context = Context(search, *printing.around, most=printing.most, shown=shown)
            return _print_islands(context.islands(advance), printing, screen, write_on)
        hits = islice(search.hits(advance), printing.most)
        return _print_hits(hits, query, printing, screen, write_on)


def _print_hits(
    hits: Iterator[Hit], query: Query, printing: Printing, screen: Screen, write: Write
) -> bool:
    found = False
    for batch in batched(hits, _length):
        found = True
        if printing.only_matching:
            write(_only_matching(batch, query, printing))
        else:
            write(_shown(batch, printing, screen))
    return found


def _length(hit: Hit) -> int:
    return len(hit.line)


def _shown(hits: list[Hit], printing: Printing, screen: Screen) -> bytes:
    if printing.as_json:
        return b"".join(hit.line + b"\n" for hit in hits)
    return screen([jsonl.decode(hit.line) for hit in hits])


def _only_matching(hits: list[Hit], query: Query, printing: Printing) -> bytes:
    texts = list(texts_of(query.term))
    lines: list[bytes] = []
    for hit in hits:
        event = jsonl.decode(hit.line)
        text = unformatted(event.text)
        for begin, end in sorted(span for each in texts for span in each.spans(text)):
            found = text[begin:end]
            as_json = printing.as_json
            lines.append(_match_line(event, found) if as_json else encoded(visible(found) + "\n"))
    return b"".join(lines)


def _match_line(event: Event, found: str) -> bytes:
    from chatlog.report.json_records import MatchRecord

    record = MatchRecord(
        network=event.network,
        target=event.target,
        time=event.time,
        nick=event.nick or None,
        match=found,
    )
    return json_line(record)


def _print_counts(search: Search, printing: Printing, write: Write) -> bool:
    counts = search.counts(lambda tasks: counted(tasks, "searching", shown=True))
    for target in sorted(counts):
        network, name = spelled(target.network), spelled(target.name)
        if printing.as_json:
            write(_count_line(network, name, counts[target]))
        else:
            place = f"{visible(network)}/{visible(name)}"
            write(encoded(f"{place}\n" if printing.which else f"{counts[target]:>8} {place}\n"))
    return bool(counts)


def _count_line(network: str, target: str, events: int) -> bytes:
    from chatlog.report.json_records import CountRecord

    return json_line(CountRecord(network=network, target=target, events=events))


def _print_islands(
    islands: Iterable[list[Hit]], printing: Printing, screen: Screen, write: Write
) -> bool:
    found = False
    for island in islands:
        if found and not printing.as_json:
            write(screen.between())
        found = True
        write(_shown(island, printing, screen))
    return found
