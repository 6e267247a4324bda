"""Counts and durations in words."""

from __future__ import annotations

import pytest

from chatlog.formats.wording import ago, many, span


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 lines"), (1, "1 line"), (2, "2 lines"), (12_345, "12,345 lines")]
)
def test_a_count_has_its_noun_in_the_singular_or_the_plural(number, words):
    assert many(number, "line") == words


def test_an_irregular_plural_is_given():
    assert [many(number, "person", "people") for number in (1, 2)] == ["1 person", "2 people"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (0.04, "0.0 s"), (0.5, "0.5 s"), (3, "3 s"), (9.96, "10.0 s"), (10.5, "10 s"),
        (119, "119 s"), (120, "2 min"), (5400, "90 min"), (7199.9, "119 min"), (7200, "2 h"),
        (151_200, "42 h"), (172_799, "47 h"), (172_800, "2 d"), (864_000, "10 d"),
    ],
)  # fmt: skip
def test_a_duration_has_one_unit_and_is_never_rounded_up(seconds, words):
    assert span(seconds) == words


def test_a_time_is_some_while_ago_or_never():
    assert ago("2026-11-23T18:00:00.000Z", "2026-11-23T18:02:59.999Z") == "2 min ago"
    assert ago("", "2026-11-23T18:02:59.999Z") == "never"
    assert ago("2026-11-23T18:00:00.000Z", "2026-11-23T17:00:00.000Z") == "0 s ago"
