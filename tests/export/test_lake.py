"""The questions of docs/lake.md, asked of an exported archive in DuckDB and in ClickHouse."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from chatlog.cli import run
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from tests.support.archive import UNSYNCED, event_at, record
from tests.support.clickhouse import clickhouse
from tests.support.ledgers import at

DOCUMENT = Path(__file__).parents[2] / "docs/lake.md"
BLOCKS = re.findall(r"## ([^\n]*)\n|```sql\n-- ([^\n]*)\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
DAY = 86_400
ANSWERS = {
    "Who said the most, by month?": [
        [
            ("2024-11", "ann", 1),
            ("2026-11", "ann", 3),
            ("2026-11", "ben", 2),
            ("2026-11", "cat", 1),
            ("2026-12", "ben", 1),
        ]
    ],
    "When is a channel awake?": [
        [("##c_d", 0, 1), ("#python", 0, 6), ("#python", 23, 3)],
        [(0, 3), (1, 5)],
    ],
    "Since when do people say that?": [[(2024, 1, 1), (2026, 2, 2)]],
    "Was it quiet, or was nobody listening?": [
        [
            ("##c_d", "2026-11-23", 1, 0),
            ("#python", "2024-11-23", 1, 0),
            ("#python", "2026-11-23", 6, 6.0),
            ("#python", "2026-11-24", 0, 24.0),
            ("#python", "2026-11-25", 1, 12.0),
            ("#python", "2026-12-03", 1, 0),
        ]
    ],
    "Who came when, and came back?": [[("2024-11-01", 1, 1), ("2026-11-01", 3, 1)]],
    "Who answers whom?": [[("ben", "ann", 2), ("ann", "ben", 1)]],
    "Who was banned, by whom?": [[("2026-11-23 00:05:00", "#python", "ben", "*!*@spam")]],
    "Elsewhere": [[("2026-11", 9)]],
}
"""The answers to each question, in which both engines agree."""
OF_CLICKHOUSE_ALONE = {"Elsewhere"}


def statements(engine):
    """Yield each question with its statements for an engine; the first ones make the tables."""
    question = ""
    for heading, engines, text in BLOCKS:
        question = heading or question
        if engine in engines.split(", "):
            yield from ((question, each.strip()) for each in text.split(";") if each.strip())


def answered(asked, answers):
    """Return the answers to each question, without the empty ones of statements that make tables.

    They are checked in values that both engines can give: times as text, numbers as floats.
    """
    found = {}
    for (question, _), rows in zip(asked, answers, strict=True):
        if rows:
            found.setdefault(question, []).append([tuple(map(plain, row)) for row in rows])
    return found


def plain(value):
    if isinstance(value, datetime | date):
        value = str(value)
    if not isinstance(value, str):
        return float(value)
    is_time = re.match(r"\d{4}-\d\d-\d\d", value)
    return value.removesuffix(".000000").removesuffix(" 00:00:00") if is_time else value


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    place = tmp_path_factory.mktemp("lake")
    there = {"network": "libera", "target": "#python"}
    record(
        place / "archive",
        event_at(-730 * DAY, "a memory leak", nick="ann", **there),
        event_at(0, "memory is fine", nick="ann", msgid="a", **there),
        event_at(60, "A Memory Leak!", nick="ben", reply_to="a", msgid="b", **there),
        event_at(120, "waves", type="action", nick="ann", **there),
        event_at(180, "memory leak, again", nick="ann", reply_to="b", **there),
        event_at(300, "", type="mode", nick="ben", command="+b", params=("*!*@spam",), **there),
        event_at(DAY - 60, "good night", nick="ben", reply_to="a", **there),
        event_at(DAY - 30, "night", nick="cat", **there),
        event_at(3 * DAY - 1, "back", nick="dan", **there),
        event_at(10 * DAY, "december", nick="ben", **there),
        event_at(5, "elsewhere", nick="cat", network="libera", target="##c_d"),
    )  # fmt: skip
    # Nobody listened from 18:00 of the first day to noon of the third.
    entries = [
        OpenedEntry(at=at(0), server=at(0)),
        ClosedEntry(at=at(18 * 3600), server=at(18 * 3600), cause="stopped"),
        OpenedEntry(at=at(60 * 3600), server=at(60 * 3600)),
    ]
    ledger.append(UNSYNCED, place / "archive/libera/#python", entries)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run(["export", "--archive", "archive", "--to", "parquet", "-o", "lake/"]) == 0
    command = [sys.executable, "-m", "chatlog", "gaps", "--json", "--archive", place / "archive"]
    told = subprocess.run([*command, "--until", at(84 * 3600)], stdout=subprocess.PIPE, check=False)
    (place / "gaps.jsonl").write_bytes(told.stdout)
    return place


def test_every_block_names_the_engines_that_answer_it():
    engines = {engine for _, engines, _ in BLOCKS if engines for engine in engines.split(", ")}
    assert engines == {"duckdb", "clickhouse"}
    assert len(BLOCKS) - DOCUMENT.read_text().count("```sql") == DOCUMENT.read_text().count("\n## ")


def test_duckdb_answers_each_question(lake, monkeypatch):
    monkeypatch.chdir(lake)
    asked = [*statements("duckdb")]
    with duckdb.connect(":memory:") as database:
        answers = [database.execute(statement).fetchall() for _, statement in asked]
    expected = {name: rows for name, rows in ANSWERS.items() if name not in OF_CLICKHOUSE_ALONE}
    assert answered(asked, answers) == expected


@pytest.mark.clickhouse
def test_clickhouse_answers_each_question(lake):
    asked = [*statements("clickhouse")]
    answers = clickhouse(lake, *(statement for _, statement in asked))
    assert answered(asked, [[row.values() for row in rows] for rows in answers]) == ANSWERS


@pytest.mark.clickhouse
def test_clickhouse_does_not_find_a_channel_by_a_directory_that_an_engine_named_after_it(tmp_path):
    named = tmp_path / "by_name"
    duckdb.execute(
        f"COPY (SELECT '#python' AS target, 'hello' AS text) TO '{named}'"
        " (FORMAT parquet, PARTITION_BY (target), WRITE_PARTITION_COLUMNS true)"
    )
    assert [path.name for path in named.iterdir()] == ["target=%23python"]
    every = "SELECT target, text FROM {} WHERE target = '#python'"
    read = every.format(f"read_parquet('{named}/**/*.parquet', hive_partitioning = true)")
    assert duckdb.execute(read).fetchall() == [("#python", "hello")]
    files = "file('by_name/**/*.parquet')"
    [found, all_of_them] = clickhouse(
        tmp_path, every.format(files), f"SELECT DISTINCT target FROM {files}"
    )
    assert found == []
    assert all_of_them == [{"target": "%23python"}]
