"""JSON lines into each lossless format and back are the same bytes."""

from __future__ import annotations

import json
import sqlite3

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatlog.event import Event
from chatlog.export.columns import COLUMNS, EXTRA
from chatlog.export.exporter import FileFacts
from chatlog.export.line_blocks import LineBlock
from chatlog.export.sqlite_database import indexed
from chatlog.export.table import EXPORTERS, exporter_named
from chatlog.formats import jsonl
from tests.support.archive import event_at
from tests.support.clickhouse import clickhouse
from tests.support.events import NASTY, events, times

ODD = [
    b'{"time":"2026-11-23T00:00:00.000Z","type":"message","later":{"a":[1]},"text":"x"}\n',
    b'{"type": "message", "time": "2026-11-23T00:00:00.000Z", "nick": "\\u0061"}\n',
    b'{"time":"2026-11-23T00:00:00.000Z","type":"message","nick":""}\n',
]
LINES = st.one_of(
    events(times=st.one_of(times, NASTY)).map(lambda event: jsonl.encode([event])),
    st.sampled_from(ODD),
)


def lines_of(names, rows):
    """Return rows of a table as lines: as `extra` has them, else as the columns tell."""
    found = []
    for row in rows:
        fields = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        if EXTRA in fields:
            found.append(fields[EXTRA].encode() + b"\n")
        else:
            found.append(jsonl.encode([msgspec.convert(fields, Event)]))
    return b"".join(found)


def from_jsonl(path):
    return path.read_bytes()


def from_sqlite(path):
    with sqlite3.connect(path) as database:
        rows = database.execute(f"SELECT {', '.join([*COLUMNS, EXTRA])} FROM events ORDER BY id")
        parsed = [
            [
                json.loads(value) if value and name in {"params", "tags"} else value
                for name, value in zip([*COLUMNS, EXTRA], row, strict=True)
            ]
            for row in rows
        ]
    database.close()
    return lines_of([*COLUMNS, EXTRA], parsed)


def from_parquet(path):
    table = duckdb.execute("SELECT * FROM read_parquet(?)", [str(path)])
    names = [column[0] for column in table.description]
    rows = [
        [
            f"{value.isoformat(timespec='milliseconds')}Z"
            if value is not None and name in {"time", "received"}
            else value
            for name, value in zip(names, row, strict=True)
        ]
        for row in table.fetchall()
    ]
    return lines_of(names, rows)


BACK = {"jsonl": from_jsonl, "sqlite": from_sqlite, "parquet": from_parquet}
LOSSLESS = [each for each in EXPORTERS if each.is_lossless]


def exported(exporter, path, *blocks):
    if exporter.stream is not None:
        made = exporter.stream(FileFacts())
        path.write_bytes(made.begin() + b"".join(map(made.encode, blocks)))
        return path
    path.touch()
    builder = exporter.build(path, FileFacts())
    for block in blocks:
        builder.add(block)
    builder.finish()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    return path


def block_of(lines):
    return LineBlock([jsonl.decode(line) for line in lines], b"".join(lines))


def test_the_lossless_formats_are_these():
    assert {each.name for each in LOSSLESS} == BACK.keys()


@pytest.mark.parametrize("exporter", LOSSLESS, ids=lambda each: each.name)
@settings(max_examples=60)
@given(lines=st.lists(LINES, min_size=1, max_size=8))
def test_lines_go_there_and_back_without_a_change(tmp_path_factory, exporter, lines):
    path = tmp_path_factory.mktemp("there") / "x"
    exported(exporter, path, block_of(lines[:2]), block_of(lines[2:]))
    assert BACK[exporter.name](path) == b"".join(lines)


@pytest.mark.clickhouse
@settings(max_examples=8)
@given(lines=st.lists(LINES, min_size=8, max_size=30))
def test_clickhouse_gives_the_lines_of_a_parquet_file_back(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("there") / "x"
    exported(exporter_named("parquet"), path, block_of(lines))
    [rows] = clickhouse(path.parent, "SELECT * FROM file('x', 'Parquet')")
    for row in rows:
        row.update({name: at_utc(row[name]) for name in ("time", "received")})
    assert b"".join(lines_of(row, [row.values()]) for row in rows) == b"".join(lines)


def at_utc(time):
    """Return a time of ClickHouse as JSONL has it."""
    return time and f"{time.replace(' ', 'T')[: len('2026-11-23T00:00:00.000')]}Z"


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda each: each.name)
def test_the_same_lines_give_the_same_bytes(tmp_path, exporter):
    said = [event_at(second, f"{second} お茶", msgid=str(second)) for second in range(5000)]
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        made.append(exported(exporter, tmp_path / name / "x", LineBlock(said)).read_bytes())
    assert made[0] == made[1]


@pytest.fixture
def database(tmp_path):
    said = ["東京都へ行く", "京都", "お茶", "café crème", "\x02bo\x02ld", "会議", "hello"]
    sqlite = next(each for each in EXPORTERS if each.name == "sqlite")
    lines = LineBlock([event_at(second, text) for second, text in enumerate(said)])
    with sqlite3.connect(exported(sqlite, tmp_path / "x", lines)) as database:
        yield database
    database.close()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("京都", ["東京都へ行く", "京都"]),
        ('"東京 京都"', ["東京都へ行く"]),
        ("茶*", ["お茶"]),
        ("都*", ["東京都へ行く", "京都"]),
        ("会議", ["会議"]),
        ("cafe", ["café crème"]),
        ("bold", ["\x02bo\x02ld"]),
        ("hell*", ["hello"]),
        ("hell", []),
    ],
)
def test_the_index_finds_words_also_of_two_characters(database, wanted, found):
    query = (
        "SELECT events.text FROM words JOIN events ON events.id = words.rowid"
        " WHERE words MATCH ? ORDER BY id"
    )
    assert [text for (text,) in database.execute(query, [wanted])] == found


def test_pairs_stand_between_the_other_words():
    assert indexed("a東京都b") == "a 東京 京都 都 b"
