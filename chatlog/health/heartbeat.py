"""The heartbeat: the status of a run, sent at every beat to its files and its service manager.

Beats come from the loop, so that they stop when the loop hangs. The files are
written beside it, so that a disk that hangs delays neither the loop nor the
exit. The only clock is that of the loop.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.archive.system import replace_file
from chatlog.background import Worker
from chatlog.errors import TranscriptError
from chatlog.health.metrics import prometheus
from chatlog.health.status import encode

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from chatlog.health.runs import RunFile
    from chatlog.health.status import RunStatus
    from chatlog.health.systemd import Notifier

logger = logging.getLogger(__name__)

_SAMPLE: Final = 1.0
_SOON: Final = 0.2
_METRICS_MODE: Final = 0o644  # another user's exporter reads it
_UNREADABLE: Final = "make that directory writable for this user, or name another --metrics-file"


class Moved(NamedTuple):
    """The times at which the positions of the processes beside a run moved last, "" if never."""

    piped: str = ""
    shipped: str = ""


class Heartbeat:
    """Report the status of a run every `every` seconds, from `start` until `stop`.

    `status` returns the status as the run knows it, which must not change
    afterwards. The lag of the loop, the room on the disk and the errors of this
    module are added here. `describe` returns the line for the service manager, `moved` when the
    positions of other processes moved last; `on_metrics` gets the metrics at every beat. The
    last two are called in the thread that writes the files.
    At the end, the disk has `patience` seconds for what is still to be written.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        status: Callable[[], RunStatus],
        *,
        run_file: RunFile,
        metrics_file: Path | None,
        notifier: Notifier,
        moved: Callable[[], Moved] = Moved,
        on_metrics: Callable[[bytes], object] | None = None,
        describe: Callable[[RunStatus], str],
        every: float = 10.0,
        patience: float = 2.0,
    ) -> None:
        self._loop = loop
        self._status = status
        self._notifier = notifier
        self._describe = describe
        self._every = every
        self._files = _Files(run_file, metrics_file, moved, on_metrics, patience)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._lag = 0.0

    def start(self) -> None:
        """Beat now, and at every period from now on."""
        self._beat()
        self._repeat("beat", self._every, self._beat)
        half = (self._notifier.watchdog_interval or 2 * _SAMPLE) / 2
        self._repeat("sample", min(_SAMPLE, half), lambda: None)
        if self._notifier.watchdog_interval is not None:
            self._repeat("watchdog", half, self._notifier.watchdog)

    def soon(self) -> None:
        """Beat in a moment, for all changes until then."""
        if self._timers and "soon" not in self._timers:
            self._timers["soon"] = self._loop.call_later(_SOON, self._beat_once)

    def _beat_once(self) -> None:
        del self._timers["soon"]
        self._beat()

    def ready(self) -> None:
        """Report readiness and status to the service manager."""
        self._notifier.ready()
        self._notifier.status(self._describe(self._status()))

    def stop(self, reason: str) -> None:
        """Report the end of the run and its reason; wait a few seconds for the disk."""
        if not self._timers:
            return
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._notifier.stopping()
        status = self._measured()
        self._files.finish(msgspec.structs.replace(status, ended=status.updated, reason=reason))

    def _repeat(self, name: str, period: float, act: Callable[[], None]) -> None:
        due = self._loop.time() + period
        self._timers[name] = self._loop.call_at(due, self._on_time, due, name, period, act)

    def _on_time(self, due: float, name: str, period: float, act: Callable[[], None]) -> None:
        self._lag = max(self._lag, self._loop.time() - due)
        self._repeat(name, period, act)
        act()

    def _beat(self) -> None:
        status = self._measured()
        self._notifier.status(self._describe(status))
        if self._files.offer(status):
            self._lag = 0.0

    def _measured(self) -> RunStatus:
        return msgspec.structs.replace(self._status(), loop_lag=round(self._lag, 3))


class _Output(NamedTuple):
    path: Path
    write: Callable[[RunStatus], None]


class _Files:
    """The files of a run, written by one daemon thread that may hang."""

    def __init__(
        self,
        run_file: RunFile,
        metrics_file: Path | None,
        moved: Callable[[], Moved],
        on_metrics: Callable[[bytes], object] | None,
        patience: float,
    ) -> None:
        self._run_file = run_file
        self._moved = moved
        self._on_metrics = on_metrics
        self._patience = patience
        self._outputs = _outputs(run_file, metrics_file)
        # While one status is written, one more may wait.
        self._worker = Worker("heartbeat", room=1)
        self._errors = 0
        self._failing: set[Path] = set()

    def offer(self, status: RunStatus) -> bool:
        """Write a status soon; return False if the disk is too slow for one more."""
        return self._worker.offer(partial(self._write_all, status))

    def finish(self, last: RunStatus) -> None:
        """Write the last status, unless the disk hangs for `patience` seconds."""
        if not self._worker.finish(self._patience, partial(self._write_all, last)):
            logger.error("%s could not be written in time; check that disk", self._run_file.path)

    def _write_all(self, status: RunStatus) -> None:
        moved = self._moved()
        status = msgspec.structs.replace(
            status,
            disk_free=self._free(),
            errors=status.errors + self._errors,
            piped=moved.piped,
            shipped=moved.shipped,
        )
        for output in self._outputs:
            self._write(output, status)
        if self._on_metrics is not None:
            self._on_metrics(prometheus(status).encode())

    def _free(self) -> int:
        try:
            return self._run_file.free()
        except TranscriptError:
            self._errors += 1
            return 0

    def _write(self, output: _Output, status: RunStatus) -> None:
        try:
            output.write(status)
        except TranscriptError as error:
            self._errors += 1
            if output.path not in self._failing:
                logger.error("%s", error)  # noqa: TRY400 - expected
            self._failing.add(output.path)
        else:
            self._failing.discard(output.path)


def _outputs(run_file: RunFile, metrics_file: Path | None) -> list[_Output]:
    outputs = [_Output(run_file.path, lambda status: run_file.write(encode(status)))]
    return outputs if metrics_file is None else [*outputs, _metrics(metrics_file)]


def _metrics(path: Path) -> _Output:
    def write(status: RunStatus) -> None:
        data = prometheus(status).encode()
        replace_file(path, data, mode=_METRICS_MODE, durable=False, advice=_UNREADABLE)

    return _Output(path, write)
