"""A shipper or a collector as a process: its loop, its signals, and the end of its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def run_until_stopped(
    running: Callable[[], Coroutine[None, None, None]], stop: Callable[[], None]
) -> None:
    """Run until its end; SIGINT, SIGTERM and SIGHUP call `stop`, a second one ends the process."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, _once, loop, number, stop)
        await running()

    asyncio.run(run())


def _once(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, stop: Callable[[], None]
) -> None:
    loop.remove_signal_handler(number)
    stop()


def call_at_end_of_input(call: Callable[[], None]) -> None:
    """Call a function in the running loop when stdin ends: its other end was our parent's."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(call)

    threading.Thread(target=wait, daemon=True, name="parent").start()
