"""A progress bar on stderr for work that takes longer than a second, on a terminal."""

from __future__ import annotations

import math
import os
import stat
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from chatlog.formats.visible import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from typing import TextIO

    from rich.progress import Progress

    from chatlog.search.search import Hit, Search

_AFTER: Final = 1.0  # seconds without a bar: most work is over by then, and rich is not imported
_EVERY: Final = 0.1  # seconds between two drawings

_Thing = TypeVar("_Thing")


@contextmanager
def progress(what: str, total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Show the progress toward a total; yield a function that adds to it.

    The bar appears at the first addition after a second, and is gone afterwards. Nothing
    is shown if stderr is not a terminal.
    """
    with _bar(what, total, shown=shown) as bar:
        yield _ignore if bar is None else bar.advance


@contextmanager
def progress_until_output(
    what: str, total: int, write: Callable[[bytes], object]
) -> Iterator[tuple[Callable[[int], None], Callable[[bytes], object]]]:
    """Show the progress toward a total; yield a function that adds to it, and a writer.

    The writer removes the bar for good before its first output, which may go to the bar's
    own terminal: by itself, by a pager, or through a pipe. If stdout is a file, the bar
    stays to the end.
    """
    with _bar(what, total, shown=True) as bar:
        if bar is None:
            yield _ignore, write
        elif _is_file(sys.stdout):
            yield bar.advance, write
        else:
            yield bar.advance, _ending(bar, write)


def watched_hits(search: Search) -> Generator[Hit, None, None]:
    """Yield the hits of a search, and show its progress until the first one, or without any."""
    with progress("searching", search.size, shown=True) as advance:
        hits = search.hits(advance)
        first = next(hits, None)
    if first is not None:
        yield first
        yield from hits


def watched_last_hits(search: Search) -> Generator[Hit, None, None]:
    """Yield the hits of a search, of which none is printed before the last, with its progress."""
    with progress("searching", search.size, shown=True) as advance:
        yield from search.hits(advance)


@contextmanager
def stages(total: int, *, shown: bool) -> Iterator[Callable[[str, int], None] | None]:
    """Show the stage of work in words, and the number of things done of a total.

    Yield a function that takes both; None if nothing is shown, so that nobody needs to call it.
    """
    with _bar("", total, shown=shown) as bar:
        yield None if bar is None else bar.show


def _ignore(_more: int) -> None:
    """Ignore progress that is not shown."""


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # a stream in memory, or a closed one
        return False


def _ending(bar: _Bar, write: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def end_and_write(data: bytes) -> object:
        bar.end()
        return write(data)

    return end_and_write


@contextmanager
def _bar(what: str, total: int, *, shown: bool) -> Iterator[_Bar | None]:
    """Yield a bar, and end it; None if it is not wanted or stderr is not a terminal."""
    if not (shown and total and sys.stderr.isatty()):
        yield None
        return
    bar = _Bar(what, total)
    try:
        yield bar
    finally:
        bar.end()


def counted(things: Sequence[_Thing], what: str, *, shown: bool) -> Iterator[_Thing]:
    """Yield things one by one, and show the number of those that are done."""
    with progress(what, len(things), shown=shown) as advance:
        for thing in things:
            yield thing
            advance(1)


class _Bar:
    """A bar that is drawn only by `advance`: no thread, as work may fork processes."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._due = time.monotonic() + _AFTER
        self._drawn: Progress | None = None

    def advance(self, more: int) -> None:
        """Add to the work that is done, and draw the bar if that is due."""
        self._done += more
        moment = time.monotonic()
        if moment < self._due:
            return
        self._due = moment + _EVERY
        if self._drawn is None:
            self._drawn = self._begin()
        task = self._drawn.task_ids[0]
        self._drawn.update(task, completed=self._done, description=_unstyled(self._what))
        self._drawn.refresh()

    def show(self, what: str, done: int) -> None:
        """Replace the words and the number of things done, and draw the bar if that is due."""
        self._what = what
        self.advance(done - self._done)

    def _begin(self) -> Progress:
        from rich.console import Console
        from rich.progress import Progress

        drawn = Progress(
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,  # results go to a file as they are
        )
        drawn.add_task(_unstyled(self._what), total=self._total)
        drawn.start()
        return drawn

    def end(self) -> None:
        """Remove the bar; it does not come again."""
        self._due = math.inf
        if self._drawn is not None:
            self._drawn.stop()
            self._drawn = None


def _unstyled(what: str) -> str:
    """Return words of a bar as they stand: names of channels may have rich's brackets."""
    from rich.markup import escape

    return escape(printable(what))
