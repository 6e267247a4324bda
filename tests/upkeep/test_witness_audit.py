"""Two archives compared: the lines that one of them lacks, and those that it must have."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chatlog.event import EventType
from chatlog.upkeep.witness import Witness
from chatlog.upkeep.witness_audit import ArchiveComparison
from tests.support.archive import event_at, record
from tests.support.ledgers import at
from tests.upkeep.test_witness_merge import HERE, files, heard, merge


def compare(here, there, since="", until=""):
    """Compare two archives, and return the result of `#c`."""
    comparison = ArchiveComparison(Witness("", here), Witness("there", there), since, until)
    assert comparison.places() == [HERE]
    return comparison.compare(HERE)


def texts(lines):
    return [each.event.text for each in lines]


def test_lines_are_counted_by_the_archives_that_have_them(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    lines = [event_at(10 * each, f"line {each}") for each in range(20)]
    record(here, *lines[:15])
    record(there, *lines[5:])
    found = compare(here, there)
    assert (found.shared, found.missing, found.extra, found.conflicting) == (10, 5, 5, 0)
    assert texts(found.missing_lines) == [f"line {each}" for each in range(15, 20)]
    assert texts(found.extra_lines) == [f"line {each}" for each in range(5)]
    assert found.differs


def test_an_archive_that_has_more_than_a_deaf_one_does_not_differ(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    record(here, event_at(0, "a"), event_at(5, "b"))
    record(there, event_at(0, "a"))
    assert not compare(here, there).differs


def test_a_line_that_one_lacks_although_it_was_listening_is_a_conflict_on_its_side(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    record(here, event_at(0, "a"), event_at(50, "only here"))
    record(there, event_at(0, "a"), event_at(20, "only there"))
    heard(here, (-60, 30))
    heard(there, (-60, 120))
    found = compare(here, there)
    assert [each.is_conflict for each in found.missing_lines] == [True]
    assert [each.is_conflict for each in found.extra_lines] == [True]
    assert (found.lacking_here, found.lacking_there, found.conflicting) == (1, 1, 2)


def test_only_lines_of_the_range_count_and_those_around_it_still_tell_which_is_which(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    lines = [event_at(10 * each, "lol") for each in range(20)]
    record(here, *lines)
    record(there, *lines[:9], *lines[10:])
    found = compare(here, there, since=at(50), until=at(150))
    assert (found.shared, found.missing, found.extra) == (9, 0, 1)
    found = compare(here, there, since=at(100), until=at(150))
    assert (found.shared, found.missing, found.extra) == (5, 0, 0)


def test_lines_that_a_recorder_writes_of_itself_are_not_compared(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    record(here, event_at(0, "a"), event_at(1, "", type=EventType.RECOVERED))
    record(there, event_at(0, "a"), event_at(2, "bye", type=EventType.STOPPED))
    found = compare(here, there)
    assert (found.shared, found.missing, found.extra) == (1, 0, 0)


def test_a_channel_that_one_archive_lacks_is_compared_with_nothing(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    record(here, event_at(0, "elsewhere", target="#other"))
    record(there, event_at(0, "a"))
    comparison = ArchiveComparison(Witness("", here), Witness("there", there))
    found = {place.target: comparison.compare(place) for place in comparison.places()}
    assert {name: (each.missing, each.extra) for name, each in found.items()} == {
        "#c": (1, 0),
        "#other": (0, 1),
    }


sides = st.lists(st.sampled_from(["both", "here", "there"]), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(sides)
def test_what_is_missing_is_what_a_merge_would_add_and_nothing_is_written(tmp_path_factory, side):
    root = tmp_path_factory.mktemp("compared")
    here, there = root / "here", root / "there"
    lines = [event_at(7 * each, f"line {each % 3}") for each in range(len(side))]
    for archive, others in ((here, "there"), (there, "here")):
        record(archive, event_at(-60, "first"))
        if kept := [line for line, which in zip(lines, side, strict=True) if which != others]:
            record(archive, *kept)
    before = files(here), files(there)
    found = compare(here, there)
    assert (files(here), files(there)) == before
    merged = merge(here, there, dry_run=True)
    assert (found.missing, found.shared) == (merged.added, merged.shared)
    assert found.shared + found.extra == merged.known
    merge(here, there)
    after = compare(here, there)
    assert (after.missing, after.conflicting) == (0, 0)
