"""The messages of the bus that are no lines: ledgers, files of networks, runs, and answers. Pure.

Each is a record of JSON; a line of a target stands in its message as the archive has it. What
does not decode is a ValueError.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeVar

import msgspec

PIECE: Final = 256 * 1024
"""The most bytes of a ledger in one message."""


class BusMessage(NamedTuple):
    """A message that is not numbered yet: its subject and its content, without newlines.

    `is_again` is a line that was shipped before.
    """

    subject: str
    data: bytes
    is_again: bool = False


class LedgerPiece(msgspec.Struct, frozen=True):
    """Whole lines of a ledger from an offset on, behind which nothing else follows so far.

    `check` is that of the bytes before the offset, by which a reader knows that it has them.
    """

    offset: int
    check: int
    data: bytes


class NetworkFile(msgspec.Struct, frozen=True):
    """A file of a network that tells how names fold, or which channels were renamed."""

    name: str
    data: bytes


class RunReport(msgspec.Struct, frozen=True):
    """The status of a run by the name of its run file, and whether the run goes on."""

    name: str
    is_alive: bool
    data: bytes


class LostRequest(msgspec.Struct, frozen=True):
    """A request for the messages of numbers `first` to `last`, which are lost."""

    first: int
    last: int


class Answered(msgspec.Struct, frozen=True):
    """The end of an answer: the lines of the messages `first` to `last` stand before it."""

    first: int
    last: int


_Record = TypeVar("_Record", LedgerPiece, NetworkFile, RunReport, LostRequest, Answered)


def encode(record: LedgerPiece | NetworkFile | RunReport | LostRequest | Answered) -> bytes:
    """Return a record as one line without its newline."""
    return msgspec.json.encode(record)


def decode(data: bytes, kind: type[_Record]) -> _Record:
    """Return a record of a kind; raise ValueError if the data are none."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no {kind.__name__}: {error}") from error
