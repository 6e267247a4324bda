"""The query language: what a line means, and where one that means nothing is wrong."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.errors import UsageError
from chatlog.query.language import QueryOptions, parse
from chatlog.query.predicates import (
    Account,
    All,
    Between,
    Contains,
    Has,
    Network,
    Nick,
    Not,
    Place,
    Some,
    Subject,
    Type,
    Via,
)
from chatlog.query.selection import MOST_CONDITIONS, query_for
from chatlog.query.texts import Case, Text, literal, regular
from chatlog.query.tokens import KEYS, QueryError, mistyped


def moment(text):
    if not re.fullmatch(r"[\d-]+", text):
        raise UsageError(f"{text!r} is no moment")
    return f"<{text}>"


def meaning(query, **options):
    return parse(query, QueryOptions(moment, **options))


def word(text):
    return Contains(literal(text))


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("", All()),
        ("leak", word("leak")),
        ("memory leak", All((word("memory"), word("leak")))),
        ("memory AND leak", All((word("memory"), word("leak")))),
        ('"memory leak"', word("memory leak")),
        (r'"say \"hi\""', word('say "hi"')),
        ('text:"a b"', word("a b")),
        ("/l[ea]+k/", Contains(regular("l[ea]+k"))),
        (r"/a\/b/", Contains(regular("a/b"))),
        ("a/b", word("a/b")),
        ("https://a.b/c", word("https://a.b/c")),
        ("f(x)", word("f(x)")),
        ("-leak", Not(word("leak"))),
        ("NOT leak", Not(word("leak"))),
        ("--force", word("--force")),
        ("-type:join", Not(Type("join"))),
        ("a OR b", Some((word("a"), word("b")))),
        ("a | b c", Some((word("a"), All((word("b"), word("c")))))),
        ("(a | b) c", All((Some((word("a"), word("b"))), word("c")))),
        ("ORACLE NOTE", All((word("ORACLE"), word("NOTE")))),
        ("from:ann", Nick("ann")),
        ("FROM:ann", Nick("ann")),
        ('from:"a b"', Nick("a b")),
        ("from:ann from:bob", Some((Nick("ann"), Nick("bob")))),
        ("from:ann -from:bob x", All((Not(Nick("bob")), word("x"), Nick("ann")))),
        ("to:ann", Subject("ann")),
        ("in:#python", Place("#python")),
        ("network:libera", Network("libera")),
        ("account:a*", Account("a*")),
        ("via:live", Via("live")),
        ("has:link", Has("link")),
        ("before:2026-06", Between(until="<2026-06>")),
        ("since:2026-06", Between(since="<2026-06>")),
        ("日本 größe", All((word("日本"), word("größe")))),
        ("TypeError: x", All((word("TypeError:"), word("x")))),
        ("alice: hello", All((word("alice:"), word("hello")))),
        ("alice:hello", word("alice:hello")),
        ("form:ann", word("form:ann")),
        ("std::vector x::from:y", All((word("std::vector"), word("x::from:y")))),
        ("12:30 C:/x irc.a.b:6697", All((word("12:30"), word("C:/x"), word("irc.a.b:6697")))),
        ('foo:"a b"', All((word("foo:"), word("a b")))),
        ("-foo: (bar: | b)", All((Not(word("foo:")), Some((word("bar:"), word("b")))))),
    ],
)
def test_each_query_parses_to_its_terms(query, meant):
    assert meaning(query) == meant


@pytest.mark.parametrize(
    ("query", "position", "problem"),
    [
        ("from: ann", 0, "nothing stands behind from:"),
        ("a from:", 2, "nothing stands behind from:"),
        ('say "hi', 4, "never closed"),
        ('from:"hi', 5, "never closed"),
        ("(a b", 0, "never closed"),
        ("a b)", 3, "never opened"),
        ("a ()", 2, "nothing stands in"),
        ("a OR", 2, "OR needs something on both sides"),
        ("| a", 0, "OR needs something on both sides"),
        ("a OR OR b", 2, "OR needs something on both sides"),
        ("a | b (c | )", 9, "OR needs something on both sides"),
        ("AND", 0, "AND needs something on both sides"),
        ("a (AND b)", 3, "AND needs something on both sides"),
        ("from:a AND", 7, "AND needs something on both sides"),
        ("a AND AND b", 2, "AND needs something on both sides"),
        ("a NOT )", 2, "something behind"),
        ("has:legs", 4, "has: knows no"),
        ("before:whenever", 7, "no moment"),
        ("x /a(b/", 2, "no regular expression"),
        ("from:/a/", 5, "for the text alone"),
        ("type:mesage", 5, "no type 'mesage'; known are account,"),
        ('a from:""', 2, "nothing stands behind from:"),
        ("(" * 51 + "a" + ")" * 51, 50, "nested more than 50 deep"),
        ("NOT " * 51 + "a", 200, "nested more than 50 deep"),
        ("-(" * 26 + "a" + ")" * 26, 50, "nested more than 50 deep"),
    ],
)
def test_an_error_points_at_the_character(query, position, problem):
    with pytest.raises(QueryError, match=problem) as caught:
        meaning(query)
    assert caught.value.position == position
    *_, shown, mark = str(caught.value).splitlines()
    assert shown == f"  {query}"
    assert mark == " " * (position + 2) + "^"


@pytest.mark.parametrize(
    ("query", "shown", "mark"),
    [
        ("日本 in:", "日本 in:", "     ^"),
        ("a\tb\nin:", r"a\x09b\x0ain:", "          ^"),
        ("\x1b[2J in:", r"\x1b[2J in:", "        ^"),
        ("\udcff in:", r"\udcff in:", "       ^"),
    ],
)
def test_the_mark_stands_below_its_character_whatever_is_before_it(query, shown, mark):
    with pytest.raises(QueryError) as caught:
        meaning(query)
    assert str(caught.value).split("\n")[1:] == [f"  {shown}", f"  {mark}"]


def test_what_is_nested_as_deeply_as_it_may_be_means_something():
    assert meaning("(" * 50 + "a" + ")" * 50) == word("a")
    assert meaning("(a) " * 60) == All((word("a"),) * 60)


@given(st.text(st.sampled_from('ab:-"/()|\\ \n*?#ORNOTANDfromhaslink日'), max_size=30) | st.text())
def test_any_text_is_a_query_or_an_error_that_points_into_it(query):
    said, position = refusal(query)
    assert re.fullmatch(r"(?:[^\n]+\n  [^\n]*\n *\^)?", said)
    assert 0 <= position <= len(query)


def refusal(query):
    """Return what the error of a query says and where it points; nothing if there is none."""
    try:
        hash(query_for(meaning(query)))
    except QueryError as error:
        return str(error), error.position
    return "", 0


spoken = st.lists(
    st.sampled_from(
        ["TypeError: x", "alice: hello", "std::vector<int>", "12:30", ":-)", 'don"t', "a|b",
         "in: x", "from:", "(see", "f(x)", "has:legs", "/usr/bin/", "/a(b/", "OR", "NOT", "AND",
         "-", "--help", "https://a.b/?q=(1)", 'say "hi"', "since:soon", "type:x", "C:\\dir", ")",
         "日本:", "to:/x/"]
    )
    | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=6),
    max_size=6,
).map(" ".join)  # fmt: skip


@given(spoken)
def test_any_text_that_somebody_says_is_a_query_or_told_which_words_to_quote(said):
    for _ in range(len(said) + 1):
        try:
            meaning(said)
        except QueryError as error:
            problem, *_ = str(error).split("\n")
            phrase = problem.partition("; as text: ")[2]
            plain = re.sub(r"\\(.)", r"\1", phrase[1:-1])
            assert phrase, problem
            assert plain in said
            begin = max(
                at.start()
                for at in re.finditer(f"(?={re.escape(plain)})", said)
                if at.start() <= error.position
            )
            said = said[:begin] + phrase + said[begin + len(plain) :]
        else:
            return
    raise AssertionError(said)


words = st.from_regex(r"[A-Za-z0-9:.,!?<>=+*#@_-]+", fullmatch=True)


@given(st.lists(words, min_size=2, max_size=5))
def test_words_with_colons_are_text_unless_they_begin_with_a_key(several):
    keys = re.compile(f"-?(?:{'|'.join(KEYS)}):|-[^-]|(?:OR|AND|NOT)$", re.IGNORECASE)
    several = [each for each in several if not keys.match(each)]
    assert meaning(" ".join(["a", "b", *several])) == All(tuple(map(word, ["a", "b", *several])))


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("form:ann", "from"), ("x Form: y", "from"), ("-fro:ann", "from"), ("nick:ann", "from"),
        ("channel:#c", "in"), ("tpye:join", "type"), ("sinc:2026", "since"),
        ("acccount:a", "account"), ("untol:2026", "until"),
    ],
)  # fmt: skip
def test_a_word_that_is_nearly_a_key_may_be_meant_as_one(query, meant):
    assert [key for _, key in mistyped(query)] == [meant]


@pytest.mark.parametrize(
    "query", ["TypeError: x", "alice: hi", "https://a", "12:30", "std::x", "from:ann", '"form:ann"',
              "a:b", "it: x", ":form", "/form:x/"],
)  # fmt: skip
def test_a_word_that_is_far_from_any_key_is_meant_as_text(query):
    assert list(mistyped(query)) == []


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_is_found_in_quotation_marks(text):
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    assert meaning(quoted, case=Case.SENSITIVE) == Contains(literal(text, Case.SENSITIVE))


@pytest.mark.parametrize(
    ("pattern", "text", "is_there"),
    [
        ("leak", "LEAK", True),
        ("Leak", "leak", False),
        (r"\Sx", "AX", True),
        ("größe", "GRÖSSE", False),
        ("größe", "GRÖßE", True),
    ],
)
def test_capitals_count_where_the_pattern_has_some(pattern, text, is_there):
    assert regular(pattern).is_in(text) is is_there


def test_a_whole_word_has_no_letters_beside_it():
    wanted = literal("leak", word=True)
    assert [wanted.is_in(text) for text in ("leak", "a leak!", "leaks", "le\x02ak")] == [
        True, True, False, True,
    ]  # fmt: skip


def test_what_is_found_is_told_by_its_place_in_the_text_without_formatting():
    assert list(Text("b+").spans("abba b")) == [(1, 3), (5, 6)]


def test_a_query_tells_apart_what_bounds_time_and_places():
    query = query_for(
        meaning("in:#a in:b since:2026 before:2027 x network:n"), Between(since="<2026-05>")
    )
    assert query.term == word("x")
    assert (query.since, query.until) == ("<2026>", "<2027>")
    assert (query.places, query.networks) == (("#a", "b"), ("n",))


def test_what_is_only_one_of_two_ways_bounds_nothing():
    query = query_for(meaning("in:#a | since:2026"))
    assert (query.since, query.places) == ("", ())
    assert query.term == Some((Place("#a"), Between(since="<2026>")))


@pytest.mark.parametrize(
    "joined", [" OR ".join, " ".join, lambda each: " ".join(f"from:{one}" for one in each)]
)
def test_a_query_of_too_many_conditions_is_one_error(joined):
    assert meaning(joined([f"w{number}" for number in range(MOST_CONDITIONS)]))
    with pytest.raises(UsageError, match="more than 1,000 conditions in one query; join"):
        meaning(joined([f"w{number}" for number in range(8 * MOST_CONDITIONS)]))


def test_conditions_of_options_count_as_those_of_a_query():
    names = tuple(Nick(f"n{number}") for number in range(MOST_CONDITIONS))
    assert query_for(Some(names)).term == Some(names)
    with pytest.raises(UsageError, match="more than 1,000 conditions"):
        query_for(Some(names), Not(Has("link")))
