"""Merges done again: whatever the witnesses have, and in whatever order, nothing is added twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chatlog.coverage import ledger
from chatlog.coverage.entries import ImportedEntry, MergedEntry
from tests.support.archive import event_at, read_all, record
from tests.support.drawn_witnesses import (
    GRAINS,
    blocks,
    comparing,
    drawn_witnesses,
    most_of_each,
    said_lines,
)
from tests.support.ledgers import at
from tests.support.tending import tend
from tests.upkeep.test_witness_merge import MOMENT, UNSYNCED, files, merge


def tell_imported(root, since, until, grain=60_000, lines=1):
    """Append to the ledger of an archive that lines were imported."""
    entry = ImportedEntry(
        at=MOMENT, via="import:irssi", grain=grain, since=since, until=until, lines=lines
    )
    ledger.append(UNSYNCED, root / "net" / "#c", [entry])


def witness(root, kind, lines):
    """Write the archive of a witness; one with coarse stamps has imported them."""
    grain = GRAINS[kind]
    via = "import:irssi" if grain > 1 else ""
    events = [replace(line.event(grain), via=via) for line in lines]
    record(root, *events)
    if grain > 1:
        times = [event.time for event in events]
        tell_imported(root, min(times), max(times), grain, len(lines))
    return root


@settings(max_examples=60, deadline=None)
@given(drawn_witnesses(has_wholes=True), blocks, st.booleans(), st.booleans(), st.data())
def test_a_merge_of_the_same_archives_again_in_any_order_adds_nothing(
    tmp_path_factory, witnesses, block, one_by_one, has_recorded, data
):
    with comparing(block):
        check_merges_again(
            tmp_path_factory.mktemp("again"), witnesses, one_by_one, has_recorded, data
        )


def check_merges_again(root, witnesses, one_by_one, has_recorded, data):
    into = root / "into"
    if has_recorded:
        record(into, *(line.event() for line in witnesses[0][1]))
    archives = [witness(root / f"w{at}", *each) for at, each in enumerate(witnesses)]
    for some in [[each] for each in archives] if one_by_one else [archives]:
        merge(into, *some)
    assert most_of_each(witnesses) <= said_lines(read_all(into))
    assert merge(into, *archives).added == 0
    order = data.draw(st.permutations(archives))
    assert [merge(into, each).added for each in order] == [0] * len(archives)
    assert merge(into, *order[::-1]).added == 0
    before = files(into)
    assert merge(into, *archives).added == 0
    assert files(into) == before


@pytest.mark.parametrize("rotate", [None, 2000])
def test_lines_in_reversed_order_stay_known_beside_coarse_ones(tmp_path, rotate):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, *(event_at(1000 - number, f"past {number}") for number in range(50)))
    assert merge(into, one, rotate_size=rotate).added == 50
    assert merge(into, one).added == 0
    tell_imported(into, at(0), at(1))
    assert [merge(into, one).added for _ in range(2)] == [0, 0]


def test_sealed_lines_in_reversed_order_stay_known_beside_coarse_ones(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, *(event_at(1000 - number, f"past {number}") for number in range(50)))
    merge(into, one)
    record(into, event_at(2000, "live"))
    tend(into, compress="none")
    tell_imported(into, at(0), at(1))
    assert merge(into, one).added == 0


def test_a_witness_that_grew_since_a_merge_brings_its_new_lines(tmp_path):
    """A word said again after the merge is not one that was merged."""
    one, into = tmp_path / "one", tmp_path / "into"
    record(into, event_at(0, "yes"), event_at(40, "so"), event_at(70, "yes"))
    record(one, event_at(2, "yes"), event_at(43, "so"))
    assert merge(into, one).added == 0
    record(one, event_at(100, "yes"), event_at(101, "new"))
    assert merge(into, one).added == 2
    assert merge(into, one).added == 0


def merged_stretches(root):
    return [line for line in ledger.read(root / "net" / "#c") if isinstance(line, MergedEntry)]


def test_a_word_that_a_witness_fetched_later_into_a_merged_stretch_is_a_new_line(tmp_path):
    """A stretch that has changed proves nothing: an equal word near by is another one's."""
    one, into = tmp_path / "one", tmp_path / "into"
    record(into, event_at(0, "yes"), event_at(40, "so"), event_at(200, "end"))
    record(one, event_at(0, "yes"), event_at(40, "so"), event_at(200, "end"))
    merge(into, one)
    record(one, event_at(20, "yes", via="chathistory"))
    assert merge(into, one).added == 1
    assert merge(into, one).added == 0
    assert [each.lines for each in merged_stretches(into)] == [3, 4]


def test_lines_that_an_archive_has_lost_come_back_by_another_merge(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(into, event_at(0.2, "yes"), event_at(90_000, "on the next day"))
    record(one, event_at(0, "yes"), event_at(90_000, "on the next day"))
    assert merge(into, one).added == 0
    (into / "net" / "#c" / "2026-11-23_001.jsonl").unlink()
    assert merge(into, one).added == 1
    assert merge(into, one).added == 0


def test_a_merge_tells_each_stretch_once_whatever_the_number_of_merges(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "yes"))
    for _ in range(2):
        merge(into, one)
    assert [(each.since, each.until) for each in merged_stretches(into)] == [(at(0), at(0))]
    record(one, event_at(5, "more"))
    for _ in range(2):
        merge(into, one)
    assert [each.until for each in merged_stretches(into)] == [at(0), at(5)]


def test_a_record_that_runs_backwards_adds_nothing_again_however_few_lines_are_compared_at_once(
    tmp_path,
):
    one, back, into = (tmp_path / name for name in ("one", "back", "into"))
    said = [*[0] * 24, 60, 150, 210, 300]
    record(one, *(event_at(each, "yes") for each in said))
    record(back, *(event_at(each, "yes") for each in reversed(said)))
    with comparing(3):
        merge(into, one, back)
        assert merge(into, one, back).added == 0


def test_a_message_that_one_witness_has_by_lines_adds_nothing_again_where_a_clock_is_late(tmp_path):
    late, whole, parts, into = (tmp_path / name for name in ("late", "whole", "parts", "into"))
    end = event_at(0, "yes", nick="bob"), event_at(0.3, "no", nick="bob")
    record(late, event_at(20.3, "no", nick="bob"), event_at(20, "head\ntail"), event_at(20, "no"))
    record(whole, event_at(0, "no"), event_at(0, "head\ntail"), *end)
    words = ("yes", "yes", "no", "head", "tail")
    record(parts, *(event_at(0, each, account="services") for each in words), *end)
    archives = [late, whole, parts]
    merge(into, *archives)
    assert [merge(into, each).added for each in archives] == [0, 0, 0]


def test_a_merged_stretch_tells_how_late_a_line_was_that_is_known_by_its_msgid(tmp_path):
    """So it stays known, whatever is merged between the two stamps."""
    one, late, into = (tmp_path / name for name in ("one", "late", "into"))
    record(one, event_at(5, "yes", msgid="id"))
    record(late, event_at(905, "yes", msgid="id"))
    assert merge(into, one, late).added == 1
    assert merged_stretches(into)[-1].most >= 900_000


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_a_lost_line_at_the_end_of_all_years_comes_back_by_another_merge(tmp_path, time):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, replace(event_at(0, "far"), time=time), event_at(0, "near"))
    assert merge(into, one).added == 2
    assert merge(into, one).added == 0
    (into / "net" / "#c" / f"{time[:10]}_001.jsonl").unlink()
    assert [merge(into, one).added for _ in range(2)] == [1, 0]
