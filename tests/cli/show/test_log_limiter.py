"""The limit on diagnostics: a flood becomes a few lines, and a count of the others."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.cli.show.log_limiter import RateLimit


class Said(logging.Handler):
    """Keeps what came through."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


class Limited:
    """A logger that says at most three things of a kind in ten seconds."""

    def __init__(self, **options):
        self.moment = 0.0
        self.limit = RateLimit(lambda: self.moment, most=3, within=10.0, **options)
        self.handler = Said()
        self.handler.addFilter(self.limit)
        self.logger = logging.getLogger("tests.limited")
        self.logger.propagate = False
        self.logger.setLevel(logging.DEBUG)
        self.logger.handlers[:] = [self.handler]
        self.lines = self.handler.lines


@pytest.fixture
def limited():
    return Limited()


def test_the_first_log_lines_of_a_kind_pass(limited):
    for number in range(100):
        limited.logger.warning("bad line %d", number)
    assert limited.lines == ["bad line 0", "bad line 1", "bad line 2"]


def test_what_was_held_back_is_counted_when_its_time_is_over(limited):
    for number in range(100):
        limited.logger.warning("bad line %d", number)
    limited.moment = 10.0
    limited.logger.warning("bad line %d", 100)
    assert limited.lines[3:] == ["… and 97 more like this: bad line %d", "bad line 100"]


def test_the_record_of_another_kind_brings_the_count_as_well(limited):
    for _ in range(5):
        limited.logger.warning("bad line")
    limited.moment = 11.0
    limited.logger.info("connected")
    assert limited.lines[3:] == ["… and 2 more like this: bad line", "connected"]


def test_the_count_of_withheld_log_lines_comes_once_at_the_end(limited):
    for _ in range(5):
        limited.logger.warning("bad line")
    limited.limit.finish()
    limited.limit.finish()
    assert limited.lines[3:] == ["… and 2 more like this: bad line"]


def test_log_lines_of_another_kind_are_not_withheld(limited):
    for _ in range(5):
        limited.logger.warning("bad line")
        limited.logger.warning("bad tag")
    assert limited.lines == ["bad line", "bad tag"] * 3


def test_a_logger_below_is_a_kind_of_its_own_and_limited_as_well(limited):
    for _ in range(5):
        limited.logger.warning("bad line")
        limited.logger.getChild("deep").warning("bad line")
    assert limited.lines == ["bad line"] * 6


def test_few_records_are_never_followed_by_a_count(limited):
    for moment in (0, 20, 40):
        limited.moment = moment
        limited.logger.warning("bad line")
    assert limited.lines == ["bad line"] * 3


def test_the_count_has_the_level_of_what_it_counts(limited):
    levels = []
    limited.handler.emit = lambda record: levels.append(record.levelno)
    for _ in range(5):
        limited.logger.error("bad line")
    limited.limit.finish()
    assert levels == [logging.ERROR] * 4


def test_what_is_below_the_level_always_passes():
    limited = Limited(level=logging.WARNING)
    for _ in range(5):
        limited.logger.info("a channel")
    assert limited.lines == ["a channel"] * 5


def test_a_format_without_its_arguments_is_counted_as_it_stands(limited):
    for _ in range(4):
        limited.logger.warning("100 % bad")
    limited.limit.finish()
    assert limited.lines[3:] == ["… and 1 more like this: 100 % bad"]


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["one", "two"]))))
def test_every_record_is_shown_or_counted(steps):
    limited = Limited()
    for pause, kind in steps:
        limited.moment += pause
        limited.logger.warning(kind)
    limited.limit.finish()
    counted = [int(line.split()[2]) for line in limited.lines if line.startswith("…")]
    shown = [line for line in limited.lines if not line.startswith("…")]
    assert len(shown) + sum(counted) == len(steps)
