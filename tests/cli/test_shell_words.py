"""The words of a line in bash, and candidates in its quotes, held against a real bash."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.cli.shell_words import TypedWord, typed_in


@pytest.mark.parametrize(
    ("line", "words", "typed"),
    [
        ("chatlog ", ["chatlog"], TypedWord()),
        ("chatlog ta", ["chatlog"], TypedWord("ta")),
        ("chatlog tail '#a b' c", ["chatlog", "tail", "#a b"], TypedWord("c")),
        ("chatlog tail '#py", ["chatlog", "tail"], TypedWord("#py", "", "'")),
        ('chatlog tail "#py', ["chatlog", "tail"], TypedWord("#py", "", '"')),
        ("chatlog tail \\#py", ["chatlog", "tail"], TypedWord("#py")),
        ("chatlog tail --color=al", ["chatlog", "tail"], TypedWord("--color=al", "--color=")),
        ("chatlog search from:a", ["chatlog", "search"], TypedWord("from:a", "from:")),
        ("cd /x && X=1 chatlog tail p", ["chatlog", "tail"], TypedWord("p")),
        ("chatlog tail ''", ["chatlog", "tail"], TypedWord()),
        ("chatlog tail '' x", ["chatlog", "tail", ""], TypedWord("x")),
        ("", [], TypedWord()),
        ("chatlog tail \\", ["chatlog", "tail"], TypedWord("\\")),
    ],
)
def test_a_line_is_taken_apart_as_bash_does(line, words, typed):
    assert typed_in(line) == (words, typed)


@given(st.text(max_size=40))
def test_any_line_has_words(line):
    words, typed = typed_in(line)
    assert all(isinstance(word, str) for word in (*words, *typed))
    assert typed.value.startswith(typed.kept)


NAMES = st.text(st.sampled_from("ab#&$'\"\\` *!~:=;|日"), min_size=1, max_size=8)


@given(NAMES, st.data())
def test_a_candidate_in_its_quotes_is_read_by_bash_as_the_candidate(name, data):
    cut = data.draw(st.integers(0, len(name)))
    quote = data.draw(st.sampled_from(["", "'", '"']))
    begun = {"": "", "'": "'", '"': '"'}[quote]
    typed = TypedWord(name[:cut], "", quote)
    text = f"{begun}{typed.quoted(name)}{quote}"
    done = subprocess.run(
        ["bash", "-c", f"printf %s {text}"], capture_output=True, text=True, check=True,
        env={"LANG": "C.UTF-8"},
    )  # fmt: skip
    assert done.stdout == name
