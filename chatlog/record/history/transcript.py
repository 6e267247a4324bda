"""Transcript: the lines on disk beside which a page of history is compared.

All I/O of the history package but the requests. Reading runs in a thread, so
that live lines never wait for it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from chatlog.background import Background
from chatlog.errors import TranscriptError
from chatlog.read import lookup
from chatlog.record.history.earliest import EarliestLines, earliest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.protocol.session import Session
    from chatlog.read.lookup import KnownLine
    from chatlog.record.intake import Intake
    from chatlog.write.writer import Writer

_DISK_EVERY: Final = 0.2
_PATIENCE: Final = 10.0

_Kept = TypeVar("_Kept")


class Transcript:
    """The transcripts of a network, for one connection: known lines are read, new ones written."""

    def __init__(
        self, writer: Writer, intake: Intake, session: Session, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._writer = writer
        self._intake = intake
        self._session = session
        self._background = Background(loop, "history")

    @property
    def casemapping(self) -> Casemapping:
        """The CASEMAPPING of the network, as its server has told it by now."""
        return self._session.state.isupport.casemapping

    async def lines_between(self, target: str, low: str, high: str) -> list[KnownLine]:
        """Read the lines of `[low, high)` once none waits for the disk; TranscriptError."""
        await self._wait_for_the_disk()
        return await self._background.result(partial(self._read, target, low, high, list))

    async def _wait_for_the_disk(self) -> None:
        self._intake.flush()
        while self._writer.in_trouble:  # noqa: ASYNC110 - a disk sends no event
            await asyncio.sleep(_DISK_EVERY)

    async def known_lines(self, target: str, low: str, high: str) -> list[KnownLine]:
        """Read the lines of `[low, high)`; report a failure and return none.

        Lines of history are rather written twice than lost.
        """
        try:
            return await self.lines_between(target, low, high)
        except TranscriptError as error:
            self._intake.trouble(error)
            return []

    async def earliest_lines(
        self, target: str, low: str, high: str, *, waits: bool = True
    ) -> EarliestLines:
        """Read the earliest lines of `[low, high)`, in bounded memory; none after a failure.

        Lines that wait for the disk are waited for if `waits`.
        """
        try:
            if waits:
                await self._wait_for_the_disk()
            job = partial(self._read, target, low, high, earliest)
            return await self._background.result(job)
        except TranscriptError as error:
            self._intake.trouble(error)
            return EarliestLines([], "")

    async def has_talk_before(self, target: str, moment: str) -> bool:
        """Return whether the transcript has a message before a time; TranscriptError."""
        job = partial(lookup.has_talk_before, self._directory(target), moment)
        return await self._background.result(job)

    def write(self, events: list[Event]) -> None:
        """Write lines that the transcript lacks, at once."""
        if events:
            self._intake.write_history(events, self.casemapping.name)

    def close(self) -> None:
        """End the thread without waiting for a disk that hangs."""
        self._background.finish(0)

    def _read(
        self, target: str, low: str, high: str, keep: Callable[[Iterable[KnownLine]], _Kept]
    ) -> _Kept:
        """Read, in any thread, when no process seals the target, or after 10 s.

        Sealing renames and removes segments: a reader beside it could miss lines.
        """
        directory = self._directory(target)
        with self._writer.locks.sealing(directory, shared=True, patience=_PATIENCE):
            return keep(lookup.lines_between(directory, low, high))

    def _directory(self, target: str) -> Path:
        return self._writer.path(self._session.settings.network, target)
