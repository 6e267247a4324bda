"""`chatlog search`: events of the archive that match a query."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog.archive.targets import Targets
from chatlog.cli.help import HelpCommand
from chatlog.cli.options import terms
from chatlog.cli.options.completed import completed
from chatlog.cli.options.printing import Printing
from chatlog.cli.options.query import FILTERS, query_options, showing_options
from chatlog.cli.options.reading import (
    archive_options,
    color_option,
    network_option,
    tz_option,
)
from chatlog.cli.options.renamed import RenamedOption
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.found import print_found
from chatlog.cli.show.nothing_found import hidden_matches, nothing_found, warn_of_unknown
from chatlog.cli.show.pager import paged
from chatlog.cli.show.painting import Painter
from chatlog.cli.show.progress import watched_last_hits
from chatlog.cli.show.screen import Screen, find_in, wants_headings
from chatlog.query.predicates import texts_of
from chatlog.query.selection import query_for
from chatlog.read.reader import Reader
from chatlog.search.search import Search
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.cli.options.query import Wanted
    from chatlog.cli.show.nothing_found import Nothing
    from chatlog.query.noise import Shown
    from chatlog.query.selection import Query


class _Count(click.IntRange):
    """A number of events, bounded by the largest that a search can count."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or the bound if it is larger."""
        return int(min(super().convert(value, param, ctx), sys.maxsize // 2))


_MATCHING = (
    click.option(
        "-e",
        "--regexp",
        "patterns",
        multiple=True,
        metavar="REGEX",
        help="Find texts that match REGEX, repeatable.",
    ),
    click.option(
        "-F",
        "--fixed-strings",
        "fixed",
        is_flag=True,
        help="Take QUERY and -e as plain text, not as patterns.",
    ),
    click.option(
        "-i",
        "--ignore-case",
        is_flag=True,
        help="Ignore case; the default if the text has no capitals.",
    ),
    click.option(
        "--case-sensitive",
        cls=RenamedOption,
        former=("-s",),
        is_flag=True,
        help="Match case exactly.",
    ),
    click.option("-w", "--word-regexp", "word", is_flag=True, help="Match whole words only."),
    click.option(
        "-c",
        "--channel",
        "targets",
        cls=RenamedOption,
        former=("-t", "--target"),
        multiple=True,
        metavar="TARGET",
        shell_complete=completed("targets"),
        help="Search only this channel or query; * and ? allowed, repeatable.",
    ),
)
_SHOWING = (
    click.option("--count", "counts", is_flag=True, help="Print the matches per channel."),
    click.option(
        "-l",
        "--channels-with-matches",
        "which",
        is_flag=True,
        help="Print the channels with a match.",
    ),
    click.option(
        "--only-matching",
        cls=RenamedOption,
        former=("-o",),
        is_flag=True,
        help="Print only the matching part of each text.",
    ),
    click.option(
        "-A", "--after", type=_Count(0), metavar="N", help="Show N events after each match."
    ),
    click.option(
        "-B", "--before", type=_Count(0), metavar="N", help="Show N events before each match."
    ),
    click.option(
        "-C",
        "--context",
        type=_Count(0),
        metavar="N",
        help="Show N events before and after each match.",
    ),
    click.option(
        "-m", "--max-count", "most", type=_Count(1), metavar="N", help="Stop after N matches."
    ),
    click.option("-r", "--reverse", is_flag=True, help="Show the newest first."),
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        help="Number of processes. Default: one per core.",
    ),
    click.option("--pager/--no-pager", default=True, help="On a terminal, use $PAGER."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON lines, as recorded."),
)

_SECTIONS: Final = {
    "Text": ("--regexp", "--fixed-strings", "--ignore-case", "--case-sensitive", "--word-regexp"),
    "Filters": FILTERS,
    "Lines": ("--all", "--talk"),
    "Context": ("--after", "--before", "--context", "--max-count", "--reverse"),
    "Output": (
        *("--count", "--channels-with-matches", "--only-matching", "--json"),
        *("--color", "--tz", "--pager"),
    ),
    "Archive": ("--archive", "--config", "--jobs"),
}


def _with(options: tuple[Any, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.command(cls=HelpCommand, sections=_SECTIONS)
@click.argument("words", nargs=-1, metavar="[QUERY]…", shell_complete=completed("query"))
@_with(_MATCHING)
@query_options
@showing_options
@_with(_SHOWING)
@color_option
@tz_option
@network_option
@archive_options(former=("--output",))
def command(
    *,
    wanted: Wanted,
    words: tuple[str, ...],
    network: str | None,
    tz: str | None,
    root: str,
    targets: tuple[str, ...],
    color: str,
    **options: Any,
) -> None:
    """Find events in all channels or in some, in order of time.

    \b
      chatlog search 'from:alice in:#python before:2026-06 "memory leak"'
      chatlog search -w -C 2 segfault --since yesterday
      chatlog search -e 'CVE-\\d+-\\d+' --only-matching -c '#security*'

    All words must be in the text; docs/query.md describes the whole language.
    Put a query in single quotes, or the shell and the options take parts of it.
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    text_options = terms.TextOptions(
        **{name: options.pop(name) for name in terms.TextOptions._fields}
    )
    texts = terms.texts(words, tz, text_options)
    printing = Printing(**options)
    query = query_for(*texts, *terms.terms_of(wanted, tz), *terms.places(targets, network))
    printing.check(query)
    reader = Reader(root, query.places, query.networks)
    found = reader.targets()
    if not found:
        Damage(reader.damaged).end()
        raise nothing_found(reader.selected).error()
    warn_of_unknown(Targets(root, targets, query.networks))
    query = terms.followed(query, wanted, reader, printing.jobs or 0)
    zone = parsers.parse_zone(tz) if tz else None
    find = find_in([text.spans for text in texts_of(query.term)])
    screen = Screen(found, zone, Painter(color), find=find, headings=wants_headings(), dates=True)
    with paged(wanted=printing.pager and not printing.as_json) as write:
        is_found = print_found(reader, query, printing, screen, write)
    Damage(reader.damaged).end()
    if not is_found:
        raise _nothing(reader, query, printing.shown(query)).error()


def _nothing(reader: Reader, query: Query, shown: Shown | None) -> Nothing:
    if shown is not None and _has_match(reader, query):
        return hidden_matches(shown)
    return nothing_found(reader.selected)


def _has_match(reader: Reader, query: Query) -> bool:
    return any(watched_last_hits(Search(reader, query, newest_first=True)))
