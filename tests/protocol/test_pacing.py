"""Talking no faster than a server bears."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol.pacing import Pacing


def test_a_burst_passes_and_then_one_line_an_interval():
    pacing = Pacing(burst=2, interval=3.0)
    for line in "abcd":
        pacing.put(line)
    assert pacing.advance(100.0) == (["a", "b"], 103.0)
    assert pacing.advance(102.9) == ([], 103.0)
    assert pacing.advance(103.0) == (["c"], 106.0)
    assert pacing.advance(106.0) == (["d"], None)


def test_after_a_silence_a_burst_may_pass_again():
    pacing = Pacing(burst=2, interval=3.0)
    for line in "ab":
        pacing.put(line)
    pacing.advance(0.0)
    for line in "cd":
        pacing.put(line)
    assert pacing.advance(6.0) == (["c", "d"], None)


def test_what_is_too_much_to_wait_is_counted_and_not_kept():
    pacing = Pacing(burst=1, interval=1.0)
    for number in range(8200):
        pacing.put(str(number))
    assert pacing.dropped == 8


@given(st.integers(1, 5), st.lists(st.floats(0, 5), max_size=50))
def test_no_span_of_time_has_more_lines_than_the_burst_and_its_share(burst, pauses):
    pacing, now, sent = Pacing(burst=burst, interval=2.0), 0.0, []
    for pause in pauses:
        now += pause
        pacing.put("x")
        pacing.put("y")
        sent += [now] * len(pacing.advance(now)[0])
    for first, start in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + (sent[last] - start) / 2.0 + 1e-6
