"""The writer: each event in the right file, once, in order, whatever happens between."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import errno
import json
import os
import subprocess
import sys
from collections import defaultdict
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.layout import Rotate, parse_segment, period_of
from chatlog.archive.system import System
from chatlog.archive.version import CONTENT
from chatlog.coverage.entries import UnwantedEntry
from chatlog.errors import TranscriptError
from chatlog.event import SERVER, Event, format_time, parse_time
from chatlog.formats import jsonl
from chatlog.formats.plain import Plain
from chatlog.write.writer import Storage, Writer
from tests.support.archive import manifest_of
from tests.support.faults import CALLS, Faulty, disk_of, refusal, short_writes

NOON = "2026-11-23T12:00:00.000Z"
MIDNIGHT = parse_time("2026-11-24T00:00:00.000Z")


def event_at(time=NOON, text="hello", **fields):
    settings = {"network": "net", "target": "#c", "type": "message", "nick": "ann", **fields}
    return Event(time=time, text=text, **settings)


def writer_in(root, system=None, open_files=None, **storage):
    writer = Writer(Storage(root=root, **storage), system=system or System(), open_files=open_files)
    writer.set_casemapping("net", "rfc1459")
    return writer


def record(root, *events, **settings):
    writer = writer_in(root, **settings)
    writer.write_all(events)
    writer.close()


def segments_of(root, suffix=".jsonl"):
    """Give every segment's bytes by its path, parts of a period in order."""
    found = [path for path in root.rglob("*_*") if path.name.endswith(suffix)]
    found.sort(key=lambda path: (str(path.parent), parse_segment(path.name)))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def texts_of(root):
    return {
        path: [json.loads(line)["text"] for line in data.splitlines()]
        for path, data in segments_of(root).items()
    }


def test_an_event_is_a_line_in_the_segment_of_its_target_and_day(tmp_path):
    event = event_at()
    record(tmp_path, event)
    assert segments_of(tmp_path) == {"net/#c/2026-11-23_001.jsonl": jsonl.encode([event])}


def test_nothing_is_written_before_flush_and_everything_after_it(tmp_path):
    writer = writer_in(tmp_path)
    writer.write(event_at(text="one"))
    writer.write(event_at(text="two"))
    assert segments_of(tmp_path) == {}
    writer.flush()
    assert texts_of(tmp_path) == {"net/#c/2026-11-23_001.jsonl": ["one", "two"]}
    writer.close()


def test_a_flush_is_one_write_for_each_segment(tmp_path):
    faulty = Faulty()
    writer = writer_in(tmp_path, faulty.system)
    before = faulty.counts["write"]
    for number in range(10):
        writer.write(event_at(target=f"#{number % 3}"))
    writer.flush()
    assert faulty.counts["write"] - before == 3
    writer.flush()
    assert faulty.counts["write"] - before == 3
    writer.close()


def test_a_flush_whose_time_is_up_goes_on_in_the_next_one(tmp_path):
    faulty = Faulty()
    writer = writer_in(tmp_path, faulty.system)
    for number in range(3):
        writer.write(event_at(target=f"#{number}"))
    written = []
    while not writer.is_flushed:
        before = faulty.counts["write"]
        writer.flush(lambda: True)
        written.append(faulty.counts["write"] - before)
    assert written == [1, 1, 1]
    writer.close()


def test_a_tick_whose_time_is_up_goes_on_in_the_next_one(tmp_path):
    writer = writer_in(tmp_path)
    for number in range(3):
        writer.write(event_at(target=f"#{number}"))
    writer.flush()
    ticks, now = 0, "2026-11-25T00:00:00.000Z"
    while writer.active:
        writer.tick(now, lambda: True)
        ticks += 1
        assert writer.is_ticking
    writer.tick(now)
    assert not writer.is_ticking
    assert ticks == 3
    writer.close()


def test_spellings_that_the_network_holds_to_be_one_are_one_transcript_in_order(tmp_path):
    names = ["#A[", "#a{", "#A{", "#a["]
    record(tmp_path, *(event_at(target=name, text=name) for name in names))
    assert texts_of(tmp_path) == {"net/#a{/2026-11-23_001.jsonl": names}


def test_an_event_of_no_target_needs_no_casemapping_and_goes_to_server(tmp_path):
    writer = Writer(Storage(root=tmp_path))
    writer.write(event_at(target=SERVER))
    writer.close()
    assert list(segments_of(tmp_path)) == ["net/@server/2026-11-23_001.jsonl"]


def test_an_event_of_a_channel_before_the_casemapping_is_a_mistake_of_the_caller(tmp_path):
    writer = Writer(Storage(root=tmp_path))
    with pytest.raises(RuntimeError, match="CASEMAPPING"):
        writer.write(event_at())
    writer.close()


def test_the_casemapping_first_seen_decides_paths_for_ever(tmp_path):
    record(tmp_path)
    writer = Writer(Storage(root=tmp_path))
    assert writer.known_casemapping("net").name == "rfc1459"
    assert writer.known_casemapping("other") is None
    writer.set_casemapping("net", "ascii")
    assert writer.path("NET", "#A[") == tmp_path / "net" / "#a{"
    writer.close()


def test_current_names_the_live_segments_now_written_to(tmp_path):
    writer = writer_in(tmp_path, formats=("jsonl", "text"))
    assert writer.current("net", "#c") == []
    writer.write(event_at())
    writer.flush()
    directory = tmp_path / "net" / "#c"
    assert writer.current("net", "#C") == [
        directory / "2026-11-23_001.jsonl",
        directory / "2026-11-23_001.log",
    ]
    writer.close()


HOLDER = """
import pathlib, sys
from chatlog.errors import HeldError
from chatlog.write.writer import Storage, Writer
try:
    Writer(Storage(root=pathlib.Path(sys.argv[1]))).hold("net", "#C")
except HeldError as error:
    sys.exit(error.exit_status)
"""


def test_what_a_writer_holds_no_other_process_can_hold_until_it_is_closed(tmp_path):
    def status():
        return subprocess.run([sys.executable, "-c", HOLDER, str(tmp_path)], check=False).returncode

    writer = writer_in(tmp_path)
    writer.hold("net", "#c")
    assert status() == 5
    writer.close()
    assert status() == 0


@pytest.mark.parametrize("replaced", [False, True])
def test_a_directory_that_a_writer_has_made_is_locked_by_itself(tmp_path, replaced):
    writer = writer_in(tmp_path)
    writer.hold("net", "#c")
    writer.write(event_at())
    writer.flush()
    if replaced:
        (tmp_path / "net" / "#c").rename(tmp_path / "elsewhere")
        writer.write(event_at("2026-11-25T12:00:00.000Z"))
        writer.flush()
    (tmp_path / ".lock").unlink()
    second = subprocess.run([sys.executable, "-c", HOLDER, str(tmp_path)], check=False)
    assert second.returncode == 5
    writer.close()


def test_a_ledger_that_makes_the_directory_locks_it(tmp_path):
    writer = writer_in(tmp_path)
    writer.hold("net", "#c")
    writer.notes.add(writer.path("net", "#c"), UnwantedEntry(at=NOON))
    (tmp_path / ".lock").unlink()
    second = subprocess.run([sys.executable, "-c", HOLDER, str(tmp_path)], check=False)
    assert second.returncode == 5
    writer.close()


def test_lines_wait_while_another_recorder_has_the_directory(tmp_path):
    writer = writer_in(tmp_path)
    writer.hold("net", "#c")
    other = writer_in(tmp_path)
    other.hold("net", "#c")
    other.write(event_at(text="other"))
    other.flush()
    writer.write(event_at(text="ours"))
    with pytest.raises(TranscriptError, match=r"another chatlog records in .*#c by now"):
        writer.flush()
    assert texts_of(tmp_path) == {"net/#c/2026-11-23_001.jsonl": ["other"]}
    other.close()
    writer.retry()
    writer.close()
    assert texts_of(tmp_path) == {"net/#c/2026-11-23_001.jsonl": ["other", "ours"]}


def test_the_first_thing_that_a_writer_writes_states_the_version(tmp_path):
    faulty = Faulty()
    writer = Writer(Storage(root=tmp_path / "new"), system=faulty.system)
    writer.hold("net", "#c")
    writer.hold("net", "#d")
    writer.close()
    named = [call[1].name for call in faulty.log if call[0] in {"open", "replace"}]
    before_all_else = set(named[: named.index(".lock")])
    assert before_all_else == {f".FORMAT.{os.getpid()}", "new", tmp_path.name}
    assert (tmp_path / "new" / "FORMAT").read_bytes() == CONTENT


def test_events_may_be_written_one_by_one_or_all_together(tmp_path):
    events = [
        event_at(format_time(MIDNIGHT + number % 3 - 1), str(number), target=f"#{number % 2}")
        for number in range(12)
    ]
    record(tmp_path / "all", *events)
    writer = writer_in(tmp_path / "each")
    for event in events:
        writer.write(event)
    writer.close()
    assert segments_of(tmp_path / "all") == segments_of(tmp_path / "each")
    assert len(segments_of(tmp_path / "all")) == 4


def test_sync_syncs_what_was_written_and_nothing_twice(tmp_path):
    faulty = Faulty()
    writer = writer_in(tmp_path, faulty.system)
    writer.write(event_at())
    writer.flush()
    synced = faulty.counts["fsync"]
    writer.sync()
    assert faulty.counts["fsync"] > synced
    synced = faulty.counts["fsync"]
    writer.sync()
    assert faulty.counts["fsync"] == synced
    writer.close()


# Periods.


def test_an_event_files_under_the_day_of_its_own_time_also_when_it_comes_late(tmp_path):
    times = [-2, 0, -1, 1]
    record(tmp_path, *(event_at(format_time(MIDNIGHT + ms), str(ms)) for ms in times))
    assert texts_of(tmp_path) == {
        "net/#c/2026-11-23_001.jsonl": ["-2", "-1"],
        "net/#c/2026-11-24_001.jsonl": ["0", "1"],
    }


def test_text_ends_at_midnight_of_its_zone_and_jsonl_at_that_of_utc(tmp_path):
    events = [event_at(f"2026-11-23T{hour}:30:00.000Z", hour) for hour in ("21", "23")]
    events.append(event_at("2026-11-24T00:30:00.000Z", "0"))
    record(tmp_path, *events, formats=("jsonl", "text"), tz="Europe/Berlin")
    text = Plain(stamp="time", tz=ZoneInfo("Europe/Berlin"), keep_formatting=False)
    assert segments_of(tmp_path) == {
        "net/#c/2026-11-23_001.jsonl": jsonl.encode(events[:2]),
        "net/#c/2026-11-24_001.jsonl": jsonl.encode(events[2:]),
    }
    assert segments_of(tmp_path, ".log") == {
        "net/#c/2026-11-23_001.log": text.encode(events[:1]),
        "net/#c/2026-11-24_001.log": text.encode(events[1:]),
    }


@pytest.mark.parametrize(
    ("rotate", "stamp"), [("hourly", "time"), ("daily", "time"), ("weekly", "datetime")]
)
def test_text_bears_the_date_in_each_line_where_a_period_is_longer_than_a_day(
    tmp_path, rotate, stamp
):
    record(tmp_path, event_at(), formats=("text",), rotate=Rotate(rotate))
    expected = Plain(stamp=stamp, tz=UTC, keep_formatting=False).encode([event_at()])
    assert list(segments_of(tmp_path, ".log").values()) == [expected]


def open_segments(root):
    links = (os.path.realpath(descriptor) for descriptor in DESCRIPTORS.iterdir())
    return sorted(link for link in links if link.startswith(str(root)) and "_" in link)


DESCRIPTORS = Path("/proc/self/fd")
needs_proc = pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="asks /proc what is open")


@needs_proc
def test_a_period_is_closed_a_minute_after_its_end_and_opened_again_for_what_comes_later(tmp_path):
    writer = writer_in(tmp_path)
    writer.write(event_at(text="one"))
    writer.flush()
    writer.tick("2026-11-24T00:00:59.999Z")
    assert len(open_segments(tmp_path)) == 1
    writer.tick("2026-11-24T00:01:00.000Z")
    assert open_segments(tmp_path) == []
    assert writer.current("net", "#c") == []
    writer.write(event_at(text="two"))
    writer.flush()
    writer.close()
    assert texts_of(tmp_path) == {"net/#c/2026-11-23_001.jsonl": ["one", "two"]}


@needs_proc
def test_no_more_files_are_open_than_allowed_and_none_gets_a_new_part_for_that(tmp_path):
    writer = writer_in(tmp_path, open_files=3)
    for turn in range(2):
        for number in range(8):
            writer.write(event_at(target=f"#{number}", text=f"{turn}"))
        writer.flush()
        assert len(open_segments(tmp_path)) == 3
    writer.close()
    assert texts_of(tmp_path) == {
        f"net/#{number}/2026-11-23_001.jsonl": ["0", "1"] for number in range(8)
    }


# Parts.


def test_a_writer_goes_on_in_the_last_live_part(tmp_path):
    record(tmp_path, event_at(text="one"))
    record(tmp_path, event_at(text="two"))
    assert texts_of(tmp_path) == {"net/#c/2026-11-23_001.jsonl": ["one", "two"]}


def test_history_is_a_part_of_its_own_and_never_goes_on_in_an_old_one(tmp_path):
    record(tmp_path, event_at(text="live"), event_at(text="old", via="chathistory"))
    record(tmp_path, event_at(text="older", via="playback"), event_at(text="again"))
    assert texts_of(tmp_path) == {
        "net/#c/2026-11-23_001.jsonl": ["live"],
        "net/#c/2026-11-23_002.jsonl": ["old"],
        "net/#c/2026-11-23_003.jsonl": ["older"],
        "net/#c/2026-11-23_004.jsonl": ["again"],
    }


def test_history_of_several_kinds_shares_a_part_until_it_was_quiet_for_ten_minutes(tmp_path):
    writer = writer_in(tmp_path)
    for now, via, text in [
        ("2026-12-01T00:00:00.000Z", "chathistory", "one"),
        ("2026-12-01T00:09:59.999Z", "playback", "two"),
        ("2026-12-01T00:19:59.998Z", "playback", "three"),
        ("2026-12-01T00:29:59.999Z", "playback", "four"),
    ]:
        writer.tick(now)
        writer.write(event_at(text=text, via=via))
        writer.flush()
        writer.tick(now)
    writer.close()
    assert texts_of(tmp_path) == {
        "net/#c/2026-11-23_001.jsonl": ["one", "two", "three"],
        "net/#c/2026-11-23_002.jsonl": ["four"],
    }


def test_text_alone_keeps_history_in_the_same_file_in_order_of_arrival(tmp_path):
    events = [event_at(text="1"), event_at(text="2", via="chathistory"), event_at(text="3")]
    record(tmp_path, *events, formats=("text",))
    encoded = Plain(stamp="time", tz=UTC, keep_formatting=False).encode(events)
    assert segments_of(tmp_path, ".log") == {"net/#c/2026-11-23_001.log": encoded}


@pytest.mark.parametrize(
    "content", [b"not json\n", b'{"time":"2026-11-23T00:00:00.000Z","type":"message","via":"x"}\n']
)
def test_a_last_part_that_is_not_ours_to_go_on_with_is_left_as_it_is(tmp_path, content):
    directory = tmp_path / "net" / "#c"
    directory.mkdir(parents=True)
    (directory / "2026-11-23_1000.jsonl").write_bytes(content)
    record(tmp_path, event_at(text="one"))
    assert segments_of(tmp_path) == {
        "net/#c/2026-11-23_1000.jsonl": content,
        "net/#c/2026-11-23_1001.jsonl": jsonl.encode([event_at(text="one")]),
    }


def test_files_with_other_names_do_not_count_as_parts(tmp_path):
    directory = tmp_path / "net" / "#c"
    directory.mkdir(parents=True)
    for name in ("2026-11-23_009.log", "2026-11-23_9.jsonl", "2026-11-22_007.jsonl", "2026-11-23_"):
        (directory / name).touch()
    record(tmp_path, event_at())
    assert (directory / "2026-11-23_001.jsonl").exists()


def test_the_manifest_says_how_to_read_each_text_segment(tmp_path):
    record(tmp_path, event_at(), event_at(via="x"), formats=("jsonl", "text"), tz="Asia/Kolkata")
    record(tmp_path, event_at(), formats=("jsonl", "text"), tz="Asia/Kolkata")
    entries = manifest_of(tmp_path / "net" / "#c")
    said = {"entry": "text", "stamp": "time", "tz": "Asia/Kolkata", "copy": True}
    assert [{k: v for k, v in entry.items() if k != "previous"} for entry in entries] == [
        {**said, "segment": "2026-11-23_001.log"},
        {**said, "segment": "2026-11-23_002.log", "history": True},
        {**said, "segment": "2026-11-23_003.log"},
    ]


@pytest.mark.parametrize(
    "second",
    [
        {"formats": ("text",), "tz": "Europe/London"},
        {"formats": ("text", "jsonl"), "tz": "UTC"},
    ],
)
def test_text_that_would_read_otherwise_begins_a_new_part(tmp_path, second):
    record(tmp_path, event_at(), formats=("text",))
    record(tmp_path, event_at(), formats=("text",))
    record(tmp_path, event_at(), **second)
    lines = [data.count(b"\n") for data in segments_of(tmp_path, ".log").values()]
    assert lines == [2, 1]


def test_a_line_longer_than_the_size_limit_has_a_part_to_itself(tmp_path):
    events = [event_at(text=text) for text in ("a", "b" * 500, "c", "d")]
    two = len(jsonl.encode(events[2:]))
    record(tmp_path, *events, rotate_size=two)
    assert [json.loads(data)["text"][:1] for data in list(segments_of(tmp_path).values())[:2]] == [
        "a",
        "b",
    ]
    assert len(segments_of(tmp_path)) == 3


@pytest.mark.parametrize(("less", "lines"), [(0, [2, 2, 1]), (1, [1, 1, 1, 1, 1]), (-1, [2, 2, 1])])
def test_a_part_takes_lines_up_to_the_size_limit_and_not_a_byte_more(tmp_path, less, lines):
    events = [event_at(text=str(number)) for number in range(5)]
    limit = len(jsonl.encode(events[:2])) - less
    record(tmp_path, *events, rotate_size=limit)
    assert [data.count(b"\n") for data in segments_of(tmp_path).values()] == lines


def test_a_writer_that_comes_back_to_a_full_part_begins_the_next(tmp_path):
    size = len(jsonl.encode([event_at()]))
    for _ in range(3):
        record(tmp_path, event_at(), rotate_size=size)
    assert [len(data) for data in segments_of(tmp_path).values()] == [size] * 3


# Nothing lost, nothing twice.

UNSYNCED = dataclasses.replace(System(), fsync=lambda _fd: None)  # to run hundreds of examples

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("event"),
            st.integers(-5_400_000, 5_400_000),
            st.sampled_from(["#a", "#A", "#b"]),
            st.sampled_from(["", "", "chathistory"]),
            st.integers(0, 200),
        ),
        st.just(("flush",)),
        st.tuples(st.just("tick"), st.integers(-5_400_000, 5_400_000)),
        st.just(("restart",)),
    ),
    max_size=40,
)


def replay(root, steps, **settings):
    """Take the steps and give the events written."""
    writer, written = writer_in(root, UNSYNCED, **settings), []
    for kind, *values in steps:
        if kind == "event":
            offset, target, via, length = values
            text = f"{len(written)} " + "é" * length
            event = event_at(format_time(MIDNIGHT + offset), text, target=target, via=via)
            written.append(event)
            writer.write(event)
        elif kind == "flush":
            writer.flush()
        elif kind == "tick":
            writer.tick(format_time(MIDNIGHT + values[0]))
        else:
            writer.close()
            writer = writer_in(root, UNSYNCED, **settings)
    writer.close()
    return written


@given(steps, st.sampled_from([None, 1, 300, 1000]), st.sampled_from(["hourly", "daily", "never"]))
def test_the_parts_of_a_period_give_back_its_events_in_order(tmp_path_factory, steps, size, rotate):
    root = tmp_path_factory.mktemp("archive")
    rotate = Rotate(rotate)
    written = replay(root, steps, rotate_size=size, rotate=rotate, open_files=2)
    expected, found = defaultdict(list), defaultdict(list)
    for event in written:
        period = period_of(event.time, rotate).name
        expected[event.target.lower(), period, bool(event.via)].append(event)
    for path, data in segments_of(root).items():
        _, target, filename = path.split("/")
        events = [jsonl.decode(line) for line in data.splitlines()]
        history = {bool(event.via) for event in events}
        assert len(history) == 1
        assert size is None or len(data) <= size or len(events) == 1
        found[target, parse_segment(filename).period, *history] += events
    assert found == expected


@given(steps, st.sampled_from([None, 1, 300]))
def test_text_in_local_time_loses_and_doubles_nothing_either(tmp_path_factory, steps, size):
    root, zone = tmp_path_factory.mktemp("archive"), ZoneInfo("America/St_Johns")
    written = replay(root, steps, rotate_size=size, tz=zone.key, formats=("text",))
    text = Plain(stamp="time", tz=zone, keep_formatting=False)
    expected, found = defaultdict(bytes), defaultdict(bytes)
    for event in written:
        period = period_of(event.time, Rotate.DAILY, zone).name
        expected[event.target.lower(), period] += text.encode([event])
    for path, data in segments_of(root, ".log").items():
        _, target, filename = path.split("/")
        found[target, parse_segment(filename).period] += data
    assert found == expected


def test_short_writes_lose_nothing(tmp_path):
    events = [event_at(text=str(number)) for number in range(20)]
    record(tmp_path, *events, system=short_writes(7))
    assert list(segments_of(tmp_path).values()) == [jsonl.encode(events)]


@given(
    room=st.integers(0, 3000),
    more=st.integers(50, 700),
    size=st.sampled_from([None, 1, 500]),
    formats=st.sampled_from([("jsonl",), ("text",), ("jsonl", "text")]),
)
def test_a_full_disk_delays_events_and_neither_loses_nor_doubles_them(
    tmp_path_factory, room, more, size, formats
):
    root, twin = tmp_path_factory.mktemp("full"), tmp_path_factory.mktemp("twin")
    system, space = disk_of(100_000)
    system = dataclasses.replace(system, fsync=UNSYNCED.fsync)
    events = [event_at(text="x" * number, target=f"#{number % 3}") for number in range(20)]
    writer = writer_in(root, system, rotate_size=size, formats=formats)
    space[0] = room
    for number, event in enumerate(events):
        writer.write(event)
        if number % 7 == 0:
            flush_with_patience(writer, space, more)
    flush_with_patience(writer, space, more)
    writer.close()
    record(twin, *events, system=UNSYNCED, rotate_size=size, formats=formats)
    assert joined(segments_of(root, "")) == joined(segments_of(twin, ""))


def flush_with_patience(writer, space, more):
    """Flush, and try again with more room on the disk each time, until nothing waits."""
    with contextlib.suppress(TranscriptError):
        writer.flush()
    for _ in range(10_000):
        if not writer.waiting:
            return
        space[0] += more
        with contextlib.suppress(TranscriptError):
            writer.retry()
    raise AssertionError("it never succeeded")


def joined(segments):
    whole = defaultdict(bytes)
    for path, data in segments.items():
        whole[path.rpartition("/")[0], path.rpartition(".")[2]] += data
    return whole


def test_a_segment_that_cannot_be_written_does_not_hold_up_the_others(tmp_path):
    bad = []

    def write(fd, data):
        if fd in bad:
            raise refusal(errno.EIO)
        return os.write(fd, data)

    def open_(path, flags, mode):
        fd = os.open(path, flags, mode)
        if path.parent.name == "#1":
            bad.append(fd)
        return fd

    system = dataclasses.replace(System(), open=open_, write=write)
    writer = writer_in(tmp_path, system)
    failed = pytest.raises(TranscriptError, match=r"#1/2026-11-23_001\.jsonl: Input/output error")
    for text, outcome in (("one", failed), ("two", contextlib.nullcontext())):
        for number in range(3):
            writer.write(event_at(text=text, target=f"#{number}"))
        with outcome:  # which is said once
            writer.flush()
    with failed:
        writer.retry()
    assert writer.waiting_lines == 2
    assert texts_of(tmp_path) == {
        "net/#0/2026-11-23_001.jsonl": ["one", "two"],
        "net/#1/2026-11-23_001.jsonl": [],
        "net/#2/2026-11-23_001.jsonl": ["one", "two"],
    }
    bad.clear()
    writer.close()
    assert texts_of(tmp_path)["net/#1/2026-11-23_001.jsonl"] == ["one", "two"]
    assert writer.waiting_lines == 0


def test_what_could_not_be_saved_to_the_end_is_counted(tmp_path):
    system, space = disk_of(10_000)
    writer = writer_in(tmp_path, system)
    space[0] = 0
    for number in range(7):
        writer.write(event_at(target=f"#{number % 2}"))
    writer.write(event_at(target="#1", time="2026-11-24T12:00:00.000Z"))
    with pytest.raises(TranscriptError, match=r"^8 lines could not be saved: cannot write"):
        writer.close()


def test_one_error_speaks_for_all_of_a_flush(tmp_path):
    system, space = disk_of(100)
    writer = writer_in(tmp_path, system)
    space[0] = 0
    for number in range(3):
        writer.write(event_at(target=f"#{number}"))
    with pytest.raises(TranscriptError, match=r"No space left on device; .* \(and 2 more\)$"):
        writer.flush()
    space[0] = 10_000
    writer.close()
    assert len(segments_of(tmp_path)) == 3


def failures_of(action):
    """Do it until it succeeds and say how often it did not."""
    for failures in range(10):
        try:
            action()
        except TranscriptError:
            continue
        return failures
    raise AssertionError("it never succeeded")


def test_each_system_call_may_fail_at_each_use_while_parts_rotate_and_nothing_is_lost(tmp_path):
    events = [event_at(text=str(number)) for number in range(6)]
    size = len(jsonl.encode(events[:2]))
    settings = {"formats": ("jsonl", "text"), "rotate_size": size}

    def run(root, system):
        writer = Writer(Storage(root=root, **settings), system=system)
        failures = failures_of(lambda: writer.set_casemapping("net", "rfc1459"))
        for event in events:
            writer.write(event)
        return failures + failures_of(writer.flush) + failures_of(writer.close)

    counting = Faulty()
    assert run(tmp_path / "count", counting.system) == 0
    assert all(counting.counts[name] for name in CALLS if name not in {"ftruncate", "unlink"})
    expected = joined(segments_of(tmp_path / "count", ""))
    assert expected
    for name, count in counting.counts.items():
        for nth in range(1, count + 1):
            root = tmp_path / f"{name}{nth}"
            faulty = Faulty(lambda call, use, bad=(name, nth): (call, use) == bad)
            assert run(root, faulty.system) == 1, (name, nth)
            assert joined(segments_of(root, "")) == expected, (name, nth)


# After a crash.


@given(cut=st.integers(0, 10_000), text=st.text(max_size=30))
def test_a_torn_last_line_is_kept_in_a_recovered_event_and_the_file_stays_valid(
    tmp_path_factory, cut, text
):
    root = tmp_path_factory.mktemp("archive")
    events = [event_at(text=text), event_at(text="two")]
    record(root, *events, system=UNSYNCED)
    path = root / "net" / "#c" / "2026-11-23_001.jsonl"
    data = path.read_bytes()
    data = data[: 1 + cut % (len(data) - 1)]
    path.write_bytes(data)
    later = event_at("2026-11-23T13:00:00.000Z", "three")
    record(root, later, system=UNSYNCED)

    whole, _, torn = data.rpartition(b"\n")
    lines = path.read_bytes().splitlines()
    kept = whole.splitlines()
    assert lines[: len(kept)] == kept
    found = [jsonl.decode(line) for line in lines[len(kept) :]]
    if torn:
        recovered = found.pop(0)
        assert (recovered.type, recovered.time) == ("recovered", later.time)
        assert (recovered.network, recovered.target) == ("net", "#c")
        assert base64.b64decode(recovered.raw) == torn
        assert recovered.text == torn.decode("utf-8", "backslashreplace")
    assert found == [later]


_MEDDLING = st.one_of(
    st.tuples(st.just("append"), st.binary(min_size=1, max_size=30)),
    st.tuples(st.just("append"), st.just(jsonl.encode([event_at(text="foreign")]))),
    st.tuples(st.just("truncate"), st.integers(0, 400)),
)


@given(st.lists(st.tuples(st.integers(1, 3), _MEDDLING), min_size=1, max_size=5))
def test_a_segment_that_another_program_changes_meanwhile_keeps_each_later_line_whole(
    tmp_path_factory, steps
):
    root = tmp_path_factory.mktemp("archive")
    writer = writer_in(root)
    path = root / "net" / "#c" / "2026-11-23_001.jsonl"
    sent = 0

    def say(count):
        nonlocal sent
        for _ in range(count):
            writer.write(event_at(text=f"line {sent}"))
            sent += 1
        writer.flush()

    say(1)
    survived = []
    for count, (kind, value) in steps:
        if kind == "truncate":
            os.truncate(path, max(0, path.stat().st_size - value))
        else:
            with path.open("ab") as file:
                file.write(value)
        before = path.read_bytes()
        say(count)
        data = path.read_bytes()
        kept = before[: before.rfind(b"\n") + 1]
        assert data.startswith(kept)
        added = [jsonl.decode(line) for line in data[len(kept) :].splitlines()]
        torn = b"".join(base64.b64decode(each.raw) for each in added if each.type == "recovered")
        assert torn == before[len(kept) :].rstrip(b"\0")
        survived = [each.text for each in added if each.type == "message"]
        assert survived == [f"line {number}" for number in range(sent - count, sent)]
    writer.close()


@pytest.mark.parametrize("meddle", ["append", "truncate"])
def test_the_lines_of_a_segment_that_was_changed_and_then_deleted_are_written_again_whole(
    tmp_path, meddle
):
    writer = writer_in(tmp_path)
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    for text in ("one", "two"):
        writer.write(event_at(text=text))
        writer.flush()
    if meddle == "append":
        with path.open("ab") as file:
            file.write(b"thirteen byte")
    else:
        os.truncate(path, path.stat().st_size - 13)
    writer.write(event_at(text="three"))
    writer.flush()
    path.unlink()
    writer.note_synced(writer.syncing(writer.expose()))
    writer.close()
    found = [jsonl.decode(line) for line in path.read_bytes().splitlines()]
    texts = [event.text for event in found if event.type == "message"]
    assert texts == (["one", "two", "three"] if meddle == "append" else ["one", "three"])


def test_a_torn_end_of_any_length_is_kept_whole_in_pieces(tmp_path):
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    path.parent.mkdir(parents=True)
    torn = os.urandom(20_000).replace(b"\n", b" ")
    path.write_bytes(torn)
    record(tmp_path, event_at())
    *pieces, last = (jsonl.decode(line) for line in path.read_bytes().splitlines())
    assert b"".join(base64.b64decode(piece.raw) for piece in pieces) == torn
    assert last == event_at()


def test_a_torn_part_of_history_is_mended_and_live_events_begin_a_new_one(tmp_path):
    record(tmp_path, event_at(text="old", via="chathistory"))
    path = tmp_path / "net" / "#c" / "2026-11-23_001.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b"torn")
    record(tmp_path, event_at(text="live"))
    assert segments_of(tmp_path)["net/#c/2026-11-23_001.jsonl"] == whole
    second = segments_of(tmp_path)["net/#c/2026-11-23_002.jsonl"].splitlines()
    assert [jsonl.decode(line).text for line in second] == ["torn", "live"]


def test_a_torn_line_of_text_is_kept_as_a_line_of_text(tmp_path):
    record(tmp_path, event_at(text="one"), formats=("text",))
    path = tmp_path / "net" / "#c" / "2026-11-23_001.log"
    path.write_bytes(path.read_bytes() + b"[12:00:01] <bob> I agr\xc3")
    record(tmp_path, event_at(text="two"), formats=("text",))
    first, recovered, last = path.read_bytes().splitlines()
    assert first.endswith(b"<ann> one")
    assert b"I agr\\xc3" in recovered
    assert last.endswith(b"<ann> two")


def test_other_settings_count_from_the_next_segment(tmp_path):
    storage = Storage(root=tmp_path)
    writer = Writer(storage)
    writer.hold("net", SERVER)
    for day, formats in ((1, ("jsonl",)), (1, ("text",)), (2, ("text",))):
        writer.use(Storage(root=tmp_path / "elsewhere", formats=formats))
        time = f"2026-11-0{day}T00:00:00.000Z"
        writer.write(Event(time=time, network="net", target=SERVER, type="message", text="x"))
        writer.flush()
    writer.close()
    written = sorted(path.name for path in tmp_path.glob("net/*/2026-*"))
    assert written == ["2026-11-01_001.jsonl", "2026-11-02_001.log"]
    assert not (tmp_path / "elsewhere").exists()


def test_a_segment_taken_away_while_it_was_closed_is_told_in_the_manifest(tmp_path):
    writer = writer_in(tmp_path, open_files=1)
    for target in ("#a", "#b"):  # whose file closes that of #a
        writer.write(event_at(target=target, text="one"))
        writer.flush()
    (tmp_path / "net" / "#a" / "2026-11-23_001.jsonl").unlink()
    writer.write(event_at(target="#a", text="two"))
    writer.close()
    assert texts_of(tmp_path)["net/#a/2026-11-23_001.jsonl"] == ["two"]
    [entry] = manifest_of(tmp_path / "net" / "#a")
    assert (entry["entry"], entry["segment"], entry["lines"]) == (
        "vanished",
        "2026-11-23_001.jsonl",
        0,
    )


def test_a_rescue_before_a_file_is_closed_writes_what_the_deleted_one_held(tmp_path):
    writer = writer_in(tmp_path, open_files=1)
    writer.write(event_at(target="#a", text="one"))
    writer.flush()
    (tmp_path / "net" / "#a" / "2026-11-23_001.jsonl").unlink()
    writer.write(event_at(target="#b"))
    writer.flush()
    writer.close()
    assert texts_of(tmp_path)["net/#a/2026-11-23_001.jsonl"] == ["one"]


def lose_the_open_segment(root, **options):
    """Give a writer whose open segment was deleted, with a line in it that nobody has."""
    faulty = Faulty(**options)
    writer = writer_in(root, faulty.system)
    writer.write(event_at(target="#a", text="one"))
    writer.flush()
    (root / "net" / "#a" / "2026-11-23_001.jsonl").unlink()
    return writer, faulty


def test_the_lines_of_a_deleted_segment_are_written_again_even_if_it_cannot_be_closed(tmp_path):
    writer, faulty = lose_the_open_segment(tmp_path)
    faulty.fails = lambda name, _nth: name == "close"
    result = writer.syncing(writer.expose())
    with pytest.raises(TranscriptError, match="No space left"):
        writer.note_synced(result._replace(failed=[]))
    assert writer.in_trouble
    faulty.fails = lambda _name, _nth: False
    writer.close()
    assert texts_of(tmp_path)["net/#a/2026-11-23_001.jsonl"] == ["one"]


def test_a_loss_is_told_once_even_if_the_next_part_cannot_be_opened_at_first(tmp_path):
    writer, faulty = lose_the_open_segment(tmp_path)
    result = writer.syncing(writer.expose())
    faulty.fails = lambda name, _nth: name == "open" and faulty.log[-1][1].suffix == ".jsonl"
    with pytest.raises(TranscriptError):
        writer.note_synced(result)
    with pytest.raises(TranscriptError):
        writer.retry()
    faulty.fails = lambda _name, _nth: False
    writer.close()
    assert texts_of(tmp_path)["net/#a/2026-11-23_001.jsonl"] == ["one"]
    assert [entry["entry"] for entry in manifest_of(tmp_path / "net" / "#a")] == ["vanished"]
