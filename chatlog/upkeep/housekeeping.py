"""Housekeeping of a recorder or a collector: its segments are sealed and removed beside the loop.

Decides when to tend which targets; `upkeep.tending` decides what is due there,
and does it.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.background import Background
from chatlog.upkeep.tending import Tended, tender_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection
    from pathlib import Path

    from chatlog.upkeep.tending import Tender
    from chatlog.write.writer import Writer

logger = logging.getLogger(__name__)

_PATIENCE: Final = 5.0
_LEFT_PATIENCE: Final = 1.0
_NICENESS: Final = 19


class Rounds(NamedTuple):
    """The times of housekeeping, in seconds.

    A round over all targets comes `first` seconds after the start, and then
    after `every` further seconds. Between rounds, each `look` tends the targets in which a segment
    was full, and those that another process kept busy before.
    """

    first: float = 2.0
    every: float = 600.0
    look: float = 1.0


class Housekeeping:
    """The tending of all targets that a writer holds, from `start` until `stop`.

    `now` is the clock. `errors` counts failures; each is logged once.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        now: Callable[[], str],
        rounds: Rounds = Rounds(),  # noqa: B008 - immutable
    ) -> None:
        self.errors = 0
        self._writer = writer
        self._now = now
        self._rounds = rounds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._background: Background | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._next_round = 0.0
        self._told: set[str] = set()
        self._busy: list[Path] = []
        self._whole: set[Path] = set()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look; the first round comes a little later."""
        self._loop = loop
        self._background = Background(loop, "housekeeping", niceness=_NICENESS)
        self._next_round = loop.time() + self._rounds.first
        self._look()

    def stop(self, *, is_batch: bool = False) -> None:
        """End at once; the next run continues with the targets that are left.

        Seals and removals that a killed run left half done are finished now, because a short run
        ends before its first round. For the same reason a batch compacts its due ledgers here.
        """
        self._stopped.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._background is not None and self._loop is not None:
            directories = self._writer.directories()
            if is_batch and directories:
                fold = partial(self._tender().fold_held, directories, self._now())
                self._background.do_next(fold, self._tell)
            if left := [each for each in directories if each not in self._whole]:
                end, clock = self._loop.time() + _LEFT_PATIENCE, self._loop.time
                finish = partial(self._tender().finish_left, left, lambda: clock() > end)
                self._background.do_next(finish, self._tell)
            self._background.finish(_PATIENCE)
            self._background.deliver()

    def _tender(self) -> Tender:
        return tender_of(self._writer.storage, self._writer.system, self._writer.locks)

    def _look(self) -> None:
        if self._loop is None or self._background is None:
            return
        self._timer = self._loop.call_later(self._rounds.look, self._look)
        if self._background.busy:
            return
        everything = self._loop.time() >= self._next_round
        ended = self._writer.take_ended().union(self._busy)
        if everything:
            self._next_round = self._loop.time() + self._rounds.every
        if directories := self._writer.directories() if everything else ended:
            self._tend(self._background, directories)

    def _tend(self, background: Background, directories: Collection[Path]) -> None:
        self._whole.difference_update(directories)
        tend = partial(
            self._tender().tend_held,
            directories,
            self._writer.active,
            self._now(),
            self._stopped.is_set,
        )
        background.do(tend, self._note)

    def _note(self, done: Tended) -> None:
        """Remember the busy and the whole targets of a result, and log its deeds."""
        self._busy = done.busy
        self._whole.update(done.whole)
        self._tell(done)

    def _tell(self, done: Tended) -> None:
        for what, paths in (
            ("sealed", done.sealed),
            ("removed", done.removed),
            ("folded", done.folded),
        ):
            for path in paths:
                logger.info("%s %s", what, path)
        for path in done.mended:
            logger.warning("mended %s, which a crash had torn", path)
        for error in done.failed:
            self.errors += 1
            if str(error) not in self._told:
                logger.error("%s", error)
        self._told = {str(error) for error in done.failed}
