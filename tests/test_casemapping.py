"""Names fold as the network's CASEMAPPING says, and never otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog import casemapping as module
from chatlog.casemapping import Casemapping

NAMES = ["ascii", "rfc1459", "rfc1459-strict"]
each_mapping = pytest.mark.parametrize("name", NAMES)


@pytest.mark.parametrize(
    ("name", "one", "other", "equal"),
    [
        ("ascii", "#Chan", "#chan", True),
        ("ascii", "A[]\\~", "a[]\\~", True),
        ("ascii", "[", "{", False),
        ("ascii", "~", "^", False),
        ("rfc1459", "#Chan", "#chan", True),
        ("rfc1459", "[]\\~", "{}|^", True),
        ("rfc1459-strict", "[]\\", "{}|", True),
        ("rfc1459-strict", "~", "^", False),
    ],
)
def test_each_mapping_joins_what_its_servers_join(name, one, other, equal):
    assert Casemapping(name).equal(one, other) is equal
    assert Casemapping(name).equal(other, one) is equal


@each_mapping
@pytest.mark.parametrize(
    ("one", "other"),
    [("#straße", "#strasse"), ("#É", "#é"), ("\N{KELVIN SIGN}", "k"), ("İ", "i"), ("Σ", "ς")],
)
def test_letters_beyond_ascii_are_never_the_same(name, one, other):
    assert not Casemapping(name).equal(one, other)


@pytest.mark.parametrize("name", ["rfc7613", "", "unheard-of", "none"])
def test_an_unknown_mapping_folds_as_ascii(name):
    assert Casemapping(name).name == "ascii"
    assert Casemapping(name)["#A[~"] == "#a[~"


@pytest.mark.parametrize("name", ["ASCII", "RFC1459", "Rfc1459-Strict"])
def test_the_case_of_the_token_does_not_matter(name):
    assert Casemapping(name).name == name.lower()


def test_a_server_that_says_nothing_folds_as_the_rfc():
    assert Casemapping()["[A]"] == "{a}"


@each_mapping
def test_a_mapping_that_remembers_nothing_yet_is_true(name):
    assert Casemapping(name)


@each_mapping
@given(text=st.text())
def test_folding_twice_is_folding_once_and_keeps_the_length(name, text):
    casemapping = Casemapping(name)
    folded = casemapping[text]
    assert casemapping[folded] == folded
    assert len(folded) == len(text)
    assert [c for c in folded if not c.isascii()] == [c for c in text if not c.isascii()]


@given(one=st.text("aA[{~^é"), other=st.text("aA[{~^é"))
def test_rfc1459_joins_whatever_the_others_join(one, other):
    joined = {name: Casemapping(name).equal(one, other) for name in NAMES}
    assert joined["ascii"] <= joined["rfc1459-strict"] <= joined["rfc1459"]


def test_remembered_folds_are_bounded_and_stay_right(monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 8)
    casemapping = Casemapping("ascii")
    assert [casemapping[f"#A{n}"] for n in range(100)] == [f"#a{n}" for n in range(100)]
    assert len(casemapping) <= 8
