"""Which parts have their file open, which of them a disk refuses, and what became of the rest.

Owns how many files are open at once, what is tried again, and what is done
about a file that was taken away. It never asks for the time.
"""

from __future__ import annotations

import logging
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from chatlog.archive.segment import Unsynced
    from chatlog.archive.syncing import Exposed, Synced
    from chatlog.write.parts import Parts

logger = logging.getLogger(__name__)

_RETRIED: Final = 64


class OpenParts:
    """Write parts with at most so many files open; `stuck` are those that a disk refuses."""

    def __init__(self, most: int, exposed: Exposed) -> None:
        self.stuck: dict[Parts, None] = {}
        self._most = most
        self._exposed = exposed
        self._open: dict[Parts, None] = {}  # the least recently written first

    @property
    def waiting(self) -> int:
        """Say how many bytes wait for a disk that refused them."""
        return sum(parts.waiting for parts in self.stuck)

    @property
    def waiting_lines(self) -> int:
        """Say how many lines wait for a disk that refused them."""
        return sum(parts.waiting_lines for parts in self.stuck)

    def flush(self, parts: Parts) -> None:
        """Write what is pending, or let it wait behind what is stuck.

        What a TranscriptError keeps from being written is stuck from then on.
        """
        if parts in self.stuck:
            parts.hold()
        else:
            self._write(parts)

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
            self._evict()

    def _evict(self) -> None:
        if len(self._open) > self._most:
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
        """Write again what is stuck; TranscriptError where it stays so."""
        # A few at a time, as ten thousand refusals would take long.
        do_all(partial(self._retry, parts) for parts in [*islice(self.stuck, _RETRIED)])

    def _retry(self, parts: Parts) -> None:
        del self.stuck[parts]
        self._write(parts)

    def finish(self, parts: Parts) -> bool:
        """Close parts for good; say no where they are stuck."""
        if parts not in self.stuck:
            self._release(parts)
        if parts in self.stuck:
            return False
        parts.finish()
        self._open.pop(parts, None)
        return True

    def close(self) -> None:
        """Write what is stuck, as far as that goes, and close all files."""
        actions = [
            *(partial(self._retry, parts) for parts in self.stuck),
            *(partial(self._release, parts) for parts in self._open),
        ]
        do_all(actions)

    def expose(self) -> list[Unsynced]:
        """Hand over what a power cut could take; syncing it is the caller's business."""
        for parts in self._open:
            parts.exposed()
        return self._exposed.take()

    def note_synced(self, result: Synced) -> None:
        """Go by what syncing found: what failed is to be synced again, what is gone rescued.

        TranscriptError says what failed.
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
        parts = open_parts.get(path)
        lines = parts.rescue() if parts is not None else None
        if parts is None or lines is None:
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
    """Do each of them whatever becomes of the others, then raise one TranscriptError."""
    failures = []
    for action in actions:
        try:
            action()
        except TranscriptError as error:
            failures.append(error)
    if len(failures) > 1:
        raise TranscriptError(f"{failures[0]} (and {len(failures) - 1} more)") from failures[0]
    if failures:
        raise failures[0]


def _raise(error: TranscriptError) -> None:
    raise error
