"""Verifying and repairing targets of an archive beside the recorders that write to it."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.layout import parse_segment
from chatlog.archive.storage import Storage
from chatlog.archive.system import System
from chatlog.archive.targets import scan
from chatlog.archive.version import expect_known_version
from chatlog.errors import TranscriptError
from chatlog.upkeep.findings import Finding
from chatlog.upkeep.holding import is_held
from chatlog.upkeep.tending import tender_of
from chatlog.upkeep.verify import Verifier, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.archive.locks import Locks
    from chatlog.upkeep.findings import Checked

_PATIENCE: Final = 10.0  # seconds


class Repair(NamedTuple):
    """The repair of one target: the mended files, None if a recorder holds the target.

    `error` is the reason why not all of it could be repaired, "" if all could.
    """

    directory: Path
    mended: list[Path] | None
    error: str = ""


class Inspection(NamedTuple):
    """The findings of a verification, and the amount that was verified."""

    findings: list[Finding]
    checked: Checked

    @property
    def repairable(self) -> int:
        """The number of findings that a repair puts right."""
        return sum(finding.repairable for finding in self.findings)

    @property
    def digest(self) -> str:
        """One SHA-256 of all manifests."""
        return digest_of(self.checked.heads)


def repair(root: Path, locks: Locks, directories: Iterable[Path]) -> Iterator[Repair]:
    """Repair the targets that no recorder holds; yield each target's result.

    Raise TranscriptError if the version of the archive is not known.
    """
    expect_known_version(root)
    tender = tender_of(Storage(root=root), System(), locks)
    for directory in directories:
        held = is_held(locks, directory)
        try:
            yield Repair(directory, None if held else tender.repair(directory))
        except TranscriptError as error:
            yield Repair(directory, [], str(error))


def inspect(
    root: Path,
    locks: Locks,
    directories: Iterable[Path],
    *,
    found: Iterable[Finding],
    around: bool,
    advance: Callable[[int], None],
) -> Inspection:
    """Verify targets; if `around`, also the root and the networks' own files.

    Their findings follow those that were `found` before. `advance` is called with
    the number of further bytes that were read.
    """
    verifier = Verifier(root, advance)
    findings = [*found, *(verifier.around() if around else ())]
    for directory in directories:
        try:
            scan(str(directory))
        except TranscriptError as error:  # one that cannot be listed hides no other
            findings.append(Finding(os.path.relpath(directory, root), 0, str(error)))
            continue
        held = is_held(locks, directory)
        with _undisturbed(locks, root, directory) as is_alone:
            findings += verifier.target(directory, held=held or not is_alone)
    return Inspection(findings, verifier.checked)


@contextmanager
def _undisturbed(locks: Locks, root: Path, directory: Path) -> Iterator[bool]:
    """Keep others from sealing a target meanwhile, unless that would need a new lock file.

    Yield whether nobody seals or imports there; after 10 s it is verified all the same.
    """
    if not (root / ".lock").exists():  # no recorder and no `maintain` ever ran here
        yield True
        return
    is_alone = True
    with ExitStack() as stack:
        with suppress(TranscriptError):  # the archive may only be read
            is_alone = stack.enter_context(locks.sealing(directory, patience=_PATIENCE))
        yield is_alone


def total_size(directories: Iterable[Path]) -> int:
    """Return the bytes of all segments of some targets."""
    return sum(
        item.stat().st_size
        for directory in directories
        for item in _listed(directory)
        if parse_segment(item.name) and item.is_file(follow_symlinks=False)
    )


def _listed(directory: Path) -> list[os.DirEntry[str]]:
    try:
        return scan(str(directory))
    except TranscriptError:  # which `inspect` finds
        return []
