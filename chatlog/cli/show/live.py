"""A small live view of a recorder on stderr, with the log lines above it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from chatlog.cli.show.known_secrets import without_secrets
from chatlog.cli.show.live_table import Watched, live_table
from chatlog.protocol.join_answers import UNANSWERED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rich.console import ConsoleDimensions, RenderableType

    from chatlog.cli.show.live_talk import TalkCounts
    from chatlog.record.recorder import Recorder

_REFRESH: Final = 0.25  # seconds; a view that did not change is not drawn
_MOST_ROWS: Final = 20
_KEPT: Final = 200  # log lines, to be printed again when the size of the terminal changed
_console: Final = Console(stderr=True, highlight=False)


class View:
    """The rows at the end of a terminal, drawn anew in place; log lines go above them.

    When the terminal has another size, it is cleared, and the last log lines are
    printed again: how a terminal breaks the lines that it shows is its own affair.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._logged: deque[Text] = deque(maxlen=_KEPT)
        self._drawn: list[str] = []
        self._size: ConsoleDimensions = console.size

    def log(self, line: Text) -> None:
        """Print a log line above the view, which only the terminal itself may break."""
        with self._lock:
            self._logged.append(line)
            self._write(self._erasing() + self._printed(line) + "\n".join(self._drawn))

    def show(self, view: RenderableType) -> None:
        """Draw the view, unless it looks as it did."""
        with self._lock:
            size = self._console.size
            rows = self._rows_of(view)
            if size != self._size:
                self._size, self._drawn = size, rows
                room = max(0, size.height - len(rows) - 1)
                logged = "".join(map(self._printed, [*self._logged][-room:])) if room else ""
                self._write("\x1b[H\x1b[2J" + logged + "\n".join(rows))
            elif rows != self._drawn:
                erasing, self._drawn = self._erasing(), rows
                self._write(erasing + "\n".join(rows))

    def end(self) -> None:
        """Remove the view."""
        with self._lock:
            self._write(self._erasing())
            self._drawn = []

    def _erasing(self) -> str:
        if not self._drawn:
            return ""
        return "\r\x1b[2K" + "\x1b[1A\x1b[2K" * (len(self._drawn) - 1)

    def _rows_of(self, view: RenderableType) -> list[str]:
        with self._console.capture() as captured:
            # In the last column, a terminal may or may not go to the next row.
            self._console.print(view, end="", width=max(1, self._console.width - 1))
        return captured.get().rstrip("\n").split("\n")

    def _printed(self, line: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(line, soft_wrap=True)
        return captured.get()

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


_view: Final = View(_console)


class ConsoleHandler(logging.Handler):
    """A handler of log lines that prints them above the live view."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record as one line."""
        _view.log(Text(self.format(record)))


@contextlib.asynccontextmanager
async def view(
    recorder: Recorder, talk: TalkCounts, written: Callable[[], int]
) -> AsyncIterator[None]:
    """Show a recorder's progress on stderr until the block ends.

    `talk` counts its lines, and `written` returns the number of bytes written.
    """
    task = asyncio.create_task(_refresh(recorder, talk, written))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        _view.end()


async def _refresh(recorder: Recorder, talk: TalkCounts, written: Callable[[], int]) -> None:
    began = time.monotonic()
    while True:
        moment = time.monotonic()
        rows = min(_MOST_ROWS, _console.size.height - 1)
        _view.show(
            live_table(
                watched_of(recorder), talk, moment,
                seconds=moment - began, written=written(), rows=rows,
            )
        )  # fmt: skip
        await asyncio.sleep(_REFRESH)


def watched_of(recorder: Recorder) -> list[Watched]:
    """Return the networks of a recorder as the view shows them."""
    watched = []
    for status in recorder.statuses():
        absences = recorder.absences(status.name)
        refusals = [each for each in absences if each.cause != UNANSWERED]
        refused = {each.channel: without_secrets(each.why) for each in refusals}
        channels = recorder.plans[status.name].session.channels
        watched.append(Watched(status, channels, refused))
    return watched
