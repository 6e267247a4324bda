"""The examples of docs/exporting.md, run on an archive that is exported as they say."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import duckdb
import pytest

from chatlog import cli
from tests.support.archive import event_at, record
from tests.support.clickhouse import clickhouse

DOCUMENT = Path(__file__).parents[2] / "docs/exporting.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
EXPORTS = (
    ("#python", "--to", "csv", "-o", "python.csv"),
    ("--to", "sqlite", "-o", "archive.sqlite"),
    ("--to", "parquet", "-o", "lake/"),
)


def statements(engine):
    blocks = [text for kind, text in BLOCKS if kind == "sql" and text.startswith(f"-- {engine}\n")]
    found = [each.strip() for text in blocks for each in text.partition("\n")[2].split(";")]
    return [each for each in found if each]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    place = tmp_path_factory.mktemp("exported")
    there = {"network": "libera", "target": "#python"}
    record(
        place / "archive",
        event_at(0, "a memory leak", nick="ann", **there),
        event_at(1, "=1+1", nick="ben", **there),
        event_at(2, "", type="mode", nick="ben", command="+b", params=("*!*@spam",), **there),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for arguments in EXPORTS:
            assert cli.run(["export", "--archive", "archive", *arguments]) == 0
    return place


def test_every_block_of_sql_names_its_engine():
    engines = [text.partition("\n")[0] for kind, text in BLOCKS if kind == "sql"]
    assert set(engines) == {"-- duckdb", "-- sqlite3", "-- clickhouse"}


@pytest.mark.parametrize("statement", statements("duckdb"))
def test_duckdb_answers(exported, monkeypatch, statement):
    monkeypatch.chdir(exported)
    rows = duckdb.execute(statement).fetchall()
    assert rows
    assert rows[0][0] in {"ann", "ben", "#python"}


@pytest.mark.parametrize("statement", statements("sqlite3"))
def test_sqlite_answers(exported, statement):
    with sqlite3.connect(exported / "archive.sqlite") as database:
        assert database.execute(statement).fetchall()
    database.close()


@pytest.mark.clickhouse
@pytest.mark.parametrize("statement", statements("clickhouse"))
def test_clickhouse_answers(exported, statement):
    [[row]] = clickhouse(exported, statement)
    assert row == {"target": "#python", "count()": 3}


@pytest.mark.clickhouse
@pytest.mark.parametrize("name", ["target_key = '_23python'", "target = '#python'"])
def test_clickhouse_finds_a_channel_by_its_directory_and_by_its_name(exported, name):
    [[row]] = clickhouse(
        exported, "SELECT count() AS lines, any(time) AS at, any(network) AS network, any(month)"
        f" AS month FROM file('lake/**/*.parquet') WHERE {name} AND text = '=1+1'",
    )  # fmt: skip
    at = "2026-11-23 00:00:01.000000"
    assert row == {"lines": 1, "at": at, "network": "libera", "month": "2026-11"}


@pytest.mark.clickhouse
def test_clickhouse_opens_only_the_files_of_the_directory_that_it_is_asked_for(exported, tmp_path):
    shutil.copytree(exported / "lake", tmp_path / "lake")
    broken = tmp_path / "lake/network_key=libera/target_key=zebras/month=2026-11"
    broken.mkdir(parents=True)
    (broken / "events.parquet").write_bytes(b"no Parquet at all")
    every = "SELECT count() AS lines FROM file('lake/**/*.parquet') WHERE text LIKE '%leak%'"
    with pytest.raises(RuntimeError, match="zebras"):
        clickhouse(tmp_path, every)
    assert clickhouse(tmp_path, f"{every} AND target_key = '_23python'") == [[{"lines": 1}]]


def test_python_reads_what_was_said(exported, monkeypatch):
    monkeypatch.chdir(exported)
    [code] = [text for kind, text in BLOCKS if kind == "python"]
    names = {}
    exec(f"{code}        said = [*locals().get('said', ()), text]\n", names)
    assert names["said"] == ["a memory leak", "=1+1", ""]


@pytest.mark.server
@pytest.mark.parametrize("statement", statements("sqlite3"))
def test_the_program_sqlite3_answers(exported, program, statement):
    done = subprocess.run(
        [program("sqlite3"), exported / "archive.sqlite", statement],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout


def test_the_keys_of_directories_are_safe_in_every_engine(exported):
    names = [path.name for path in (exported / "lake").rglob("*=*")]
    assert "target_key=_23python" in names
    assert all(re.fullmatch(r"[a-z_]+=[A-Za-z0-9._-]+", name) for name in names)
    query = (
        "SELECT DISTINCT network, target, target_key FROM read_parquet(?, hive_partitioning=true)"
    )
    rows = duckdb.execute(query, [f"{exported}/lake/**/*.parquet"]).fetchall()
    assert ("libera", "#python", "_23python") in rows
