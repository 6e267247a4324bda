"""When a target was heard: LEDGER, append-only JSON lines, and what each line says.

An interval of coverage is an `opened` and the `closed` that follows it;
`covered` is what history gave of a gap, `unfillable` what it could not give.
The forms are those of docs/transcript-format.md. Lines are never rewritten,
and a lost one makes the archive claim less, never more.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import reported
from chatlog.archive.syncing import appending_to
from chatlog.archive.system import FILE_MODE, System

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chatlog.archive.syncing import Exposed

NAME: Final = "LEDGER"


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a ledger; an empty field is absent from it.

    `at` is our clock, `server` the server's where it tells; `since` and `until`
    are in the clock of the events' `time`. `run` is the run's file, `by` in
    milliseconds.
    """

    entry: str
    at: str = ""
    server: str = ""
    msgid: str = ""
    run: str = ""
    via: str = ""
    kinds: str = ""
    cause: str = ""
    planned: bool = False
    since: str = ""
    until: str = ""
    lines: int = 0
    why: str = ""
    by: int = 0
    raw: str = ""

    @property
    def time(self) -> str:
        """The moment in the clock of the events: the server's, else ours."""
        return self.server or self.at


class Entries(list[LedgerEntry]):
    """The entries in the order of writing, and how many lines were no entry."""

    damaged: int = 0


_decoder: Final = msgspec.json.Decoder(LedgerEntry)


def read(directory: Path) -> Entries:
    """Read a target's ledger; where there is none, there are no entries.

    A last line without its newline is still being written, and is none yet.
    """
    entries = Entries()
    path = directory / NAME
    with reported(path, doing="read"):
        try:
            *lines, _ = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return entries
    for line in lines:
        try:
            entries.append(_decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            entries.damaged += 1
    return entries


def append(
    system: System,
    directory: Path,
    entries: Iterable[LedgerEntry],
    mode: int = FILE_MODE,
    *,
    exposed: Exposed | None = None,
) -> None:
    """Add entries by one write, and sync them, or leave that to `exposed`.

    What a crash left of an unfinished line is kept in an entry of its own.
    Nobody else may append at the same time: see `Locks.appending`.
    """
    with appending_to(directory / NAME, system=system, mode=mode, exposed=exposed) as ledger:
        torn = [LedgerEntry(entry="recovered", raw=_text(ledger.torn))] if ledger.torn else []
        ledger.write(b"".join(msgspec.json.encode(each) + b"\n" for each in (*torn, *entries)))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
