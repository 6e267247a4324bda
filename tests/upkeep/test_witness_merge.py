"""Several witnesses of one channel merged: what somebody heard is there once, in order."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import tempfile
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatlog.archive.rules import Rules
from chatlog.archive.system import System
from chatlog.casemapping import Casemapping
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, CoveredEntry, ImportedEntry, OpenedEntry
from chatlog.coverage.fold import coverage_of
from chatlog.errors import HeldError, TranscriptError
from chatlog.event import parse_time
from chatlog.upkeep import witness, witness_comparison
from chatlog.upkeep.verify import Verifier
from chatlog.upkeep.witness import LineKeys, TargetPlace, Witness
from chatlog.upkeep.witness_merge import ArchiveMerge
from chatlog.write.beside import BesideWriter, recover_spools
from chatlog.write.writer import Storage, Writer
from tests.support.archive import START, event_at, read_all, record
from tests.support.crashing import MODES, Fragile, Stopped
from tests.support.faults import Refusing
from tests.support.ledgers import at
from tests.support.process import holding
from tests.support.tending import IMPORTER, tend

HERE = TargetPlace("net", "#c")
MOMENT = "2026-11-27T00:00:00.000Z"
HOLDER = """
import sys
from pathlib import Path
from chatlog.archive.locks import Locks
locks = Locks(Path(sys.argv[1]))
locks.hold("net", "#c")
print("held", flush=True)
sys.stdin.read()
"""
UNSYNCED = dataclasses.replace(System(), fsync=lambda _fd: None)


def writer_into(root, system=UNSYNCED, **storage):
    """Return the writer of a merge, which need not wait for a disk or for who seals."""
    return BesideWriter(Storage(root=root, **storage), system=system, patience=0)


def merge(into, *archives, dry_run=False, names=None, **storage):
    """Merge archives into one, and return the result of `#c`."""
    names = names or [each.name for each in archives]
    witnesses = [Witness(name, root) for name, root in zip(names, archives, strict=True)]
    writer = None if dry_run else writer_into(into, **storage)
    try:
        merging = ArchiveMerge(Witness("", into), witnesses, writer, MOMENT)
        results = {place: merging.merge(place) for place in merging.places()}
    finally:
        if writer is not None:
            writer.close()
    return results[HERE]


def merge_all(into, *archives, targets=()):
    """Merge all targets of archives into one, and return how many lines were added."""
    witnesses = [Witness(each.name, each, targets) for each in archives]
    writer = writer_into(into)
    try:
        merging = ArchiveMerge(Witness("", into, targets), witnesses, writer, MOMENT)
        return sum(merging.merge(place).added for place in merging.places())
    finally:
        writer.close()


def heard(root, *stretches, run="r", target="#c"):
    """Append intervals of a run to the ledger of a target."""
    entries = []
    for since, until in stretches:
        entries.append(OpenedEntry(at=at(since), run=run))
        entries.append(ClosedEntry(at=at(until), run=run, cause="killed"))
    (root / "net" / target).mkdir(parents=True, exist_ok=True)
    ledger.append(UNSYNCED, root / "net" / target, entries)


def coverage(root):
    return coverage_of(ledger.read(root / "net" / "#c"), heard=lambda _: None)


def gaps(root):
    return [
        ((parse_time(gap.start.time) - START) // 1000, (parse_time(gap.end) - START) // 1000)
        for gap in coverage(root).gaps
        if gap.state != "filled"
    ]


def said(root):
    return [(event.time, event.text) for event in read_all(root)]


def files(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "FORMAT" and not path.name.startswith(".")
    }


# -- each line once ----------------------------------------------------------


def test_two_archives_become_one_with_each_line_once_in_order(tmp_path):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    lines = [event_at(10 * each, f"line {each}") for each in range(20)]
    record(one, *lines[:15])
    record(other, *lines[5:])
    result = merge(into, one, other)
    assert (result.added, result.known, result.shared) == (20, 0, 10)
    assert [text for _, text in said(into)] == [line.text for line in lines]


def test_an_added_line_names_its_witness_and_keeps_how_it_came_there(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "live"), event_at(1, "fetched", via="chathistory"))
    merge(into, one)
    assert [(event.text, event.via, event.witness) for event in read_all(into)] == [
        ("live", "merge", "one"),
        ("fetched", "chathistory", "one"),
    ]


def test_a_merge_of_the_same_archives_again_changes_nothing(tmp_path):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    record(one, *(event_at(each, "lol") for each in range(0, 40, 2)))
    record(other, *(event_at(each, "lol") for each in range(0, 40, 4)))
    heard(one, (0, 20), (30, 50))
    heard(other, (10, 40))
    merge(into, one, other)
    before = files(into)
    result = merge(into, one, other)
    assert (result.added, files(into)) == (0, before)


@pytest.mark.parametrize("form", ["jsonl", "text"])
@pytest.mark.parametrize(("ours", "theirs"), [("joined", "join"), ("parted", "part")])
def test_the_coming_and_going_of_a_recorder_is_one_line_with_that_which_another_one_saw(
    tmp_path, form, ours, theirs
):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    who = {"nick": "recorder", "user": "u", "host": "h"}
    record(one, event_at(0, "why", type=ours, **who), event_at(1, "hello"))
    record(other, event_at(0, "", type=theirs, **who), event_at(1, "hello"), formats=(form,))
    assert merge(into, one, other).added == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "react", "reply_to": "m1"}, {"type": "react", "reply_to": "m2"}),
        ({"type": "redact", "reply_to": "m1"}, {"type": "redact", "reply_to": "m2"}),
        ({"statusmsg": "@"}, {}),
    ],
    ids=["reactions", "redactions", "to operators alone"],
)
def test_equal_texts_about_two_messages_or_to_other_people_are_two_lines(tmp_path, one, other):
    for name, fields in (("one", one), ("other", other)):
        record(
            tmp_path / name, event_at(0, "hello"), event_at(1, "+1", **fields), event_at(2, "bye")
        )
    assert merge(tmp_path / "into", tmp_path / "one", tmp_path / "other").added == 4


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_several_copies_the_richest_is_taken_in_whatever_order_the_archives_are_named(
    tmp_path, order
):
    roots = [tmp_path / "poor", tmp_path / "rich"]
    record(roots[0], *(event_at(each, f"line {each}") for each in range(5)))
    rich = [event_at(each, f"line {each}", msgid=f"m{each}", account="ann") for each in range(5)]
    record(roots[1], *rich)
    merge(tmp_path / "into", *(roots[each] for each in order))
    assert [event.msgid for event in read_all(tmp_path / "into")] == [f"m{n}" for n in range(5)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_copies_that_tell_the_same_the_one_with_milliseconds_is_taken(tmp_path, order):
    lines = [event_at(7 * each + 0.123, f"line {each}") for each in range(5)]
    record(tmp_path / "text", *lines, formats=("text",))
    record(tmp_path / "jsonl", *lines)
    roots = [tmp_path / "text", tmp_path / "jsonl"]
    merge(tmp_path / "into", *(roots[each] for each in order))
    assert said(tmp_path / "into") == [(line.time, line.text) for line in lines]


def test_lines_that_the_server_dated_are_not_moved_by_the_clocks_of_recorders(tmp_path):
    """Twitch dates what is said, but tells no time of who comes and goes."""
    came = [{"type": "join", "nick": nick} for nick in ("bob", "eve", "joe")]
    said_by_server = [(3, "a"), (4, "b"), (5, "c"), (6, "d")]
    for name, late, heard in (("one", 0, "acd"), ("other", 2.5, "ab")):
        joins = [event_at(1 + late, "", **each) for each in came]
        spoken = [
            event_at(second, text, received=event_at(second + 0.2).time)
            for second, text in said_by_server
            if text in heard
        ]
        record(tmp_path / name, *joins, *spoken)
    merge(tmp_path / "into", tmp_path / "one", tmp_path / "other")
    found = [event for event in read_all(tmp_path / "into") if event.type == "message"]
    assert [(event.text, event.time) for event in found] == [
        (text, event_at(second).time) for second, text in said_by_server
    ]


def test_a_line_that_the_archive_has_stands_as_it_is(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(into, event_at(0, "hello"))
    record(one, event_at(0, "hello", msgid="m"), event_at(1, "more"))
    merge(into, one)
    assert [(event.text, event.msgid, event.witness) for event in read_all(into)] == [
        ("hello", "", ""),
        ("more", "", "one"),
    ]


@pytest.mark.parametrize("fields", [{}, {"via": "chathistory"}, {"target": "#C"}])
@pytest.mark.parametrize("late", [0, 3])
def test_an_added_line_keeps_the_keys_of_a_later_version(tmp_path, fields, late):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    lines = [event_at(10 * each, f"line {each}", **fields) for each in range(10)]
    record(one, *lines[:5], *lines[6:])
    record(other, *(event_at(10 * each + late, f"line {each}", **fields) for each in range(10)))
    for path in other.rglob("*.jsonl"):
        path.write_bytes(path.read_bytes().replace(b"}\n", b',"mood":"new"}\n'))
    merge(into, one, other)
    every = b"".join(files(into).values()).splitlines()
    [added] = [line for line in every if b"line 5" in line]
    assert json.loads(added)["mood"] == "new"
    assert json.loads(added)["witness"] == "other"


def test_lines_are_added_to_an_archive_in_text(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    lines = [event_at(each, f"line {each}") for each in range(0, 200_000, 20_000)]
    record(one, *lines)
    merge(into, one, formats=("text",))
    assert [event.text for event in read_all(into)] == [line.text for line in lines]


def test_lines_are_added_to_the_parts_of_their_classes(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"), event_at(1, "", type="join"), event_at(90_000, "bye"))
    rules = Rules(keep={"presence": 86_400.0})
    merge(into, one, rules=rules)
    names = [name for name, data in files(into).items() if b'"join"' in data]
    assert len(names) == 1
    assert "presence" in names[0]
    assert len(read_all(into)) == 3


def test_a_sealed_segment_stays_byte_for_byte_and_missing_lines_are_a_part_beside_it(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(into, event_at(0, "hello"), compress="gzip")
    tend(into, compress="gzip")
    sealed = {name: data for name, data in files(into).items() if name.endswith(".gz")}
    record(one, event_at(0, "hello"), event_at(1, "more"))
    assert merge(into, one).added == 1
    assert {name: data for name, data in files(into).items() if name.endswith(".gz")} == sealed
    assert any(b'"more"' in data for data in files(into).values())


def test_an_archive_in_text_adds_nothing_to_one_in_json_that_has_its_lines(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    lines = [event_at(7.3 * each, f"line {each % 3}", nick="ann") for each in range(30)]
    record(one, *lines, formats=("text",))
    record(into, *lines)
    assert (merge(into, one).added, len(read_all(into))) == (0, 30)


def test_the_clock_of_the_first_archive_counts_and_the_others_claim_is_kept(tmp_path):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    record(one, *(event_at(10 * each, f"line {each}") for each in range(10) if each != 5))
    record(other, *(event_at(10 * each + 3, f"line {each}") for each in range(10)))
    merge(into, one, other)
    [late] = [event for event in read_all(into) if event.text == "line 5"]
    assert (late.time, late.tags) == (at(50), {"time": at(53)})
    assert [text for _, text in said(into)] == [f"line {each}" for each in range(10)]


def test_an_archive_in_another_time_zone_is_refused_and_nothing_is_written(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(into, *(event_at(10 * each, f"line {each}") for each in range(10)))
    record(one, *(event_at(10 * each + 7200, f"line {each}") for each in range(10)))
    before = files(into)
    with pytest.raises(TranscriptError, match=r"2:00 hours later.*--tz"):
        merge(into, one)
    assert files(into) == before


@pytest.fixture
def small_samples(monkeypatch):
    """Compare clocks by few lines at once, as if records were long."""
    for module in (witness, witness_comparison):
        monkeypatch.setattr(module, "SAMPLE", 50)


def shared_late(count, offset=0):
    return [event_at(600_000 + 10 * each + offset, f"shared {each}") for each in range(count)]


@pytest.mark.parametrize("both_begin_early", [True, False])
def test_a_clock_is_found_where_records_share_lines_only_long_after_they_begin(
    tmp_path, small_samples, both_begin_early
):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    record(one, *(event_at(2 * each, f"one {each}") for each in range(180)), *shared_late(20))
    early = 180 if both_begin_early else 0
    before = [event_at(2 * each, f"other {each}") for each in range(early)]
    record(other, *before, *shared_late(20, offset=400))
    assert merge(into, one, other).added == 200 + early


def test_a_wrong_time_zone_is_found_behind_a_busy_day(tmp_path, small_samples):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    lines = [event_at(590_000 + 2 * each, f"one {each}") for each in range(180)]
    record(one, *lines, *shared_late(20))
    record(other, *shared_late(20, offset=7200))
    with pytest.raises(TranscriptError, match=r"2:00 hours later.*--tz"):
        merge(into, one, other)


def test_a_clock_is_found_by_any_archive_before(tmp_path):
    roots = [tmp_path / name for name in ("one", "other", "third")]
    record(roots[0], event_at(0, "elsewhen"))
    record(roots[1], *shared_late(20))
    record(roots[2], *shared_late(20, offset=400))
    assert merge(tmp_path / "into", *roots).added == 21


# -- messages of several lines -----------------------------------------------

PARTS = ("first", "second", "third")
WHOLE = "first\nsecond\n\nthird"


def whole_and_parts(tmp_path, msgids, late=0.0):
    """Record a message as a whole, and by lines, with others before and behind it."""
    ids = ({"msgid": "m"}, {"msgid": "m"}) if msgids else ({}, {})
    sides = [event_at(each, f"line {each}") for each in (1, 2, 3, 60, 61)]
    record(tmp_path / "whole", *sides[:3], event_at(10, WHOLE, **ids[0]), *sides[3:])
    parts = [event_at(10 + late, PARTS[0], **ids[1])]
    parts += [event_at(10 + late + 0.001 * n, text) for n, text in enumerate(PARTS[1:])]
    other = event_at(10.5, "between", nick="bob")
    record(tmp_path / "parts", *sides[:3], *parts, other, *sides[3:])
    for name in ("whole", "parts"):
        heard(tmp_path / name, (0, 100))
    return tmp_path / "whole", tmp_path / "parts"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("msgids", [False, True])
@pytest.mark.parametrize("late", [0, 1.5])
def test_a_message_that_one_witness_has_line_by_line_is_there_once_as_a_whole(
    tmp_path, order, msgids, late
):
    roots = whole_and_parts(tmp_path, msgids, late)
    result = merge(tmp_path / "into", *(roots[each] for each in order))
    texts = [event.text for event in read_all(tmp_path / "into") if event.nick == "ann"]
    assert texts == ["line 1", "line 2", "line 3", WHOLE, "line 60", "line 61"]
    assert [each.event.text for each in result.conflicts] == ["between"]
    assert merge(tmp_path / "into", *(roots[each] for each in order)).added == 0


@pytest.mark.parametrize("msgids", [False, True])
def test_lines_of_a_message_that_stand_in_the_archive_stay_and_the_whole_is_not_added(
    tmp_path, msgids
):
    whole, parts = whole_and_parts(tmp_path, msgids)
    result = merge(parts, whole)
    assert (result.added, result.conflicting) == (0, 1)
    assert [each.event.text for each in result.conflicts] == ["between"]


def test_lines_of_which_one_is_missing_are_not_the_message(tmp_path):
    record(tmp_path / "one", event_at(0, "hi"), event_at(10, WHOLE), event_at(60, "bye"))
    parts = [event_at(10, text) for text in (PARTS[0], PARTS[2])]
    record(tmp_path / "other", event_at(0, "hi"), *parts, event_at(60, "bye"))
    assert merge(tmp_path / "into", tmp_path / "one", tmp_path / "other").added == 5


# -- coverage and conflicts --------------------------------------------------


def test_the_gaps_of_the_result_are_the_times_when_no_witness_heard(tmp_path):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    for root in (one, other):
        record(root, event_at(5, "hello"))
    heard(one, (0, 100), (200, 300), (400, 500))
    heard(other, (50, 220), (320, 500))
    merge(into, one, other)
    assert gaps(into) == [(300, 320)]
    assert (coverage(into).since, coverage(into).until) == (at(0), at(500))


def test_a_line_that_a_witness_lacks_although_it_was_listening_is_a_conflict(tmp_path):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    record(one, *(event_at(each, f"line {each}") for each in (10, 50, 90)))
    record(other, *(event_at(each, f"line {each}") for each in (10, 90)))
    heard(one, (0, 100))
    heard(other, (0, 100))
    result = merge(into, one, other)
    assert [(each.event.text, each.lacking) for each in result.conflicts] == [("line 50", "other")]
    assert (result.conflicting, result.added) == (1, 3)


@pytest.mark.parametrize(("target", "conflicts"), [("&local", 1), ("dan", 0)])
def test_only_what_a_channel_says_must_be_heard_by_recorders_of_two_nicks(
    tmp_path, target, conflicts
):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    record(one, *(event_at(each, f"to one {each}", target=target) for each in (10, 50, 90)))
    record(other, *(event_at(each, f"to one {each}", target=target) for each in (10, 90)))
    for root in (one, other):
        heard(root, (0, 100), target=target)
    merging = ArchiveMerge(
        Witness("", into), [Witness("one", one), Witness("other", other)], None, MOMENT
    )
    result = merging.merge(TargetPlace("net", target))
    assert (result.conflicting, result.added) == (conflicts, 3)


def test_a_line_that_was_said_while_the_other_witness_was_away_is_no_conflict(tmp_path):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    record(one, event_at(50, "only here"))
    record(other, event_at(90, "later"))
    heard(one, (0, 60))
    heard(other, (70, 100))
    assert merge(into, one, other).conflicting == 0


# -- failures ----------------------------------------------------------------


def test_a_dry_run_counts_and_writes_nothing(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"))
    record(into, event_at(1, "there"))
    before = files(into)
    assert merge(into, one, dry_run=True).added == 1
    assert files(into) == before


def test_a_target_that_a_recorder_holds_is_merged_in_a_part_beside_its_own(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"), event_at(2, "later"))
    record(into, event_at(1, "mine"))
    before = files(into)
    # The locks of one process do not keep each other out: another process holds the target.
    with holding(HOLDER, into):
        assert merge(into, one).added == 2
    after = files(into)
    assert {name: after[name] for name in before} == before
    assert [text for _, text in said(into)] == ["hello", "mine", "later"]


def test_beside_a_recorder_the_lines_of_the_last_minute_and_their_coverage_are_left(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    minutes = [(parse_time(MOMENT) - START) // 1000 - each for each in (180, 120, 60, 30)]
    record(one, *(event_at(each, f"line {each}") for each in minutes))
    heard(one, (minutes[0], minutes[-1]))
    record(into, event_at(0, "mine"))
    heard(into, (0, minutes[-1]), run="live")
    with holding(HOLDER, into):
        foreseen = merge(into, one, dry_run=True)
        assert (foreseen.added, foreseen.left, foreseen.conflicting) == (2, 2, 2)
        result = merge(into, one)
        assert (result.added, result.left, result.conflicting) == (2, 2, 2)
    assert merge(into, one).added == 2
    with holding(HOLDER, into):
        assert (merge(into, one).added, merge(into, one).left) == (0, 0)


def test_beside_a_recorder_no_coverage_of_the_last_minute_is_claimed_before_its_lines(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    end = (parse_time(MOMENT) - START) // 1000
    record(one, event_at(end - 90, "before"), event_at(end - 30, "after"))
    heard(one, (end - 100, end - 10))
    record(into, event_at(0, "mine"))
    heard(into, (0, 10))
    with holding(HOLDER, into):
        merge(into, one)
    assert covered(into) == [(at(end - 100), at(end - 60))]
    merge(into, one)
    assert covered(into) == [(at(end - 100), at(end - 60)), (at(end - 60), at(end - 10))]


def test_beside_a_recorder_a_line_of_a_whole_minute_is_left_if_it_may_be_of_the_last_one(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    end = (parse_time(MOMENT) - START) // 1000
    via = "import:irssi"
    record(one, *(event_at(end - each, f"{each} s", via=via) for each in (180, 120, 119)))
    entry = ImportedEntry(at=MOMENT, via=via, grain=60_000, since=at(end - 180), until=at(end))
    ledger.append(UNSYNCED, one / "net" / "#c", [entry])
    into.mkdir()
    with holding(HOLDER, into):
        result = merge(into, one)
    assert (result.added, result.left) == (2, 1)


def covered(root):
    lines = ledger.read(root / "net" / "#c")
    return [(each.since, each.until) for each in lines if isinstance(each, CoveredEntry)]


def test_a_target_to_which_another_merge_writes_is_not_merged(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"))
    record(into, event_at(1, "mine"))
    before = files(into)
    with (
        holding(IMPORTER, into),
        pytest.raises(HeldError, match="another import or merge writes to '#c'"),
    ):
        merge(into, one)
    assert files(into) == before


def test_a_recorder_that_begins_while_a_target_is_merged_is_left_alone(tmp_path, monkeypatch):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"))
    held = iter([False, True])
    monkeypatch.setattr(Writer, "is_held_elsewhere", lambda *_: next(held))
    with pytest.raises(HeldError, match="a recorder began meanwhile; run this again"):
        merge(into, one)
    assert not list(into.rglob("*.jsonl"))


def test_a_target_that_another_merge_made_meanwhile_gains_nothing_twice(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"), event_at(0, "hello", target="#b"))
    writer = writer_into(into)
    merging = ArchiveMerge(Witness("", into), [Witness("one", one)], writer, MOMENT)
    merging.merge(TargetPlace("net", "#b"))
    record(into, event_at(0, "hello"))
    assert merging.merge(HERE).added == 0
    writer.close()


def test_lines_that_an_earlier_run_left_in_its_spool_are_not_added_again(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    lines = [event_at(each, f"line {each}") for each in range(10)]
    record(one, *lines)
    storage = Storage(root=into, spool_dir=tmp_path / "spool")
    disk = Refusing(into, UNSYNCED)
    recorder = Writer(storage, system=disk.system)
    recorder.set_casemapping("net", "rfc1459")
    recorder.hold("net", "#c")
    disk.refuses = True
    recorder.write_all(lines)
    with pytest.raises(TranscriptError):
        recorder.close()
    recover_spools(Storage(root=into, spool_dir=tmp_path / "spool"), system=UNSYNCED)
    assert merge(into, one).added == 0
    assert [text for _, text in said(into)] == [line.text for line in lines]


def test_a_disk_without_room_for_the_lines_that_are_to_be_added_is_named(tmp_path, monkeypatch):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"))

    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_kwargs: Full())
    with pytest.raises(TranscriptError, match="into: No space left on device; make room there"):
        merge(into, one)
    assert list(files(into)) == ["net/network.json"]


def test_networks_that_fold_names_differently_are_not_mixed(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"))
    record(into, event_at(0, "hello"))
    (one / "net" / "network.json").write_text('{"network":"net","casemapping":"ascii"}\n')
    with pytest.raises(TranscriptError, match="folds names in more than one way"):
        merge(into, one)


@pytest.mark.parametrize("mode", MODES)
def test_a_merge_may_fail_or_be_killed_at_each_call_and_the_next_one_adds_the_rest(tmp_path, mode):
    one = tmp_path / "one"
    mine = [event_at(60 * each, f"line {each}") for each in range(0, 8, 2)]
    theirs = [event_at(60 * each, f"line {each}") for each in range(8)]
    record(one, *theirs, event_at(86_400, "next day"))
    heard(one, (0, 1000), (2000, 86_500))

    def begin(into, fragile):
        record(into, *mine)
        with suppress(Stopped, TranscriptError):
            merge(into, one, system=fragile.system, rotate_size=200)
        fragile.bury()

    counting = Fragile()
    begin(tmp_path / "count", counting)
    for nth in range(1, counting.count + 1):
        into = tmp_path / str(nth)
        begin(into, Fragile(nth, mode))
        record(into, event_at(86_460, "live"))  # a recorder that runs between the two
        tend(into, compress="none", rotate_size=200)
        merge(into, one, rotate_size=200)
        texts = [event.text for event in read_all(into) if event.type == "message"]
        assert texts == [*(each.text for each in theirs), "next day", "live"], nth
        assert gaps(into) == [(1000, 2000)], nth
        assert merge(into, one).added == 0
        findings = Verifier(into, lambda _more: None).target(into / "net" / "#c", held=False)
        assert list(findings) == [], nth


# -- odd archives ------------------------------------------------------------


def test_lines_of_a_renamed_directory_are_merged_into_the_target_of_that_name(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello", network="old", target="#old"))
    (one / "old" / "#old").rename(one / "old" / "#c")
    (one / "old").rename(one / "net")
    assert merge(into, one).added == 1
    assert [(event.network, event.target) for event in read_all(into)] == [("net", "#c")]
    assert merge(into, one).added == 0


def test_a_target_with_a_name_too_long_for_a_path_is_merged_under_its_whole_name(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    long = "#" + 100 * "ä"
    record(one, event_at(0, "hello", target=long), event_at(1, "hello"))
    assert [merge_all(into, one), merge_all(into, one)] == [2, 0]
    assert {event.target for event in read_all(into)} == {"#c", long}
    assert {path.name for path in (into / "net").iterdir()} == {
        path.name for path in (one / "net").iterdir()
    }


def test_what_stands_outside_channels_is_merged_although_no_server_told_a_casemapping(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    writer = Writer(Storage(root=one), system=UNSYNCED)
    writer.write(event_at(0, "no such server", target="@server", type="notice"))
    writer.close()
    assert [merge_all(into, one, targets=["@server"]) for _ in range(2)] == [1, 0]


def test_a_time_that_there_cannot_be_becomes_that_of_the_line_before(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, *(event_at(each, f"line {each}") for each in range(3)))
    path = one / "net" / "#c" / "2026-11-23_001.jsonl"
    first, second, third = path.read_bytes().splitlines(keepends=True)
    bad = [second.replace(at(1).encode(), time) for time in (b"zzzz", b"2026-11-31T00:00:01.000Z")]
    path.write_bytes(bad[0] + first + bad[1] + third)
    assert merge(into, one).added == 4
    assert [(event.time, event.tags.get("time", "")) for event in read_all(into)] == [
        (at(0), "zzzz"),
        (at(0), ""),
        (at(0), "2026-11-31T00:00:01.000Z"),
        (at(2), ""),
    ]
    assert merge(into, one).added == 0


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_lines_at_the_ends_of_time_are_merged_from_a_clock_that_is_wrong(tmp_path, moment):
    one, other, into = (tmp_path / name for name in ("one", "other", "into"))
    record(one, *(event_at(each, f"line {each}") for each in range(10)))
    edge = msgspec.structs.replace(event_at(0, "edge"), time=moment)
    for offset in (9, -9):
        record(other, *(event_at(each + offset, f"line {each}") for each in range(10)), edge)
        merge(into, one, other)
    assert "edge" in [text for _, text in said(into)]


def test_damage_of_a_ledger_is_counted_and_claims_nothing(tmp_path):
    one, into = tmp_path / "one", tmp_path / "into"
    record(one, event_at(0, "hello"))
    ledger_of_one = one / "net" / "#c" / ledger.NAME
    ledger_of_one.write_bytes(b"damage\nmore\n")
    found = Witness("one", one)
    ArchiveMerge(Witness("", into), [found], None, MOMENT).merge(HERE)
    assert found.damaged == {str(ledger_of_one): 2}


# -- properties --------------------------------------------------------------

WORDS = st.sampled_from(["lol", "hi", "a long sentence"])
TALK = st.lists(st.tuples(st.integers(1, 90_000), WORDS), min_size=1, max_size=30)
EARS = st.lists(st.sets(st.integers(0, 2)), min_size=30, max_size=30)


@settings(max_examples=25)
@given(TALK, EARS, st.booleans())
def test_whatever_each_witness_missed_the_merge_has_what_somebody_heard_once(
    tmp_path_factory, talk, ears, one_by_one
):
    root = tmp_path_factory.mktemp("witnesses")
    now, lines = 0, []
    for number, (apart, text) in enumerate(talk):
        now += apart
        # The msgids of one server tell true repeats apart.
        lines.append(event_at(now / 1000, text, msgid=f"m{number}"))
    roots = [root / name for name in ("a", "b", "c")]
    for number, each in enumerate(roots):
        own = [line for line, ear in zip(lines, ears, strict=False) if number in ear]
        record(each, *own or [event_at(0, "elsewhere", target="#other")])
    into = root / "into"
    for some in [[each] for each in roots] if one_by_one else [roots]:
        if any((each / "net" / "#c").exists() for each in some):
            merge(into, *(each for each in some))
    expected = [line.msgid for line, ear in zip(lines, ears, strict=False) if ear]
    events = read_all(into) if into.exists() else []
    assert [event.msgid for event in events if event.target == "#c"] == expected


def spoken(witnesses, *, offset, late):
    """Draw clocks, and lines: how long after the one before, who hears it, and how late each."""
    line = st.tuples(
        st.integers(0, 9000),
        st.sets(st.integers(0, witnesses - 1)),
        st.tuples(*[st.integers(0, late)] * witnesses),
    )
    offsets = st.tuples(*[st.integers(-offset, offset)] * witnesses)
    return st.tuples(offsets, st.lists(line, min_size=1, max_size=30))


def witnesses_of(root, drawn, coarse=None):
    """Record lines by their number as each witness hears them; return for each what it has.

    The one that is `coarse` tells seconds, the others milliseconds.
    """
    offsets, lines = drawn
    now, heard_by, stamps = START, [[] for _ in offsets], [0 for _ in offsets]
    for number, (apart, ears, late) in enumerate(lines):
        now += apart
        for ear in ears:
            # Three apart, so that a sealed line leaves a moment before it and behind it.
            stamps[ear] = max(stamps[ear] + 3, now + offsets[ear] + late[ear])
            heard_by[ear].append(event_at((stamps[ear] - START) / 1000, f"line {number}"))
    heard = {root / str(ear): own for ear, own in enumerate(heard_by) if own}
    for each, own in heard.items():
        record(each, *own, formats=("text" if each.name == str(coarse) else "jsonl",))
    return {each: [event.text for event in own] for each, own in heard.items()}


def expect_order_of(into, heard):
    """Expect each line that a witness has once, and those of each witness in its order."""
    found = [text for _, text in said(into)]
    assert sorted(found) == sorted({text for own in heard.values() for text in own})
    for own in heard.values():
        assert [text for text in found if text in own] == own
    before = files(into)
    assert merge(into, *heard).added == 0
    assert files(into) == before


@settings(max_examples=50)
@given(
    spoken(2, offset=2000, late=900) | spoken(3, offset=60, late=60),
    st.none() | st.integers(0, 2),
)
def test_lines_stand_in_the_order_in_which_each_heard_them_however_late_it_read_them(
    tmp_path_factory, drawn, coarse
):
    root = tmp_path_factory.mktemp("witnesses")
    if heard := witnesses_of(root, drawn, coarse):
        merge(root / "into", *heard)
        expect_order_of(root / "into", heard)


@settings(max_examples=50)
@given(spoken(2, offset=2000, late=900))
def test_lines_that_are_added_to_sealed_ones_stand_in_the_order_in_which_both_heard_them(
    tmp_path_factory, drawn
):
    root = tmp_path_factory.mktemp("witnesses")
    if heard := witnesses_of(root, drawn):
        for each in heard:
            merge(root / "into", each)
        expect_order_of(root / "into", heard)


def test_samples_one_behind_the_other_are_those_of_a_record_that_is_read_anew(tmp_path):
    record(tmp_path, *(event_at(100 * number, f"line {number % 7}") for number in range(40)))
    archive = Witness("one", tmp_path)
    [target] = archive.targets.values()

    def sampled(since, count, known):
        keys = LineKeys([known], Casemapping())
        sample = known.sample(since, keys, count)
        return sample.times, sample.by_ident, sample.by_key(keys)

    going_on = archive.record_of(target)
    for since, count in [(0, 5), (0, 20), (300, 20), (300, 4), (2500, 9), (100, 3), (9000, 5)]:
        anew = sampled(at(since), count, archive.record_of(target))
        assert sampled(at(since), count, going_on) == anew
        begin = -(-since // 100)
        assert len(anew[0]) == max(0, min(count, 40 - begin))
