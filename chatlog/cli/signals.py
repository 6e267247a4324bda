"""Ctrl-C and SIGTERM, put off while something is done that is whole or not at all."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Turn signals into a KeyboardInterrupt, put off until the end of a `whole` block.

    A second one does not wait. A signal that this process was started to ignore stays
    ignored.
    """

    def __init__(self, signals: Sequence[signal.Signals] = _SIGNALS) -> None:
        self._signals = signals
        self._whole = False
        self._asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals in here."""
        before = {each: signal.getsignal(each) for each in self._signals}
        taken = [each for each in self._signals if before[each] is not signal.SIG_IGN]
        for each in taken:
            signal.signal(each, self._ask)
        try:
            yield
        finally:
            for each in taken:
                signal.signal(each, before[each])

    @property
    def is_asked(self) -> bool:
        """Whether a signal waits for the end of the block."""
        return self._asked

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Put off both signals until the end of the block."""
        self._whole = True
        try:
            yield
        finally:
            self._whole = False
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if not self._whole or self._asked:
            raise KeyboardInterrupt
        self._asked = True
