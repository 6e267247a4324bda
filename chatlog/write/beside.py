"""The writer of an import or a merge, beside the recorder of the same target.

It holds no target: a recorder may run, begin and end meanwhile. Three things keep
the two apart:

- A lock of its own keeps other imports and merges out of the target.
- Each part is created by the process that writes to it, with a number that no other has.
- The target's seal lock is held, shared with readers, until all parts are closed: as long as
  they are open nobody seals, removes or mends a segment there, and no recorder continues one.
  Recorders of earlier versions respect that lock too.

The kernel releases both locks when the process dies. Its parts are then like any other that
is over: mended, sealed and removed when they are due.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.archive.locks import Locks
from chatlog.archive.system import System
from chatlog.archive.version_file import VersionFile
from chatlog.errors import HeldError, TranscriptError
from chatlog.event import SERVER
from chatlog.write.spool_list import left_behind
from chatlog.write.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.archive.storage import Storage

_PATIENCE: Final = 600.0  # seconds: a month of a loud channel takes long to compress


class BesideWriter:
    """A writer of some targets of an archive, one after the other, beside their recorders.

    It spools nothing: lines that a disk refuses are an error, and the next import or merge
    adds them. `patience` is the time to wait for a process that seals, in seconds.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        system: System = System(),  # noqa: B008 - immutable
        patience: float = _PATIENCE,
    ) -> None:
        self.storage = replace(storage, spool_dir=None)
        self._system = system
        self._locks = Locks(storage.root, system=system)
        self._patience = patience

    @contextmanager
    def target(self, network: str, target: str, casemapping_name: str) -> Iterator[Writer]:
        """Yield the writer of one target, and have its parts closed and synced at the end.

        From the beginning, the lines that are there stay where they are, so that they can be
        read; a recorder may add further ones. The CASEMAPPING counts if the network has none
        yet. Raise HeldError if another import or merge writes to the target, or if it is still
        being sealed after `patience`, and TranscriptError if the disk refuses a line or a file
        was taken away while it was written. After an error the lines that were written stay.
        """
        writer = Writer(self.storage, system=self._system, locks=self._locks, beside=True)
        with ExitStack() as stack:
            writer.keep_version()
            stack.enter_context(self._locks.importing(network, target))
            if target != SERVER:
                writer.set_casemapping(network, casemapping_name)
            directory = writer.path(network, target)
            if not stack.enter_context(
                self._locks.sealing(directory, shared=True, patience=self._patience)
            ):
                raise HeldError(
                    f"another chatlog seals segments of {directory}; run this again when it ended"
                )
            try:
                yield writer
            except BaseException:
                with suppress(TranscriptError):
                    writer.close_files()
                raise
            writer.close_files()

    def close(self) -> None:
        """Release every lock."""
        self._locks.close()


def recover_spools(storage: Storage, *, system: System = System()) -> None:  # noqa: B008 - immutable
    """Write the lines that killed runs left in spool directories, before others are added.

    Those of a target that a recorder holds are left to it. Raise TranscriptError if a disk
    refuses lines, which then wait on.
    """
    VersionFile(storage.root, system=system, mode=storage.file_mode).keep()
    left = left_behind(storage, system=system)
    if not left:
        return
    with closing(Writer(storage, system=system)) as writer:
        for each in left:
            with suppress(HeldError):
                writer.hold(each.belonging.network, each.belonging.target)
