"""The earliest lines of a transcript, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import Event, format_time, parse_time
from chatlog.read.lookup import KnownLine
from chatlog.record.history.earliest import earliest
from chatlog.record.history.playback import weight_compared

BASE = parse_time("2026-11-23T18:00:00.000Z")
ONE = weight_compared(Event(time="", type="message"))


def line(at):
    return KnownLine(Event(time=format_time(BASE + at), type="message"), coarse=False)


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 20))
def test_all_lines_before_the_end_are_there_and_few_are_held(times, most):
    found = earliest(map(line, times), most * ONE)
    kept = [parse_time(each.event.time) - BASE for each in found.lines]
    assert kept == sorted(kept)
    assert len(kept) <= 2 * most
    if not found.end:
        assert kept == sorted(times)
        return
    end = parse_time(found.end) - BASE
    if len(set(kept)) > 1 or kept[0] + 1 != end:
        assert kept == sorted(time for time in times if time < end)
    else:  # of one moment there are too many
        assert set(kept) == {min(times)}
    assert kept
