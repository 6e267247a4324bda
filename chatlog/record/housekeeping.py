"""Housekeeping of a run: its finished segments are sealed, its old ones removed, beside the loop.

Owns when; what is due, and how it is done, is the business of
`upkeep.tending`.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from chatlog.record.background import Background
from chatlog.upkeep.tending import Tended, tender_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection
    from pathlib import Path

    from chatlog.write.writer import Writer

logger = logging.getLogger(__name__)

_FIRST: Final = 2.0
_EVERY: Final = 600.0
_LOOK: Final = 1.0
_PATIENCE: Final = 5.0
_NICENESS: Final = 19


class Housekeeping:
    """Tend what a writer holds, from `start` until `stop`.

    All of it every ten minutes, and at once where a segment ended for its size.
    `now` is the clock. `errors` counts what went wrong; each is told once.
    """

    def __init__(self, writer: Writer, *, now: Callable[[], str]) -> None:
        self.errors = 0
        self._writer = writer
        self._now = now
        self._loop: asyncio.AbstractEventLoop | None = None
        self._background: Background | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._next_round = 0.0
        self._told: set[str] = set()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin, with everything, in a few seconds."""
        self._loop = loop
        self._background = Background(loop, "housekeeping", niceness=_NICENESS)
        self._next_round = loop.time() + _FIRST
        self._look()

    def stop(self) -> None:
        """End after the target that is being tended; what a longer wait leaves is gone on with."""
        self._stopped.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._background is not None:
            self._background.finish(_PATIENCE)

    def _look(self) -> None:
        if self._loop is None or self._background is None:
            return
        self._timer = self._loop.call_later(_LOOK, self._look)
        if self._background.busy:
            return
        everything = self._loop.time() >= self._next_round
        ended = self._writer.take_ended()
        if everything:
            self._next_round = self._loop.time() + _EVERY
        if directories := self._writer.directories() if everything else ended:
            self._tend(self._background, directories)

    def _tend(self, background: Background, directories: Collection[Path]) -> None:
        tend = partial(
            tender_of(self._writer.storage, self._writer.system, self._writer.locks).tend_held,
            directories,
            self._writer.active,
            self._now(),
            self._stopped.is_set,
        )
        background.do(tend, self._tell)

    def _tell(self, done: Tended) -> None:
        for what, paths in (("sealed", done.sealed), ("removed", done.removed)):
            for path in paths:
                logger.info("%s %s", what, path)
        for path in done.mended:
            logger.warning("mended %s, which a crash had torn", path)
        for error in done.failed:
            self.errors += 1
            if str(error) not in self._told:
                logger.error("%s", error)
        self._told = {str(error) for error in done.failed}
