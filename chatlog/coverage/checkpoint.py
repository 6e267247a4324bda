"""The columns of a checkpoint: the gaps of a long stretch of a ledger, and their history.

Pure. A checkpoint stands for thousands of lines: the gaps between its intervals, before
history is taken off them, and the pieces of history. They are kept in columns of numbers, in
milliseconds, so that a year of batches takes a few megabytes, and is decoded only by readers
that ask for its time. The columns are JSON, deflated, in base64: docs/transcript-format.md.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from itertools import accumulate, chain, groupby
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import msgspec

from chatlog.archive.entry_lines import LONGEST
from chatlog.coverage.entries import AskedEntry, CoveredEntry, UnfillableEntry
from chatlog.event import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatlog.coverage.entries import CheckpointEntry, Piece

_T = TypeVar("_T")


class RawGap(NamedTuple):
    """A gap before history is taken off it; `msgid` is the last one before it."""

    start: str
    end: str
    cause: str
    planned: bool = False
    why: str = ""
    msgid: str = ""


class _Outcome(msgspec.Struct, frozen=True, array_like=True):
    """The fields of a piece other than its stretch and lines; `entry` is "" for no piece."""

    entry: str = ""
    via: str = ""
    kinds: str = ""
    why: str = ""
    stopped: bool = False


class _Other(msgspec.Struct, frozen=True, array_like=True):
    """A piece that spans not just one gap; its times count from the checkpoint's `since`."""

    since: int
    until: int
    lines: int
    outcome: _Outcome


class _Columns(msgspec.Struct, omit_defaults=True):
    """The columns: a number for each gap, or runs of gaps that have the same.

    `starts` count from the end of the gap before, the first from `since`.
    `outcomes` are those of the pieces that span one gap, `lines` their lines.
    `others` are all other pieces in the order of writing; they stand before those.
    """

    starts: list[int]
    lengths: list[int]
    causes: list[tuple[int, tuple[str, bool]]]
    whys: list[tuple[int, str]]
    outcomes: list[tuple[int, _Outcome]]
    msgids: dict[int, str] = {}
    lines: list[int] = []
    others: list[_Other] = []


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_Columns)


def encoded(
    since: str, gaps: Sequence[RawGap], exact: Sequence[Piece | None], others: Sequence[Piece]
) -> str:
    """Return the columns of gaps and pieces that lie behind `since`.

    The gaps stand in order of time. `exact` has for each gap the piece that spans
    exactly that gap and decides all of it, or None; `others` all other pieces.
    """
    begin = parse_time(since)
    starts = [parse_time(gap.start) for gap in gaps]
    ends = [parse_time(gap.end) for gap in gaps]
    lines = [_lines_of(piece) for piece in exact]
    columns = _Columns(
        starts=[start - end for start, end in zip(starts, chain([begin], ends), strict=False)],
        lengths=[end - start for start, end in zip(starts, ends, strict=True)],
        causes=_runs((gap.cause, gap.planned) for gap in gaps),
        whys=_runs(gap.why for gap in gaps),
        outcomes=_runs(map(_outcome_of, exact)),
        msgids={number: gap.msgid for number, gap in enumerate(gaps) if gap.msgid},
        lines=lines if any(lines) else [],
        others=[_other(piece, begin) for piece in others],
    )
    data = zlib.compress(_encoder.encode(columns), 9)
    return base64.b64encode(data).decode("ascii")


class Decoded(NamedTuple):
    """The gaps of a checkpoint in order of time, and its pieces in the order in which they count.

    The pieces that span exactly one gap are the last.
    """

    gaps: list[RawGap]
    pieces: list[Piece]


def decoded(entry: CheckpointEntry) -> Decoded:
    """Return the gaps and pieces of a checkpoint; raise ValueError if its columns are damaged."""
    try:
        columns = _decoder.decode(_inflated(entry.columns))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"its columns are damaged: {error}") from error
    begin, end = parse_time(entry.since), parse_time(entry.until)
    gaps = _gaps(columns, begin, end, entry.gaps)
    lines = columns.lines or [0] * entry.gaps
    outcomes = _spread(columns.outcomes, entry.gaps)
    exact = [
        _piece(gap.start, gap.end, outcome, count)
        for gap, outcome, count in zip(gaps, outcomes, lines, strict=True)
        if outcome.entry
    ]
    return Decoded(gaps, [*(_placed(each, begin, end) for each in columns.others), *exact])


def is_whole(entry: CheckpointEntry) -> bool:
    """Return whether the columns of a checkpoint can be decoded."""
    try:
        decoded(entry)
    except (ValueError, OverflowError):
        return False
    return True


def _gaps(columns: _Columns, begin: int, end: int, count: int) -> list[RawGap]:
    if not len(columns.starts) == len(columns.lengths) == count:
        raise ValueError("its columns are not as long as it says")
    lengths = list(chain.from_iterable(zip(columns.starts, columns.lengths, strict=True)))
    edges = list(accumulate(lengths, initial=begin))
    if min(lengths, default=0) < 0 or edges[-1] > end:
        raise ValueError("its gaps do not lie in its time")
    times = [format_time(edge) for edge in edges[1:]]
    causes, whys = _spread(columns.causes, count), _spread(columns.whys, count)
    return [
        RawGap(start, until, cause, planned, why, columns.msgids.get(number, ""))
        for number, (start, until, (cause, planned), why) in enumerate(
            zip(times[::2], times[1::2], causes, whys, strict=True)
        )
    ]


def _inflated(columns: str) -> bytes:
    """Return the JSON of columns; raise ValueError if it is damaged or too long."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(base64.b64decode(columns, validate=True), LONGEST)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"its columns are damaged: {error}") from error
    if not inflater.eof:
        raise ValueError("its columns are cut off or too long")
    return data


def _outcome_of(piece: Piece | None) -> _Outcome:
    match piece:
        case None:
            return _Outcome()
        case CoveredEntry():
            return _Outcome("covered", piece.via, piece.kinds, piece.why)
        case AskedEntry():
            return _Outcome("asked", why=piece.why, stopped=piece.stopped)
    return _Outcome("unfillable", why=piece.why)


def _lines_of(piece: Piece | None) -> int:
    return piece.lines if isinstance(piece, CoveredEntry) else 0


def _other(piece: Piece, begin: int) -> _Other:
    since, until = parse_time(piece.since) - begin, parse_time(piece.until) - begin
    return _Other(since, until, _lines_of(piece), _outcome_of(piece))


def _piece(since: str, until: str, outcome: _Outcome, lines: int) -> Piece:
    why = outcome.why
    match outcome.entry:
        case "covered":
            via, kinds = outcome.via, outcome.kinds
            return CoveredEntry(
                at=until, via=via, kinds=kinds, since=since, until=until, lines=lines, why=why
            )
        case "unfillable":
            return UnfillableEntry(at=until, since=since, until=until, why=why)
        case "asked":
            return AskedEntry(at=until, since=since, until=until, why=why, stopped=outcome.stopped)
    raise ValueError(f"a piece of no kind: {outcome.entry!r}")


def _placed(other: _Other, begin: int, end: int) -> Piece:
    if not begin <= begin + other.since < begin + other.until <= end:
        raise ValueError("its pieces do not lie in its time")
    since, until = format_time(begin + other.since), format_time(begin + other.until)
    return _piece(since, until, other.outcome, other.lines)


def _runs(values: Iterable[_T]) -> list[tuple[int, _T]]:
    return [(sum(1 for _ in same), value) for value, same in groupby(values)]


def _spread(runs: Sequence[tuple[int, _T]], count: int) -> list[_T]:
    if any(length < 0 for length, _ in runs) or sum(length for length, _ in runs) != count:
        raise ValueError("its columns are not as long as it says")
    return [value for length, value in runs for _ in range(length)]
