"""A pipe: the delivery of lines to a command that goes on, and echoes the cursors it has taken.

The protocol is that of docs/pipe.md: each line ends with its cursor; a cursor on the
stdout of the command acknowledges its line and all lines before.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from chatlog.formats.visible import printable
from chatlog.formats.wording import many, span
from chatlog.hook import child
from chatlog.hook.child import Ending
from chatlog.hook.delivery import pause_after
from chatlog.hook.lines import REMEMBERED
from chatlog.hook.pipe_process import PipeProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chatlog.hook.delivery import Hook, Stops
    from chatlog.hook.lines import HookLine

MOST: Final = REMEMBERED
"""Lines that may wait for their cursors: no two of them have the same."""
_CURSOR: Final = re.compile(rb"[0-9a-f]{16}(-[0-9]+)?")
_LOOK: Final = 0.1  # seconds between two looks whether we are asked to stop
_NOTE: Final = 0.05  # seconds between two writes of the cursor file
_SILENCE: Final = 60.0


class CommandPipe:
    """Gives lines to one process of a command, which is started again when it ends.

    The pause before is 1 s, 2 s, 4 s and so on, up to 5 minutes; a line that is taken
    makes it 1 s again. `report` gets a sentence for each failure; `sleep` waits, and may
    raise KeyboardInterrupt. `close` ends the process.
    """

    def __init__(
        self,
        hook: Hook,
        variables: Mapping[str, str],
        stops: Stops,
        report: Callable[[str], object],
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._hook = hook
        self._variables = variables
        self._stops = stops
        self._report = report
        self._sleep = sleep
        self._process: PipeProcess | None = None
        self._failures = 0  # since a line was taken
        self._has_worked = False
        self._told: set[str] = set()

    @property
    def option(self) -> str:
        """The option that gave the command."""
        return self._hook.option

    def rest(self) -> float:
        """Return 0: lines need not wait for the end of others."""
        return 0.0

    def send(
        self,
        lines: Sequence[HookLine],
        _variables: Mapping[str, str],
        note: Callable[[int], object],
    ) -> Ending | None:
        """Give lines to the command until it echoed the cursor of the last one; return None.

        `note` gets the number of further lines that it took, 20 times a second at most.
        Return the last failure if the retries are over. Raise UsageError if there is no
        such command. KeyboardInterrupt is raised after `note` was called.
        """
        left = _Unacknowledged(lines, note)
        while left.lines:
            ending = self._attempt(left)
            if not left.lines:
                break
            if ending.is_unrunnable and not self._has_worked:
                raise self._hook.refusal(ending)
            if self._hook.retries is not None and self._failures >= self._hook.retries:
                return ending
            pause = pause_after(self._failures)
            self._failures += 1
            self._report(f"{self.option} {ending.words}; it is run again in {span(pause)}")
            self._sleep(pause)
        return None

    def close(self) -> None:
        """End the process: it gets the end of its stdin, and 5 seconds; then SIGTERM."""
        process, self._process = self._process, None
        if process is None:
            return
        process.close_stdin()
        deadline = time.monotonic() + child.STOP_GRACE
        try:
            while process.ending() is None and time.monotonic() < deadline:
                process.exchange(_LOOK)
        finally:
            process.end()

    def _attempt(self, left: _Unacknowledged) -> Ending:
        """Give lines to the process until all are taken, or it ends; return how it ended."""
        with self._stops.whole():
            try:
                process = self._process or PipeProcess(self._hook.command, self._variables)
            except OSError as error:  # no memory, no more processes
                return Ending(None, f"could not be started: {error.strerror}")
            self._process = process
            process.offer(b"".join(line.data for line in left.lines))
            ending = self._exchange(process, left)
            left.settle()
            if left.lines:
                self._process = None
                process.end()
        return ending

    def _exchange(self, process: PipeProcess, left: _Unacknowledged) -> Ending:
        last = time.monotonic()
        stop_at = float("inf")
        while left.lines:
            ending = process.ending()
            echoed = process.exchange(0.0 if ending else _LOOK)
            if self._take(echoed, left):
                last = time.monotonic()
            elif ending is not None and not echoed:
                return ending
            if stop_at == float("inf") and self._stops.is_asked:
                stop_at = time.monotonic() + child.STOP_GRACE
                process.close_stdin()
            if time.monotonic() >= stop_at:
                return Ending(None, "was stopped")
            self._tell_of_silence(time.monotonic() - last, left)
        return Ending(0, "goes on")

    def _take(self, echoed: Sequence[bytes], left: _Unacknowledged) -> bool:
        """Take lines of stdout; return whether one was the cursor of a line that waits."""
        taken = [each for each in echoed if left.acknowledge(each)]
        if taken:
            self._failures = 0
            self._has_worked = True
            self._told.discard("silence")
        odd = next((each for each in echoed if not _CURSOR.fullmatch(each.strip())), None)
        if odd is not None:
            text = printable(odd.decode("utf-8", "replace"))[:60]
            self._tell("odd", f"it printed {text!r}, which is no cursor")
        return bool(taken)

    def _tell_of_silence(self, seconds: float, left: _Unacknowledged) -> None:
        if seconds >= _SILENCE and left.lines:
            given = many(len(left.lines), "line")
            were = "was" if len(left.lines) == 1 else "were"
            self._tell("silence", f"no cursor came for {span(_SILENCE)}, and {given} {were} given")

    def _tell(self, kind: str, text: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._report(f"{self.option}: {text}; see docs/pipe.md")


class _Unacknowledged:
    """The lines of one `send` that wait for their cursors, in order."""

    def __init__(self, lines: Sequence[HookLine], note: Callable[[int], object]) -> None:
        self.lines = list(lines)
        self._note = note
        self._places = {line.cursor.encode(): at for at, line in enumerate(lines)}
        self._taken = 0  # lines of all that were acknowledged
        self._noted = 0
        self._next_note = 0.0

    def acknowledge(self, cursor: bytes) -> bool:
        """Take the line of a cursor, and all before, as taken; return whether some waited."""
        place = self._places.get(cursor.strip(), -1)
        if place < self._taken:
            return False
        del self.lines[: place + 1 - self._taken]
        self._taken = place + 1
        if not self.lines or time.monotonic() >= self._next_note:
            self.settle()
        return True

    def settle(self) -> None:
        """Note the lines that were taken since the last note."""
        if self._taken > self._noted:
            count, self._noted = self._taken - self._noted, self._taken
            self._note(count)
            self._next_note = time.monotonic() + _NOTE
