"""The clock: it says what time it is, and when that was changed."""

from __future__ import annotations

import pytest

from chatlog.clock import Clock
from chatlog.event import format_time

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


class Machine:
    """Three clocks of a machine that a test sets; times are in nanoseconds."""

    def __init__(self):
        self.wall = 1_795_392_000 * SECOND
        self.steady = self.since_boot = 5 * SECOND
        self.jumps = []
        self.clock = Clock(lambda: self.wall, lambda: self.steady, lambda: self.since_boot)
        self.clock.on_jump = lambda ahead, slept: self.jumps.append((ahead, slept))

    def pass_by(self, time):
        self.wall += time
        self.steady += time
        self.since_boot += time

    def sleep(self, time):
        self.wall += time
        self.since_boot += time


@pytest.fixture
def machine():
    return Machine()


def test_the_clock_gives_the_time_of_the_wall_clock(machine):
    assert machine.clock() == format_time(1_795_392_000_000)


def test_time_that_passes_is_no_jump(machine):
    for _ in range(5):
        machine.pass_by(HOUR)
        machine.clock()
    assert machine.jumps == []


@pytest.mark.parametrize("by", [-HOUR, HOUR, 2 * SECOND])
def test_a_clock_that_is_set_is_told_once_and_before_the_time_is(machine, by):
    machine.wall += by
    seen = []
    machine.clock.on_jump = lambda ahead, slept: seen.append((ahead, slept))
    machine.clock()
    machine.pass_by(SECOND)
    machine.clock()
    assert seen == [(by // 1_000_000, 0)]


def test_a_clock_that_is_corrected_gently_does_not_jump(machine):
    for _ in range(100):
        machine.pass_by(60 * SECOND)
        machine.wall += SECOND // 20
        machine.clock()
    assert machine.jumps == []


def test_a_machine_that_slept_is_told_apart_from_a_clock_that_was_set(machine):
    machine.sleep(8 * HOUR)
    machine.clock()
    assert machine.jumps == [(0, 8 * 3_600_000)]
    machine.sleep(HOUR)
    machine.wall += HOUR
    machine.clock()
    assert machine.jumps[1:] == [(3_600_000, 3_600_000)]


def test_a_clock_may_jump_though_nobody_listens(machine):
    machine.clock.on_jump = None
    machine.wall += HOUR
    assert machine.clock() == format_time(1_795_392_000_000 + 3_600_000)
