"""Takeover: the targets of a run that another recorder of the archive still holds.

While the other one records, this run hears the same channels, and its events go to a spool. When
the other one leaves, or dies, its locks are free. This run takes them, and writes the
spooled lines that the transcripts lack behind those that are there. Nothing depends on the
other one's last words: a take-over that was killed at any point is finished by the next run.

A line may reach us later than it reached the other one. So the comparison waits until our
server has answered a PING that we sent after the other one was gone, and a second more for
another server of the network.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from chatlog.background import result_of_thread
from chatlog.errors import HeldError, TranscriptError
from chatlog.event import SERVER
from chatlog.record.takeover_lines import Missing, missing_lines, write_spooled
from chatlog.record.takeover_sink import TakeoverSink
from chatlog.write.takeover_spool import own_spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatlog.record.left_spools import LeftSpools
    from chatlog.record.network_run import NetworkRun
    from chatlog.record.sinks import Flusher
    from chatlog.write.takeover_spool import Place, TakeoverSpool
    from chatlog.write.writer import Writer

logger = logging.getLogger(__name__)

_LOOK_EVERY: Final = 0.25
_LOOKED_AT: Final = 64  # targets at each look: to ask for a lock takes some microseconds
_SETTLE: Final = 1.0
_PATIENCE: Final = 10.0
_SYNCED_AFTER: Final = 2.0  # times the sync interval


class Takeover:
    """The take-over of all networks of a run.

    `run` names its spool. `on_change` is called when targets were taken, `on_done` when none
    is awaited any more.
    """

    def __init__(
        self,
        writer: Writer,
        flusher: Flusher,
        left: LeftSpools,
        *,
        run: str,
        on_change: Callable[[], None],
        on_done: Callable[[], None],
    ) -> None:
        self._writer, self._flusher, self._left = writer, flusher, left
        storage = writer.storage
        self._spool = own_spool(
            storage.root, run, system=writer.system, mode=storage.file_mode, exposed=writer.exposed
        )
        self._on_change, self._on_done = on_change, on_done
        self._sinks: dict[str, TakeoverSink] = {}
        self._waiting: dict[str, _NetworkTakeover] = {}
        self._task: asyncio.Task[None] | None = None

    def sink_of(self, network: str) -> TakeoverSink:
        """Return the sink for the events of a network."""
        if network not in self._sinks:
            self._sinks[network] = TakeoverSink(self._writer, self._spool)
        return self._sinks[network]

    def awaits(self, network: str, target: str) -> bool:
        """Return whether another recorder still holds a target, or its lines are not in yet."""
        sink = self._sinks.get(network)
        return sink is not None and sink.awaits(target)

    def begin(self, network: NetworkRun) -> None:
        """Wait for the targets of a network that another recorder holds, if there are any."""
        sink = self.sink_of(network.name)
        each = _NetworkTakeover(network, sink, self._writer, self._flusher, self._left)
        self._waiting[network.name] = each
        if sink.awaited - {SERVER}:
            logger.info(
                "%s: another chatlog records %d of %d channels; this run hears them beside it until"
                " that one leaves (chatlog handover)",
                network.name,
                len(sink.awaited - {SERVER}),
                len(network.intake.channels),
            )
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """Look again and again, until no target is awaited and the spool is gone."""
        while self._waiting:
            await asyncio.gather(*map(self._look, [*self._waiting.values()]))
            if self._waiting:
                await asyncio.sleep(_LOOK_EVERY)
        self._on_done()
        await self._until_synced()
        remove = partial(self._remove, self._spool.places())
        await result_of_thread(asyncio.get_running_loop(), "take-over", remove)

    async def _look(self, each: _NetworkTakeover) -> None:
        """Take the targets of a network that are free by now; a failure ends the run."""
        try:
            has_taken = await each.look()
        except Exception as error:  # noqa: BLE001 - it must end the run, not be lost
            each.network.intake.fail(error)
            return
        if not each.is_waiting:
            each.network.intake.use(self._writer)
            del self._waiting[each.network.name]
        if has_taken or not each.is_waiting:
            self._on_change()

    async def _until_synced(self) -> None:
        await asyncio.sleep(_SYNCED_AFTER * self._writer.storage.sync_interval)
        while self._writer.in_trouble:  # noqa: ASYNC110 - a disk sends no event
            await asyncio.sleep(_SETTLE)

    def _remove(self, places: list[Place]) -> None:
        """Take the lines of some targets out of the spool: they are safe in the transcripts."""
        try:
            self._spool.note_taken(places)
        except TranscriptError as error:
            logger.warning("%s", error)

    async def finish(self) -> None:
        """Take the targets that are free now, after the end of all connections.

        The spool stays for the next run if another recorder still holds a target.
        """
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for name, each in list(self._waiting.items()):
            try:
                await each.take_rest()
            except TranscriptError as error:
                each.network.intake.fail(error)
            if not each.is_waiting:
                del self._waiting[name]

    def close(self) -> None:
        """Remove the spool if all its lines are safe, else close it; call after all is synced."""
        if not self._writer.in_trouble:
            places = self._spool.places()
            self._remove([each for each in places if each[0] not in self._waiting])
        with contextlib.suppress(TranscriptError):  # its lines are safe, there or here
            self._spool.close()


class _NetworkTakeover:
    """The take-over of the targets of one network."""

    def __init__(
        self,
        network: NetworkRun,
        sink: TakeoverSink,
        writer: Writer,
        flusher: Flusher,
        left: LeftSpools,
    ) -> None:
        self.network = network
        self._sink, self._writer, self._flusher, self._left = sink, writer, flusher, left
        self._looks = 0

    @property
    def is_waiting(self) -> bool:
        """Whether a target is awaited."""
        return bool(self._sink.awaited)

    async def look(self) -> bool:
        """Take the targets whose locks are free by now; return whether there were any.

        `@server` alone is not waited for: another recorder has it, with channels of its own.
        """
        some = self._some()
        if not any(self._is_free(each) for each in some):
            if self._sink.awaited == {SERVER}:
                self._sink.release(SERVER)
                self.network.intake.leave_out(SERVER)
            return False
        held = await self._hold_free()
        await self._settle()
        for target in held:
            await self._take(target)
            self.network.resume(target)
        return bool(held)

    async def take_rest(self) -> None:
        """Take the targets whose locks are free, after the end of all connections."""
        for target in await self._hold_free():
            await self._take(target)

    def _some(self) -> list[str]:
        """Return some of the awaited targets, others at each look."""
        awaited = sorted(self._sink.awaited)
        begin = self._looks * _LOOKED_AT % max(1, len(awaited))
        self._looks += 1
        return [*islice(awaited, begin, begin + _LOOKED_AT)]

    def _is_free(self, target: str) -> bool:
        return not self._writer.is_held_elsewhere(self.network.name, target)

    async def _hold_free(self) -> list[str]:
        """Lock the awaited targets that are free; return them, `@server` first."""
        held = []
        for number, target in enumerate(sorted(self._sink.awaited)):
            if number % _LOOKED_AT == 0:
                await asyncio.sleep(0)
            if self._is_free(target):
                with contextlib.suppress(HeldError):
                    self._writer.hold(self.network.name, target)
                    held.append(target)
        return held

    async def _settle(self) -> None:
        """Wait until everything is received that the other recorder may have received."""
        reached = [each.driver.reach() for each in self.network.supervisors if each.driver]
        if reached:
            await asyncio.wait(reached, timeout=_PATIENCE)
            await asyncio.sleep(_SETTLE)

    async def _take(self, target: str) -> None:
        """Write the spooled lines of a held target that its transcript lacks, then pass others on.

        The intervals of the other recorder are closed first, by what it wrote.
        """
        name = self.network.name
        if self._writer.known_casemapping(name) is None:  # then no line of it was ever written
            self._sink.release(target)
            return
        self._flusher.flush()
        self.network.ledgers_of(target).close_dead(target)
        left = self._left.waiting(name, target)
        for spool, _ in left:
            await self._write_missing(spool, target)
        self._left.note_taken(left)
        count = await self._write_missing(self._sink.spool, target)
        spooled = self._sink.spool.events_of((name, target))
        while count < len(spooled):  # they came meanwhile, after the other recorder was gone
            rest, count = Missing(range(count, len(spooled))), len(spooled)
            await self._in_steps(write_spooled(spooled, rest, *self._outlets))
        self._sink.release(target)

    async def _write_missing(self, spool: TakeoverSpool, target: str) -> int:
        """Write the lines of a spool that a transcript lacks; return how many were compared."""
        name = self.network.name
        spooled = spool.events_of((name, target))
        count = len(spooled)
        casemapping = self._writer.known_casemapping(name)
        if not count or casemapping is None:
            return count
        directory, locks = self._writer.path(name, target), self._writer.locks
        job = partial(missing_lines, directory, spooled, count, casemapping, locks)
        try:
            missing = await result_of_thread(asyncio.get_running_loop(), "take-over", job)
        except TranscriptError as error:
            self._flusher.note(error)
            missing = Missing(range(count))  # rather twice than never
        await self._in_steps(write_spooled(spooled, missing, *self._outlets))
        logger.info(
            "%s: took over %s, with %d of %d spooled lines",
            name,
            target,
            len(missing.numbers),
            count,
        )
        return count

    @property
    def _outlets(self) -> tuple[Callable[..., None], Callable[[], bool]]:
        return self._writer.write_all, self._flusher.flush

    async def _in_steps(self, work: Iterator[None]) -> None:
        """Run work; let the loop turn after each piece but the last."""
        for number, _ in enumerate(work):
            if number:
                await asyncio.sleep(0)
