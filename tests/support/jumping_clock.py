"""A clock that stands still until a condition holds, and then is far past each deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_FAR = 1e6


class JumpingClock:
    """Stands in for the module `time`: a command that has begun is late, on any machine.

    The first reading comes before the jump, as a deadline is made of it.
    """

    def __init__(self, condition: Callable[[], object]) -> None:
        self._condition = condition
        self._is_read = False

    def monotonic(self) -> float:
        """Return the seconds: 0 until the condition holds."""
        is_first, self._is_read = not self._is_read, True
        return 0.0 if is_first or not self._condition() else _FAR
