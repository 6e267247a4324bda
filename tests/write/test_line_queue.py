"""The queue of a stream: whatever a disk refuses, every line comes out once and in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.syncing import Exposed
from chatlog.archive.system import System
from chatlog.write.line_queue import LineQueue
from chatlog.write.spool import Backlog, Belonging, SpoolFile

STEPS = st.lists(st.sampled_from(["append", "write", "write a part", "hold", "lose the file"]))


def spool_in(directory):
    belonging = Belonging("root", "directory", "net", "#c", history=False, period="p", suffix="s")
    return SpoolFile(directory, belonging, system=System(), exposed=Exposed())


class Stream:
    """A queue, and the lines that came out of it."""

    def __init__(self, backlog):
        self.queue = LineQueue(backlog)
        self.added = 0
        self.written = b""

    def append(self):
        self.queue.append(b"%04d\n" % self.added)
        self.added += 1

    def write(self):
        while self.queue.front or self.queue.refill():
            self.write_a_part(len(self.queue.front))

    def write_a_part(self, length=5):
        front = self.queue.front or self.queue.refill()
        self.written += front[:length]
        self.queue.front = front[length:]

    def hold(self):
        self.queue.hold()

    def lose_the_file(self):
        """Have the last line written again."""
        last, self.written = self.written[-5:], self.written[:-5]
        self.queue.put_first(last)

    def expected(self):
        return b"".join(b"%04d\n" % number for number in range(self.added))


def check_that_every_line_comes_out_once_and_in_order(backlog, steps):
    stream = Stream(backlog)
    for step in steps:
        getattr(stream, step.replace(" ", "_"))()
        assert stream.queue.lines == stream.added - stream.written.count(b"\n")
        assert stream.queue.size == 5 * stream.queue.lines
    stream.write()
    assert stream.written == stream.expected()
    assert stream.queue.size == 0


@given(STEPS)
def test_every_line_comes_out_once_and_in_order_through_memory(steps):
    check_that_every_line_comes_out_once_and_in_order(Backlog(), steps)


@given(steps=STEPS)
def test_every_line_comes_out_once_and_in_order_through_a_spool(tmp_path_factory, steps):
    directory = tmp_path_factory.mktemp("spool")
    check_that_every_line_comes_out_once_and_in_order(spool_in(directory), steps)
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("written", [0, 1, 3])
def test_the_next_run_takes_up_the_lines_that_were_held_but_those_that_are_written(
    tmp_path, written
):
    stream = Stream(spool_in(tmp_path))
    for _ in range(3):
        stream.append()
    stream.hold()
    for _ in range(written):
        stream.write_a_part()
    resumed = LineQueue(spool_in(tmp_path))
    assert resumed.resume(lambda _size: stream.written) == b""
    assert resumed.front == stream.expected()[len(stream.written) :]


def test_nothing_passes_through_the_backlog_while_no_disk_refuses():
    class Untouched(Backlog):
        append = prepend = take = settle = None

    stream = Stream(Untouched())
    stream.append()
    stream.write()
    assert stream.written == stream.expected()
