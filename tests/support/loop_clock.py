"""A loop whose time a test moves on: what waits for minutes is over in no time.

Its time also passes by itself, as everywhere. So choose limits of minutes, which
no machine is slow enough to reach, and advance past them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

_T = TypeVar("_T")
_STEPS = 100
_TURNS = 20


class LoopClock:
    """The time of the loop that `run` runs."""

    def __init__(self) -> None:
        self._loop: _Loop | None = None

    def run(self, main: Coroutine[object, object, _T]) -> _T:
        """Run a coroutine to its end, as `asyncio.run` does."""
        with asyncio.Runner(loop_factory=self._new_loop) as runner:
            return runner.run(main)

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        self._loop = _Loop()
        return self._loop

    def advance(self, seconds: float) -> Future[None]:
        """Let seconds pass, in steps: timers go off in order, also those that timers set.

        It begins when all is done that follows from what was read until now; the
        network gets no time meanwhile. To be called in any thread; one that is not
        the loop's may wait for the result.
        """
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(self._advance(self._loop, seconds), self._loop)

    async def _advance(self, loop: _Loop, seconds: float) -> None:
        for _ in range(_STEPS):
            for _ in range(_TURNS):  # a task that awaits another's future takes a few
                await asyncio.sleep(0)
            loop.ahead += seconds / _STEPS


class _Loop(asyncio.SelectorEventLoop):
    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead
