"""The ledger of a target: LEDGER, append-only JSON lines that record when it was heard.

An interval of coverage is an `opened` and the `closed` that follows it;
`covered` is a stretch that history gave, `unfillable` one that it could not
give. `entries` has all kinds, and docs/transcript-format.md their forms. Lines
are never rewritten, and a lost or damaged one makes the archive claim less,
never more: see `interval_fold`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.entry_lines import LONGEST, Damaged, EntryLines, EntryReader, Later
from chatlog.coverage.entries import LedgerEntry, RecoveredEntry, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from chatlog.archive.syncing import Exposed
    from chatlog.archive.system import System

NAME: Final = "LEDGER"

LedgerLine = LedgerEntry | Damaged | Later[LedgerEntry]
"""A line of a ledger: an entry, damage, or an entry of a later version."""


class RawLine(msgspec.Struct, frozen=True):
    """A line of a ledger: its bytes with the newline, and their meaning."""

    data: bytes
    entry: LedgerLine


LedgerLines = EntryLines[LedgerEntry]
"""All lines of a ledger in the order of writing."""

_READER: Final = EntryReader[LedgerEntry](LedgerEntry)


def read(directory: str | Path) -> LedgerLines:
    """Read a target's ledger; where there is none, there are no lines.

    A last line without its newline is still being written, and is none yet.
    """
    return _READER.read(f"{directory}/{NAME}", with_rest=False)


def each(directory: str | Path) -> Iterator[LedgerLine]:
    """Yield the lines of a target's ledger one by one, neighbours in damage as well."""
    return _READER.each(f"{directory}/{NAME}", with_rest=False)


def append(
    system: System,
    directory: Path,
    entries: Iterable[LedgerEntry],
    mode: int | None = None,
    *,
    exposed: Exposed | None = None,
) -> None:
    """Add entries by one write, and sync them, or leave that to `exposed`.

    A new file gets `mode`, less the umask; None is that of every file of an archive.
    An unfinished line that a crash left is kept in an entry of its own. Nobody
    else may append at the same time: see `Locks.appending`.
    """
    from chatlog.archive.syncing import appending_to
    from chatlog.archive.system import FILE_MODE

    mode = FILE_MODE if mode is None else mode
    with appending_to(directory / NAME, system=system, mode=mode, exposed=exposed) as ledger:
        torn = [RecoveredEntry(raw=_text(ledger.torn))] if ledger.torn else []
        ledger.write(b"".join(encode(each) for each in (*torn, *entries)))


def _text(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode("ascii")


def raw_lines(data: bytes) -> list[RawLine]:
    """Return the lines of a ledger, each with its bytes; an unfinished last one is none yet."""
    *whole, _ = data.split(b"\n")
    return [
        RawLine(line + b"\n", _READER.decode(number, line if len(line) <= LONGEST else None))
        for number, line in enumerate(whole, 1)
    ]
