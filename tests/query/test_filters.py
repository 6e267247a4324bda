"""Terms of filters: values of one filter are alternatives, filters hold together."""

from __future__ import annotations

import pytest

from chatlog.errors import UsageError
from chatlog.query import filters
from chatlog.query.language import QueryOptions
from chatlog.query.predicates import (
    Account,
    All,
    Between,
    Contains,
    Network,
    Nick,
    Place,
    Some,
    Type,
    Via,
)
from chatlog.query.texts import Case, literal, regular

OPTIONS = QueryOptions(str, Case.SENSITIVE, word=True)


def test_one_value_is_a_term_and_several_are_alternatives():
    assert filters.people(["ann"], []) == [Nick("ann")]
    assert filters.people(["ann", "bob"], ["a"]) == [Some((Nick("ann"), Nick("bob"))), Account("a")]
    assert filters.kinds(["join"], ["live"]) == [Type("join"), Via("live")]
    assert filters.places(["#c"], ["net"]) == [Place("#c"), Network("net")]


def test_a_filter_without_values_is_no_term():
    assert filters.people([], []) == filters.kinds([], []) == filters.places([], []) == []
    assert filters.times("", "") == []


def test_times_are_one_term():
    assert filters.times("2026", "") == [Between("2026", "")]


def test_an_unknown_type_is_an_error_of_usage():
    with pytest.raises(UsageError, match="no type 'shout'"):
        filters.kinds(["shout"], [])


def test_a_pattern_is_regular_or_fixed_and_has_the_case_and_the_word_of_the_rest():
    assert filters.patterns(["a.c"], OPTIONS, fixed=False) == [
        Contains(regular("a.c", Case.SENSITIVE, word=True))
    ]
    assert filters.patterns(["a.c", "b"], OPTIONS, fixed=True) == [
        Some(tuple(Contains(literal(each, Case.SENSITIVE, word=True)) for each in ("a.c", "b")))
    ]


def test_a_blank_query_holds_for_every_event():
    assert filters.matching("  ", OPTIONS) == All()
    assert filters.matching("nick", OPTIONS) == Contains(literal("nick", Case.SENSITIVE, word=True))
