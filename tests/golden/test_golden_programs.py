"""Logs that real programs wrote of one night in a channel, imported whole.

A case is a directory `programs/PROGRAM`: a tree of logs as the program leaves it,
`expected.jsonl`, and `case.json`: the options of the import and its exit status, the program and
its version, and the facts that its log cannot hold. `python -m tests.dialects.golden` writes
all of it.
"""

import json
from pathlib import Path

import pytest

from chatlog.formats import jsonl
from chatlog.ingest.dialects import dialect_named
from tests.dialects.importing import imported, told_apart
from tests.dialects.programs import PROGRAMS

ALL_CASES = sorted(path.parent for path in Path(__file__).parent.glob("programs/*/case.json"))
CASES = [case for case in ALL_CASES if dialect_named(case.name) is not None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_import_gives_all_that_the_log_of_a_program_can_hold(case, tmp_path):
    told = json.loads((case / "case.json").read_text())
    options = told["options"]
    trees = [path for path in case.iterdir() if path.is_dir()]
    status, events = imported(trees, options, tmp_path / "archive")
    truth = jsonl.decode_lines((case / "expected.jsonl").read_bytes())
    assert told_apart(events, truth) == []
    assert status == told["status"]
    assert imported(trees, options, tmp_path / "archive") == (status, events)  # a second time


def test_every_program_that_can_be_driven_has_a_case():
    assert {case.name for case in ALL_CASES} == set(PROGRAMS)
