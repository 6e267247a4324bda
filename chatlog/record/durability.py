"""The durability of a run: syncing beside the loop, and retries while a disk refuses lines.

This module decides when the writer syncs and tries again, which failures are
logged, and when reading stops because too much waits. The writer keeps the
lines that wait, and their order.
"""

from __future__ import annotations

import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from chatlog.archive.storage import Sync
from chatlog.background import Background
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from chatlog.archive.syncing import Synced
    from chatlog.write.writer import Writer

logger = logging.getLogger(__name__)

_AGAIN: Final = 1.0
_ROOM_EVERY: Final = 10.0
_PATIENCE: Final = 5.0
_MEANWHILE: Final = "; until then lines wait in memory, and nothing is lost"
_MB: Final = 1_000_000


class Durability:
    """The syncs and retries of a writer, from `start` until `stop`.

    `stop_reading` is called after each flush that leaves `spool_size` bytes or
    more waiting, `read_on` when half of them are written. `errors` counts
    failures. `failure` is the first failed sync: a power cut may take lines,
    although all are written.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        stop_reading: Callable[[], None],
        read_on: Callable[[], None],
    ) -> None:
        self.errors = 0
        self.failure: TranscriptError | None = None
        self._writer = writer
        self._stop_reading = stop_reading
        self._read_on = read_on
        self._loop: asyncio.AbstractEventLoop | None = None
        self._syncing: Background | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._full = False
        self._troubled = False
        self._short_of_room = False
        self._told: set[str] = set()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to sync, and to watch the room on the disk."""
        self._loop = loop
        self._syncing = Background(loop, "syncing")
        self._sync_on_time()
        self._look_for_room()

    def stop(self) -> None:
        """End; wait 5 s at most for the sync that is being done, and take its result.

        The caller syncs what it writes after that.
        """
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        syncing, self._syncing = self._syncing, None
        if syncing is None:
            return
        if not syncing.finish(_PATIENCE):
            logger.error("the disk did not sync within %.0f s; check it", _PATIENCE)
        syncing.deliver()

    # -- writing -----------------------------------------------------------------

    def flush(self, is_time_up: Callable[[], bool] = bool) -> bool:
        """Write lines that the disk takes until the time is up; return whether all were dealt with.

        What the disk refuses waits, and the failure is logged.
        """
        self.do(partial(self._writer.flush, is_time_up))
        if self._troubled:
            self._hold_back()
        elif self._writer.in_trouble:  # by what an earlier run left
            self._begin_to_retry()
        if self._writer.storage.sync is Sync.ALWAYS:
            self._sync()
        return self._writer.is_flushed

    def do(self, action: Callable[[], None]) -> None:
        """Run an action that writes; if the disk refuses, log that and retry every second."""
        try:
            action()
        except TranscriptError as error:
            self.note(error)

    def note(self, error: TranscriptError) -> None:
        """Count and log a refusal of the disk; one that repeats is logged once."""
        begins = self._writer.in_trouble and not self._troubled
        if begins:
            self._begin_to_retry()
        if begins or (str(error) not in self._told and not self._troubled):
            self.errors += 1
            logger.error("%s%s", error, _MEANWHILE if begins else "")
            self._told.add(str(error))

    def _begin_to_retry(self) -> None:
        self._troubled = True
        self._later("retry", _AGAIN, self._retry)

    def _retry(self) -> None:
        before = self._writer.waiting_lines
        with contextlib.suppress(TranscriptError):  # which was told when it began
            self._writer.retry()
        if self._writer.in_trouble:
            self._later("retry", _AGAIN, self._retry)
        else:
            self._troubled = False
            self._told.clear()
            logger.warning("the disk takes lines again; %d that waited are written", before)
        self._hold_back()

    def _hold_back(self) -> None:
        """Stop reading while `spool_size` bytes wait, until half is written."""
        waiting, most = self._writer.waiting, self._writer.storage.spool_size
        if waiting >= most:
            if not self._full:
                logger.error("%d MB wait for the disk; reading no further", waiting // _MB)
            self._full = True
            self._stop_reading()
        elif self._full and waiting <= most // 2:
            self._full = False
            self._read_on()

    # -- syncing -------------------------------------------------------------------

    def _sync_on_time(self) -> None:
        self._sync()
        self._later("sync", self._writer.storage.sync_interval, self._sync_on_time)

    def _sync(self) -> None:
        """Sync the files written since the last sync, unless that is still being done."""
        if self._syncing is None or self._syncing.busy:
            return
        if items := self._writer.expose():
            self._syncing.do(partial(self._writer.syncing, items), self._synced)

    def _synced(self, result: Synced) -> None:
        self.do(partial(self._writer.note_synced, result))
        for _, error in result.failed[:1]:
            self.failure = self.failure or error
        if result.safe and not result.failed:
            self._told.clear()
        if self._writer.storage.sync is Sync.ALWAYS and not result.failed:
            self._sync()

    # -- room ------------------------------------------------------------------------

    def _look_for_room(self) -> None:
        if self._syncing is not None:
            self._syncing.do(self._writer.room, self._compare_room)
        self._later("room", _ROOM_EVERY, self._look_for_room)

    def _compare_room(self, room: int | None) -> None:
        least = self._writer.storage.min_free
        short = room is not None and room < least
        if short and not self._short_of_room:
            logger.warning(
                "only %d MB are free in %s; make room before lines have to wait",
                (room or 0) // _MB,
                self._writer.storage.root,
            )
        self._short_of_room = short

    def _later(self, name: str, delay: float, action: Callable[[], None]) -> None:
        if self._loop is not None:
            self._timers[name] = self._loop.call_later(delay, action)
