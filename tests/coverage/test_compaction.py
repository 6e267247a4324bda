"""Compaction of a ledger: fewer lines, and every answer as before."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.coverage import compaction, ledger
from chatlog.coverage.compaction import compacted
from chatlog.coverage.entries import (
    AbsentEntry,
    AskedEntry,
    CheckpointEntry,
    ClosedEntry,
    CoveredEntry,
    OpenedEntry,
    ReportedEntry,
    UnfillableEntry,
    encode,
)
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.gap import counted
from chatlog.coverage.interval_fold import Bound
from chatlog.coverage.unclosed import unclosed
from chatlog.record.intervals import is_new, silence_of
from tests.support.ledgers import at, harmed, ledgers, read_bytes, several_runs

NOW = "2026-12-01T00:00:00.000Z"


def lines_of(data):
    return ledger.raw_lines(data)


def compact(data, least=1):
    """Return the ledger after compaction, or as it is if nothing is to be folded."""
    result = compacted(lines_of(data), NOW, least=least)
    return data if result is None else result


def fold(directory, data, **options):
    return coverage_of(read_bytes(directory, data), heard=lambda _: None, **options)


def shown(gap):
    """Return a gap as commands show it; the msgid counts where history may be fetched."""
    msgid = "" if gap.state == "filled" else gap.start.msgid
    return replace(gap, start=replace(gap.start, msgid=msgid))


def answers(directory, data):
    """Return all that any command asks a ledger."""
    found = {}
    lines = read_bytes(directory, data)
    for now in ("", at(500)):
        for alive in (True, False):
            coverage = coverage_of(
                lines, heard=lambda _: Bound(at(450)), lives=lambda _, a=alive: a, now=now
            )
            if coverage is None:
                found[now, alive] = None
                continue
            gaps = [*map(shown, coverage.gaps)]
            found[now, alive] = (
                (coverage.since, coverage.until, coverage.damaged, gaps),
                [*map(shown, coverage.wanting())],
                [*map(shown, coverage.gaps.open())],
                [*map(shown, coverage.gaps.unasked())],
                coverage.share,
            )
            for low, high in ((0, 40), (35, 90), (100, 400)):
                near = [
                    replace(
                        gap,
                        start=replace(gap.start, time=max(gap.start.time, at(low))),
                        end=min(gap.end, at(high)),
                    )
                    for gap in coverage.gaps.near(at(low), at(high))
                    if gap.start.time < at(high) and gap.end > at(low)
                ]
                cut = counted(near, coverage.covered_near(at(low), at(high)))
                found[now, alive, low] = [*map(shown, cut)]
    reported = {(e.since, e.until) for e in lines if isinstance(e, ReportedEntry)}
    coverage = coverage_of(lines, heard=lambda _: None, lives=lambda _: False)
    found["unreported"] = coverage and [
        shown(gap)
        for gap in coverage.gaps.open()
        if not any(since <= gap.start.time and gap.end <= until for since, until in reported)
    ]
    found["rest"] = (
        [*unclosed(lines)],
        silence_of(lines),
        is_new(lines),
        lines.damaged,
        lines.later,
    )
    return found


@st.composite
def files(draw):
    """Return the bytes of a ledger: whole or harmed, or with lines of a later version."""
    entries, _ = draw(st.one_of(ledgers(), batches(), several_runs()))
    lines = [encode(entry) for entry in entries]
    way = draw(st.sampled_from(["whole", "harmed", "later"]))
    if lines and way == "harmed":
        return draw(harmed(entries))
    if lines and way == "later":
        place = draw(st.integers(0, len(lines) - 1))
        later = [b'{"entry":"weather","at":"rain"}\n', lines[place].replace(b"{", b'{"mood":1,', 1)]
        lines[place] = draw(st.sampled_from(later))
    return b"".join(lines)


@st.composite
def batches(draw):
    """Return the entries of batches that ask for the gaps before them, and a later second."""
    entries, now, gaps = [], 0, []
    for _ in range(draw(st.integers(2, 12))):
        begin = now + draw(st.integers(0, 9))
        if entries:
            gaps.append((now, begin))
        entries.append(OpenedEntry(at=at(begin), msgid=f"o{begin}", run="r", via="live"))
        for since, until in draw(st.lists(st.sampled_from(gaps), max_size=3)) if gaps else ():
            kind = draw(st.sampled_from([CoveredEntry, CoveredEntry, UnfillableEntry, AskedEntry]))
            more = {"lines": draw(st.integers(0, 3))} if kind is CoveredEntry else {}
            more |= {"stopped": draw(st.booleans())} if kind is AskedEntry else {}
            why = draw(st.sampled_from(["", "gone"]))
            entries.append(kind(at=at(begin), since=at(since), until=at(until), why=why, **more))
        now = begin + draw(st.integers(0, 3))
        planned = draw(st.booleans())
        entries.append(ClosedEntry(at=at(now), msgid=f"c{now}", cause="stopped", planned=planned))
    return entries, now + 9


@given(files(), st.integers(1, 5))
def test_every_answer_is_as_before(tmp_path_factory, original, most):
    directory = tmp_path_factory.mktemp("target")
    with patch.object(compaction, "MOST_GAPS", most):
        result = compact(original)
        assert answers(directory, result) == answers(directory, original)
        assert compact(result) == result


@given(files(), st.data(), st.integers(1, 5))
def test_every_answer_is_as_before_whatever_is_written_behind_a_checkpoint(
    tmp_path_factory, original, data, most
):
    directory = tmp_path_factory.mktemp("target")
    lines = [line + b"\n" for line in original.split(b"\n")[:-1]]
    cut = data.draw(st.integers(0, len(lines)))
    with patch.object(compaction, "MOST_GAPS", most):
        before = compact(b"".join(lines[:cut]))
        result = before + b"".join(lines[cut:])
        expected = answers(directory, original)
        assert answers(directory, result) == expected
        again = compact(result)
        assert answers(directory, again) == expected
        assert compact(again) == again


def test_a_ledger_whose_columns_would_be_too_long_to_read_is_not_folded():
    whys = ["x" * 600_000 + str(number) for number in range(30)]
    entries = []
    for number, why in enumerate(whys):
        entries += [OpenedEntry(at=at(9 * number)), ClosedEntry(at=at(9 * number + 1))]
        entries.append(AbsentEntry(at=at(9 * number + 2), why=why))
    data = b"".join(map(encode, entries))
    assert compact(data) == data


@given(files())
def test_lines_that_are_damaged_or_of_a_later_version_stay_byte_for_byte(original):
    odd = [each.data for each in lines_of(original) if isinstance(each.entry, Damaged | Later)]
    result = [each.data for each in lines_of(compact(original))]
    assert [line for line in result if line in odd] == odd


def test_a_checkpoint_has_intervals_of_the_same_kinds_alone_and_keeps_them(tmp_path):
    kinds = ["all", "all", "talk topic", "talk topic", "talk topic", ""]
    entries = []
    for number, each in enumerate(kinds):
        entries.append(OpenedEntry(at=at(10 * number), kinds=each))
        entries.append(ClosedEntry(at=at(10 * number + 5), cause="stopped"))
    compacted_lines = lines_of(compact(b"".join(map(encode, entries))))
    kept = [line.entry for line in compacted_lines]
    assert [(each.since, each.kinds) for each in kept if isinstance(each, CheckpointEntry)] == [
        (at(0), ""),
        (at(20), "talk topic"),
    ]
    intervals = coverage_of(kept, heard=lambda _: None).intervals
    assert [each.kinds for each in intervals] == ["", "talk topic", ""]


# -- several runs ------------------------------------------------------------------------


@given(several_runs())
def test_the_fold_of_several_runs_is_the_same_after_compaction(tmp_path_factory, runs):
    entries, _ = runs
    data = b"".join(map(encode, entries))
    directory = tmp_path_factory.mktemp("runs")
    assert answers(directory, compact(data)) == answers(directory, data)


def test_a_run_that_heard_beside_many_others_keeps_its_bounds(tmp_path):
    beside = [OpenedEntry(at=at(0), run="long")]
    for begin in range(10, 1000, 10):
        beside.append(OpenedEntry(at=at(begin), run=f"r{begin}"))
        beside.append(ClosedEntry(at=at(begin + 5), run=f"r{begin}", cause="stopped"))
    ends = [ClosedEntry(at=at(700), run="long"), ClosedEntry(at=at(1005), run="r990")]
    data = b"".join(map(encode, [*beside[:-1], *ends]))
    assert answers(tmp_path, compact(data)) == answers(tmp_path, data)
    alone = b"".join(map(encode, beside))
    assert len(compact(alone)) < len(alone) / 2


def test_a_run_that_heard_all_the_time_of_a_checkpoint_may_end_behind_it(tmp_path):
    entries = [OpenedEntry(at=at(0), run="long")]
    for begin in range(10, 100, 10):
        entries.append(OpenedEntry(at=at(begin), run=f"r{begin}"))
        entries.append(ClosedEntry(at=at(begin + 5), run=f"r{begin}", cause="stopped"))
    data = b"".join(map(encode, entries))
    end = encode(ClosedEntry(at=at(200), run="long", cause="stopped"))
    assert b"checkpoint" in compact(data)
    assert answers(tmp_path, compact(data) + end) == answers(tmp_path, data + end)


def test_a_run_that_came_again_without_an_end_hides_no_gap(tmp_path):
    runs = "abacba"
    entries = [OpenedEntry(at=at(10 * number), run=run) for number, run in enumerate(runs)]
    entries.append(ClosedEntry(at=at(55), run="a", cause="stopped"))
    entries += [OpenedEntry(at=at(70), run="b"), ClosedEntry(at=at(80), run="a")]
    entries += [ClosedEntry(at=at(90), run="b", cause="stopped")]
    data = b"".join(map(encode, entries))
    assert answers(tmp_path, compact(data)) == answers(tmp_path, data)
