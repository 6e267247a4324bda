"""The spools that dead runs left when they were taking over: their lines into the transcripts."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from chatlog.errors import HeldError, TranscriptError
from chatlog.record.takeover_lines import missing_lines, write_spooled
from chatlog.write.takeover_spool import left_spools

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.write.takeover_spool import Place, TakeoverSpool
    from chatlog.write.writer import Writer

logger = logging.getLogger(__name__)


class LeftSpools:
    """The spools that dead runs left in an archive, taken up target by target.

    What the transcript of a target has is not written again, so that a run that dies here
    leaves nothing twice. `flush` writes the lines that the writer took.
    """

    def __init__(self, writer: Writer, flush: Callable[[], object]) -> None:
        self._writer = writer
        self._flush = flush
        self._spools: list[TakeoverSpool] | None = None

    def take_up(self, network: str) -> None:
        """Write the missing lines of the targets of a network that no other recorder holds.

        Sync them before their spool is removed. What cannot be done now is left for another
        run, and an error tells it.
        """
        done: list[tuple[TakeoverSpool, Place]] = []
        for spool, place in self.waiting(network):
            try:
                self._writer.hold(*place)
                self._write(spool, place)
            except HeldError:
                continue
            except TranscriptError as error:
                logger.error("%s; %s stays for the next run", error, spool.path)  # noqa: TRY400 - expected
                continue
            done.append((spool, place))
        self.note_taken(done)

    def waiting(self, network: str, target: str = "") -> list[tuple[TakeoverSpool, Place]]:
        """Return each spool with a target of a network of which it has events, or with that one."""
        if self._spools is None:
            system, root = self._writer.system, self._writer.storage.root
            self._spools = left_spools(root, system=system)
        return [
            (spool, place)
            for spool in self._spools
            for place in spool.places()
            if place[0] == network and target in ("", place[1])
        ]

    def note_taken(self, done: list[tuple[TakeoverSpool, Place]]) -> None:
        """Sync the written lines, and take the events of these targets out of their spools."""
        if not done or self._writer.in_trouble:
            return
        try:
            self._writer.sync()
            for spool, place in done:
                spool.note_taken([place])
        except TranscriptError as error:
            logger.error("%s; spools stay for the next run", error)  # noqa: TRY400 - expected

    def close(self) -> None:
        """Release the spools that are left."""
        for spool in self._spools or ():
            with suppress(TranscriptError):  # their lines are safe, there or in the transcripts
                spool.close()

    def _write(self, spool: TakeoverSpool, place: Place) -> None:
        casemapping = self._writer.known_casemapping(place[0])
        if casemapping is None:
            raise TranscriptError(f"no network.json tells how {place[0]!r} folds names")
        spooled = spool.events_of(place)
        locks, directory = self._writer.locks, self._writer.path(*place)
        missing = missing_lines(directory, spooled, len(spooled), casemapping, locks)
        for _ in write_spooled(spooled, missing, self._writer.write_all, self._flush):
            pass
        if missing.numbers:
            logger.warning(
                "%s: %d lines were written that a take-over had left in %s",
                "/".join(place),
                len(missing.numbers),
                spool.path.name,
            )
