"""Kinds of values: the file and the command line mean the same, and refuse the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.errors import UsageError
from chatlog.secret import Secret
from chatlog.settings import kinds, parsers
from chatlog.settings.key_path import KeyPath
from chatlog.settings.kinds import Choice, Count, Duration, Flag, Parsed, SecretText, Several, Size

PLACE = KeyPath(Path("/etc/chatlog.toml"), "key")
NICK = Parsed(parsers.parse_nick, "NICK")
WORDS = Choice(("hourly", "daily"))

SAME = {
    "a duration": (Duration(), "1m30s", 90.0),
    "a duration without a unit": (Duration(), "90", 90.0),
    "no duration at all, where that is allowed": (Duration(least=0), "0", 0.0),
    "a size": (Size(), "10K", 10_240),
    "no size at all, where that is allowed": (Size(least=0), "0", 0),
    "a number": (Count(least=1), "3", 3),
    "a word": (WORDS, "daily", "daily"),
    "a parsed text": (NICK, "rec", "rec"),
    "a text that takes another back": (Parsed(kinds.unless_empty(parsers.parse_bind), "A"), "", ""),
}


@pytest.mark.parametrize(("kind", "text", "value"), SAME.values(), ids=SAME)
def test_a_text_means_the_same_in_the_file_and_on_the_command_line(kind, text, value):
    assert kind.parse(text) == kind.read(text, PLACE) == value


REFUSED = {
    "a duration too short": (Duration(), "0", "this is no duration"),
    "a duration without end": (Duration(), "9" * 10, "this is no duration"),
    "no duration": (Duration(), "soon", "'soon' is no duration"),
    "a size of nothing": (Size(), "0", "'0' is no size"),
    "a negative size": (Size(least=0), "-1", "'-1' is no size"),
    "a number too small": (Count(least=1), "0", "this is no whole number of 1 or more; say 3"),
    "a negative number": (Count(), "-1", "this is no whole number of 0 or more; say 3"),
    "a number of too many digits": (Count(), "9" * 5000, "this is no whole number"),
    "no number": (Count(), "one", "this is no whole number"),
    "another word": (WORDS, "yearly", "'yearly' is none of hourly, daily"),
    "a text that the parser refuses": (NICK, "a b", "'a b' is no nick"),
    "an empty prefix": (Parsed(parsers.parse_prefix, "TEXT"), " ", "an empty prefix"),
    "a line break": (kinds.LINE, "a\nb", "a line break or NUL"),
}


@pytest.mark.parametrize(("kind", "text", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_text_is_refused_for_the_same_reason_in_the_file_and_on_the_command_line(
    kind, text, reason
):
    with pytest.raises(UsageError) as typed:
        kind.parse(text)
    with pytest.raises(UsageError) as read:
        kind.read(text, PLACE)
    assert str(typed.value).startswith(reason)
    assert str(read.value) == f"/etc/chatlog.toml: key: {typed.value}"


NUMBERS = {
    "whole seconds": (Duration(), 90, 90.0),
    "parts of a second": (Duration(), 0.5, 0.5),
    "bytes": (Size(), 1, 1),
    "a count": (Count(), 3, 3),
    "no bytes, where that is allowed": (Size(least=0), 0, 0),
}


@pytest.mark.parametrize(("kind", "number", "value"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_of_the_file_is_in_seconds_or_bytes_or_counts(kind, number, value):
    assert kind.read(number, PLACE) == value


SPELLED = {
    "minutes": (Duration(), 300.0, "5m"),
    "seconds that are no minutes": (Duration(), 150.0, "150s"),
    "less than a second": (Duration(), 0.5, "0.5s"),
    "nothing": (Duration(least=0), 0.0, "0s"),
    "days": (Duration(), 90 * 86_400.0, "90d"),
    "mebibytes": (Size(), 64 * 1024 * 1024, "64M"),
    "bytes": (Size(), 1000, "1000"),
    "a switch": (Flag(), True, "true"),
    "a list": (Several(NICK), ("a", "b"), "a, b"),
    "a secret": (SecretText(parsers.parse_line), Secret("hunter2"), "***"),
    "no secret": (SecretText(parsers.parse_line), Secret(), ""),
}


@pytest.mark.parametrize(("kind", "value", "text"), SPELLED.values(), ids=SPELLED)
def test_a_value_is_spelled_as_a_person_would_type_it(kind, value, text):
    assert kind.spell(value) == text


@given(st.integers(1, 10**9 - 1))
def test_every_duration_and_size_can_be_read_back_from_its_spelling(number):
    assert Duration().parse(Duration().spell(float(number))) == number
    assert Size().parse(Size().spell(number)) == number


def test_a_list_keeps_its_order_and_loses_what_is_there_twice():
    assert Several(NICK).read(["b", "a", "b"], PLACE) == ("b", "a")
    with pytest.raises(UsageError, match="at least 1 must be in the list"):
        Several(NICK, least=1).read([], PLACE)
