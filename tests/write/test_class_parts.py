"""Classes of events that are kept for different times: each event in one part of its class."""

from __future__ import annotations

import shutil
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.layout import parse_segment
from chatlog.archive.rules import ALL, Rule, Rules, part_of
from chatlog.casemapping import Casemapping
from chatlog.event import CLASSES, EventType, class_of, format_time, parse_time
from chatlog.formats import jsonl
from chatlog.read.reader import Reader
from tests.support.archive import START, event_at, record, writer_in
from tests.support.tending import DAY, LONG_AFTER, tend

FOLDS = Casemapping("rfc1459")
MONTHS = Rules(keep={"talk": None, "presence": 30 * DAY, "server": 90 * DAY})
TYPES = [*map(str, EventType), "of later"]
TARGETS = ("#c", "#d", "@server", "ada")

times = st.none() | st.sampled_from([1 * DAY, 2 * DAY, 40 * DAY])
keeps = st.dictionaries(st.sampled_from([*CLASSES, ALL]), times, max_size=4)
rules = st.builds(
    lambda keep, named: Rules(
        keep=keep, rules=tuple(Rule(channels=(name,), keep=each) for name, each in named.items())
    ),
    keeps,
    st.dictionaries(st.sampled_from(TARGETS), keeps, max_size=2),
)


@st.composite
def stories(draw):
    """Draw events in order of time, no two at once, over five days."""
    steps = draw(st.lists(st.integers(1, DAY // 2), min_size=1, max_size=25))
    seconds, found = 0, []
    for step in steps:
        seconds += step
        found.append(
            event_at(
                seconds % (5 * DAY),
                type=draw(st.sampled_from(TYPES)),
                target=draw(st.sampled_from(TARGETS)),
                via=draw(st.sampled_from(["", "", "chathistory"])),
            )
        )
    return sorted({event.time: event for event in found}.values(), key=lambda event: event.time)


def written(root):
    """Return each event that lies in a plain segment, with the name of its segment."""
    return [
        (jsonl.decode(line), parse_segment(path.name))
        for path in sorted(root.glob("*/*/*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]


def read(root):
    reader = Reader(root, ("*", "@server"))
    found = [entry.event for entry in reader.last(1000)]
    assert not reader.damaged
    return found


def record_in_runs(root, events, cut, chosen):
    """Record events in two runs, in a new archive."""
    shutil.rmtree(root, ignore_errors=True)
    for some in (events[:cut], events[cut:]):
        if some:
            record(root, *some, rules=chosen)


def part_wanted(event, chosen):
    """Return the class of the part in which an event is to be, by the rules alone."""
    keep = chosen.of("net", event.target, FOLDS).keep
    longest = None if None in keep.values() else max(keep.values())
    name = class_of(event.type)
    if event.type in {"joined", "parted"} and event.target != "@server":
        return ""
    return name if keep[name] != longest else ""


@given(stories(), rules, st.integers(0, 20))
def test_each_event_is_in_one_part_of_its_class_and_reading_merges_them(
    tmp_path_factory, events, chosen, cut
):
    root = tmp_path_factory.getbasetemp() / "parts"
    record_in_runs(root, events, cut, chosen)
    found = written(root)
    assert Counter(event.time for event, _ in found) == Counter(each.time for each in events)
    assert all(name.of_class == part_wanted(event, chosen) for event, name in found)
    assert read(root) == events
    tend(root, rules=Rules())  # sealed, and nothing removed
    assert read(root) == events


@given(stories(), rules, st.integers(0, 20), st.integers(0, 10))
def test_retention_removes_the_segments_of_expired_classes_alone(
    tmp_path_factory, events, chosen, cut, days
):
    root = tmp_path_factory.getbasetemp() / "kept"
    record_in_runs(root, events, cut, chosen)
    now = format_time(START + days * DAY * 1000)

    def stays(event):
        keep = chosen.of("net", event.target, FOLDS).keep
        name = part_wanted(event, chosen)
        times = [keep[name]] if name else keep.values()
        if None in times:
            return True
        day = (parse_time(event.time) - START) // (DAY * 1000)
        return day + 1 + max(times) / DAY > days

    tend(root, now=now, rules=chosen)
    assert read(root) == [event for event in events if stays(event)]


def test_the_file_names_tell_the_classes_that_are_kept_for_a_shorter_time(tmp_path):
    events = [
        event_at(1, type="joined"), event_at(2, type="names"), event_at(3),
        event_at(4, type="other"), event_at(5, type="mode"), event_at(6, type="parted"),
    ]  # fmt: skip
    record(tmp_path, *events, rules=MONTHS)
    assert {
        path.name: [jsonl.decode(line).type for line in path.read_bytes().splitlines()]
        for path in (tmp_path / "net/#c").glob("*.jsonl")
    } == {
        "2026-11-23_001.jsonl": ["joined", "message", "mode", "parted"],
        "2026-11-23_001.presence.jsonl": ["names"],
        "2026-11-23_001.server.jsonl": ["other"],
    }
    assert (tmp_path / "FORMAT").read_bytes() == b"chatlog archive, version 2\n"


def test_without_times_for_classes_the_files_and_the_version_are_as_ever(tmp_path):
    for chosen in (Rules(), Rules(keep={ALL: DAY}), Rules(rules=(Rule(keep={ALL: DAY}),))):
        record(tmp_path, event_at(1), event_at(2, type="join"), rules=chosen)
    assert [path.name for path in (tmp_path / "net/#c").glob("2*")] == ["2026-11-23_001.jsonl"]
    assert not (tmp_path / "FORMAT").exists()  # nobody held a target


def test_a_part_that_held_every_class_is_gone_on_with_and_kept_for_the_longest_time(tmp_path):
    record(tmp_path, event_at(1), event_at(2, type="join"))
    record(tmp_path, event_at(3), event_at(4, type="quit"), rules=MONTHS)
    assert sorted(str(name) for event, name in written(tmp_path)) == [
        "2026-11-23_001.jsonl", "2026-11-23_001.jsonl", "2026-11-23_001.jsonl",
        "2026-11-23_001.presence.jsonl",
    ]  # fmt: skip
    removed = tend(tmp_path, now=LONG_AFTER, rules=MONTHS).removed
    assert [path.name for path in removed] == ["2026-11-23_001.presence.jsonl.gz"]
    assert [event.type for event in read(tmp_path)] == ["message", "join", "message"]


def test_each_format_has_the_same_parts_and_the_size_counts_in_each(tmp_path):
    events = [
        event_at(number, "x" * 50, type=kind)
        for number, kind in enumerate(["message", "join"] * 12)
    ]
    record(tmp_path, *events, rules=MONTHS, formats=("jsonl", "text"), rotate_size=300)
    names = Counter(parse_segment(path.name).series for path in (tmp_path / "net/#c").glob("2*"))
    assert set(names) == {
        ("2026-11-23", "jsonl", ""), ("2026-11-23", "jsonl", "presence"),
        ("2026-11-23", "log", ""), ("2026-11-23", "log", "presence"),
    }  # fmt: skip
    assert min(names.values()) > 1
    assert read(tmp_path) == events
    tend(tmp_path, rules=MONTHS, now="2026-11-25T00:00:00.000Z", rotate_size=300)
    assert read(tmp_path) == events


def test_changed_rules_count_from_the_next_segment(tmp_path):
    writer = writer_in(tmp_path)
    for seconds in (1, DAY + 1):
        writer.write_all([event_at(seconds), event_at(seconds + 1, type="join")])
        writer.flush()
        writer.use(writer.storage.__class__(root=tmp_path, rules=MONTHS))
    writer.close()
    assert sorted({str(name) for _, name in written(tmp_path)}) == [
        "2026-11-23_001.jsonl", "2026-11-24_001.jsonl", "2026-11-24_001.presence.jsonl",
    ]  # fmt: skip


def test_the_classes_of_a_part_follow_from_the_type_and_the_target():
    apart = frozenset({"presence", "server"})
    assert part_of("join", "#c", apart) == "presence"
    assert part_of("message", "#c", apart) == ""
    assert part_of("joined", "#c", apart) == ""
    assert part_of("joined", "@server", apart) == "server"
    assert part_of("connected", "@server", apart) == "server"
    assert part_of("of later", "#c", apart) == "server"
