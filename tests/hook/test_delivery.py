"""The delivery of lines to a command: its retries and pauses."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from chatlog.errors import UsageError
from chatlog.hook.delivery import Delivery, Hook, pause_after
from chatlog.hook.lines import HookLine


class Stops:
    is_asked = False

    def whole(self):
        return nullcontext()


class Delivered:
    """A delivery without real sleep: the slept seconds, the reports, and how often it succeeded."""

    def __init__(self, command, **limits):
        self.slept, self.reports, self.noted = [], [], 0
        self.delivery = Delivery(
            Hook(command, **limits), Stops(), self.reports.append, self.slept.append
        )

    def send(self, data=b"line\n"):
        return self.delivery.send([HookLine(None, "", data)], {}, self.note)

    def note(self, count):
        self.noted += count


def failing(tmp_path, times):
    """Return a command that fails some times, and then succeeds."""
    return f'echo >>{tmp_path}/runs; [ "$(wc -l <{tmp_path}/runs)" -gt {times} ]'


def test_a_command_that_fails_is_run_again_with_growing_pauses(tmp_path):
    delivered = Delivered(failing(tmp_path, 3))
    assert delivered.send() is None
    assert delivered.slept == [0, 1, 2, 4]
    assert delivered.noted == 1
    assert delivered.reports == [
        f"--exec ended with status 1; it is run again in {pause}" for pause in ("1 s", "2 s", "4 s")
    ]


def test_the_pauses_grow_to_five_minutes():
    assert [pause_after(each) for each in (0, 1, 7, 8, 9, 1000)] == [1, 2, 128, 256, 300, 300]


def test_the_last_failure_is_returned_if_no_retry_is_left():
    delivered = Delivered("exit 3", retries=2)
    assert delivered.send() == (3, "ended with status 3")
    assert delivered.noted == 0
    assert delivered.slept == [0, 1, 2]


def test_without_retries_a_command_runs_once():
    delivered = Delivered("exit 3", retries=0)
    assert delivered.send() == (3, "ended with status 3")
    assert delivered.reports == []


@pytest.mark.parametrize("command", ["no-such-program-here", "/"])
def test_a_command_that_never_ran_and_cannot_be_run_is_a_usage_error(command):
    delivered = Delivered(command)
    with pytest.raises(UsageError, match="cannot find or run"):
        delivered.send()


def test_a_command_that_is_gone_after_it_succeeded_is_tried_again(tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    delivered = Delivered(str(program), retries=1)
    assert delivered.send() is None
    program.unlink()
    assert delivered.send().status == 127


def test_an_interval_lies_between_the_starts_of_two_runs():
    delivered = Delivered("true", interval=1000)
    assert delivered.delivery.rest() == 0
    delivered.send()
    assert 900 < delivered.delivery.rest() <= 1000
    delivered.send()
    assert delivered.slept[0] == 0
    assert 900 < delivered.slept[1] <= 1000
