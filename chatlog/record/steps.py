"""Steps: work that runs on the loop piece by piece, so that no turn of the loop takes long."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TURN: Final = 0.03
"""Seconds for which work goes on in one turn of the loop, and one piece of it longer."""


class Steps:
    """Iterators that run on the loop in order, each up to its end.

    An iterator yields wherever the loop may turn. `on_begin` is called when work is left
    for a later turn, `on_end` when none is left any more, and `on_failure` with what an
    iterator raised in a later turn; `run` itself raises what happens at once.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_begin: Callable[[], None],
        on_end: Callable[[], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._loop = loop
        self._on_begin = on_begin
        self._on_end = on_end
        self._on_failure = on_failure
        self._work: deque[Iterator[None]] = deque()
        self._until = 0.0
        self._later: asyncio.Handle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def is_time_up(self) -> bool:
        """Return whether the loop should turn now."""
        return self._loop.time() > self._until

    def run(self, work: Iterator[None], until: float) -> None:
        """Run an iterator after those before it, up to a time of the loop, or one piece."""
        self._work.append(work)
        if self._later is None:
            self._until = until
            if not self._advance():
                self._idle.clear()
                self._on_begin()
                self._later = self._loop.call_soon(self._go_on)

    async def finish(self) -> None:
        """Wait until no work is left."""
        await self._idle.wait()

    def _advance(self) -> bool:
        """Run until the time is up; return whether no work is left."""
        while self._work:
            for _ in self._work[0]:
                if self.is_time_up():
                    return False
            self._work.popleft()
        return True

    def _go_on(self) -> None:
        self._later, self._until = None, self._loop.time() + TURN
        try:
            is_over = self._advance()
        except Exception as error:  # noqa: BLE001 - a bug must end the run, and not hang it
            self._on_failure(error)
            is_over = not self._work
        if not is_over:
            self._later = self._loop.call_soon(self._go_on)
            return
        self._idle.set()
        self._on_end()
