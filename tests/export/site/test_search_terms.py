"""The terms by which lines are found: words, pairs of CJK characters."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.export.site.search_terms import LONGEST
from tests.support.sites import terms_in

CJK = re.compile("[\u3040-\u30fa\u30fc-\u30ff\u3400-\u9fff\uac00-\ud7af]")
TEXTS = st.one_of(
    st.text(),
    st.text(st.sampled_from("aBZ09_-' \n\x1f\x85\u2028ßÄİΣσςée\u0301字典テキー가½²٣\ud800")),
)


def plain_terms_of(text):
    """Return the terms of a text, found letter by letter."""
    lower = text.lower().replace("ς", "σ")
    found, word, run = set(), "", ""
    for each in [*lower, " "]:
        is_cjk = CJK.match(each) is not None
        if word and (is_cjk or not each.isalnum()):
            found.add(word[:LONGEST])
            word = ""
        if run and not is_cjk:
            found |= {*run, *map("".join, pairwise(run))}
            run = ""
        if is_cjk:
            run += each
        elif each.isalnum():
            word += each
    return found


@given(TEXTS)
def test_terms_are_those_that_are_found_letter_by_letter(text):
    assert terms_in(text) == plain_terms_of(text)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Don't_stop", {"don", "t", "stop"}),
        ("ΣΊΣΥΦΟΣ σίσυφος", {"σίσυφοσ"}),
        ("x字典y", {"x", "字", "典", "字典", "y"}),
        ("a" * 40, {"a" * LONGEST}),
        ("", set()),
    ],
)
def test_a_text_has_these_terms(text, terms):
    assert terms_in(text) == terms
