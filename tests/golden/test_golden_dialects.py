"""Logs of other programs, each in a case of its own, and the events that they hold.

A case is a directory `dialects/DIALECT/CASE` with one log at the path that its program gives
it, `expected.jsonl`, and `case.json`: `options` are the facts that the user or the path tells,
`unknown` the number of lines that are not understood, `proven` how the form of the log is known.
A log that ends in `.sql` is a script that makes a SQLite database.
"""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chatlog.formats import jsonl
from chatlog.formats.dialects.dialect import LogFacts
from chatlog.formats.dialects.table import DIALECTS

CASES = sorted(path.parent for path in Path(__file__).parent.glob("dialects/*/*/case.json"))
OF_A_CASE = {"case.json", "expected.jsonl"}
WRITE = "CHATLOG_WRITE_DIALECTS" in os.environ


def log_of(case):
    [log] = (each for each in case.rglob("*") if each.is_file() and each.name not in OF_A_CASE)
    return log


def facts_of(case, log):
    options = json.loads((case / "case.json").read_text())["options"]
    if "tz" in options:
        options["tz"] = ZoneInfo(options["tz"])
    return LogFacts(name=str(log.relative_to(case)), **options)


def blocks_of(log, dialect, directory):
    if dialect.database is None:
        data = log.read_bytes()
        return [data[at : at + 100] for at in range(0, len(data), 100)]
    from chatlog.ingest.databases import read_database

    path = directory / "log.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(log.read_text())
        database.commit()
    return read_database(str(path), dialect.database)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_log_of_another_program_gives_the_events_that_it_holds(case, tmp_path):
    [dialect] = (each for each in DIALECTS if each.name == case.parent.name)
    log = log_of(case)
    decoder = dialect.decoder(facts_of(case, log))
    events = [event for some in decoder.events(blocks_of(log, dialect, tmp_path)) for event in some]
    expected = case / "expected.jsonl"
    if WRITE:
        expected.write_bytes(jsonl.encode(events))
    assert jsonl.encode(events).decode().splitlines() == expected.read_text().splitlines()
    told = json.loads((case / "case.json").read_text())
    assert (decoder.tally.unknown, len(decoder.odd)) == (told.get("unknown", 0),) * 2
    assert {event.via for event in events} == {f"import:{dialect.name}"}


def test_every_dialect_has_a_case():
    pending = {"irssi"}
    assert {each.name for each in DIALECTS} - pending == {case.parent.name for case in CASES}
