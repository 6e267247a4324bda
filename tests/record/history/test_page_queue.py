"""Playback that waits: in memory, then in a file, in order."""

from __future__ import annotations

import pytest

from chatlog.event import Event
from chatlog.protocol.facts import HistoryPage, PlaybackLimits
from chatlog.protocol.history.chathistory import answer_of
from chatlog.record.history.page_queue import PageQueue


def page(number):
    event = Event(
        time="2026-11-23T18:00:00.000Z", network="net", target="#a", type="message", nick="ada",
        text=f"line {number}", tags={"k": "ü\n"}, params=("a",), via="playback",
    )  # fmt: skip
    return HistoryPage("#a", "playback", [event], label="l", answer=answer_of([event]))


@pytest.mark.parametrize("in_memory", [0, 4000, 10**9])
def test_pages_come_out_as_they_went_in_wherever_they_waited(tmp_path, in_memory):
    queue = PageQueue(tmp_path, in_memory)
    wanted = [page(n) if n % 3 else PlaybackLimits("#a", n, 60) for n in range(30)]
    found = []
    for number, each in enumerate(wanted):
        queue.append(each)
        if number % 4 == 3:
            found.append(queue.take())
    while queue:
        assert queue.first() == queue.first()
        found.append(queue.take())
    assert found == wanted
    assert not queue.is_full
    assert [*tmp_path.iterdir()] == []
    queue.close()


def test_a_full_file_asks_for_no_more_until_pages_are_taken(tmp_path):
    queue = PageQueue(tmp_path, 0, max_in_file=2000)
    while not queue.is_full:
        queue.append(page(1))
    queue.take()
    assert not queue.is_full
    queue.close()
    assert not queue


def test_a_disk_that_refuses_leaves_pages_in_memory_up_to_a_bound(tmp_path):
    queue = PageQueue(tmp_path / "missing", 4000)
    pages = []
    while not queue.is_full:
        pages.append(page(len(pages)))
        queue.append(pages[-1])
    assert 3 < len(pages) < 12
    assert [queue.take() for _ in pages] == pages
