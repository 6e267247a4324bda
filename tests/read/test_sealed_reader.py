"""Readers of sealed segments: the same events as before sealing, whatever goes on meanwhile."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive import manifest
from chatlog.archive.compression import COMPRESSIONS
from chatlog.read import catalog, reader
from chatlog.read.reader import Reader
from tests.support.archive import event_at, record
from tests.support.crashing import Fragile, Stopped
from tests.support.tending import DAY, tend

each_way = pytest.mark.parametrize("compress", list(COMPRESSIONS))


def texts(entries):
    return [entry.event.text for entry in entries]


def drain(reading):
    found = []
    while new := reading.new():
        found += new
    return texts(found)


def three_days(root, **storage):
    for day in range(3):
        record(root, *(event_at(day * DAY + at, f"{day}.{at}") for at in range(4)), **storage)


@each_way
@pytest.mark.parametrize("formats", [("jsonl",), ("text",), ("jsonl", "text")])
def test_the_last_events_are_found_in_sealed_and_live_segments_together(
    tmp_path, compress, formats
):
    three_days(tmp_path, formats=formats)
    before = texts(Reader(tmp_path).last(100))
    tend(tmp_path, compress=compress, now="2026-11-25T12:00:00.000Z")
    for count in (0, 1, 4, 5, 9, 12, 100):
        assert texts(Reader(tmp_path).last(count)) == (before[-count:] if count else [])
    assert len(before) == 12


@given(
    parts=st.lists(
        st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=5),
        min_size=1,
        max_size=5,
    ),
    compress=st.sampled_from(list(COMPRESSIONS)),
    count=st.integers(1, 30),
)
def test_any_parts_read_the_same_before_and_after_sealing(tmp_path_factory, parts, compress, count):
    root = tmp_path_factory.mktemp("archive")
    number = 0
    for index, part in enumerate(parts):
        events = []
        for at, live in sorted(part):
            # Live times advance from run to run, what is fetched is of any time.
            seconds = index * 10_000 + at * 100 if live else at * 1000
            via = "" if live else "playback"
            events.append(event_at(seconds + number, f"{number}", via=via))
            number += 1
        record(root, *events)
    before = texts(Reader(root).last(count))
    tend(root, compress=compress)
    assert texts(Reader(root).last(count)) == before


def test_a_segment_that_lies_outside_what_is_asked_for_is_not_opened(tmp_path, monkeypatch):
    three_days(tmp_path)
    tend(tmp_path, now="2026-11-25T12:00:00.000Z")
    opened = []
    real = os.open

    def watch(path, *rest, **more):
        opened.append(str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", watch)
    assert texts(Reader(tmp_path).last(3)) == ["2.1", "2.2", "2.3"]
    assert [path.rpartition("/")[2] for path in opened] == ["2026-11-25_001.jsonl"]


@pytest.mark.parametrize("name", ["gzip", "zstd"])
@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_a_damaged_segment_gives_what_comes_before_the_damage_and_counts_the_rest(
    tmp_path, name, harm
):
    record(tmp_path, *(event_at(at, os.urandom(300).hex()) for at in range(2000)))
    tend(tmp_path, compress=name)
    (path,) = (tmp_path / "net" / "#c").glob("*_001*")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:] = b"" if harm == "cut" else data[middle:-20] + b"\xff" * 20
    path.write_bytes(data)
    reading = Reader(tmp_path)
    found = len(reading.last(10_000))
    assert found > 500
    assert reading.damaged == {str(path): 2000 - found}
    assert not reading.damaged.estimated  # the manifest tells
    (path.parent / "MANIFEST").unlink()
    reading = Reader(tmp_path)
    assert len(reading.last(10_000)) == found
    assert reading.damaged[str(path)] >= 1
    assert reading.damaged.estimated == {str(path)}


# -- following -----------------------------------------------------------------------


@each_way
def test_what_was_followed_is_not_shown_again_when_it_is_sealed(tmp_path, compress):
    record(tmp_path, event_at(0, "one"), event_at(5, "two"))
    reading = Reader(tmp_path)
    assert texts(reading.last(10)) == ["one", "two"]
    record(tmp_path, event_at(3, "fetched", via="playback"))
    assert drain(reading) == ["fetched"]
    tend(tmp_path, compress=compress)
    assert drain(reading) == []
    record(tmp_path, event_at(9, "late"))
    assert drain(reading) == ["late"]
    tend(tmp_path, compress=compress)
    assert drain(reading) == []


@each_way
def test_what_was_not_shown_when_it_was_sealed_is_shown_from_there(tmp_path, compress):
    record(tmp_path, event_at(0, "one"))
    reading = Reader(tmp_path)
    reading.mark()
    record(tmp_path, event_at(1, "two"), event_at(2, "three"))
    tend(tmp_path, compress=compress)
    assert drain(reading) == ["two", "three"]
    assert drain(reading) == []


@each_way
def test_of_parts_that_were_read_in_part_no_line_is_lost_when_they_are_merged(tmp_path, compress):
    record(tmp_path, event_at(0, "one"))
    record(tmp_path, event_at(1, "old", via="playback"))
    reading = Reader(tmp_path)
    reading.mark()
    record(tmp_path, event_at(5, "two"))
    record(tmp_path, event_at(6, "older", via="playback"))
    tend(tmp_path, compress=compress)
    assert {"two", "older"} <= set(drain(reading))
    assert drain(reading) == []


@each_way
def test_a_mark_takes_sealed_segments_for_read(tmp_path, compress):
    three_days(tmp_path)
    tend(tmp_path, compress=compress)
    reading = Reader(tmp_path)
    reading.mark()
    assert drain(reading) == []
    assert len(drain(Reader(tmp_path))) == 12


# -- in the middle of a seal -----------------------------------------------------------


@each_way
@pytest.mark.parametrize("mode", ["stop before", "stop after"])
def test_wherever_a_seal_stops_each_event_is_read_once(tmp_path, compress, mode):
    def archive(root):
        record(root, *(event_at(at, f"live {at}") for at in range(0, 6, 2)))
        record(root, event_at(3, "old", via="playback"))
        return root

    expected = ["live 0", "live 2", "old", "live 4"]
    counting = Fragile()
    tend(archive(tmp_path / "count"), compress=compress, system=counting.system)
    for nth in range(1, counting.count + 1):
        root = archive(tmp_path / str(nth))
        reading = Reader(root)
        assert texts(reading.last(10)) == expected
        fragile = Fragile(nth, mode)
        with pytest.raises(Stopped):
            tend(root, compress=compress, system=fragile.system)
        fragile.bury()
        assert texts(Reader(root).last(10)) == expected, nth
        assert drain(Reader(root)) == expected, nth
        assert drain(reading) == [], nth


def test_a_compressed_file_of_which_nothing_is_said_is_passed_over_beside_its_plain_one(tmp_path):
    record(tmp_path, event_at(0, "one"))
    directory = tmp_path / "net" / "#c"
    plain = directory / "2026-11-23_001.jsonl"
    packed = b"".join(COMPRESSIONS["gzip"].compressed([plain.read_bytes()]))
    plain.with_name(plain.name + ".gz").write_bytes(packed)
    assert texts(Reader(tmp_path).last(9)) == ["one"]
    plain.unlink()
    assert texts(Reader(tmp_path).last(9)) == ["one"]


def test_the_manifest_is_read_again_only_when_it_changed(tmp_path, monkeypatch):
    record(tmp_path, event_at(0, "one"))
    record(tmp_path, event_at(1, "old", via="playback"))
    reads = []
    real = manifest.read
    monkeypatch.setattr(manifest, "read", lambda path: reads.append(path) or real(path))
    reading = Reader(tmp_path)
    for _ in range(5):
        reading.new()
    assert len(reads) == 1
    assert json.dumps(str(reads[0])).count("#c") == 1
    assert reader.Catalog is catalog.Catalog


# -- damage, and a copy in another format ----------------------------------------------------


@given(
    said=st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["a", "b", "c\nd"])), min_size=1, max_size=60
    ),
    place=st.floats(0, 1),
    cut=st.booleans(),
    compress=st.sampled_from(["gzip", "zstd"]),
    tz=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
def test_what_a_damaged_segment_lacks_is_read_from_its_copy_once(
    tmp_path_factory, said, place, cut, compress, tz
):
    root = tmp_path_factory.mktemp("archive")
    noise = [os.urandom(40).hex() for _ in said]  # so that damage loses some lines, not all
    events = [
        event_at(12 * 3600 + number * 10 + at, f"{text} {noise[number]}")
        for number, (at, text) in enumerate(said)
    ]
    record(root, *sorted(events, key=lambda event: event.time), formats=("jsonl", "text"), tz=tz)
    tend(root, compress=compress)
    directory = root / "net" / "#c"
    (sealed,) = directory.glob("*.jsonl.*")
    data = bytearray(sealed.read_bytes())
    at = int(place * (len(data) - 1))
    if cut:
        del data[at:]
    else:
        data[at] ^= 0x55
    sealed.write_bytes(data)
    reading = Reader(root)
    found = Counter(texts(reading.last(1000)))
    expected = Counter(event.text for event in events)
    # An altered byte may still make a line, which is known for wrong only at the end.
    assert found == expected if cut else found >= expected
    if str(sealed) in reading.damaged:
        assert reading.damaged.copies[str(sealed)].startswith(str(directory / "2026"))


def test_lines_that_were_said_twice_are_read_twice_from_a_copy_too(tmp_path):
    events = [event_at(0, "same"), event_at(0, "same"), event_at(1, "other"), event_at(1, "same")]
    record(tmp_path, *events, formats=("jsonl", "text"))
    tend(tmp_path)
    (sealed,) = (tmp_path / "net" / "#c").glob("*.jsonl.gz")
    sealed.write_bytes(sealed.read_bytes()[:15])
    assert texts(Reader(tmp_path).last(10)) == ["same", "same", "other", "same"]


def damage_end(path):
    path.write_bytes(path.read_bytes()[:-300])


@pytest.mark.parametrize("damaged", [(0,), (1,), (0, 1), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("again", [False, True], ids=["live", "sealed"])
def test_what_segments_beside_a_damaged_one_hold_is_not_read_from_its_copy(
    tmp_path, damaged, again
):
    everything = []
    for part in range(3):
        events = [event_at(part * 100 + at, os.urandom(40).hex()) for at in range(40)]
        everything += events
        record(tmp_path, *events, formats=("jsonl", "text"))
        if part < 2 or again:
            tend(tmp_path)
    segments = sorted((tmp_path / "net" / "#c").glob("*.jsonl*"))
    for number in damaged:
        if segments[number].suffix != ".jsonl":
            damage_end(segments[number])
    reading = Reader(tmp_path)
    assert Counter(texts(reading.last(1000))) == Counter(event.text for event in everything)


@pytest.mark.parametrize("keep_formatting", [False, True])
def test_what_text_spells_in_another_way_is_read_once(tmp_path, keep_formatting):
    said = [
        {"type": "join", "user": "u", "host": "h", "text": "A Real Name", "account": "ann"},
        {"text": "a control \x01 and \u202e a turn \\ of \x7f writing"},
        {"text": "\x02bold\x02 and \x0304,05red"},
        {"type": "quit", "text": "(gone)"},
        {"type": "topic", "text": "it's 'new'"},
        {"type": "other", "command": "FOO", "params": ("a", "b c"), "text": ""},
        {"nick": "irc.example.net", "type": "notice", "text": ""},
    ]
    events = [event_at(at, **fields) for at, fields in enumerate(said)]
    record(tmp_path, *events, formats=("jsonl", "text"), keep_formatting=keep_formatting)
    tend(tmp_path)
    (sealed,) = (tmp_path / "net" / "#c").glob("*.jsonl.gz")
    data = bytearray(sealed.read_bytes())
    data[-8] ^= 1  # of the checksum: every line is read, and then known for damaged
    sealed.write_bytes(data)
    reading = Reader(tmp_path)
    assert [entry.event for entry in reading.last(100)] == events
    assert reading.damaged[str(sealed)]


def test_the_last_events_are_the_latest_ones_though_a_copy_gives_earlier_ones(tmp_path):
    events = [event_at(at, f"text {at:03}") for at in range(200)]
    record(tmp_path, *events, formats=("jsonl", "text"))
    tend(tmp_path)
    (sealed,) = (tmp_path / "net" / "#c").glob("*.jsonl.gz")
    whole = sealed.read_bytes()
    altered = gzip.decompress(whole).replace(b"text 05", b"test 05")
    sealed.write_bytes(gzip.compress(altered)[:-8] + whole[-8:])
    for count in (1, 5, 20):
        assert texts(Reader(tmp_path).last(count)) == [event.text for event in events[-count:]]
