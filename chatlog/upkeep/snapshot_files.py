"""The files of a snapshot that is being made: copied, or hard-linked from the snapshot before.

Only files that are never changed in place are linked: sealed segments of the same digest, and
small files that are replaced as a whole, if their bytes are the same. Whoever appends to a
snapshot by mistake, to its LEDGER for example, so changes that snapshot alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from chatlog.archive import manifest
from chatlog.archive.files import beginning_of, opened, reported, sha256_of, size_of
from chatlog.archive.layout import parse_segment
from chatlog.archive.manifest_view import ManifestView
from chatlog.archive.system import DIRECTORY_MODE, FILE_MODE, sync_directory, write_all
from chatlog.errors import TranscriptError
from chatlog.upkeep.target_snapshot import ChangedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from chatlog.archive.system import TreeSystem
    from chatlog.upkeep.target_snapshot import FilePiece

_BLOCK: Final = 1024 * 1024
_SYNCS_AT_ONCE: Final = 16  # a disk syncs many files in hardly more time than one
_ADVICE: Final = "make room there or check that disk, and run the backup again"


class DestinationError(TranscriptError):
    """The place of a backup that refuses it; no other target would fare better."""


class Placed(NamedTuple):
    """A file of a snapshot: its length, and whether it is a link to the snapshot before.

    `sha256` is that of a sealed segment, "" of any other file.
    """

    size: int
    is_linked: bool = False
    sha256: str = ""


class SnapshotFiles:
    """The files of the snapshot that is made in `root`, beside the one `before`, if there is one.

    `placed` has each file by its path. A run that was killed may have left files in `root`:
    a sealed segment among them stays if its bytes have the digest of the manifest, all others
    are made anew. Without a system nothing is written, and `placed` foresees the result.
    Raise DestinationError if the place of the snapshot refuses something.
    """

    def __init__(
        self,
        root: Path,
        before: Path | None,
        system: TreeSystem | None,
        advance: Callable[[int], None],
    ) -> None:
        self.placed: dict[Path, Placed] = {}
        self.problems: list[str] = []
        self._root = root
        self._before = before
        self._system = system
        self._advance = advance
        self._sealed_before: dict[str, ManifestView] = {}

    def place(self, directory: str, piece: FilePiece) -> None:
        """Place a piece of a target in its directory, relative to the root of the snapshot.

        Raise ChangedError if the file is not the one that was measured any more.
        """
        path = self._root / directory / piece.name
        placed = self.placed.get(path)
        if placed is not None and placed.sha256 and placed.sha256 == piece.sha256:
            return
        before = self._sealed(directory, piece)
        if piece.sha256 and self._system is not None and self._was_left(path, piece):
            self.placed[path] = Placed(piece.size, sha256=piece.sha256)
        elif before is not None and self._link(before, path):
            self.placed[path] = Placed(piece.size, is_linked=True, sha256=piece.sha256)
        else:
            self._copy(piece, path)
            self.placed[path] = Placed(piece.size, sha256=piece.sha256)
        if parse_segment(piece.name):
            self._advance(piece.size)

    def place_bytes(self, name: str, data: bytes, mode: int = FILE_MODE) -> None:
        """Place a small file of these bytes that is replaced as a whole, never changed."""
        path = self._root / name
        before = None if self._before is None else self._before / name
        is_linked = before is not None and _is(before, data) and self._link(before, path)
        if not is_linked:
            self._write(path, iter([data]), mode)
        self.placed[path] = Placed(len(data), is_linked)

    def _sealed(self, directory: str, piece: FilePiece) -> Path | None:
        """Return the same sealed segment in the snapshot before; None if there is none."""
        if self._before is None or not piece.sha256:
            return None
        place = self._before / directory
        if directory not in self._sealed_before:
            self._sealed_before = {directory: ManifestView(str(place), manifest.read(place))}
        entry = self._sealed_before[directory].sealed.get(piece.name)
        is_same = entry is not None and entry.sha256 == piece.sha256
        return place / piece.name if is_same and size_of(place / piece.name) == piece.size else None

    @staticmethod
    def _was_left(path: Path, piece: FilePiece) -> bool:
        """Return whether a run that was killed had copied a sealed segment whole."""
        return size_of(path) == piece.size and sha256_of(path) == piece.sha256

    def _link(self, before: Path, path: Path) -> bool:
        """Link a file to that of the snapshot before; return False if it must be copied."""
        if self._system is not None:
            self._make_way(path)
            try:
                self._system.link(before, path)
            except OSError:  # a disk without hard links, or with no more of them for this file
                return False
        return True

    def _copy(self, piece: FilePiece, path: Path) -> None:
        digest = hashlib.sha256()
        with opened(str(piece.source)) as fd:
            state = None if fd is None else os.fstat(fd)
            if fd is None or state is None or state.st_ino != piece.inode:
                raise ChangedError(f"{piece.source} was replaced while it was copied; try again")
            blocks = _read(fd, piece, digest.update)
            times = state.st_mtime_ns, state.st_mtime_ns
            self._write(path, blocks, stat.S_IMODE(state.st_mode), times)
        if piece.sha256 and self._system is not None and digest.hexdigest() != piece.sha256:
            self.problems.append(f"{piece.source} is not as it was sealed: see chatlog verify")

    # -- what is written -------------------------------------------------------------

    def _write(
        self, path: Path, blocks: Iterator[bytes], mode: int, times: tuple[int, int] | None = None
    ) -> None:
        if self._system is None:
            return
        self._make_way(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with refused(path):
            fd = self._system.open(path, flags, mode)
            try:
                for block in blocks:
                    write_all(fd, block, self._system)
                if times is not None:
                    os.utime(fd, ns=times)
            finally:
                self._system.close(fd)

    def _make_way(self, path: Path) -> None:
        """Make the directory of a file, or remove one of that name.

        It may be a link to a file of an earlier snapshot, and is never written into.
        """
        assert self._system is not None  # noqa: S101 - the callers have looked
        with refused(path):
            for directory in reversed(path.relative_to(self._root).parents):
                with contextlib.suppress(FileExistsError):
                    self._system.mkdir(self._root / directory, DIRECTORY_MODE)
            with contextlib.suppress(FileNotFoundError):
                self._system.unlink(path)

    def drop_others(self, directory: str, names: Collection[str]) -> None:
        """Remove the files of a target that are not named: of an earlier try, or a killed run."""
        path = self._root / directory
        if self._system is None:
            return
        with refused(path), contextlib.suppress(FileNotFoundError):
            for each in sorted(path.iterdir()):
                if each.name not in names:
                    remove_tree(each, self._system)
                    self.placed.pop(each, None)

    def finish(self) -> None:
        """Remove the files that were not placed; sync the others, and their directories."""
        if self._system is None:
            return
        with refused(self._root), ThreadPoolExecutor(_SYNCS_AT_ONCE) as threads:
            copied = [path for path, placed in self.placed.items() if not placed.is_linked]
            for _ in threads.map(self._sync, copied):
                pass
            self._finish_directories(self._system)

    def _finish_directories(self, system: TreeSystem) -> None:
        """Remove the files that were not placed, and sync the names of the others."""
        for directory, _, names in os.walk(self._root, topdown=False, onerror=_raise):
            place = Path(directory)
            for path in (place / name for name in names):
                if path not in self.placed:
                    system.unlink(path)
            with contextlib.suppress(OSError):  # it is not empty
                system.rmdir(place)
                continue
            sync_directory(system, place)

    def _sync(self, path: Path) -> None:
        assert self._system is not None  # noqa: S101 - `finish` has looked
        fd = self._system.open(path, os.O_RDONLY | os.O_CLOEXEC, 0)
        try:
            self._system.fsync(fd)
        finally:
            self._system.close(fd)


def _is(path: Path, data: bytes) -> bool:
    """Return whether a file holds these bytes and no more."""
    try:
        return beginning_of(path, len(data) + 1) == data
    except TranscriptError:
        return False


def _raise(error: OSError) -> NoReturn:
    """Raise an error that a walk through a tree would pass over."""
    raise error


def _read(fd: int, piece: FilePiece, note: Callable[[bytes], object]) -> Iterator[bytes]:
    """Yield the bytes of a piece; raise ChangedError if there are fewer."""
    done = 0
    while done < piece.size:
        with reported(piece.source, doing="read"):
            block = os.pread(fd, min(_BLOCK, piece.size - done), done)
        if not block:
            raise ChangedError(f"{piece.source} became shorter while it was copied; try again")
        note(block)
        done += len(block)
        yield block


@contextlib.contextmanager
def refused(path: Path) -> Iterator[None]:
    """Turn an OSError of a backup's own place into a DestinationError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DestinationError(f"cannot write {path}: {reason}; {_ADVICE}") from error


def remove_tree(path: Path, system: TreeSystem) -> None:
    """Remove a file, or a directory with all that is in it; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        with contextlib.suppress(FileNotFoundError):
            system.unlink(path)
        return
    for each in sorted(path.iterdir()):
        remove_tree(each, system)
    system.rmdir(path)
