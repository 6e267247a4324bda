"""Lines of an archive in the order of time, in bounded memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.export import line_blocks as module
from chatlog.export.line_blocks import LineBlock, in_time
from chatlog.formats import jsonl
from tests.support.archive import event_at


class Source:
    """A segment whose times are known, and its events in blocks."""

    def __init__(self, start, end, blocks):
        self.start, self.end, self.blocks = start, end, blocks

    def read(self):
        for events in self.blocks:
            yield LineBlock(events, jsonl.encode(events))


def source_of(seconds, blocks_of=2):
    events = [event_at(second, f"{second} {number}") for number, second in enumerate(seconds)]
    times = [each.time for each in events] or [event_at(0).time]
    blocks = [events[at : at + blocks_of] for at in range(0, len(events), blocks_of)]
    return Source(min(times), max(times) + "~", blocks)


def read_all(sources):
    found = list(in_time(sources, Source.read))
    events = [event for lines in found for event in lines.events]
    assert b"".join(lines.block for lines in found) == jsonl.encode(events)
    return events


@pytest.mark.parametrize("held", [0, 400, 1 << 20])
@given(st.lists(st.lists(st.integers(0, 50), max_size=8), max_size=4))
def test_lines_of_several_segments_come_in_order_of_time_and_of_the_segments(held, seconds):
    sources = [source_of(each) for each in seconds]
    every = [event for each in sources for events in each.blocks for event in events]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_HELD", held)
        assert read_all(sources) == sorted(every, key=lambda event: event.time)


def test_a_block_that_stands_in_order_is_given_as_it_is():
    source = source_of([1, 2, 3, 4])
    blocks = [jsonl.encode(events) for events in source.blocks]
    assert [lines.block for lines in in_time([source], Source.read)] == blocks


def test_lines_are_cut_and_narrowed_with_their_records():
    events = [event_at(second) for second in range(5)]
    lines = LineBlock(events, jsonl.encode(events))
    first, rest = lines.cut(2)
    assert (first.events, first.block) == (events[:2], jsonl.encode(events[:2]))
    assert (rest.events, rest.block) == (events[2:], jsonl.encode(events[2:]))
    middle = lines.between(events[1].time, events[3].time)
    assert (middle.events, middle.block) == (events[1:3], jsonl.encode(events[1:3]))
    assert lines.before(events[3].time) == 3


def test_only_as_many_lines_fit_as_there_is_room_for():
    events = [event_at(second) for second in range(3)]
    lines = LineBlock(events, jsonl.encode(events))
    one = lines.size // 3
    assert [lines.fitting(room) for room in (0, one - 1, one, 2 * one, 9 * one)] == [0, 0, 1, 2, 3]
