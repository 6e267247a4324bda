"""The reader: the last events and the ones that follow, each once, in order of time."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.alignment.history import Alignment
from chatlog.archive import manifest
from chatlog.archive.layout import Rotate
from chatlog.casemapping import Casemapping
from chatlog.errors import TranscriptError
from chatlog.event import SERVER
from chatlog.formats import jsonl
from chatlog.query.predicates import Contains, Type
from chatlog.query.selection import query_for
from chatlog.query.texts import literal
from chatlog.read import lines
from chatlog.read.lookup import lines_between
from chatlog.read.reader import Reader
from chatlog.search.search import Search
from tests.support.archive import (
    append_to_manifest,
    event_at,
    read_all,
    record,
    writer_in,
)
from tests.support.examples import examples_times


def texts(entries):
    return [entry.event.text for entry in entries]


def last(root, count=10, *patterns, network=""):
    return texts(Reader(root, patterns, (network,) if network else ()).last(count))


def drain(reader):
    found = []
    while new := reader.new():
        found += new
    return found


# -- the last events ---------------------------------------------------------------

storages = st.fixed_dictionaries(
    {
        "formats": st.sampled_from([("jsonl",), ("text",), ("jsonl", "text")]),
        "rotate": st.sampled_from(list(Rotate)),
        "rotate_size": st.sampled_from([None, 300, 1000]),
        "tz": st.sampled_from(["UTC", "Asia/Tokyo", "America/Bogota"]),
    }
)


@st.composite
def sittings(draw):
    """Make the events of one run of a recorder: live ones in order, and some fetched later."""
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["#a", "#b", "ann"]),
                st.sampled_from([0, 1, 60, 4000, 90_000]),
                st.one_of(st.none(), st.floats(0, 1)),
            ),
            max_size=25,
        )
    )
    return draw(storages), steps


@given(st.lists(sittings(), min_size=1, max_size=3), st.sampled_from([0, 1, 2, 5, 10, 100]))
@examples_times(1.5)
def test_the_last_events_are_those_of_a_reader_that_reads_everything(several, count):
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        now = number = 0
        for storage, steps in several:
            writer = writer_in(root, **storage)
            for target, pause, fetched in steps:
                now += pause
                number += 1
                time = now if fetched is None else fetched * now
                via = "" if fetched is None else "playback"
                writer.write(event_at(time, f"{number}", target=target, via=via))
            writer.close()
        everything = read_all(root)
        assert [entry.event for entry in Reader(root).last(count)] == (
            everything[-count:] if count else []
        )


def test_the_last_events_of_several_targets_are_merged_by_time(tmp_path):
    record(
        tmp_path,
        event_at(1, "one", target="#a"),
        event_at(2, "two", target="#b"),
        event_at(3, "three", target="#a"),
        event_at(3, "four", target="#b"),
    )
    assert last(tmp_path, 3) == ["two", "three", "four"]


def test_a_change_of_rotation_hides_nothing(tmp_path):
    record(
        tmp_path, *(event_at(each, f"hourly {each}") for each in range(20)), rotate=Rotate.HOURLY
    )
    record(tmp_path, event_at(30, "monthly"), rotate=Rotate.MONTHLY)
    record(tmp_path, event_at(40, "daily"), rotate=Rotate.DAILY)
    record(tmp_path, event_at(50, "never"), rotate=Rotate.NEVER)
    record(tmp_path, event_at(60, "hourly again"), rotate=Rotate.HOURLY)
    assert last(tmp_path, 5) == ["hourly 19", "monthly", "daily", "never", "hourly again"]


def test_history_in_a_text_does_not_push_live_lines_out(tmp_path):
    record(
        tmp_path,
        *(event_at(1000 + each, f"live {each}") for each in range(3)),
        *(event_at(each, "old", via="playback") for each in range(50)),
        formats=("text",),
    )
    assert last(tmp_path, 2) == ["live 1", "live 2"]


def test_an_archive_of_text_alone_is_read(tmp_path):
    record(
        tmp_path,
        event_at(-1, "before midnight of UTC"),
        event_at(1, "behind it", via="chathistory"),
        formats=("text",),
        tz="Asia/Tokyo",
        rotate=Rotate.WEEKLY,
    )
    [first, second] = Reader(tmp_path).last(10)
    assert (first.event.time, first.suffix) == ("2026-11-22T23:59:59.000Z", "log")
    assert first.event.network, first.event.target == ("net", "#c")
    assert (second.event.text, second.event.via) == ("behind it", "chathistory")


NIGHT = -29 * 86_400  # 2026-10-25, when Berlin's clocks go back at 01:00 UTC
MINUTES = (-40, -5, 10, 30, 59, 60, 70, 90, 119, 120, 150)
OF_THE_ISSUE = (30, 59.983, 60, 90)


def night_line(minute, **fields):
    return event_at(NIGHT + round(minute * 60), f"{minute}", **fields)


def by_last(root, count):
    return [entry.event for entry in Reader(root).last(count)]


def by_search(root, count):
    return [
        jsonl.decode(hit.line)
        for hit in Search(Reader(root), query_for(Type("message")), jobs=1).hits()
    ][-count:]


def by_following(root, count, events):
    reader = Reader(root)
    reader.mark()
    record(root, *events[-count:], **BERLIN)
    return [entry.event for entry in reader.new()]


def by_lookup(root, count):
    directory = root / "net" / "#c"
    return [line.event for line in lines_between(directory, "2026-10-24", "2026-10-26")][-count:]


BERLIN = {"formats": ("text",), "tz": "Europe/Berlin"}


@pytest.mark.parametrize("minutes", [MINUTES, OF_THE_ISSUE])
@pytest.mark.parametrize("via", ["", "chathistory", "both"])
@pytest.mark.parametrize("read", [by_last, by_search, by_lookup, by_following])
def test_text_of_the_hour_that_the_clock_shows_twice_goes_by_order(tmp_path, minutes, via, read):
    live = [night_line(minute) for minute in minutes]
    fetched = [night_line(minute, via="chathistory") for minute in minutes]
    events = {"": live, "chathistory": fetched, "both": [*live, *fetched]}[via]
    for count in range(1, len(events) + 1):
        root = tmp_path / str(count)
        if read is by_following:
            record(root, *events[:-count] or [event_at(NIGHT - 86_400)], **BERLIN)
            found = by_following(root, count, events)
        else:
            record(root, *events, **BERLIN)
            found = read(root, count)
        expected = {(event.via, event.text): event.time[:16] for event in events}
        assert len(found) >= count
        assert [(each.text, each.time[:16]) for each in found] == [
            (each.text, expected[each.via, each.text]) for each in found
        ]


def test_the_second_showing_of_an_hour_stays_behind_the_first(tmp_path):
    night = -29 * 86_400  # 2026-10-25, when Berlin's clocks go back at 01:00 UTC
    times = [night + minute * 60 for minute in (10, 50, 70, 110, 130)]
    record(
        tmp_path,
        *(event_at(time, str(time - night)) for time in times),
        formats=("text",),
        tz="Europe/Berlin",
    )
    entries = Reader(tmp_path).last(10)
    assert texts(entries) == ["600", "3000", "4200", "6600", "7800"]
    assert [entry.event.time[11:16] for entry in entries] == [
        "00:10",
        "00:50",
        "01:10",
        "01:50",
        "02:10",
    ]


SEVERAL = "a haystack\nwith a needle\n\nin it"


@pytest.mark.parametrize("formats", [("text",), ("jsonl",)], ids=" ".join)
def test_a_message_of_several_lines_is_one_event_to_every_reader(tmp_path, formats):
    events = [event_at(0, "before"), event_at(1, SEVERAL), event_at(2, "behind it")]
    record(tmp_path, *events[:2], formats=formats)
    reader = Reader(tmp_path)
    assert texts(reader.last(10)) == ["before", SEVERAL]
    record(tmp_path, events[2], formats=formats)
    assert texts(reader.new()) == ["behind it"]
    directory = tmp_path / "net" / "#c"
    known = [line.event.text for line in lines_between(directory, "2026", "2027")]
    assert known == ["before", SEVERAL, "behind it"]
    for words in ("haystack", "needle"):
        hits = Search(Reader(tmp_path), query_for(Contains(literal(words))), jobs=1).hits()
        assert [jsonl.decode(hit.line).text for hit in hits] == [SEVERAL]


def test_history_of_several_lines_is_known_to_a_text_that_has_it(tmp_path):
    said = [event_at(1, SEVERAL, via="chathistory"), event_at(2, "x\ny")]
    record(tmp_path, *said, formats=("text",))
    alignment = Alignment(Casemapping("rfc1459"))
    for line in lines_between(tmp_path / "net" / "#c", "2026", "2027"):
        alignment.know(line.event, coarse=line.coarse)
    assert alignment.new(said) == []


def test_text_beside_jsonl_is_not_read_twice(tmp_path):
    record(tmp_path, event_at(1, "once"), formats=("jsonl", "text"))
    [entry] = Reader(tmp_path).last(10)
    assert entry.suffix == "jsonl"


def test_each_entry_of_a_reader_has_its_line_byte_for_byte(tmp_path):
    directory = tmp_path / "net" / "#c"
    directory.mkdir(parents=True)
    line = b'{ "later":[1,2], "time":"2026-11-23T00:00:00.000Z","type":"hologram" }'
    (directory / "2026-11-23_001.jsonl").write_bytes(line + b"\n")
    [entry] = Reader(tmp_path).last(10)
    assert entry.line == line
    assert entry.event.type == "hologram"


def test_there_is_nothing_in_an_archive_that_is_not_there(tmp_path):
    assert last(tmp_path / "nowhere") == []
    assert Reader(tmp_path / "nowhere").targets() == []
    (tmp_path / "file").write_text("")
    assert last(tmp_path / "file") == []


def test_only_names_of_our_layout_are_read(tmp_path):
    record(tmp_path, event_at(1, "ours"))
    directory = tmp_path / "net" / "#c"
    ours = (directory / "2026-11-23_001.jsonl").read_bytes()
    for name in ("2026-11-23.jsonl", "2026-11-23_1.jsonl", "x.jsonl", "2026-13-01_001.jsonl", "a"):
        (directory / name).write_bytes(ours)
    (directory / "2026-11-24_001.jsonl").mkdir()
    (tmp_path / ".runs").mkdir()
    assert last(tmp_path) == ["ours"]


# -- damage ------------------------------------------------------------------------


def test_damaged_lines_are_counted_and_their_neighbours_read(tmp_path):
    record(tmp_path, *(event_at(each, str(each)) for each in range(5)))
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    whole = path.read_bytes().splitlines(keepends=True)
    whole[2:2] = [b"\n", b"{}\n", b"\x00\xff\n"]
    path.write_bytes(b"".join(whole))
    reader = Reader(tmp_path)
    assert texts(reader.last(5)) == ["0", "1", "2", "3", "4"]
    assert reader.damaged == {str(path): 3}


def test_a_line_without_its_end_is_not_shown_until_it_is_whole(tmp_path):
    record(tmp_path, event_at(1, "one"))
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    line = jsonl.encode([event_at(2, "two")])
    with path.open("ab") as file:
        file.write(line[:20])
    reader = Reader(tmp_path)
    reader.mark()
    assert texts(reader.last(10)) == ["one"]
    assert reader.new() == []
    with path.open("ab") as file:
        file.write(line[20:-1])
    assert reader.new() == []
    with path.open("ab") as file:
        file.write(b"\n")
    assert texts(reader.new()) == ["two"]
    assert reader.new() == []
    assert not reader.damaged


def test_a_torn_line_that_the_recorder_cut_off_is_shown_as_recovered_once(tmp_path):
    record(tmp_path, event_at(1, "one"))
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    with path.open("ab") as file:
        file.write(b'{"time":"2026-11-23T00:00:0')
    reader = Reader(tmp_path)
    reader.mark()
    record(tmp_path, event_at(3, "three"))
    assert [entry.event.type for entry in drain(reader)] == ["recovered", "message"]


def test_a_damaged_manifest_is_counted_and_the_text_read(tmp_path):
    record(tmp_path, event_at(1, "one"), formats=("text",))
    path = tmp_path / "net" / "#c" / manifest.NAME
    path.write_bytes(b"damage\n" + path.read_bytes())
    reader = Reader(tmp_path)
    assert texts(reader.last(10)) == ["one"]
    assert reader.damaged == {str(path): 1}


def test_text_without_a_manifest_is_read_as_utc(tmp_path):
    record(tmp_path, event_at(1, "one"), formats=("text",))
    (tmp_path / "net" / "#c" / manifest.NAME).unlink()
    [entry] = Reader(tmp_path).last(10)
    assert entry.event == event_at(1, "one")


TEXT = {"entry": "text", "segment": "2026-11-23_001.log", "stamp": "time", "copy": False}


@pytest.mark.parametrize("zone", ["Nowhere/Nothing", "../../etc/passwd", ""])
def test_a_zone_that_is_not_known_is_said(tmp_path, zone):
    record(tmp_path, event_at(1, "one"), formats=("text",))
    append_to_manifest(tmp_path / "net" / "#c", **TEXT, tz=zone)
    with pytest.raises(TranscriptError, match=r"time zone .* not know"):
        Reader(tmp_path).last(10)


def test_a_zone_that_is_no_text_damages_the_line_and_the_one_before_it_counts(tmp_path):
    record(tmp_path, event_at(1, "one"), formats=("text",))
    append_to_manifest(tmp_path / "net" / "#c", **TEXT, tz=7)
    reader = Reader(tmp_path)
    assert texts(reader.last(10)) == ["one"]
    assert reader.damaged == {str(tmp_path / "net" / "#c" / manifest.NAME): 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_segment_that_may_not_be_read_is_said(tmp_path):
    record(tmp_path, event_at(1, "one"))
    (tmp_path / "net" / "#c" / "2026-11-23_001.jsonl").chmod(0)
    with pytest.raises(TranscriptError, match=r"cannot read .*2026-11-23_001\.jsonl: Permission"):
        Reader(tmp_path).last(10)


def test_a_failure_to_read_is_said_with_its_file(tmp_path, monkeypatch):
    record(tmp_path, event_at(1, "one"))

    def fails(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(lines.os, "pread", fails)
    with pytest.raises(TranscriptError, match=r"cannot read .*_001\.jsonl: Input/output error"):
        Reader(tmp_path).last(10)


# -- which targets -------------------------------------------------------------------


@pytest.fixture
def towns(tmp_path):
    """An archive of two networks, which fold names in different ways."""
    record(
        tmp_path,
        event_at(1, "libera #Python", network="Libera", target="#Python"),
        event_at(2, "libera python", network="Libera", target="python"),
        event_at(3, "libera #python-ops", network="Libera", target="#python-ops"),
        event_at(4, "libera [ann]", network="Libera", target="[ann]"),
        event_at(5, "libera #a/b", network="Libera", target="#a/b"),
        event_at(6, "libera &local", network="Libera", target="&local"),
        event_at(7, "libera server", network="Libera", target=SERVER),
        event_at(8, "oftc #python", network="oftc", target="#python"),
        event_at(9, "oftc server", network="oftc", target=SERVER),
    )
    return tmp_path


PATTERNS = [
    ([], ["libera #Python", "libera python", "libera #python-ops", "libera [ann]", "libera #a/b",
          "libera &local", "oftc #python"]),
    (["#python"], ["libera #Python", "oftc #python"]),
    (["python"], ["libera #Python", "libera python", "oftc #python"]),
    (["PyThOn"], ["libera #Python", "libera python", "oftc #python"]),
    (["#PYTHON"], ["libera #Python", "oftc #python"]),
    (["#python*"], ["libera #Python", "libera #python-ops", "oftc #python"]),
    (["*-ops"], ["libera #python-ops"]),
    (["#pytho?"], ["libera #Python", "oftc #python"]),
    (["libera/#python"], ["libera #Python"]),
    (["LIBERA/python"], ["libera #Python", "libera python"]),
    (["*/#python"], ["libera #Python", "oftc #python"]),
    (["o*/*"], ["oftc #python"]),
    (["#a/b"], ["libera #a/b"]),
    (["a/b"], ["libera #a/b"]),
    (["libera/#a/b"], ["libera #a/b"]),
    (["[ann]"], ["libera [ann]"]),
    (["{ANN}"], ["libera [ann]"]),
    (["[an*"], ["libera [ann]"]),
    (["&local"], ["libera &local"]),
    (["local"], []),
    ([SERVER], ["libera server", "oftc server"]),
    (["oftc/@server"], ["oftc server"]),
    (["@*"], []),
    (["#python", SERVER], ["libera #Python", "libera server", "oftc #python", "oftc server"]),
    (["nobody"], []),
    (["\udc80"], []),
]  # fmt: skip


@pytest.mark.parametrize(("patterns", "found"), PATTERNS, ids=lambda each: " ".join(each) or "-")
def test_patterns_choose_the_targets_that_a_reader_reads(towns, patterns, found):
    assert last(towns, 20, *patterns) == found


def test_a_network_bounds_what_is_read(towns):
    assert last(towns, 20, "#python", network="OFTC") == ["oftc #python"]
    assert last(towns, 20, network="oftc") == ["oftc #python"]
    assert last(towns, 20, "libera/#python", network="oftc") == []
    assert last(towns, 20, network="nowhere") == []


def test_names_fold_as_their_network_folds_them(tmp_path):
    writer = writer_in(tmp_path, casemapping="ascii")
    writer.write(event_at(1, "braces", target="#{a}"))
    writer.write(event_at(2, "brackets", target="#[a]"))
    writer.close()
    assert last(tmp_path, 10, "#[A]") == ["brackets"]
    assert last(tmp_path, 10, "#{A}") == ["braces"]


def test_a_damaged_network_file_costs_no_reading(towns):
    (towns / "libera" / "network.json").write_text("damage")
    assert last(towns, 20, "libera/PYTHON") == ["libera #Python", "libera python"]


def test_targets_are_listed_in_the_order_of_their_paths(towns):
    assert [f"{each.network}/{each.name}" for each in Reader(towns, ["*python"]).targets()] == [
        "libera/#python",
        "libera/python",
        "oftc/#python",
    ]


# -- what follows ------------------------------------------------------------------------


def test_new_events_come_once_behind_what_was_marked(tmp_path):
    writer = writer_in(tmp_path)
    writer.write(event_at(1, "one"))
    writer.flush()
    reader = Reader(tmp_path)
    reader.mark()
    assert reader.new() == []
    writer.write(event_at(2, "two"))
    writer.write(event_at(3, "three"))
    writer.flush()
    assert texts(reader.new()) == ["two", "three"]
    assert reader.new() == []
    writer.close()


def test_what_is_written_between_the_mark_and_the_last_events_comes_once(tmp_path):
    writer = writer_in(tmp_path)
    writer.write(event_at(1, "old"))
    writer.flush()
    reader = Reader(tmp_path)
    reader.mark()
    writer.write(event_at(2, "between"))
    writer.write(event_at(90_000, "in a new segment"))
    writer.write(event_at(90_001, "of a new target", target="#new"))
    writer.flush()
    shown = texts(reader.last(10)) + texts(drain(reader))
    assert sorted(shown) == ["between", "in a new segment", "of a new target", "old"]
    writer.close()


def test_to_a_reader_without_a_mark_every_event_is_new(tmp_path):
    record(tmp_path, event_at(1, "one"), event_at(90_000, "two"))
    assert texts(drain(Reader(tmp_path))) == ["one", "two"]


def test_new_events_of_several_targets_are_in_order_of_time(tmp_path):
    reader = Reader(tmp_path)
    record(tmp_path, event_at(2, "two", target="#a"), event_at(1, "one", target="#b"))
    assert texts(reader.new()) == ["one", "two"]


def test_a_file_of_the_same_name_as_a_deleted_one_is_read_from_its_beginning(tmp_path):
    reader = Reader(tmp_path)
    record(tmp_path, event_at(1, "a first event, which is long"))
    drain(reader)
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    path.write_bytes(jsonl.encode([event_at(2, "short")]))
    assert texts(drain(reader)) == ["short"]
    path.unlink()
    assert reader.new() == []
    record(tmp_path, event_at(3, "a third event, which is longer than the others"))
    assert texts(drain(reader)) == ["a third event, which is longer than the others"]


def test_a_file_that_vanishes_between_the_listing_and_the_reading_is_nothing(tmp_path, monkeypatch):
    record(tmp_path, event_at(1, "one"), event_at(90_000, "two"))
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    reader = Reader(tmp_path)
    sources = reader._sources()
    monkeypatch.setattr(reader, "_sources", lambda: sources)
    path.unlink()
    assert texts(reader.last(10)) == ["two"]
    assert reader.new() == []
    reader.mark()


def test_following_waits_only_when_there_is_nothing(tmp_path):
    writer = writer_in(tmp_path)
    reader = Reader(tmp_path)
    waits = []

    def wait():
        waits.append(len(waits))
        writer.write(event_at(len(waits), f"after wait {len(waits)}"))
        writer.flush()

    batches = reader.follow(wait)
    assert texts(next(batches)) == ["after wait 1"]
    assert texts(next(batches)) == ["after wait 2"]
    assert len(waits) == 2
    writer.close()


changes = st.lists(
    st.one_of(
        st.tuples(
            st.just("write"),
            st.sampled_from(["#a", "#b", "ann"]),
            st.sampled_from([0, 1, 4000, 90_000]),
            st.sampled_from(["", "", "chathistory"]),
        ),
        st.tuples(st.just("flush")),
        st.tuples(st.just("tear"), st.integers(1, 400)),
        st.tuples(st.just("look")),
        st.tuples(st.just("look once")),
        st.tuples(st.just("restart"), storages),
        st.tuples(st.just("delete"), st.integers(0, 9)),
    ),
    max_size=40,
)


class Scene:
    """A recorder that writes, somebody who deletes, and a reader that follows."""

    def __init__(self, root, storage):
        self.root = root
        self.storage = storage
        self.writer = writer_in(root, **storage)
        self.reader = Reader(root)
        self.now = self.number = 0
        self.written = []
        self.seen = []

    def write(self, target, pause, via):
        self.now += pause
        self.number += 1
        time = self.now / 2 if via else self.now
        self.writer.write(event_at(time, f"event {self.number}", target=target, via=via))
        self.written.append(f"event {self.number}")

    def flush(self):
        self.writer.flush()

    def tear(self, length):
        """Let a reader look while the last line of some file is only partly there."""
        self.writer.flush()
        paths = self.segments()
        if paths:
            path = random.Random(length).choice(paths)
            whole = path.read_bytes()
            line = whole[whole[:-1].rfind(b"\n") + 1 :]
            with path.open("ab") as file:
                file.write(line[: min(length, len(line) - 1)])
            self.look()
            os.truncate(path, len(whole))

    def look(self):
        self.seen += texts(drain(self.reader))

    def look_once(self):
        self.seen += texts(self.reader.new())

    def restart(self, storage):
        self.storage = storage
        self.writer.close()
        self.writer = writer_in(self.root, **storage)

    def delete(self, which):
        """Take away a segment that was seen, while nobody has it open."""
        self.writer.close()
        self.look()
        if paths := self.segments():
            paths[which % len(paths)].unlink()
        self.look()
        self.writer = writer_in(self.root, **self.storage)

    def segments(self):
        return sorted([*self.root.rglob("*_*.jsonl"), *self.root.rglob("*_*.log")])


@given(storages, changes)
@examples_times(1.5)
def test_whatever_happens_meanwhile_every_event_comes_once(storage, steps):
    with tempfile.TemporaryDirectory() as directory:
        scene = Scene(Path(directory), storage)
        for name, *arguments in steps:
            getattr(scene, name.replace(" ", "_"))(*arguments)
        scene.writer.close()
        scene.look()
        assert sorted(scene.seen) == sorted(scene.written)
        assert not scene.reader.damaged


# -- what it costs -------------------------------------------------------------------------


@pytest.fixture
def count_bytes(monkeypatch):
    """Count what is read of files."""
    read = [0]
    pread = os.pread

    def counting(*arguments):
        data = pread(*arguments)
        read[0] += len(data)
        return data

    monkeypatch.setattr(lines.os, "pread", counting)
    return lambda: read[0]


def big_segment(root, megabytes, day="2026-11-23", first=0):
    directory = root / "net" / "#c"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{day}_001.jsonl"
    line = jsonl.encode([event_at(first, "x" * 200)])
    path.write_bytes(line * (megabytes * 1024 * 1024 // len(line)))
    return path


def test_of_a_large_file_only_the_end_is_read(tmp_path, count_bytes):
    big_segment(tmp_path, 8)
    assert len(last(tmp_path, 10)) == 10
    assert count_bytes() < 128 * 1024


def test_older_segments_are_not_opened_when_the_newest_has_enough(tmp_path, count_bytes):
    for day in range(10, 20):
        big_segment(tmp_path, 1, f"2026-11-{day}", (day - 23) * 86_400)
    assert len(last(tmp_path, 10)) == 10
    assert count_bytes() < 128 * 1024


def test_of_much_that_was_fetched_later_not_everything_is_read(tmp_path, count_bytes):
    path = big_segment(tmp_path, 8)
    path.write_bytes(path.read_bytes().replace(b'"text"', b'"via":"x","text"'))
    assert len(last(tmp_path, 10)) == 10
    assert count_bytes() < 2 * 1024 * 1024


def test_marking_reads_little_of_each_file(tmp_path, count_bytes):
    big_segment(tmp_path, 4)
    Reader(tmp_path).mark()
    assert count_bytes() < 16 * 1024


def test_many_new_events_come_from_a_reader_in_pieces(tmp_path):
    path = big_segment(tmp_path, 4)
    reader = Reader(tmp_path)
    pieces = []
    while found := reader.new():
        pieces.append(len(found))
    assert sum(pieces) == path.read_bytes().count(b"\n")
    assert max(pieces) < 2000


def test_nothing_is_read_of_what_did_not_grow(tmp_path, count_bytes):
    big_segment(tmp_path, 1)
    reader = Reader(tmp_path)
    reader.mark()
    before = count_bytes()
    assert reader.new() == []
    assert count_bytes() == before


def test_a_line_longer_than_a_piece_is_read_whole(tmp_path):
    record(tmp_path, event_at(1, "x" * 700_000), event_at(2, "y"))
    assert [len(text) for text in last(tmp_path)] == [700_000, 1]
    assert [len(text) for text in texts(drain(Reader(tmp_path)))] == [700_000, 1]
