"""The rule for words, held on the first lines of docstrings: CONTRIBUTING.md, House rules.

A first line names a thing by its noun or an action by its verb. It has no
pronoun where a noun belongs, and "Say" stands only where somebody is told.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

RIDDLE = re.compile(
    r"\b(what|whatever|whoever|whose is|of it|of them|as far as|by then|so many|so much|it is said"
    r"|nothing of|none of ours|somebody|anybody|nobody|everybody)\b",
    re.IGNORECASE,
)
"""Words that stand in for a noun."""

VAGUE_VERB = re.compile(r"(Say|Tell|Let|Be|Have|Mean|Go|Do|Take for)\b")
"""Verbs that a first line of a function must not begin with: Return, Report, Print … say more."""

AT_MOST = 0
"""How many first lines may break the rule. The number only falls."""


def first_lines(tree):
    """Yield each docstring's node and first line."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield node, text.splitlines()[0]


def breaks_the_rule(node, line):
    """Return whether a first line has a riddle, or a function's begins with a vague verb."""
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return bool(RIDDLE.search(line) or (is_function and VAGUE_VERB.match(line)))


def offences():
    """List the first lines of the package that break the rule, each with its place."""
    return [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {line}"
        for path in sorted(ROOT.glob("chatlog/**/*.py"))
        for node, line in first_lines(ast.parse(path.read_bytes()))
        if breaks_the_rule(node, line)
    ]


def test_first_lines_of_docstrings_break_the_rule_for_words_no_more_often_than_before():
    found = offences()
    assert len(found) <= AT_MOST, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ('def f():\n    "Return the end of coverage and its cause."', False),
        ('def f():\n    "Say to when we heard."', True),
        ('def f():\n    "Return what is new of it."', True),
        ('class C:\n    "Whoever records a target."', True),
        ('class C:\n    "The segments of a target."', False),
    ],
)
def test_a_first_line_that_breaks_the_rule_is_found(text, is_wrong):
    [(node, line)] = first_lines(ast.parse(text))
    assert breaks_the_rule(node, line) is is_wrong
