"""`chatlog search`: events of the archive that match a query."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from chatlog.cli.options import terms
from chatlog.cli.options.printing import Printing
from chatlog.cli.options.query import query_options
from chatlog.cli.options.reading import (
    archive_option,
    archive_root,
    color_option,
    network_option,
    tz_option,
)
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.found import print_found
from chatlog.cli.show.pager import paged
from chatlog.cli.show.painting import Painter
from chatlog.cli.show.screen import Screen, find_in, wants_headings
from chatlog.errors import NothingFoundError
from chatlog.formats.visible import printable
from chatlog.query.predicates import texts_of
from chatlog.query.selection import query_for
from chatlog.read.reader import Reader
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatlog.cli.options.query import Wanted
    from chatlog.query.selection import Query


class _Count(click.IntRange):
    """A number of events; what is more than anybody can count is as many."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it, and bound it."""
        return int(min(super().convert(value, param, ctx), sys.maxsize // 2))


_MATCHING = (
    click.option(
        "-e", "--regexp", "patterns", multiple=True, metavar="REGEX", help="Find this pattern."
    ),
    click.option(
        "-F", "--fixed-strings", "fixed", is_flag=True, help="Take QUERY and -e for mere text."
    ),
    click.option(
        "-i", "--ignore-case", is_flag=True, help="In any case; else capitals count if given."
    ),
    click.option("-s", "--case-sensitive", is_flag=True, help="In this case only."),
    click.option("-w", "--word-regexp", "word", is_flag=True, help="Whole words only."),
    click.option(
        "-t", "--target", "targets", multiple=True, metavar="TARGET", help="Where it was said."
    ),
)
_SHOWING = (
    click.option("-c", "--count", "counts", is_flag=True, help="Say how many in which channel."),
    click.option(
        "-l", "--channels-with-matches", "which", is_flag=True, help="Say in which channels."
    ),
    click.option("-o", "--only-matching", is_flag=True, help="Only what was found of each text."),
    click.option("-A", "--after", type=_Count(0), metavar="N", help="So many events behind it."),
    click.option("-B", "--before", type=_Count(0), metavar="N", help="So many events before it."),
    click.option("-C", "--context", type=_Count(0), metavar="N", help="Both."),
    click.option("-m", "--max-count", "most", type=_Count(1), metavar="N", help="Stop after N."),
    click.option("-r", "--reverse", is_flag=True, help="The newest first."),
    click.option(
        "-j", "--jobs", type=click.IntRange(1), metavar="N", help="Processes; default: all cores."
    ),
    click.option("--pager/--no-pager", default=True, help="On a terminal, through $PAGER."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as recorded."),
)


def _with(options: tuple[Any, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.command()
@click.argument("words", nargs=-1, metavar="[QUERY]…")
@_with(_MATCHING)
@query_options
@_with(_SHOWING)
@color_option
@tz_option
@network_option
@archive_option
def command(
    *,
    wanted: Wanted,
    words: tuple[str, ...],
    network: str | None,
    tz: str | None,
    output: str | None,
    targets: tuple[str, ...],
    color: str,
    **options: Any,
) -> None:
    """Find what was said and done, in every channel or some, in order of time.

    \b
      chatlog search 'from:alice in:#python before:2026-06 "memory leak"'
      chatlog search -w -C 2 segfault --since yesterday
      chatlog search -e 'CVE-\\d+-\\d+' -o --target '#security*'

    Words must all be in the text; docs/query.md has the whole language. Put a
    query in single quotes, or the shell and the options take parts of it.
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    text_options = terms.TextOptions(
        **{name: options.pop(name) for name in terms.TextOptions._fields}
    )
    texts = terms.texts(words, tz, text_options)
    printing = Printing(**options)
    query = query_for(*texts, *terms.terms_of(wanted, tz), *terms.places(targets, network))
    printing.check(query)
    root = archive_root(output)
    reader = Reader(root, query.places, query.networks)
    found = reader.targets()
    if not found:
        raise _no_such(root, query)
    query = terms.followed(query, wanted, reader, printing.jobs or 0)
    zone = parsers.parse_zone(tz) if tz else None
    find = find_in([text.spans for text in texts_of(query.term)])
    screen = Screen(found, zone, Painter(color), find=find, headings=wants_headings(), dates=True)
    with paged(wanted=printing.pager and not printing.as_json) as write:
        is_found = print_found(reader, query, printing, screen, write)
    Damage(reader).report()
    if not is_found:
        raise NothingFoundError("nothing was found")


def _no_such(root: str | Path, query: Query) -> NothingFoundError:
    """Say why there is nothing to look at: a name, a network, or the archive."""
    where = printable(str(root))
    if not Reader(root).targets():
        return NothingFoundError(
            f"nothing is recorded in {where}; say where the archive is with --output"
        )
    asked = " ".join((*query.networks, *query.places))
    return NothingFoundError(
        f"nothing in {where} is called {asked!r}; `chatlog search -l` lists what there is"
    )
