"""The end of an archive on stdout, and the events that come."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.cli.show.damage import Damage
from chatlog.cli.show.matching import Matching
from chatlog.cli.show.screen import as_json_lines, batched, write
from chatlog.query.noise import Talk
from chatlog.read.segment_reader import TooMuchError
from chatlog.report.gap_feed import GapFeed
from chatlog.report.gap_runs import last_lines, runs_of
from chatlog.report.split_runs import goes_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatlog.cli.show.screen import Screen
    from chatlog.query.noise import Shown
    from chatlog.query.selection import Query
    from chatlog.read.cursor import Cursor
    from chatlog.read.reader import Entry, Reader
    from chatlog.report.gap_runs import GapRun

_FEW: Final = 1000  # events that are read from the ends of the segments
_HELD: Final = 16 * 1024 * 1024  # bytes of matches that wait for their gaps to be counted


class TailView:
    """The last events of a reader and those that come; of a query only its matches.

    Of these only the `shown` ones, None for all. A screen also gets the gaps among
    them unless it shows talk alone; JSON does not.
    """

    def __init__(
        self,
        reader: Reader,
        query: Query | None,
        shown: Shown | None,
        screen: Screen,
        *,
        as_json: bool,
    ) -> None:
        self._reader = reader
        self._query = query
        self._shown = shown
        self._screen = screen
        self._as_json = as_json
        self._damage = Damage(reader.damaged)
        self._gaps = GapFeed(reader, query.since if query else "")
        self._matching = Matching(query, shown, reader.names)

    def show_last(self, count: int | None) -> bool:
        """Show the last `count` events, all for None; return whether there was any to show."""
        last = self._last_in_memory(count)
        if last is not None:
            self._show_lines(last, count)
            return bool(self._reader.targets() and (last or not count))
        found = False
        for entries, number in self._last_matches(count):
            self._matching.found(entries)
            self._show_lines(entries, number)
            found = True
        if found:
            self._show_lines([], None)
        self._damage.report()
        return found or count == 0

    def _show_lines(self, entries: Sequence[Entry], count: int | None) -> None:
        """Show events and the gaps among them; at most `count` lines of both, None for all.

        With a `count`, or without events, the gaps behind the last event are shown too.
        """
        runs = self._runs(entries)
        if self._shows_gaps() and (count is not None or not entries):
            until = self._query.until if self._query is not None else ""
            behind = self._gaps.rest(until)
            placed = [replace(each, position=len(entries)) for each in behind]
            runs += runs_of(placed)
        if count is not None and entries:
            entries, runs = last_lines(entries, runs, count, self._goes_on(entries))
        self._show(entries, runs)

    def _runs(self, entries: Sequence[Entry]) -> list[GapRun]:
        return runs_of(self._gaps.among(entries)) if self._shows_gaps() else []

    def _last_in_memory(self, count: int | None) -> list[Entry] | None:
        """Return the last `count` events; None if they are to be searched for."""
        if self._query is not None or count is None or count > _FEW:
            return None
        damaged = dict(self._reader.damaged)
        try:
            return self._last_shown(count, damaged)
        except TooMuchError:
            self._reader.damaged.back_to(damaged)  # the search meets the same lines
            return None

    def _last_shown(self, count: int, damaged: dict[str, int]) -> list[Entry]:
        """Return the last events that make `count` lines: a netsplit of many is one line."""
        wanted = count
        entries = self._reader.last(wanted, shown=self._shown)
        while len(entries) == wanted < _FEW and wanted - sum(self._goes_on(entries)) < count:
            wanted = min(_FEW, 4 * wanted)
            self._reader.damaged.back_to(damaged)
            entries = self._reader.last(wanted, shown=self._shown)
        return entries

    def _goes_on(self, entries: Sequence[Entry]) -> list[bool]:
        """Return for each event whether the screen shows it in the line of an earlier one."""
        if self._as_json:
            return [False] * len(entries)
        return goes_on([entry.event for entry in entries])

    def hides_matches(self) -> Shown | None:
        """Return the events that are shown alone if there are matches behind; else None."""
        if self._shown is None:
            return None
        from chatlog.search.last_matches import last_matches

        damaged = dict(self._reader.damaged)
        is_any = any(last_matches(self._reader, self._query, 1))
        self._reader.damaged.back_to(damaged)  # the search met the same lines again
        return self._shown if is_any else None

    def end(self) -> None:
        """Raise TranscriptError if a file could not be read at all."""
        self._damage.end()

    def follow(self, wait: Callable[[], object]) -> None:
        """Show new events for ever; call `wait` when there are none."""

        def waiting() -> None:
            self._matching.settled()
            wait()

        for entries in self._reader.follow(waiting):
            self._gaps.look_again()
            self._show_new(entries)

    def resume(self, path: str, count: int | None, wait: Callable[[], object] | None) -> None:
        """Show the events after the cursor in a file, and keep the cursor behind each piece.

        A new cursor begins with the last `count` events, all for None. Without
        `wait` the method returns when there are no more.
        """
        from chatlog.cli.signals import Stopping
        from chatlog.read.cursor import Cursor

        stopping, cursor = Stopping(), Cursor(self._reader, path)
        with stopping.listening():
            if not cursor.restore():
                with stopping.whole():
                    self._begin(cursor, count)
            while True:
                while entries := self._reader.new():
                    with stopping.whole():
                        matching = self._matching(entries)
                        self._show([each for each in matching if not cursor.was_done(each)])
                        cursor.keep()
                with stopping.whole():
                    cursor.keep(at_end=True)
                self._matching.settled()
                if wait is None:
                    self.end()
                    return
                wait()

    def _begin(self, cursor: Cursor, count: int | None) -> None:
        if count is not None:
            self._reader.mark()
            self.show_last(count)
        cursor.keep()  # a file that cannot be written is reported at once

    def _show_new(self, entries: list[Entry]) -> None:
        """Show those of new events that match, and gaps also where no event is shown behind."""
        shown, runs = self._matching(entries), self._runs(entries)
        kept = {id(each) for each in shown}
        moved = [
            replace(run, position=sum(id(each) in kept for each in entries[: run.position]))
            for run in runs
        ]
        if shown or moved:
            self._show(shown, moved)

    def _show(self, entries: Sequence[Entry], runs: Sequence[GapRun] = ()) -> None:
        if self._as_json:
            write(as_json_lines(entries))
        else:
            events = [entry.event for entry in entries]
            write(self._screen(events, runs))
        self._damage.report()

    def _shows_gaps(self) -> bool:
        is_everything = self._query is None or self._query.is_everything
        return is_everything and not self._as_json and not isinstance(self._shown, Talk)

    def _last_matches(self, count: int | None) -> Iterator[tuple[Sequence[Entry], int | None]]:
        """Yield batches of matches, each with `count` if it has all matches, else with None."""
        from chatlog.cli.show.progress import watched_hits, watched_last_hits
        from chatlog.search.last_matches import last_matches

        watched = watched_hits if count is None else watched_last_hits
        matches = last_matches(self._reader, self._query, count, self._shown, watched)
        held, size = [], 0
        for entry in matches if count is not None and count <= _FEW else ():
            held.append(entry)
            size += len(entry.line)
            if size > _HELD:
                break
        if held and size <= _HELD:
            yield held, count
            return
        for batch in batched(chain(held, matches), lambda entry: len(entry.line)):
            yield batch, None
