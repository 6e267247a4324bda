"""The locks of an archive: byte ranges in `ROOT/.lock`, and the directories of targets.

Each transcript has four bytes of that file: for its recorder, for the import or merge that
writes to it, for the process that seals or removes its segments, and for the one that appends
to its MANIFEST. The kernel releases the locks of a dead process. POSIX gives a process's locks
up as soon as it closes *any* descriptor of the file, so a process has one `Locks` per root and
nothing else opens that file; and as a process is never locked out by itself, its threads are
kept apart here.

A recorder locks the directory of its target too, as soon as it exists: see
`directory_locks`. Earlier versions know only the byte range, so each recorder
needs both.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from chatlog.archive.directory_locks import DirectoryLocks
from chatlog.archive.files import open_regular, reported
from chatlog.archive.lock_offsets import (
    APPENDING,
    appending_offset,
    importing_offset,
    recording_offset,
    sealing_offset,
)
from chatlog.archive.system import System, open_file
from chatlog.errors import HeldError, TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME: Final = ".lock"

_HELD: Final = {errno.EACCES, errno.EAGAIN}
# Who asks whether a transcript is held has the lock itself for a moment.
_TRIES: Final = 3
_PAUSE: Final = 0.03
_SEALING_EVERY: Final = 0.05  # seconds


class Locks:
    """The locks that this process holds on the transcripts under one root."""

    def __init__(self, root: Path, *, system: System = System()) -> None:  # noqa: B008 -- immutable
        self._root = root
        self._path = root / NAME
        self._system = system
        self._fd = -1
        self._writable = False
        self._device = 0
        self._held: dict[int, tuple[str, str]] = {}
        self._directories = DirectoryLocks()
        self._offsets: dict[Path, int] = {}  # of each held target whose directory is known
        self._sealing: dict[int, int] = {}  # the kind of each lock, by its offset
        self._importing: dict[int, int] = {}
        self._renews_once = self._renewed = False
        self._threads = threading.Lock()
        self._appending = threading.RLock()
        self._appends_anywhere = False

    # -- recording ---------------------------------------------------------------

    def hold(self, network: str, target: str, directory: Path | None = None) -> None:
        """Keep every other recorder out of a transcript until `close`.

        Holding twice is holding once. `directory` is the target's, None as long as
        it is unknown; once it is known, hold again. Raise HeldError if another
        process holds either lock, or if we record into that directory under another
        name; TranscriptError if locks cannot be had at all.
        """
        offset = recording_offset(network, target)
        with self._threads:
            self._open()
            # First the directory: a recorder that is refused leaves `.lock` as it is.
            if directory is not None:
                self._hold_directory(directory, offset, self._elsewhere(network, target))
            is_ours = offset in self._held  # each call costs the more, the more locks are held
            if not is_ours and not _patiently(lambda: self._try(offset)):
                if directory is not None and directory not in self._offsets:
                    self._directories.release(directory)
                raise HeldError(self._elsewhere(network, target))
            self._held[offset] = network, target
            if directory is not None:
                self._offsets[directory] = offset

    def _elsewhere(self, network: str, target: str) -> str:
        return (
            f"another chatlog is recording {target!r} of {network!r} in {self._root};"
            " stop it, or record elsewhere with --archive"
        )

    def _hold_directory(self, directory: Path, offset: int, elsewhere: str) -> None:
        refusal = self._twin(directory)
        if not refusal and not _patiently(lambda: self._directories.take(directory)):
            refusal = elsewhere
        if not refusal:
            return
        if offset in self._held and offset not in self._offsets.values():
            # Taken before the directory was known; its recorder may need the byte range.
            self._release(offset)
            del self._held[offset]
        raise HeldError(refusal)

    def _twin(self, directory: Path) -> str:
        twin = self._directories.twin(directory)
        if twin is None:
            return ""
        return (
            f"{directory} and {twin} are one directory, and {twin.name!r} is recorded there;"
            " remove the link, or record elsewhere with --archive"
        )

    def is_held(self, network: str, target: str, directory: Path | None) -> bool:
        """Return whether another process records a transcript, without creating a file.

        Either lock tells. `directory` is the target's, None if it is unknown.
        """
        offset = recording_offset(network, target)
        with self._threads:
            if offset in self._held:
                return False
            if directory is not None and self._directories.is_held_elsewhere(directory):
                return True
            if not self._open_to_look():
                return False
            if self._try(offset, fcntl.LOCK_SH):
                self._release(offset)
                return False
        return True

    def held(self) -> list[tuple[str, str]]:
        """List the network and target of each transcript that we hold."""
        return list(self._held.values())

    def enter(self, directory: Path) -> bool:
        """Lock the directory of a held target before and after a write that may create it.

        Return whether it was there, and locked already: then no write creates it.
        A directory that was moved, deleted or replaced meanwhile is released, and
        the present one locked. Raise TranscriptError if another recorder has it.
        """
        with self._threads:
            if directory not in self._offsets:
                return False
            if self._directories.has(directory):
                return True
            refusal = self._twin(directory)
            if not refusal and not self._directories.take(directory):
                refusal = (
                    f"another chatlog records in {directory} by now;"
                    " stop it, and what was held back is written there"
                )
        if refusal:
            raise TranscriptError(refusal)
        return False

    @contextlib.contextmanager
    def renewing_once(self) -> Iterator[None]:
        """Skip the checks of `renew` after one that succeeds, for the files of one flush."""
        self._renews_once, self._renewed = True, False
        try:
            yield
        finally:
            self._renews_once = False

    def renew(self) -> None:
        """Check that the archive is in its place, and take our locks in its present `.lock`.

        TranscriptError where it is gone (an unmounted disk leaves a directory of
        another one), or where another recorder has taken what was ours.
        """
        if self._renews_once and self._renewed:
            return
        self._renew()
        self._renewed = True

    def _renew(self) -> None:
        with self._threads:
            if self._fd < 0 or not self._writable:
                return
            ours, there = os.fstat(self._fd), _stat(self._path)
            if there is not None and (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                return
            if there is None:
                self._expect_root()
            self._hold_anew()

    def _expect_root(self) -> None:
        root = _stat(self._root)
        if root is None or root.st_dev != self._device:
            raise TranscriptError(
                f"{self._root} is not there any more; mount or move it back,"
                " and what was held back is written there"
            )

    def _hold_anew(self) -> None:
        old, self._fd = self._fd, -1
        try:
            self._open()
            self._hold_all()
        except TranscriptError:
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = old  # so that this is tried again
            raise
        os.close(old)

    def _hold_all(self) -> None:
        for offset, (network, target) in self._held.items():
            if not self._try(offset):
                raise TranscriptError(
                    f"another chatlog records {target!r} of {network!r} in {self._root} by now;"
                    " stop it, and what was held back is written there"
                )
        for offset, kind in (*self._importing.items(), *self._sealing.items()):
            if not self._try(offset, kind):
                raise TranscriptError(
                    f"another chatlog imports, merges or seals in {self._root} by now;"
                    " when that has ended, run this again"
                )

    # -- importing beside a recorder -------------------------------------------------

    @contextlib.contextmanager
    def importing(self, network: str, target: str) -> Iterator[None]:
        """Keep every other import and merge out of a transcript, but no recorder.

        Raise HeldError if another one is there.
        """
        offset = importing_offset(network, target)
        with self._threads:
            self._open()
            if offset in self._importing or not self._try(offset):
                raise HeldError(
                    f"another import or merge writes to {target!r} of {network!r} in {self._root};"
                    " run this again when that has ended"
                )
            self._importing[offset] = fcntl.LOCK_EX
        try:
            yield
        finally:
            with self._threads:
                if self._importing.pop(offset, None) is not None:
                    self._release(offset)

    # -- sealing, removing, and the MANIFEST -----------------------------------------

    @contextlib.contextmanager
    def sealing(
        self, directory: Path, *, shared: bool = False, patience: float = 0
    ) -> Iterator[bool]:
        """Take the lock for sealing, removing and mending segments; yield whether it was free.

        With `shared` several processes have it at once, and nobody seals meanwhile: for reading,
        and for a part that must be left alone. `patience` is the time to wait, in seconds.
        """
        offset = sealing_offset(directory)
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        end = time.monotonic() + patience
        while not (ours := self._begin_sealing(offset, kind)) and time.monotonic() < end:
            time.sleep(_SEALING_EVERY)
        try:
            yield ours
        finally:
            if ours:
                with self._threads:
                    self._sealing.pop(offset, None)
                    self._release(offset)

    def _begin_sealing(self, offset: int, kind: int) -> bool:
        with self._threads:
            self._open()
            if offset in self._sealing or not self._try(offset, kind):
                return False
            self._sealing[offset] = kind
        return True

    @contextlib.contextmanager
    def appending(self, directory: Path) -> Iterator[None]:
        """Wait for the lock for appending to a target's MANIFEST; it is never held for long."""
        with self._appending:
            if self._appends_anywhere:
                yield
            else:
                with self._waited_for(range(offset := appending_offset(directory), offset + 1)):
                    yield

    @contextlib.contextmanager
    def appending_anywhere(self) -> Iterator[None]:
        """Wait for the locks for appending of all targets at once; hold them for a moment only.

        For many targets: the kernel looks at all locks of the file each time that one is taken,
        which costs 0.6 ms with 10,000 held targets. Within it `appending` takes none.
        """
        with self._appending, self._waited_for(APPENDING):
            self._appends_anywhere = True
            try:
                yield
            finally:
                self._appends_anywhere = False

    @contextlib.contextmanager
    def _waited_for(self, offsets: range) -> Iterator[None]:
        with self._threads:
            self._open()
        with reported(self._path, doing="lock"):
            fcntl.lockf(self._fd, fcntl.LOCK_EX, len(offsets), offsets.start)
        try:
            yield
        finally:
            with self._threads:
                self._release(offsets.start, len(offsets))

    # -- the file --------------------------------------------------------------------

    def _open(self) -> None:
        if self._fd >= 0 and not self._writable:
            os.close(self._fd)
            self._fd = -1
        if self._fd < 0:
            self._fd = open_file(self._path, system=self._system)
            self._writable = True
            self._device = os.fstat(self._fd).st_dev

    def _open_to_look(self) -> bool:
        if self._fd < 0:
            with reported(self._path, doing="read"):
                try:
                    self._fd = open_regular(self._path, os.O_RDONLY)
                except FileNotFoundError:
                    return False
        return True

    def _try(self, offset: int, kind: int = fcntl.LOCK_EX) -> bool:
        with reported(self._path, doing="lock"):
            try:
                fcntl.lockf(self._fd, kind | fcntl.LOCK_NB, 1, offset)
            except OSError as error:
                if error.errno not in _HELD:
                    raise
                return False
        return True

    def _release(self, offset: int, length: int = 1) -> None:
        if self._fd >= 0:
            with reported(self._path, doing="unlock"):
                fcntl.lockf(self._fd, fcntl.LOCK_UN, length, offset)

    def close(self) -> None:
        """Give up everything that is held, at the latest when the process ends.

        Where a thread is still sealing, all of it is kept until then.
        """
        with self._threads:
            if self._sealing:
                return
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
            self._directories.close()
            self._held.clear()
            self._importing.clear()
            self._offsets.clear()


def _patiently(take: Callable[[], bool]) -> bool:
    for _ in range(_TRIES):
        if take():
            return True
        time.sleep(_PAUSE)
    return take()


def _stat(path: Path) -> os.stat_result | None:
    with reported(path, doing="look at"):
        try:
            return path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
