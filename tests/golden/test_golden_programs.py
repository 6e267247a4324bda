"""Logs that real programs wrote of one conversation in a channel, imported whole.

A case is a directory `programs/PROGRAM/CONVERSATION`: a tree of logs as the program leaves it,
`expected.jsonl`, and `case.json`: the options of the import and its exit status, the program and
its version, and the facts that its log cannot hold. `python -m tests.dialects.golden` writes
all of it.
"""

import json
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from chatlog.casemapping import Casemapping
from chatlog.coverage import ledger
from chatlog.coverage.entries import CoveredEntry
from chatlog.coverage.heard import MESSAGES
from chatlog.formats import jsonl
from chatlog.formats.dialects.table import dialect_of
from chatlog.netsplit import split_of
from tests.dialects.conversation import CONVERSATIONS
from tests.dialects.importing import imported, told_apart
from tests.dialects.programs import PROGRAMS
from tests.dialects.script import CHANNEL, OWN

CASES = sorted(path.parent for path in Path(__file__).parent.glob("programs/*/*/case.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_an_import_gives_all_that_the_log_of_a_program_can_hold(case, tmp_path):
    told = json.loads((case / "case.json").read_text())
    options = told["options"]
    trees = [path for path in case.iterdir() if path.is_dir()]
    status, events = imported(trees, options, tmp_path / "archive")
    truth = jsonl.decode_lines((case / "expected.jsonl").read_bytes())
    assert told_apart(events, truth) == []
    assert status == told["status"]
    assert imported(trees, options, tmp_path / "archive") == (status, events)  # a second time


IN_TURN = ("irssi", "weechat", "znc", "limnoria", "soju", "ii")
"""Programs whose logs of one night are imported one after another. Left out is HexChat, whose
forms are ambiguous, eggdrop, which tells that a word was repeated and not when, and bip, which
writes a notice as a message: ii leaves out who sent one."""


def _said(events):
    """Count events by the fields that all these logs can hold.

    Those of a netsplit are left out, as irssi tells them minutes later.
    """
    events = [event for event in events if not split_of(event)]
    loss = dialect_of("import:ii").loss  # the others hold all fields
    return Counter(loss.key_of(event, Casemapping()) for event in events)


@pytest.mark.parametrize("order", [IN_TURN, IN_TURN[::-1], IN_TURN[1::-1] + IN_TURN[2:]])
def test_logs_of_several_programs_imported_in_turn_add_no_line_that_is_there(order, tmp_path):
    """Also not a line of a whole minute, among the lines of irssi, which tell but the minute."""
    most = Counter()
    for program in order:
        case = Path(__file__).parent / "programs" / program / "night"
        options = json.loads((case / "case.json").read_text())["options"]
        trees = [path for path in case.iterdir() if path.is_dir()]
        _, events = imported(trees, options, tmp_path / "archive")
        most |= _said(jsonl.decode_lines((case / "expected.jsonl").read_bytes()))
        assert _said(events) == most


PROVEN = {
    **dict.fromkeys(
        ("bip", "eggdrop", "ii", "limnoria", "soju", "weechat", "znc"),
        ("2026-11-23T18:00:00.999Z", "2026-11-23T18:03:10.000Z"),
    ),
    "hexchat": ("2026-11-23T18:00:00.000Z", "2026-11-23T18:03:10.000Z"),
    "irssi": ("2026-11-23T18:00:00.000Z", "2026-11-23T18:03:00.000Z"),
}
"""The stretch of the evening for which each program's log proves that it heard the channel:
from its join, or the opening of its log, until it is kicked. Stamps of irssi are minutes."""


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_log_proves_when_its_own_user_was_in_the_channel(program, tmp_path):
    case = Path(__file__).parent / "programs" / program / "evening"
    options = json.loads((case / "case.json").read_text())["options"]
    imported(
        [path for path in case.iterdir() if path.is_dir()],
        {**options, "own_nick": OWN},
        tmp_path / "archive",
    )
    [ledger_of] = (tmp_path / "archive").glob(f"*/{CHANNEL}")
    claims = [each for each in ledger.each(ledger_of) if isinstance(each, CoveredEntry)]
    assert [(each.since, each.until) for each in claims] == [PROVEN[program]]
    assert {each.kinds for each in claims} <= {MESSAGES}


def test_every_program_that_can_be_driven_has_a_case_of_each_conversation():
    found = {(case.parent.name, case.name) for case in CASES}
    assert found == set(product(PROGRAMS, CONVERSATIONS))
