"""The parts whose files are open, and those whose lines a disk refuses.

This module bounds how many files are open at once, retries the lines that were
refused, and rescues the lines of a file that was deleted or replaced. It never
asks for the time.
"""

from __future__ import annotations

import logging
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from chatlog.archive.segment import Unsynced
    from chatlog.archive.syncing import Exposed, Synced
    from chatlog.write.parts import Parts

logger = logging.getLogger(__name__)

_RETRIED: Final = 64


class OpenParts:
    """Parts with at most `most` files open; `stuck` are those with lines that a disk refused."""

    def __init__(self, most: int, exposed: Exposed) -> None:
        self.stuck: dict[Parts, None] = {}
        self._most = most
        self._exposed = exposed
        self._open: dict[Parts, None] = {}  # the least recently written first

    @property
    def waiting(self) -> int:
        """How many bytes wait for a disk that refused them."""
        return sum(parts.waiting for parts in self.stuck)

    @property
    def waiting_lines(self) -> int:
        """How many lines wait for a disk that refused them."""
        return sum(parts.waiting_lines for parts in self.stuck)

    def flush(self, waiting: deque[Parts], is_time_up: Callable[[], bool]) -> None:
        """Write the pending events of parts, or hold them if the parts are stuck.

        Each is taken out of `waiting`; the last one is that at whose end `is_time_up`.
        Parts that cannot be written are stuck from then on. Raise one TranscriptError for
        all of them, after the others are written.
        """
        failures = []
        while waiting:
            parts = waiting.popleft()
            try:
                if parts in self.stuck:
                    parts.hold()
                else:
                    self._write(parts)
            except TranscriptError as error:
                failures.append(error)
            if is_time_up():
                break
        _raise_all(failures)

    def _write(self, parts: Parts) -> None:
        self._open.pop(parts, None)
        self._open[parts] = None
        try:
            parts.flush()
        except TranscriptError:
            self.stuck[parts] = None  # behind the others
            parts.hold()
            raise
        finally:
            if len(self._open) > self._most:
                self._evict()

    def _evict(self) -> None:
        """Close the file that was written least recently."""
        oldest = next(iter(self._open))
        del self._open[oldest]
        self._release(oldest)

    def _release(self, parts: Parts) -> None:
        try:
            parts.release()
        finally:
            if parts.waiting:
                self.stuck[parts] = None

    def retry(self) -> None:
        """Write the lines of stuck parts; TranscriptError if some stay so."""
        # A few at a time, as ten thousand refusals would take long.
        do_all(partial(self._retry, parts) for parts in [*islice(self.stuck, _RETRIED)])

    def _retry(self, parts: Parts) -> None:
        del self.stuck[parts]
        self._write(parts)

    def finish(self, parts: Parts) -> bool:
        """Close parts for good; return False if they are stuck."""
        if parts not in self.stuck:
            self._release(parts)
        if parts in self.stuck:
            return False
        parts.finish()
        self._open.pop(parts, None)
        return True

    def close(self) -> None:
        """Write the lines of stuck parts, if their disk takes them, and close all files.

        The lines of a file that was deleted or replaced are written to another one.
        """
        retries = (partial(self._retry, parts) for parts in [*self.stuck])
        every = dict.fromkeys((*self._open, *self.stuck))
        closings = (partial(self._close, parts) for parts in every)
        do_all(chain(retries, closings))

    def _close(self, parts: Parts) -> None:
        is_refused = parts in self.stuck
        self._release(parts)
        if parts in self.stuck and not is_refused:
            self._retry(parts)
            self._release(parts)

    def expose(self) -> list[Unsynced]:
        """Return the files that are to be synced, once: the caller syncs them."""
        for parts in self._open:
            parts.expose()
        return self._exposed.take()

    def note_synced(self, result: Synced) -> None:
        """Take the result of a sync: retry files that failed, rescue those that are misplaced.

        Raise TranscriptError for the files that failed.
        """
        open_parts = {parts.path: parts for parts in self._open}
        for item in result.safe:
            if item.path in open_parts:
                open_parts[item.path].seen_in_place(item)
        for item, _ in result.failed:
            self._exposed.add(item)
        do_all(
            chain(
                (partial(self._miss, item.path, open_parts) for item in result.misplaced),
                (partial(_raise, error) for _, error in result.failed),
            )
        )

    def _miss(self, path: Path, open_parts: dict[Path | None, Parts]) -> None:
        if (parts := open_parts.get(path)) is None:
            return
        try:
            lines = parts.rescue()
        finally:
            if parts.waiting:
                self.stuck[parts] = None
        if lines is None:
            return
        logger.warning(
            "%s was deleted or replaced while it was written; going on there,"
            " with the last %d lines written again",
            path,
            lines,
        )
        self.stuck[parts] = None
        self._retry(parts)


def do_all(actions: Iterable[Callable[[], None]]) -> None:
    """Run all actions, even if some fail; then raise one TranscriptError for all failures."""
    failures = []
    for action in actions:
        try:
            action()
        except TranscriptError as error:
            failures.append(error)
    _raise_all(failures)


def _raise_all(failures: list[TranscriptError]) -> None:
    """Raise one TranscriptError for all failures, if there are any."""
    if len(failures) > 1:
        raise TranscriptError(f"{failures[0]} (and {len(failures) - 1} more)") from failures[0]
    if failures:
        raise failures[0]


def _raise(error: TranscriptError) -> None:
    raise error
