"""A recorder as a process: its signals, its heartbeat, and its configuration read again."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import logging
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from chatlog import __version__
from chatlog.archive.descriptors import raise_limit
from chatlog.archive.locks import Locks
from chatlog.archive.system import System
from chatlog.background import do_in_thread
from chatlog.cli import piping
from chatlog.cli.metrics_page import is_serving
from chatlog.cli.options import plans
from chatlog.cli.piping import begin, moved_at, piped
from chatlog.cli.show.diagnostics import end_diagnostics
from chatlog.cli.show.live_talk import TalkCounts
from chatlog.cli.show.run_line import run_line
from chatlog.clock import Clock
from chatlog.coverage import ledger
from chatlog.coverage.entries import ReportedEntry
from chatlog.errors import ChatlogError, TranscriptError
from chatlog.formats.wording import some_of
from chatlog.health.handover import left_behind, name_of, successors, unheard
from chatlog.health.heartbeat import Heartbeat, Moved
from chatlog.health.metrics_server import MetricsServer
from chatlog.health.runs import RunFile, prune, run_name
from chatlog.health.status import RunStatus, decode
from chatlog.health.systemd import Notifier
from chatlog.record.absences import cause_of
from chatlog.record.invitations_file import InvitationsFile
from chatlog.record.known_channels import KnownChannels
from chatlog.record.recorder import Recorder
from chatlog.record.signal_loop import run_to_end
from chatlog.record.sts_policies import Policies
from chatlog.report.runs import observe
from chatlog.write.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from chatlog.archive.storage import Storage
    from chatlog.coverage.gap import Gap
    from chatlog.record.recorder import Limits
    from chatlog.record.supervisor import Plan
    from chatlog.settings.config import Config

logger = logging.getLogger("chatlog")

_POLICIES = ".sts.json"
_STOPPING = signal.SIGINT, signal.SIGTERM
_SHIPPED = Path(".ship", "outbox")  # of chatlog.bus, which a recorder never imports


class RecorderProcess:
    """One run of `record` or `sync`, made of settings; `go` is its whole life.

    `planned` are other plans than the settings make; `linger` and `takes_over` are the
    recorder's. If `look_on`, a live view is on stderr.
    """

    def __init__(
        self,
        settings: Config,
        limits: Limits,
        *,
        planned: Sequence[Plan] | None = None,
        linger: float | None = None,
        takes_over: bool = False,
        look_on: bool = False,
    ) -> None:
        self._storage = plans.storage_of(settings)
        self._metrics_file = settings.metrics_file
        self._pipe = settings.pipe
        self._metrics_server = MetricsServer() if settings.metrics_listen else None
        self._metrics_listen = settings.metrics_listen
        self._notifier = Notifier.from_environment(os.environ)
        self._clock = Clock()
        self._started = self._clock()
        self._name = run_name(self._started, os.getpid())
        raise_limit()
        self._look_on = look_on
        self._written = _Written()
        system = dataclasses.replace(System(), write=self._written.write) if look_on else System()
        self._writer = Writer(self._storage, system=system)
        config = str(settings.path.absolute()) if settings.path is not None else ""
        self._recorder = Recorder(
            plans.plans_of(settings) if planned is None else planned,
            self._writer,
            now=self._clock,
            limits=limits,
            policies=Policies(self._storage.root / _POLICIES),
            invitations=InvitationsFile(self._storage.root),
            known=KnownChannels(self._storage.root, config, whole=not settings.is_part),
            run=self._name,
            linger=linger,
            takes_over=takes_over,
        )
        self._clock.on_jump = self._recorder.jumped
        for warning in settings.warnings:
            logger.warning("%s", warning)

    def go(self, settings: Callable[[], Config], *, goes_on: bool = False) -> None:
        """Record until the end; `settings` reads the configuration again, at every SIGHUP.

        Raise the error that ended the run. Further signals are ignored until the process ends,
        unless it `goes_on` after a run that no signal ended.
        """
        _collect_seldom()
        if self._pipe:
            self._begin_pipe()
        try:
            run_to_end(self._record(settings), goes_on=lambda: goes_on and not self.was_interrupted)
            self._say_where()
        except ChatlogError as error:
            if error.is_reported:  # some channels refused: the others are recorded
                self._say_where()
            raise
        finally:
            end_diagnostics()

    def _begin_pipe(self) -> None:
        """Write the first position of the pipe; record on if that fails.

        Its process tries again, and tells why it cannot.
        """
        try:
            begin(self._storage.root)
        except TranscriptError as error:
            logger.error("--pipe cannot begin: %s; lines are recorded all the same", error)  # noqa: TRY400 - expected

    async def _record(self, settings: Callable[[], Config]) -> None:
        loop = asyncio.get_running_loop()
        for number in _STOPPING:
            loop.add_signal_handler(number, self._recorder.stop, signal.Signals(number).name)
        loop.add_signal_handler(signal.SIGHUP, self._reload, settings)
        loop.add_signal_handler(signal.SIGUSR1, self._hand_over)
        async with contextlib.AsyncExitStack() as stack:
            if self._look_on:
                await stack.enter_async_context(self._view())
            recording = loop.create_task(self._recorder.run())
            await asyncio.sleep(0)  # until it holds its transcripts, or has failed to
            if not recording.done():
                stack.callback(self._beat(loop))
                await self._serve_metrics(stack)
                if self._pipe:
                    pipe = piped(self._storage.root, self._pipe, logs=self._look_on)
                    keeper = await stack.enter_async_context(pipe)
                    stack.callback(self._on_signals, loop, keeper.hurry)
            await recording

    @staticmethod
    def _on_signals(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
        """Call a function on signals that would stop the recorder, which has ended."""
        for number in _STOPPING:
            loop.add_signal_handler(number, act)

    def _view(self) -> AbstractAsyncContextManager[None]:
        """Return the live view, which counts the talk of each turn from now on."""
        from chatlog.cli.show import live

        talk = TalkCounts(time.monotonic)
        self._recorder.on_written = talk.take
        return live.view(self._recorder, talk, lambda: self._written.bytes)

    async def _serve_metrics(self, stack: contextlib.AsyncExitStack) -> None:
        """Serve the metrics until the end of the stack; an address that is taken is logged."""
        server, listen = self._metrics_server, self._metrics_listen
        if server is not None and listen is not None and await is_serving(server, listen):
            stack.callback(server.close)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        """Start the heartbeat of the run; return the function that ends it."""
        try:
            run_file = RunFile(self._storage.root, self._name)
        except TranscriptError as error:
            logger.error("%s; `chatlog status` will not know of this run", error)  # noqa: TRY400 - expected
            return lambda: None
        do_in_thread(loop, "pruning", partial(_prune, self._storage.root), lambda _: None)
        heartbeat = Heartbeat(
            loop,
            self._status,
            run_file=run_file,
            metrics_file=Path(self._metrics_file) if self._metrics_file else None,
            notifier=self._notifier,
            moved=self._moved,
            on_metrics=self._metrics_server.publish if self._metrics_server else None,
            describe=run_line,
        )
        heartbeat.start()
        self._recorder.on_change = heartbeat.soon
        heartbeat.ready()

        def end() -> None:
            heartbeat.stop(self._recorder.stop_reason or "failed")
            run_file.close()

        return end

    def _moved(self) -> Moved:
        """Return when the positions of the pipe and of the shipper moved; in any thread."""
        root = self._storage.root
        piped = moved_at(root / piping.DIRECTORY / piping.CURSOR) if self._pipe else ""
        return Moved(piped, moved_at(root / _SHIPPED))

    def _status(self) -> RunStatus:
        return RunStatus(
            pid=os.getpid(),
            version=__version__,
            root=str(self._storage.root),
            started=self._started,
            updated=self._clock(),
            networks=self._recorder.statuses(),
            errors=self._recorder.errors,
            waiting=self._recorder.waiting_lines,
            waiting_bytes=self._recorder.waiting_bytes,
        )

    def _reload(self, settings: Callable[[], Config]) -> None:
        """Read the configuration again; one with errors changes nothing."""
        self._notifier.reloading(int(time.monotonic() * 1_000_000))
        try:
            changed = settings()
            wanted, storage = plans.plans_of(changed), plans.storage_of(changed)
        except ChatlogError as error:
            logger.error("the configuration was not read again: %s", error)  # noqa: TRY400 - expected
        else:
            self._use(storage)
            self._recorder.reload(wanted)
            logger.info("the configuration was read again")
        self._notifier.ready()

    def _hand_over(self) -> None:
        """Leave, if another run hears all that this one hears, and waits for it."""
        ours = self._status()
        try:
            observed = observe(self._storage.root, lambda _path: None)
        except TranscriptError as error:
            logger.error("SIGUSR1: %s; this run goes on", error)  # noqa: TRY400 - expected
            return
        living = [each.status for each in observed if each.alive]
        waiting = successors(ours, living)
        ready = next((each for each in waiting if not unheard(each, ours)), None)
        behind = left_behind(ours, living)
        if ready is not None and behind:
            logger.error(
                "SIGUSR1: no run that waits hears %s; this run goes on; SIGTERM ends it",
                some_of(behind),
            )
        elif ready is not None:
            logger.info("handing over to %s", name_of(ready))
            self._recorder.stop(f"handed over to {name_of(ready)}")
        elif waiting:
            logger.error(
                "SIGUSR1: %s does not hear %s yet; this run goes on",
                name_of(waiting[0]),
                some_of(unheard(waiting[0], ours)),
            )
        else:
            logger.error(
                "SIGUSR1: no run waits to take over from this one; start one with"
                " `chatlog record --take-over`; this run goes on"
            )

    def _use(self, storage: Storage) -> None:
        """Change the settings of the archive, unless they are those of another one.

        A run keeps its archive, and retention that was written for another one must
        remove nothing there.
        """
        if storage.root.resolve() == self._storage.root.resolve():
            self._writer.use(storage)
            return
        logger.error(
            "%s is not the archive of this run: [storage] counts from the next one", storage.root
        )

    def _say_where(self) -> None:
        recorded = [*self.channels()]
        if len(recorded) == 1:
            _, channel, directory = recorded[0]
            logger.info("recorded %s in %s", channel, directory)
        elif recorded:
            logger.info("recorded %d channels in %s", len(recorded), self._storage.root)

    def channels(self) -> Iterator[tuple[str, str, Path]]:
        """Yield network, name and directory of each channel that has a place by now."""
        for network, plan in self._recorder.plans.items():
            if self._writer.known_casemapping(network) is not None:
                for channel in plan.session.channels:
                    yield network, channel, self._writer.path(network, channel)

    def fetched(self, network: str, channel: str) -> int:
        """Return how many lines of a channel were fetched back."""
        return self._recorder.fetched(network, channel)

    def refusals(self) -> dict[tuple[str, str], str]:
        """Return the cause in words by network and channel, for channels that do not let us in."""
        return {
            (network, absence.channel): cause_of(absence)
            for network in self._recorder.plans
            for absence in self._recorder.absences(network)
        }

    def was_welcomed(self, network: str) -> bool:
        """Return whether a network has welcomed us."""
        return self._recorder.was_welcomed(network)

    @property
    def was_interrupted(self) -> bool:
        """Return whether a signal ended the run."""
        return self._recorder.stop_reason in {"SIGINT", "SIGTERM"}

    def note_reported(self, directory: Path, gap: Gap) -> None:
        """Append to a ledger, after the run, that a gap was reported to a person."""
        entry = ReportedEntry(at=self._clock(), since=gap.start.time, until=gap.end)
        locks = Locks(self._storage.root)
        try:
            with locks.appending(directory):
                ledger.append(System(), directory, [entry], self._storage.file_mode)
        finally:
            locks.close()


class _Written:
    """The number of bytes that were written to the archive."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """Write as `os.write` does, and count."""
        written = os.write(fd, data)
        self.bytes += written
        return written


def _prune(root: Path) -> None:
    """Remove old run files: beside the loop, as thousands may have been left."""
    try:
        prune(root, _is_over)
    except TranscriptError as error:
        logger.warning("%s; old run files stay", error)


def _is_over(data: bytes) -> bool:
    try:
        return bool(decode(data).ended)
    except ValueError:
        return False


def _collect_seldom() -> None:
    """Make the garbage collector run less often: a line of IRC makes no cycles.

    As it is set by default it takes a twentieth of the time of a flood.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
