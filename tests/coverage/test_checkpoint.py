"""The columns of a checkpoint: exact, short, and no claim if they are damaged."""

from __future__ import annotations

import base64
import json
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.coverage.checkpoint import Decoded, RawGap, decoded, encoded
from chatlog.coverage.entries import AskedEntry, CheckpointEntry, CoveredEntry, UnfillableEntry
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.gap import GapState
from tests.support.ledgers import at

END = 1000


def covered(since, until, **fields):
    return CoveredEntry(at=at(until), since=at(since), until=at(until), **fields)


def checkpoint(gaps, exact=None, others=(), **fields):
    columns = encoded(at(0), gaps, exact or [None] * len(gaps), others)
    settings = {"at": at(END), "since": at(0), "until": at(END), "lines": 9, "gaps": len(gaps)}
    return CheckpointEntry(**settings | {"columns": columns} | fields)


@st.composite
def contents(draw):
    """Return gaps in order of time, the pieces that span one each, and other pieces."""
    edges = sorted(
        draw(st.lists(st.integers(0, END), max_size=20).filter(lambda e: not len(e) % 2))
    )
    gaps = [
        RawGap(
            at(start),
            at(end),
            draw(st.sampled_from(["stopped", "kicked"])),
            draw(st.booleans()),
            draw(st.sampled_from(["", "banned"])),
            draw(st.sampled_from(["", "m1", "é"])),
        )
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]
    exact = [draw(pieces(gap.start, gap.end)) if draw(st.booleans()) else None for gap in gaps]
    stretches = st.tuples(st.integers(0, END), st.integers(0, END)).map(sorted)
    others = [
        draw(pieces(at(since), at(until)))
        for since, until in draw(st.lists(stretches.filter(lambda each: each[0] < each[1])))
    ]
    return gaps, exact, others


@st.composite
def pieces(draw, since, until):
    why = draw(st.sampled_from(["", "gone"]))
    fields = {"at": until, "since": since, "until": until, "why": why}
    match draw(st.integers(0, 2)):
        case 0:
            return AskedEntry(stopped=draw(st.booleans()), **fields)
        case 1:
            return UnfillableEntry(**fields)
    via, kinds = draw(st.sampled_from([("chathistory", "all"), ("playback", "messages")]))
    return CoveredEntry(via=via, kinds=kinds, lines=draw(st.integers(0, 9)), **fields)


@given(contents())
def test_gaps_and_pieces_are_decoded_as_they_were(content):
    gaps, exact, others = content
    expected = Decoded(gaps, [*others, *(piece for piece in exact if piece is not None)])
    assert decoded(checkpoint(gaps, exact, others)) == expected


def test_thousands_of_batches_take_a_few_bytes_each():
    gaps = [
        RawGap(at(60 * n + n % 7), at(60 * n + 55), "stopped", planned=True) for n in range(8192)
    ]
    entry = checkpoint(gaps, until=at(10**6))
    assert len(entry.columns) < 2 * 8192
    assert len(decoded(entry).gaps) == 8192


GAPS = [RawGap(at(10), at(20), "stopped"), RawGap(at(30), at(40), "stopped")]
WHOLE = checkpoint(GAPS)


def with_columns(**changed):
    columns = json.loads(zlib.decompress(base64.b64decode(WHOLE.columns)))
    data = zlib.compress(json.dumps(columns | changed).encode())
    return msgspec.structs.replace(WHOLE, columns=base64.b64encode(data).decode())


DAMAGED = {
    "no base64": msgspec.structs.replace(WHOLE, columns="?"),
    "not deflated": msgspec.structs.replace(WHOLE, columns="e30="),
    "cut off": msgspec.structs.replace(WHOLE, columns=WHOLE.columns[:40]),
    "a flipped bit": msgspec.structs.replace(WHOLE, columns=WHOLE.columns.replace("e", "f", 1)),
    "other gaps than it says": msgspec.structs.replace(WHOLE, gaps=3),
    "a short column": with_columns(starts=[10]),
    "a wrong type": with_columns(starts="x"),
    "a gap that ends before it begins": with_columns(lengths=[10, -10]),
    "a gap behind its end": with_columns(lengths=[10, 10**9]),
    "a number beyond all times": with_columns(lengths=[10, 10**18]),
    "runs of another length": with_columns(causes=[[1, ["stopped", False]]]),
    "runs of less than none": with_columns(whys=[[-1, "x"], [3, ""]]),
    "lines of another length": with_columns(lines=[1]),
    "a piece of no kind": with_columns(others=[[1, 2, 0, ["x"]]]),
    "a piece outside": with_columns(others=[[1, 10**9, 0, ["covered"]]]),
    "a piece that is empty": with_columns(others=[[5, 5, 0, ["covered"]]]),
    "a bomb": msgspec.structs.replace(
        WHOLE, columns=base64.b64encode(zlib.compress(b" " * 20_000_000)).decode()
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_columns_claim_nothing(damage):
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        decoded(DAMAGED[damage])
    coverage = coverage_of([DAMAGED[damage]], heard=lambda _: None)
    [gap] = coverage.gaps
    assert (gap.start.time, gap.end) == (at(0), at(END))
    assert (gap.state, gap.cause) == (GapState.OPEN, "damaged ledger")
    assert coverage.share == 0


def test_a_checkpoint_without_what_follows_it_claims_nothing_behind_its_end():
    coverage = coverage_of([WHOLE], heard=lambda _: None, now=at(END + 60))
    assert [(gap.start.time, gap.end, gap.cause) for gap in coverage.gaps] == [
        (at(10), at(20), "stopped"),
        (at(30), at(40), "stopped"),
        (at(END), at(END + 60), "damaged ledger"),
    ]


def test_history_that_is_told_later_is_taken_off_the_gaps_of_a_checkpoint():
    told = covered(5, 35, via="chathistory", lines=7)
    coverage = coverage_of([WHOLE, told], heard=lambda _: None)
    assert [(gap.start.time, gap.end, str(gap.state), gap.lines) for gap in coverage.gaps] == [
        (at(10), at(20), "filled", 7),
        (at(30), at(35), "filled", 0),
        (at(35), at(40), "open", 0),
    ]


def test_a_checkpoint_that_has_none_of_the_gaps_asked_for_is_not_decoded():
    entry = msgspec.structs.replace(WHOLE, columns="?", wanting=0)
    coverage = coverage_of([entry], heard=lambda _: None)
    assert list(coverage.wanting()) == list(coverage.gaps.open()) == []
    assert list(coverage.gaps.near(at(END + 1), at(END + 9))) == []
    assert list(coverage.gaps) != []
