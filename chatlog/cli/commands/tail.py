"""`chatlog tail`: the last events of the archive, and those that follow."""

from __future__ import annotations

import sys
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

import click

from chatlog.cli.options.query import match_option, parsed, query_options, terms_of, with_followed
from chatlog.cli.options.reading import (
    archive_root,
    color_option,
    network_option,
    output_option,
    tz_option,
)
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.gap_lines import Silences
from chatlog.cli.show.painting import Painter
from chatlog.cli.show.screen import Screen, as_json_lines, batched, wants_headings, write
from chatlog.cli.waiting import pausing
from chatlog.errors import NothingFoundError
from chatlog.read.reader import Entry, Reader
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chatlog.cli.options.query import Wanted
    from chatlog.query.selection import Query
    from chatlog.read.cursor import Cursor

_COUNT: Final = 10
_RACING: Final = 1000


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]…")
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(min=0),
    metavar="N",
    help="How many events.  [default: 10]",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is recorded from now on.")
@click.option(
    "--cursor",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help=(
        "Go on where the last run with this file ended, at first with everything or -n. Each event"
        " is written once over all runs that end by themselves, by Ctrl-C or SIGTERM. After a kill,"
        " a power cut or a closed pipe, what was written last may come again. What was written"
        " counts as seen."
    ),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as recorded.")
@match_option
@query_options
@color_option
@tz_option
@network_option
@output_option
def command(
    *,
    wanted: Wanted,
    targets: tuple[str, ...],
    count: int | None,
    follow: bool,
    cursor: str | None,
    match: str,
    as_json: bool,
    color: str,
    tz: str | None,
    output: str | None,
    network: str | None,
) -> None:
    """Show the last events of channels and queries; all of them where none is named.

    A TARGET may have * and ? in it, and NETWORK/ before it. With --since, all
    from then on.

    \b
      chatlog tail python
      chatlog tail -f '#python' libera/chatlog '*-ops'
      chatlog tail --since 'yesterday 18:00' --match 'from:ann -type:join'
      chatlog tail --json -n 1000 | jq -r .nick
      chatlog tail --json --cursor seen | ./import-events
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    zone = parsers.parse_zone(tz) if tz else None
    root = archive_root(output)
    reader = Reader(root, targets, (network,) if network else ())
    query = None if wanted.is_nothing and not match else _query(wanted, match, tz, reader)
    screen = Screen(reader.targets(), zone, Painter(color), headings=wants_headings())
    tail = Tail(reader, query, screen, as_json=as_json)
    if cursor:
        if not reader.targets():
            _say_nothing_found(root, targets, follow=follow)
        tail.go_on(cursor, count, pausing(root) if follow else None)
        return
    if follow:
        reader.mark()
    if not tail.show_last(_how_many(count, wanted)):
        _say_nothing_found(root, targets, follow=follow)
    if follow:
        tail.follow(pausing(root))


def _how_many(count: int | None, wanted: Wanted) -> int | None:
    """Say how many events are shown, None for all."""
    if count is not None:
        return count
    return None if wanted.since else _COUNT


def _query(wanted: Wanted, match: str, tz: str | None, reader: Reader) -> Query:
    from chatlog.query.selection import query_for  # noqa: PLC0415 - only who asks pays for it

    return with_followed(query_for(*terms_of(wanted, tz), parsed(match, tz)), wanted, reader)


def _say_nothing_found(root: str | Path, targets: tuple[str, ...], *, follow: bool) -> None:
    what = f"nothing of {' '.join(targets)} in {root}" if targets else f"nothing in {root}"
    if follow:
        click.echo(f"chatlog: {what} yet; waiting", err=True)
    else:
        raise NothingFoundError(
            f"{what}; record with `chatlog record --server HOST --channel NAME`,"
            " or say where the archive is with --output"
        )


class Tail:
    """Show the end of an archive, and what comes; of a query only what matches."""

    def __init__(
        self, reader: Reader, query: Query | None, screen: Screen, *, as_json: bool
    ) -> None:
        self._reader = reader
        self._query = query
        self._screen = screen
        self._as_json = as_json
        self._damage = Damage(reader)
        self._silences = Silences(reader, query.since if query else "")
        self._found_last: deque[bytes] = deque(maxlen=_RACING)

    def show_last(self, count: int | None) -> bool:
        """Show the last events, all for None; say whether there was anything to show."""
        if self._query is None and count is not None:
            last = self._reader.last(count)
            self._show(last)
            return bool(self._reader.targets() and (last or not count))
        found = False
        for entries in self._found(count):
            self._found_last += (entry.line for entry in entries)
            self._show(entries)
            found = True
        self._damage.report()
        return found or count == 0

    def follow(self, wait: Callable[[], object]) -> None:
        """Show what is new, for ever."""

        def waiting() -> None:
            self._found_last.clear()
            wait()

        for entries in self._reader.follow(waiting):
            self._silences.look_again()
            self._show(self._matching(entries))

    def go_on(self, path: str, count: int | None, wait: Callable[[], object] | None) -> None:
        """Show what came since a cursor was kept, and keep it behind each piece."""
        from chatlog.cli.signals import Stopping  # noqa: PLC0415 - only who has a cursor pays
        from chatlog.read.cursor import Cursor  # noqa: PLC0415

        stopping, cursor = Stopping(), Cursor(self._reader, path)
        with stopping.listening():
            if not cursor.restore():
                with stopping.whole():
                    self._begin(cursor, count)
            while True:
                while entries := self._reader.new():
                    with stopping.whole():
                        self._show(self._matching(entries), with_silences=False)
                        cursor.keep()
                with stopping.whole():
                    cursor.keep()
                self._found_last.clear()
                if wait is None:
                    return
                wait()

    def _begin(self, cursor: Cursor, count: int | None) -> None:
        if count is not None:
            self._reader.mark()
            self.show_last(count)
        cursor.keep()  # also to find out at once whether that can be done

    def _show(self, entries: Sequence[Entry], *, with_silences: bool = True) -> None:
        if self._as_json:
            write(as_json_lines(entries))
        else:
            events = [entry.event for entry in entries]
            shown = with_silences and (self._query is None or self._query.is_everything)
            write(self._screen(events, self._silences.among(entries) if shown else ()))
        self._damage.report()

    def _matching(self, entries: list[Entry]) -> list[Entry]:
        query = self._query
        if query is None:
            return entries
        return [
            each
            for each in entries
            if query.holds(each.event, self._reader.names) and not self._was_found(each)
        ]

    def _was_found(self, entry: Entry) -> bool:
        """Say whether it was shown already: what came while the last events were looked for."""
        line = as_json_lines([entry])[:-1] if self._found_last else b""
        if line not in self._found_last:
            return False
        self._found_last.remove(line)
        return True

    def _found(self, count: int | None) -> Iterator[list[Entry]]:
        from chatlog.query.selection import Query  # noqa: PLC0415 - only who asks pays for these
        from chatlog.search.search import Search  # noqa: PLC0415

        query = self._query or Query()
        if count is None:
            hits = Search(self._reader, query).hits()
            yield from batched(Entry.of_json(hit.line) for hit in hits)
            return
        newest = Search(self._reader, query, newest_first=True).hits()
        if last := [Entry.of_json(hit.line) for hit in islice(newest, min(count, sys.maxsize))]:
            yield last[::-1]
