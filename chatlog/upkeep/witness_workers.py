"""The merges of many targets, by several processes at once.

Workers are forked, take one target after another, and each writes by a writer of its own. If
the parent dies, a worker ends after its target; what is merged until then is whole.
"""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING

from chatlog import forked
from chatlog.errors import HeldError, TranscriptError
from chatlog.upkeep.witness_merge import ArchiveMerge, MergedTarget
from chatlog.upkeep.witness_rooms import merge_rooms
from chatlog.write.beside import BesideWriter, recover_spools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatlog.archive.storage import Storage
    from chatlog.read.damaged_lines import Told
    from chatlog.upkeep.witness import TargetPlace, Witness

    _Answer = tuple[MergedTarget, list[Told]]


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
        for number, (result, told) in forked.results(self._merging, len(self.places), workers):
            for witness, numbers in zip(self._all, told, strict=True):
                witness.damaged.take_up(numbers)
            yield self.places[number], result
        if self._storage is not None:
            networks = dict.fromkeys(place.network for place in self.places)
            merge_rooms(self._storage, self._witnesses, networks)

    @contextmanager
    def _merging(self) -> Iterator[Callable[[int], _Answer]]:
        """Yield the function that merges the target of a number."""
        with closing(BesideWriter(self._storage)) if self._storage else nullcontext() as writer:
            merging = ArchiveMerge(self._known, self._witnesses, writer, self._at)

            def merge(number: int) -> _Answer:
                result = _merged(merging, self.places[number])
                return result, [each.damaged.told for each in self._all]

            yield merge

    @property
    def _all(self) -> list[Witness]:
        return [self._known, *self._witnesses]


def _merged(merging: ArchiveMerge, place: TargetPlace) -> MergedTarget:
    try:
        return merging.merge(place)
    except (TranscriptError, HeldError) as error:
        return MergedTarget(error=str(error), is_held=isinstance(error, HeldError))
