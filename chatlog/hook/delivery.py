"""The delivery of lines to a command: one run after another, retried until it succeeds."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from chatlog.errors import UsageError
from chatlog.formats.wording import span
from chatlog.hook import child

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from chatlog.hook.child import Ending
    from chatlog.hook.lines import HookLine

RETRIES: Final = 5
TIMEOUT: Final = 60.0
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0


class Stops(Protocol):
    """Requests to stop, put off while something is done whole or not at all."""

    @property
    def is_asked(self) -> bool:
        """Whether a request was put off."""

    def whole(self) -> AbstractContextManager[None]:
        """Put off requests until the end of the block, which then raises KeyboardInterrupt."""


class Hook(NamedTuple):
    """A command, and the limits of its runs; times are in seconds.

    `most` is the number of lines of a run. After `retries` further runs that failed,
    lines are given up; None for never. `option` gave the command: messages name it. A
    command that `goes_on` gets all lines in one run, if it does not end.
    """

    command: str
    most: int = 1
    timeout: float = TIMEOUT
    interval: float = 0.0
    retries: int | None = RETRIES
    option: str = "--exec"
    goes_on: bool = False

    def refusal(self, ending: Ending) -> UsageError:
        """Return the error for a command that never ran, as its `ending` tells."""
        return UsageError(
            f"{self.option} {ending.words}: the shell cannot find or run a command of"
            f" {self.command!r}"
        )


class Delivery:
    """Runs the command of a hook with lines, one run at a time.

    `report` gets a sentence for each failure; `sleep` waits, and may raise
    KeyboardInterrupt.
    """

    def __init__(
        self,
        hook: Hook,
        stops: Stops,
        report: Callable[[str], object],
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._hook = hook
        self._stops = stops
        self._report = report
        self._sleep = sleep
        self._has_worked = False
        self._is_stop_told = False
        self._next_start = 0.0

    @property
    def option(self) -> str:
        """The option that gave the command."""
        return self._hook.option

    def rest(self) -> float:
        """Return the seconds until the next run may start."""
        return max(0.0, self._next_start - time.monotonic())

    def send(
        self,
        lines: Sequence[HookLine],
        variables: Mapping[str, str],
        note: Callable[[int], object],
    ) -> Ending | None:
        """Run the command until it succeeds, then call `note` with the count; return None.

        Return the last failure if the retries are over. Raise UsageError if there is no
        such command. KeyboardInterrupt comes between two runs, or behind `note`.
        """
        self._sleep(self.rest())
        for attempt in count():
            self._next_start = time.monotonic() + self._hook.interval
            ending = self._attempt(lines, variables, note)
            if ending.is_good:
                self._has_worked = True
                return None
            if ending.is_unrunnable and not self._has_worked:
                raise self._hook.refusal(ending)
            if self._hook.retries is not None and attempt >= self._hook.retries:
                return ending
            pause = pause_after(attempt)
            self._report(f"{self.option} {ending.words}; it is run again in {span(pause)}")
            self._sleep(pause)
        raise AssertionError  # pragma: no cover - the loop has no end

    def _attempt(
        self,
        lines: Sequence[HookLine],
        variables: Mapping[str, str],
        note: Callable[[int], object],
    ) -> Ending:
        hook, stops = self._hook, self._stops
        with stops.whole():
            ending = child.run(
                hook.command,
                b"".join(line.data for line in lines),
                variables,
                timeout=hook.timeout,
                is_stopping=self._is_stopping,
            )
            if ending.is_good:
                note(len(lines))
        return ending

    def _is_stopping(self) -> bool:
        """Return whether the command has its last seconds; report that once."""
        if self._stops.is_asked and not self._is_stop_told:
            self._is_stop_told = True
            self._report(
                f"the command has {span(child.STOP_GRACE)} to end; a second Ctrl-C kills it"
            )
        return self._is_stop_told


def pause_after(attempt: int) -> float:
    """Return the seconds between a failure and the next run; the first attempt is 0."""
    doublings = 1 << min(attempt, 16)  # beyond that the number only grows
    return min(_FIRST_PAUSE * doublings, _LONGEST_PAUSE)
