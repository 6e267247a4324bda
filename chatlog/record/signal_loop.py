"""The event loop of a run, and the signals that reach its process after its end.

asyncio gives a signal its default action back when it closes a loop. The process then lives on
for some milliseconds, in which a second SIGTERM would end it as if the run had failed. So the
signals that a run has handled are ignored from its end on, and its own status counts.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple, Unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_Result = TypeVar("_Result")
_Arguments = TypeVarTuple("_Arguments")

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalLoop(asyncio.SelectorEventLoop):
    """An event loop of the main thread whose signals are ignored after it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._handled: set[int] = set()

    def add_signal_handler(
        self, sig: int, callback: Callable[[Unpack[_Arguments]], object], *args: *_Arguments
    ) -> None:
        """Add a handler for a signal, as asyncio does."""
        self._handled.add(sig)
        super().add_signal_handler(sig, callback, *args)

    def remove_signal_handler(self, sig: int) -> bool:
        """Ignore a signal from now on; asyncio calls this for each when the loop is closed."""
        signal.signal(sig, signal.SIG_IGN)
        return sig in self._handled

    def close(self) -> None:
        """Close the loop; ignore its signals before and after, so that none ends the process."""
        for each in self._handled:
            self.remove_signal_handler(each)
        if self._handled:  # asyncio does so with the last handler, which is not removed here
            signal.set_wakeup_fd(-1)
        super().close()


def run_to_end(
    main: Coroutine[Any, Any, _Result], *, goes_on: Callable[[], bool] = bool
) -> _Result:
    """Return the result of a coroutine; signals that it handled are ignored until the exit.

    If the process `goes_on` with work that a signal may end, SIGINT, SIGTERM and SIGHUP get their
    former handlers back.
    """
    before = {each: signal.getsignal(each) for each in _ENDING}
    try:
        with asyncio.Runner(loop_factory=SignalLoop) as runner:
            return runner.run(main)
    finally:
        if goes_on():
            for number, handler in before.items():
                signal.signal(number, handler)
