"""Lines in the order of time or turned round, in memory and beyond it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatlog.search.external_sort import turned_round


@given(st.lists(st.binary(max_size=5).filter(lambda line: b"\n" not in line)), st.integers(1, 2000))
def test_lines_come_back_in_the_opposite_order_however_little_memory_there_is(lines, limit):
    assert list(turned_round(iter(lines), limit=limit)) == lines[::-1]
