"""Sieves: no line that matches is left out, whatever the pattern and however it is written."""

from __future__ import annotations

import json
import re
import signal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chatlog.formats import jsonl
from chatlog.query.predicates import Account, All, Contains, Has, Nick, Not, Some, Via
from chatlog.query.texts import Text, literal, regular
from chatlog.read.lines import all_lines
from chatlog.search import sieve
from chatlog.search.patterns import expressions_for
from tests.support.archive import event_at
from tests.support.examples import examples_times

pytest.importorskip("hyperscan")

LETTERS = [
    *"aAkKsSiI mM09_-#/\"\\<'",
    *("ß", "ẞ", "ö", "Ö", "я", "Я", "ǆ", "ǅ", "µ", "μ", "日", "İ", "ı", "ſ", "\N{KELVIN SIGN}"),
    *("\t", "\x1b", "\x7f", "\x85", "\xa0", "\u3000", "\u2028", "\u202e", "e\u0301", "\U0001f600"),
]
CODES = ["\x02", "\x0f", "\x1d", "\x0304", "\x0304,12", "\x03", "\x04ff00ff", "\x16"]
said = st.lists(st.sampled_from([*LETTERS, *LETTERS, *CODES]), max_size=10).map("".join)
atoms = st.one_of(
    st.sampled_from(LETTERS).map(re.escape),
    st.sampled_from([".", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"\b", "^", "$", r"\B"]),
    st.sampled_from(["[a-m]", "[^a-m]", "[ks]", r"[\w-]", "[а-я]", r'["\\/]', r"[^\s]", "[ſİ]"]),
    st.sampled_from(["[\\x00-\\x1f]", "(?=a)", "(?!a)", "(?<=a)", "[^ -~]", "(?i:k)", "(?-i:K)"]),
)


def is_pattern(text):
    try:
        re.compile(text)
    except re.error:  # two groups of one name, say
        return False
    return True


patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,9}", "+?", "*?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: rf"(?P<x>{one})(?P=x)" if "?P" not in one else one),
    ),
    max_leaves=8,
).filter(is_pattern)


def sieves(term, suffix):
    """Make the sieve for a term with Hyperscan, where it can, and without."""
    yield sieve._native(term, suffix) or all_lines
    clues = sieve.clues_for(term, suffix)
    if clues and all(clue.piece for clue in clues):
        yield (sieve._Sieve if suffix == jsonl.SUFFIX else sieve._PlainSieve)(clues).sift


def lines_of(text):
    """Write a text as we do, and as others may."""
    event = event_at(1, text)
    yield jsonl.encode([event])[:-1]
    fields = {"time": event.time, "type": "message", "text": text}
    yield json.dumps(fields, ensure_ascii=True).encode()
    yield json.dumps(fields, ensure_ascii=False).replace("/", "\\/").encode()


@given(pattern=patterns, text=said, fold=st.booleans(), word=st.booleans())
@example(pattern="k", text="\N{KELVIN SIGN}", fold=True, word=False)
@example(pattern="(?:m){2}", text="m\x02m", fold=False, word=False)
@example(pattern="m0", text="m\x0304\x030", fold=False, word=False)
@examples_times(5)
def test_a_line_whose_text_matches_is_let_through(pattern, text, fold, word):
    wanted = Text(pattern, fold, word)
    assume(wanted.is_in(text))
    noise = jsonl.encode([event_at(1, "…")])
    for sift in sieves(Contains(wanted), jsonl.SUFFIX):
        for line in lines_of(text):
            assert line in list(sift(noise + line + b"\n" + noise))


ONES = [re.escape(letter) for letter in LETTERS] + [
    *(".", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", "[a-m]", "[^a-m]", "[ks]", r"[\w-]", "[а-я]"),
    *(r'["\\/]', r"[^\s]", "[ſİ]", "[\\x00-\\x1f]", "[^ -~]", "(?i:k)", "[^я]", "(?:a|я|\t)"),
]
PAIRS = {
    fold: [
        (one, letter)
        for one in ONES
        for letter in LETTERS
        if re.fullmatch(one, letter, re.IGNORECASE if fold else 0)
    ]
    for fold in (False, True)
}
AROUND = [
    "{}",
    "{}",
    "({})",
    "(?:{})+",
    "(?:{}|x)",
    "{}(?!x)",
    "(?:{}){{1,9}}",
    "(?=.){}",
    "(?:y?{})",
]


@st.composite
def matching(draw):
    """Draw a pattern piece by piece, with a text that it matches from one end to the other."""
    fold = draw(st.booleans())
    pairs = draw(st.lists(st.sampled_from(PAIRS[fold]), min_size=1, max_size=5))
    codes = st.lists(st.sampled_from(CODES), max_size=2).map("".join)
    pattern = "".join(draw(st.sampled_from(AROUND)).format(one) for one, _ in pairs)
    text = "".join(draw(codes) + letter for _, letter in pairs)
    wanted = Text(f"qz{pattern}zq", fold)
    assume(wanted.is_in(f"qz{text}zq"))  # a code may take digits that follow it
    return wanted, f"qz{text}zq"


@given(found=matching())
@examples_times(3)
def test_a_line_that_a_pattern_matches_letter_by_letter_is_let_through(found):
    wanted, text = found
    for sift in sieves(Contains(wanted), jsonl.SUFFIX):
        for line in lines_of(text):
            assert line in list(sift(line + b"\n"))


@given(pattern=patterns, text=said.filter(lambda text: "\n" not in text), fold=st.booleans())
@examples_times(2)
def test_a_line_of_plain_text_that_matches_is_let_through(pattern, text, fold):
    wanted = Text(pattern, fold)
    assume(wanted.is_in(text))
    line = f"[12:00:00] <ann> {text}".encode()
    for sift in sieves(Contains(wanted), "log"):
        assert line in list(sift(b"[12:00:00] <ann>\n" + line + b"\n"))


@pytest.mark.parametrize(
    ("term", "through"),
    [
        (Contains(literal("needle")), ["a needle", "a nee\x02dle", "NEEDLE", "nee\x0304,12dle"]),
        (Contains(literal("Needle")), ["a Needle"]),
        (Contains(regular(r"ne+dle\b")), ["a needle", "NEEEDLE"]),
        (Contains(regular(r"n[a-f]{2,9}d.e")), ["a needle", "needxe"]),
        (Contains(regular(r"cve-[0-9]{4}-\d+")), ["CVE-2024-1"]),
        (All((Contains(regular(".")), Contains(literal("needle")))), ["a needle"]),
        (Some((Contains(literal("needle")), Contains(literal("hay")))), ["a needle", "hay"]),
    ],
)
def test_a_native_sieve_keeps_back_what_cannot_match(term, through):
    sift = sieve._native(term, jsonl.SUFFIX)
    others = ["noodle", "n e e d l e", "bee\x02tle", 'a "quoted" \\ text', "größe 日本", "\t\x1b"]
    block = jsonl.encode([event_at(1, text) for text in [*through, *others]])
    assert [jsonl.decode(line).text for line in sift(block)] == through


@pytest.mark.parametrize(
    "term",
    [
        Has("link"),
        Not(Contains(literal("needle"))),
        Contains(regular("x*")),
        Contains(regular("(?=x)")),
        Via("live"),
        Some((Contains(literal("needle")), Has("link"))),
        All(),
    ],
)
def test_where_nothing_can_be_told_every_line_is_looked_at(term):
    assert expressions_for(term, jsonl.SUFFIX) is None
    assert sieve.sieve_for(term, jsonl.SUFFIX) is all_lines


@pytest.mark.parametrize("term", [Nick("Ann"), Account("acc"), Nick("ann[ab*")])
def test_names_are_told_by_their_letters(term):
    mine = event_at(1, "x", nick="Ann{abc" if term == Nick("ann[ab*") else "ANN", account="Acc")
    block = jsonl.encode([mine, event_at(2, "y", nick="bob", account="other")])
    for sift in sieves(term, jsonl.SUFFIX):
        assert [jsonl.decode(line) for line in sift(block)] == [mine]


def test_a_pattern_that_is_too_large_is_left_to_python():
    wanted = Contains(
        regular("[a-z]".join(f"(?:{'x' * each}|needle)?" for each in range(600)) + "q")
    )
    assert sieve._native(wanted, jsonl.SUFFIX) is None
    assert sieve.sieve_for(wanted, jsonl.SUFFIX) is not None


def test_without_the_library_clues_are_taken(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "hyperscan", None)
    block = jsonl.encode([event_at(1, "a needle"), event_at(2, "hay")])
    [line] = sieve.sieve_for(Contains(literal("needle")), jsonl.SUFFIX)(block)
    assert jsonl.decode(line).text == "a needle"


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
def test_ctrl_c_ends_the_process_while_native_code_compiles(monkeypatch, handler):
    hyperscan = pytest.importorskip("hyperscan")
    seen = []

    class Database(hyperscan.Database):
        def compile(self, *patterns, **options):
            seen.append(signal.getsignal(signal.SIGINT))
            return super().compile(*patterns, **options)

    monkeypatch.setattr(hyperscan, "Database", Database)
    before = signal.signal(signal.SIGINT, handler)
    try:
        sieve.sieve_for(Contains(literal("needle")), jsonl.SUFFIX)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIG_IGN if handler is signal.SIG_IGN else signal.SIG_DFL]


def test_many_texts_are_not_compiled_by_native_code_for_seconds():
    texts = [Contains(literal(f"needle {number}")) for number in range(1000)]
    assert sieve.sieve_for(Some(tuple(texts)), jsonl.SUFFIX) is all_lines
