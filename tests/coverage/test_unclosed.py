"""The intervals of a ledger that no line has ended, and until when others wrote beside them."""

from __future__ import annotations

import pytest

from chatlog.archive.entry_lines import Damaged
from chatlog.coverage.entries import AskedEntry, ClosedEntry, OpenedEntry, UnwantedEntry
from chatlog.coverage.unclosed import unclosed
from tests.support.ledgers import at

EVER = "~"


def opened(run, second):
    return OpenedEntry(at=at(second), run=run)


def closed(run, second):
    return ClosedEntry(at=at(second), run=run, cause="stopped")


CASES = {
    "nothing": ([], []),
    "one that goes on": ([opened("a", 0)], [("a", "")]),
    "one that was closed": ([opened("a", 0), closed("a", 5)], []),
    "one of an earlier version that was closed": ([opened("", 0), closed("", 5)], []),
    "one of an earlier version that another follows": (
        [opened("", 0), opened("b", 5)],
        [("b", "")],
    ),
    "the next one of its run": ([opened("a", 0), opened("a", 5)], [("a", "")]),
    "two at once": ([opened("a", 0), opened("b", 5)], [("a", EVER), ("b", "")]),
    "the new one after a hand-over": (
        [opened("a", 0), opened("b", 5), closed("a", 9)],
        [("b", at(9))],
    ),
    "the old one beside which a new one died": (
        [opened("a", 0), opened("b", 5), closed("b", 9)],
        [("a", at(9))],
    ),
    "the new one that died beside a run that came again": (
        [opened("a", 0), opened("b", 5), closed("a", 7), opened("a", 8), closed("a", 9)],
        [("b", at(9))],
    ),
    "a channel that nobody wanted any more": (
        [opened("a", 0), UnwantedEntry(at=at(5))],
        [],
    ),
    "damage that may have ended it": ([opened("a", 0), Damaged(2, "flipped")], []),
    "history": (
        [opened("a", 0), AskedEntry(at=at(9), since=at(0), until=at(1), why="no")],
        [("a", "")],
    ),
    "a closed of nobody": ([opened("a", 0), closed("x", 5)], [("a", "")]),
}


@pytest.mark.parametrize(("lines", "expected"), CASES.values(), ids=CASES)
def test_what_no_line_has_ended_is_found_with_the_end_of_the_others(lines, expected):
    found = [(each.opened.run, each.others_until) for each in unclosed(lines)]
    assert found == expected


def test_the_entries_of_a_run_are_passed_over():
    lines = [opened("a", 0), opened("b", 5), opened("b", 7)]
    assert [(each.opened.run, each.others_until) for each in unclosed(lines, but="b")] == [
        ("a", "")
    ]
