"""Databases that are logs: told by their tables, read without a change, whatever is in them."""

import os
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatlog.archive.compression import DamagedError
from chatlog.errors import TranscriptError
from chatlog.formats.dialects.dialect import Database, LogFacts
from chatlog.ingest import databases
from chatlog.ingest.databases import dialect_of_database, is_database, read_database
from chatlog.ingest.dialects import DIALECTS, dialect_named

LOUNGE = dialect_named("thelounge-sqlite")
SCHEMA = """
create table options (name text, value text);
create table messages (network text, channel text, time integer, type text, msg text);
"""
ROW = "insert into messages values ('n', '#c', 1795458642000, 'message', '{\"text\":\"%s\"}');"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ann.sqlite3"
    made(path, SCHEMA + ROW % "one" + ROW % "two")
    return path


def made(path, script):
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)
        database.commit()


def texts(path, dialect=LOUNGE):
    decoder = dialect.decoder(LogFacts())
    blocks = read_database(str(path), dialect.database)
    return [event.text for some in decoder.events(blocks) for event in some]


def files_of(directory):
    return {each.name: (each.stat().st_mtime_ns, each.read_bytes()) for each in directory.iterdir()}


def test_a_database_is_told_by_its_first_bytes_and_its_tables(path):
    assert is_database(path.read_bytes()[:100])
    assert dialect_of_database(str(path), DIALECTS) is LOUNGE


def test_a_database_of_another_program_is_of_no_dialect(tmp_path):
    made(tmp_path / "other", "create table places (url text)")
    assert dialect_of_database(str(tmp_path / "other"), DIALECTS) is None


def test_a_view_is_no_table_of_a_log(tmp_path):
    views = "create view options as select 1; create view messages as select 1;"
    made(tmp_path / "views", views)
    assert dialect_of_database(str(tmp_path / "views"), DIALECTS) is None
    with pytest.raises(TranscriptError, match="other tables"):
        texts(tmp_path / "views")


def test_reading_changes_nothing_in_the_directory(path):
    before = files_of(path.parent)
    assert texts(path) == ["one", "two"]
    assert files_of(path.parent) == before


def test_the_rows_of_a_write_ahead_log_are_read_and_nothing_is_changed(path, tmp_path):
    made(path, "pragma journal_mode = wal")
    with closing(sqlite3.connect(path)) as running:
        running.execute(ROW % "three")
        running.commit()
        assert texts(path) == ["one", "two", "three"]
        killed = tmp_path / "killed"
        killed.mkdir()
        for name in ("ann.sqlite3", "ann.sqlite3-wal"):
            (killed / name).write_bytes((path.parent / name).read_bytes())
    before = files_of(killed)
    assert set(before) == {"ann.sqlite3", "ann.sqlite3-wal"}
    assert texts(killed / "ann.sqlite3") == ["one", "two", "three"]
    assert files_of(killed) == before


def test_a_database_that_was_closed_well_needs_no_files_beside_it(path):
    made(path, "pragma journal_mode = wal")
    before = files_of(path.parent)
    assert set(before) == {"ann.sqlite3"}
    assert texts(path) == ["one", "two"]
    assert files_of(path.parent) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_the_right_to_write_is_read(path):
    made(path, "pragma journal_mode = wal")
    path.parent.chmod(0o500)
    try:
        assert texts(path) == ["one", "two"]
    finally:
        path.parent.chmod(0o700)


def test_bytes_and_odd_text_are_text(path):
    made(path, "insert into messages values ('n', x'23ff', 1e300, 'message', x'7b7d')")
    decoder = LOUNGE.decoder(LogFacts())
    events = [
        each for some in decoder.events(read_database(str(path), LOUNGE.database)) for each in some
    ]
    assert [each.text for each in events] == ["one", "two"]
    assert [each.why for each in decoder.odd] == ["no such time"]


def test_a_row_that_is_longer_than_a_message_is_counted_and_the_next_is_read(path):
    made(path, (ROW % ("x" * 2_000_000)) + ROW % "three")
    decoder = LOUNGE.decoder(LogFacts())
    events = [
        each for some in decoder.events(read_database(str(path), LOUNGE.database)) for each in some
    ]
    assert [each.text for each in events] == ["one", "two", "three"]
    assert decoder.tally.unknown == 1


def test_a_value_without_bound_ends_the_reading_behind_the_rows_before(path):
    made(path, "insert into messages values ('n', '#c', 1, 'message', zeroblob(100000000))")
    blocks = read_database(str(path), LOUNGE.database)
    assert next(blocks).count(b"\n") == 1  # SQLite's module reads a row ahead
    with pytest.raises(DamagedError, match="too big"):
        next(blocks)


def test_blocks_have_a_bound(path):
    made(path, "".join(ROW % ("x" * 1000) for _ in range(2000)))
    sizes = [len(block) for block in read_database(str(path), LOUNGE.database)]
    assert len(sizes) > 5
    assert max(sizes) < 300_000


def test_a_query_that_never_ends_is_one_error(path, monkeypatch):
    monkeypatch.setattr(databases, "_MOST_STEPS", 2)
    endless = Database(
        needs=("messages",),
        query="with recursive n(i) as (select 1 union all select i + 1 from n)"
        " select i from n where i < 0",
    )
    with pytest.raises(TranscriptError, match="interrupted"):
        list(read_database(str(path), endless))


def test_missing_columns_are_one_error(tmp_path):
    made(tmp_path / "odd", "create table options (a); create table messages (network)")
    with pytest.raises(TranscriptError, match="no such column"):
        texts(tmp_path / "odd")


@pytest.mark.parametrize("name", ["missing", "directory"])
def test_a_path_that_is_no_file_is_one_error(tmp_path, name):
    (tmp_path / "directory").mkdir()
    with pytest.raises(TranscriptError, match=r"cannot read .*(No such file|Is a directory)"):
        texts(tmp_path / name)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_database_gives_what_can_be_read_or_one_error(path, data):
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(st.binary(min_size=1, max_size=64))
    cut = data.draw(st.sampled_from([len(whole), len(whole) // 2, at + 1]))
    damaged = path.with_name("damaged")
    damaged.write_bytes((whole[:at] + put + whole[at + len(put) :])[:cut])
    for read in (texts, lambda path: dialect_of_database(str(path), DIALECTS)):
        try:
            read(damaged)
        except (TranscriptError, ValueError) as error:
            assert "\n" not in str(error)  # noqa: PT017 - some damage is no error
