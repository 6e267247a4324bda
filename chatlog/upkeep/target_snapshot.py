"""The state of one target at one moment, taken beside a recorder without any lock.

Nothing here writes. The state is one in which a recorder that is killed leaves a target:

- The ledger is measured first: it claims no line that comes after that.
- The lengths of all growing segments are those of one moment: nothing was appended to any
  while they were measured. So the last line of one proves that no line of another is lacking.
- The manifest is measured before the files are listed, and again after they were copied. If
  it has changed, segments were sealed or removed meanwhile, and the state is taken anew.

A seal or a removal that is under way, or that a crash stopped, is finished in the state: the
manifest says how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive import manifest
from chatlog.archive.files import opened, sha256_of, size_of, state_of
from chatlog.archive.inventory import ASIDE, SUMS, Inventory
from chatlog.archive.segment import line_start
from chatlog.coverage import ledger
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_TRIES: Final = 1000
_OWN: Final = frozenset({manifest.NAME, SUMS, ledger.NAME})


class ChangedError(TranscriptError):
    """A target that changed while its state was taken."""


class FilePiece(NamedTuple):
    """The first `size` bytes of a file, which has another `name` in a snapshot if it is moved.

    `sha256` is that of a sealed segment by the manifest, "" of any other file.
    """

    name: str
    source: Path
    size: int
    inode: int
    sha256: str = ""


class TargetState(NamedTuple):
    """The files of a target at one moment, LEDGER and MANIFEST among them.

    `sums` is the content of SHA256SUMS. `problems` says in words what the archive lacks;
    `unknown` are the names that chatlog did not write, or that are no regular files.
    """

    directory: Path
    pieces: list[FilePiece]
    sums: bytes
    problems: list[str]
    unknown: list[str]

    def expect_unchanged(self) -> None:
        """Raise ChangedError if a segment was sealed, removed or described meanwhile."""
        before = [piece for piece in self.pieces if piece.name == manifest.NAME]
        if before != _whole_lines(self.directory, manifest.NAME):
            raise ChangedError(f"{self.directory} changed while it was copied; try again")


def take(directory: Path) -> TargetState:
    """Take the state of a target.

    Raise ChangedError if a file was gone or replaced meanwhile, TranscriptError if one
    cannot be read.
    """
    records = _whole_lines(directory, ledger.NAME) + _whole_lines(directory, manifest.NAME)
    inventory = Inventory(directory)
    finals = _finals(inventory)
    left = _leftovers(inventory, finals)
    growing, pieces, problems = [], list(finals.values()), []
    for segment in inventory.segments:
        name = str(segment)
        if name in finals or name in left:
            continue
        if segment.compression:
            pieces.append(_piece(name, inventory.path(name)))
        else:
            growing.append(name)
        if name in inventory.sealed:
            problems.append(f"{inventory.path(name)} is not as it was sealed: see chatlog verify")
    pieces += _measured(directory, growing)
    here = {piece.name for piece in pieces}
    lacking = sorted(inventory.sealed.keys() - here)
    problems += [f"{inventory.path(name)} was sealed, and is gone" for name in lacking]
    sums = inventory.written_sums() if inventory.damaged else inventory.sums()
    unknown = _unknown(inventory, {*here, *left})
    return TargetState(directory, [*records, *pieces], sums, problems, unknown)


def _finals(inventory: Inventory) -> dict[str, FilePiece]:
    """Return the sealed segments by name; one that waits for its name comes from aside."""
    found = {}
    for name, entry in inventory.sealed.items():
        path, aside = inventory.path(name), inventory.path(f".{name}{ASIDE}")
        if name not in inventory.odd and size_of(path) == entry.bytes:
            found[name] = _piece(name, path, entry.sha256)
        elif aside.name in inventory.names and _digest(aside) == entry.sha256:
            found[name] = _piece(name, aside, entry.sha256)
    return found


def _leftovers(inventory: Inventory, finals: Mapping[str, FilePiece]) -> set[str]:
    """Return the files whose lines are in a sealed one, or that are to be removed."""
    told = [(name, entry.sha256) for name, entry in inventory.removed.items()]
    for final in finals:
        parts = inventory.sealed[final].parts
        told += [(part.segment, part.sha256) for part in parts if part.segment != final]
    present = set(inventory.names).difference(inventory.odd)
    left = {
        name for name, sha256 in told if name in present and _digest(inventory.path(name)) == sha256
    }
    return left | {name for name in present if name.startswith(".") and name.endswith(ASIDE)}


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, "" if it is gone since it was listed."""
    try:
        return sha256_of(path)
    except TranscriptError:
        if size_of(path) is None:
            return ""
        raise


def _unknown(inventory: Inventory, known: set[str]) -> list[str]:
    """Return the names that are no file of an archive; those on their way to a name are none."""
    others = set(inventory.names) - known - _OWN
    return sorted(
        name for name in others if name in inventory.odd or not name.startswith(f".{SUMS}.")
    )


# -- lengths -------------------------------------------------------------------------


def _measured(directory: Path, names: Iterable[str]) -> list[FilePiece]:
    """Return the whole lines of growing segments, as they were at one moment.

    Lengths are taken twice. If none has changed, all were those of the time in between.
    """
    still, moving = _states(directory, names), dict[str, tuple[int, int] | None]()
    for _ in range(_TRIES):
        moving = _states(directory, moving)
        if moving != _states(directory, moving):
            continue
        others = _states(directory, still)
        moved = [name for name in still if others[name] != still[name]]
        if not moved:
            return [_cut(directory, name, state) for name, state in {**still, **moving}.items()]
        for name in moved:
            moving[name] = still.pop(name)
    raise ChangedError(f"{directory} is written to faster than it can be measured; try again")


def _states(directory: Path, names: Iterable[str]) -> dict[str, tuple[int, int] | None]:
    """Return the inode and length of files; None of one that is gone."""
    states = ((name, state_of(f"{directory}/{name}")) for name in names)
    return {name: state[:2] if state else None for name, state in states}


def _cut(directory: Path, name: str, state: tuple[int, int] | None) -> FilePiece:
    """Return a segment of a length up to its last newline."""
    path = directory / name
    with opened(str(path)) as fd:
        if fd is None or state is None:
            raise ChangedError(f"{path} was taken away while it was read; try again")
        inode, size = state
        return FilePiece(name, path, line_start(fd, size), inode)


def _whole_lines(directory: Path, name: str) -> list[FilePiece]:
    """Return LEDGER or MANIFEST up to its last newline; no piece if there is none."""
    state = _states(directory, [name])[name]
    return [] if state is None else [_cut(directory, name, state)]


def _piece(name: str, path: Path, sha256: str = "") -> FilePiece:
    state = state_of(str(path))
    if state is None:
        raise ChangedError(f"{path} was taken away while it was read; try again")
    return FilePiece(name, path, state[1], state[0], sha256)
