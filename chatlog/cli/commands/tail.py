"""`chatlog tail`: the last events of the archive, and those that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from chatlog.cli.help import HelpCommand
from chatlog.cli.options.hook import HOOK, hook_options
from chatlog.cli.options.query import FILTERS, match_option, query_options, showing_options
from chatlog.cli.options.reading import (
    archive_options,
    color_option,
    network_option,
    target_options,
    tz_option,
)
from chatlog.cli.options.types import PathType
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.painting import Painter
from chatlog.cli.show.screen import Screen, wants_headings
from chatlog.cli.show.tail_view import TailView
from chatlog.cli.waiting import pausing
from chatlog.read.reader import Reader
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.cli.options.hook import Hooked
    from chatlog.cli.options.query import Showing, Wanted
    from chatlog.query.selection import Query

_COUNT: Final = 10
_SECTIONS: Final = {
    "Lines": ("--lines", "--follow", "--all", "--talk", "--cursor"),
    "Filters": ("--match", *FILTERS),
    "Output": ("--json", "--color", "--tz"),
    "Command for each event": HOOK,
    "Archive": ("--archive", "--config"),
}


class _Tail(HelpCommand):
    """The command; it takes `-5` for `-n 5`, as the program of that name does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        return super().parse_args(ctx, self._with_lines(args))

    def _with_lines(self, args: list[str]) -> list[str]:
        valued = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        end = args.index("--") if "--" in args else len(args)
        before = ["", *args]
        return [
            f"-n{each[1:]}" if place < end and _is_count(each, before[place], valued) else each
            for place, each in enumerate(args)
        ]


def _is_count(argument: str, before: str, valued: set[str]) -> bool:
    """Return whether an argument is `-5`, and not the value of the option before it."""
    return argument[:1] == "-" and argument[1:].isdecimal() and before not in valued


@click.command(cls=_Tail, sections=_SECTIONS)
@target_options
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(min=0),
    metavar="N",
    help="Number of lines.  [default: 10]",
)
@click.option("-f", "--follow", is_flag=True, help="Wait for new events and show them.")
@click.option(
    "--cursor",
    type=PathType(dir_okay=False),
    metavar="FILE",
    help=(
        "Continue after the last event that a run with this FILE printed; a first run prints all,"
        " or the last -n. An event is printed once over all runs that end by themselves, by Ctrl-C"
        " or SIGTERM. After a kill, a power cut or a closed pipe, the last events may be printed"
        " again. An event that was written counts as printed, even if it was not read."
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, as recorded.")
@showing_options
@match_option
@query_options
@hook_options
@color_option
@tz_option
@network_option
@archive_options()
def command(
    *,
    root: str,
    wanted: Wanted,
    targets: tuple[str, ...],
    count: int | None,
    follow: bool,
    cursor: str | None,
    match: str,
    showing: Showing,
    hooked: Hooked,
    as_json: bool,
    color: str,
    tz: str | None,
    network: str | None,
) -> None:
    """Show the last events of channels and queries; of all if none is named.

    A TARGET may contain * and ?, and begin with NETWORK/. With --since, all
    events since then are shown.

    \b
      chatlog tail python
      chatlog tail -f '#python' libera/chatlog '*-ops'
      chatlog tail --since 'yesterday 18:00' --match 'from:ann -type:join'
      chatlog tail --json --cursor seen | ./import-events
      chatlog tail -f --talk --match ada --exec 'jq -r .text | mail ada'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    reader = Reader(root, targets, (network,) if network else ())
    query = None if wanted.is_nothing and not match else _query(wanted, match, tz, reader)
    shown = showing.events(query, omits_nothing=as_json or bool(cursor) or hooked.is_wanted)
    view = TailView(reader, query, shown, _screen(reader, color, tz), as_json=as_json)
    _warn_of_unknown(reader)
    wait = pausing(root) if follow else None
    if (hooked.is_wanted or cursor) and not reader.targets():
        _report_nothing(reader, view, follow=follow)
    if hooked.is_wanted:
        from chatlog.cli.hooked import run_hook

        first = _first_of(count, wanted, goes_on=follow or bool(cursor))
        run_hook(hooked, reader, query, shown, cursor=cursor, count=first, wait=wait)
    elif cursor:
        view.resume(cursor, count, wait)
    else:
        _show(reader, view, _count_of(count, wanted), wait)


def _show(
    reader: Reader, view: TailView, count: int | None, wait: Callable[[], object] | None
) -> None:
    if wait:
        reader.mark()
    if not view.show_last(count):
        _report_nothing(reader, view, follow=wait is not None)
    if wait:
        view.follow(wait)
    view.end()


def _screen(reader: Reader, color: str, tz: str | None) -> Screen:
    zone = parsers.parse_zone(tz) if tz else None
    return Screen(reader.targets(), zone, Painter(color), headings=wants_headings())


def _count_of(count: int | None, wanted: Wanted) -> int | None:
    """Return the number of events to show; None for all."""
    if count is not None:
        return count
    return None if wanted.since else _COUNT


def _first_of(count: int | None, wanted: Wanted, *, goes_on: bool) -> int | None:
    """Return the number of events for the first run of a command: none if it `goes_on`."""
    return 0 if goes_on and count is None and not wanted.since else _count_of(count, wanted)


def _query(wanted: Wanted, match: str, tz: str | None, reader: Reader) -> Query:
    from chatlog.cli.options import terms
    from chatlog.query.selection import query_for

    query = query_for(*terms.terms_of(wanted, tz), terms.matching(match, tz))
    return terms.followed(query, wanted, reader, 1)


def _warn_of_unknown(reader: Reader) -> None:
    if len(reader.selected.patterns) > 1:
        from chatlog.cli.show.nothing_found import warn_of_unknown

        warn_of_unknown(reader.selected)


def _report_nothing(reader: Reader, view: TailView, *, follow: bool) -> None:
    """Raise NothingFoundError; if `follow`, print that the wait for the first event begins."""
    from chatlog.cli.show.nothing_found import hidden_matches, nothing_found

    hiding = view.hides_matches()
    nothing = nothing_found(reader.selected) if hiding is None else hidden_matches(hiding)
    if follow:
        write_message(nothing.waiting())
    else:
        view.end()
        raise nothing.error()
