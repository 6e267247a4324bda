"""The merges of many targets, by several processes at once.

Workers are forked, take one target after another, and each writes by a writer of its own. If
the parent dies, a worker ends after its target; what is merged until then is whole.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, NoReturn

from chatlog import pipes
from chatlog.errors import HeldError, TranscriptError
from chatlog.upkeep.witness_merge import ArchiveMerge, MergedTarget
from chatlog.write.beside import BesideWriter, recover_spools

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatlog.archive.storage import Storage
    from chatlog.pipes import Pipe
    from chatlog.read.damaged_lines import Told
    from chatlog.upkeep.witness import TargetPlace, Witness

    _Answer = tuple[int, MergedTarget, list[Told]]


class MergesOfTargets:
    """The merges of all targets of some witnesses into an archive, which is `known` as a witness.

    Without `storage`, where the archive is written, nothing is written.
    """

    def __init__(
        self, known: Witness, witnesses: Sequence[Witness], storage: Storage | None, at: str
    ) -> None:
        self._known = known
        self._witnesses = witnesses
        self._storage = storage
        self._at = at
        self.places = ArchiveMerge(known, witnesses, None, at).places()

    def results(self, workers: int) -> Iterator[tuple[TargetPlace, MergedTarget]]:
        """Yield each target and its result as soon as it is there, by a number of workers.

        A target that cannot be merged keeps none of the others from it.
        """
        if self._storage is not None:
            recover_spools(self._storage)  # lines that are not to be added again
        workers = min(workers, len(self.places))
        if workers > 1:
            yield from self._by_workers(workers)
            return
        with closing(BesideWriter(self._storage)) if self._storage else nullcontext() as writer:
            merging = ArchiveMerge(self._known, self._witnesses, writer, self._at)
            for place in self.places:
                yield place, _merged(merging, place)

    def _by_workers(self, count: int) -> Iterator[tuple[TargetPlace, MergedTarget]]:
        rest = iter(range(len(self.places)))
        workers: list[_Worker] = []
        try:
            for _ in range(count):
                workers.append(_Worker(self, workers))
                workers[-1].send(next(rest))
            for _ in self.places:
                worker = _first_ready(workers)
                number, result, told = worker.receive()
                for witness, numbers in zip(self._all, told, strict=True):
                    witness.damaged.take_up(numbers)
                yield self.places[number], result
                if (following := next(rest, None)) is not None:
                    worker.send(following)
        finally:
            for worker in workers:
                worker.end()

    @property
    def _all(self) -> list[Witness]:
        return [self._known, *self._witnesses]

    def serve(self, receiving: Pipe, sending: Pipe) -> None:
        """Merge the targets whose numbers come, and send each result; end with the pipe."""
        with closing(BesideWriter(self._storage)) if self._storage else nullcontext() as writer:
            merging = ArchiveMerge(self._known, self._witnesses, writer, self._at)
            while True:
                try:
                    number = int(receiving.receive())
                except EOFError:
                    return
                result = _merged(merging, self.places[number])
                told = [each.damaged.told for each in self._all]
                sending.send(pickle.dumps((number, result, told)))


def _merged(merging: ArchiveMerge, place: TargetPlace) -> MergedTarget:
    try:
        return merging.merge(place)
    except (TranscriptError, HeldError) as error:
        return MergedTarget(error=str(error), is_held=isinstance(error, HeldError))


class _Worker:
    """A forked process that merges targets; `others` were forked before it."""

    def __init__(self, merges: MergesOfTargets, others: Sequence[_Worker]) -> None:
        receiving, self._sending = pipes.pair()
        self.receiving, sending = pipes.pair()
        self._pid = os.fork()
        if not self._pid:
            for each in (self, *others):  # else they stay open when the parent is gone
                each.close()
            _serve(merges, receiving, sending)
        receiving.close()
        sending.close()

    def send(self, number: int) -> None:
        """Send the number of a target to merge."""
        self._sending.send(b"%d" % number)

    def receive(self) -> _Answer:
        """Return the number of a target, its result, and the damage of each witness so far."""
        try:
            answer: _Answer = pickle.loads(self.receiving.receive())  # noqa: S301 - our child's
        except EOFError:
            raise TranscriptError("a merging process has died; run the merge again") from None
        return answer

    def close(self) -> None:
        """Close the pipes."""
        self._sending.close()
        self.receiving.close()

    def end(self) -> None:
        """Kill the process and reap it; a merge that is killed is whole or done again."""
        self.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _first_ready(workers: Sequence[_Worker]) -> _Worker:
    by_fd = {worker.receiving.fd: worker for worker in workers}
    return by_fd[pipes.ready([worker.receiving for worker in workers])[0].fd]


def _serve(merges: MergesOfTargets, receiving: Pipe, sending: Pipe) -> NoReturn:
    """Merge until the parent has no more targets, then end the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # lines are no cycles
    try:
        merges.serve(receiving, sending)
    except BaseException:  # noqa: BLE001 - nothing may go up into the parent's frames
        os._exit(1)
    os._exit(0)
