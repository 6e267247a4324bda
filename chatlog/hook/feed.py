"""The feed of a hook: the matching events of a reader, in order, to the end or for ever."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol

from chatlog.errors import ChatlogError
from chatlog.formats.visible import printable
from chatlog.formats.wording import many
from chatlog.hook.lines import Numbering, variables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from chatlog.hook.child import Ending
    from chatlog.hook.delivery import Stops
    from chatlog.hook.lines import HookLine
    from chatlog.read.cursor import Cursor
    from chatlog.read.reader import Entry, Reader

_MOST_BYTES: Final = 4 * 1024 * 1024
_PIECES: Final = 64  # pieces of the reader, of 256 KiB each, between two moves of the cursor


class _Delivery(Protocol):
    """The delivery of lines to a command: each time to another run, or always to the same one."""

    @property
    def option(self) -> str:
        """The option that gave the command."""

    def rest(self) -> float:
        """Return the seconds until lines may be sent."""

    def send(
        self,
        lines: Sequence[HookLine],
        variables: Mapping[str, str],
        note: Callable[[int], object],
    ) -> Ending | None:
        """Give lines to the command; call `note` with the number of further ones that it took.

        Return when it took all, with None, or with the failure after which it is given up.
        """


class Feed:
    """Gives the events that come to a command; nothing is read while it runs.

    At most `most` lines, or 4 MiB and one line, wait for a run. With a `cursor`, it
    moves behind lines when the command succeeded with them, and lines are never passed
    over. Without one, lines of a command that failed for good are reported and passed over.
    """

    def __init__(
        self,
        reader: Reader,
        matching: Callable[[list[Entry]], list[Entry]],
        delivery: _Delivery,
        stops: Stops,
        report: Callable[[str], object],
        *,
        most: int,
        cursor: Cursor | None,
    ) -> None:
        self._reader = reader
        self._matching = matching
        self._delivery = delivery
        self._option = delivery.option
        self._stops = stops
        self._report = report
        self._most = most
        self._cursor = cursor
        self._numbering = Numbering()
        self._held: list[HookLine] = []
        self._size = 0
        self._passed_over = 0

    def run(self, last: Iterable[Entry], wait: Callable[[], object] | None) -> None:
        """Give `last` events, then those that come; call `wait` when there are none.

        Without `wait`, return when there are no more; raise ChatlogError if lines were
        passed over. KeyboardInterrupt ends it.
        """
        try:
            for entry in last:
                self._take(entry)
            while True:
                self._read_all()
                if self._held and wait is not None and (rest := self._delivery.rest()):
                    time.sleep(rest)  # what comes meanwhile goes along
                    continue
                self._send()
                self._keep(at_end=True)
                if wait is None:
                    break
                wait()
        except KeyboardInterrupt:
            if self._held and self._cursor is None:
                self._report(f"stopped before {self._option} took {many(len(self._held), 'line')}")
            raise
        if self._passed_over:
            raise ChatlogError(
                f"{self._option} failed with {many(self._passed_over, 'line')}; see above"
            )

    def _read_all(self) -> None:
        for pieces in count(1):
            if not (entries := self._reader.new()):
                return
            for entry in self._matching(entries):
                self._take(entry)
            if pieces % _PIECES == 0:
                # Else a line always waits in a long backlog, and the cursor, which moves behind
                # whole pieces, would only gather notes of single lines.
                self._send()
            self._keep()

    def _take(self, entry: Entry) -> None:
        line = self._numbering.number(entry)
        if self._cursor is not None and self._cursor.was_done(entry):
            return
        self._held.append(line)
        self._size += len(line.data)
        if len(self._held) >= self._most or self._size >= _MOST_BYTES:
            self._send()

    def _keep(self, *, at_end: bool = False) -> None:
        """Move the cursor behind the lines that were read, unless a line waits."""
        if self._cursor is not None and not self._held:
            with self._stops.whole():
                self._cursor.keep(at_end=at_end)

    def _send(self) -> None:
        if not self._held:
            return
        variables = variables_of(
            self._held, str(self._reader.selected.root), is_batch=self._most > 1
        )
        failure = self._delivery.send(tuple(self._held), variables, self._note)
        if failure is not None:
            self._give_up(failure)

    def _note(self, count: int) -> None:
        """Keep in the cursor that the command took the first `count` lines that wait."""
        if self._cursor is not None:
            self._cursor.note([line.entry for line in self._held[:count]])
        self._size -= sum(len(line.data) for line in self._held[:count])
        del self._held[:count]

    def _give_up(self, failure: Ending) -> None:
        event = self._held[0].entry.event
        which = many(len(self._held), "line")
        of = f"{event.time} in {printable(event.network)}/{printable(event.target)}"
        begin = "of" if len(self._held) == 1 else "from"
        if self._cursor is not None:
            raise ChatlogError(
                f"{self._option} {failure.words}, and no retry is left; the next run with this"
                f" --cursor begins with the line of {of}"
            )
        self._report(f"{self._option} {failure.words}; {which} {begin} {of} passed over")
        self._passed_over += len(self._held)
        self._held, self._size = [], 0
