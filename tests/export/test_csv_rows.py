"""Export as CSV: what spreadsheets and data frames read."""

from __future__ import annotations

import csv
import io

import duckdb
import pytest
from hypothesis import given

from chatlog.event import SERVER
from chatlog.export.csv_rows import COLUMNS, encoder
from chatlog.export.exporter import FileFacts
from chatlog.export.line_blocks import LineBlock
from chatlog.formats.visible import visible
from tests.support.archive import event_at
from tests.support.events import events

FORMULAS = ("=1+1", "+ok", "-k", "@SUM(A1)", "\tx", '=HYPERLINK("http://x","y")')


def encoded(*those):
    made = encoder(FileFacts())
    return (made.begin() + made.encode(LineBlock(those))).decode()


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def fields_of(event):
    fields = {name: getattr(event, name) for name in COLUMNS}
    return {**fields, "params": " ".join(event.params)}


def as_shown(text):
    return "\n".join(map(visible, text.split("\n")))


@given(events())
def test_each_field_without_a_leading_apostrophe_is_the_visible_text(event):
    [row] = rows_of(encoded(event))
    assert {name: each.removeprefix("'") for name, each in row.items()} == {
        name: as_shown(each) for name, each in fields_of(event).items()
    } or any(each.startswith("'") for each in fields_of(event).values())


@given(events())
def test_no_field_begins_as_a_formula(event):
    for row in rows_of(encoded(event)):
        for field in row.values():
            assert field == SERVER or field[:1] not in set("=+-@\t\r")


@pytest.mark.parametrize("text", [*FORMULAS, "'quoted", "''"])
@pytest.mark.parametrize("name", ["text", "nick", "subject", "target"])
def test_a_formula_is_said_behind_an_apostrophe(text, name):
    [row] = rows_of(encoded(event_at(0, **{"text": "", name: text})))
    assert row[name] == f"'{as_shown(text)}" or row[name] == as_shown(text).replace("\t", r"\x09")
    assert row[name].removeprefix("'") == as_shown(text)


def test_texts_with_commas_quotes_and_several_lines_are_quoted():
    text = encoded(event_at(0, 'a, "b"\nc'))
    assert text.endswith('"a, ""b""\nc"\r\n')
    assert text.startswith("time,network,target,type,nick,")


def test_duckdb_reads_what_was_said(tmp_path):
    said = ["plain", 'a, "b"', "two\nlines", "=1+1", "お茶 ☕", "bold \x02and\x02"]
    path = tmp_path / "x.csv"
    path.write_bytes(encoded(*(event_at(n, text) for n, text in enumerate(said))).encode())
    rows = duckdb.execute("select text from read_csv(?, header=true)", [str(path)]).fetchall()
    assert [text for (text,) in rows] == [*said[:3], "'=1+1", "お茶 ☕", "bold and"]
