"""The kinds of entry of a ledger: written as ever, and checked where they are read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.coverage import ledger
from chatlog.coverage.entries import (
    AbsentEntry,
    AskedEntry,
    ClosedEntry,
    CoveredEntry,
    MergedEntry,
    NoticedEntry,
    OpenedEntry,
    RecoveredEntry,
    RenamedEntry,
    ReportedEntry,
    UnfillableEntry,
    UnwantedEntry,
    WishedEntry,
    encode,
)
from tests.support.ledgers import at, read_bytes

T, U = at(0), at(60)
WRITTEN = (
    """
{"entry":"opened","at":"T","server":"U","msgid":"m1","run":"2026-1","via":"live","kinds":"all"}
{"entry":"opened","at":"T","run":"2026-11-23T000000.000Z-1","via":"live","kinds":"all"}
{"entry":"closed","at":"T","server":"U","msgid":"m2","cause":"stopped","planned":true}
{"entry":"closed","at":"T","cause":"killed"}
{"entry":"covered","at":"U","via":"x","kinds":"all","since":"T","until":"U","lines":3,"why":"y"}
{"entry":"covered","at":"U","via":"chathistory","kinds":"messages","since":"T","until":"U"}
{"entry":"unfillable","at":"U","since":"T","until":"U","why":"forgotten"}
{"entry":"asked","at":"U","since":"T","until":"U","why":"no answer"}
{"entry":"absent","at":"T","server":"U","why":"Cannot join channel (+b) (474)"}
{"entry":"unwanted","at":"T","server":"U"}
{"entry":"wished"}
{"entry":"wished","since":"T"}
{"entry":"noticed","at":"T","cause":"clock","by":-23950}
{"entry":"noticed","at":"T","cause":"suspended","by":3600000}
{"entry":"reported","at":"U","since":"T","until":"U"}
{"entry":"recovered","raw":"eyJlbnRyeSI6ImNsb3NlZCIs"}
{"entry":"checkpoint","at":"U","since":"T","until":"U","lines":2,"gaps":0,"columns":"eJwDAA=="}
{"entry":"checkpoint","at":"U","since":"T","until":"U","lines":2,"gaps":1,"open":1,"wanting":1,"unasked":1,"columns":"eJw="}
{"entry":"asked","at":"U","since":"T","until":"U","why":"no end","stopped":true}
""".replace('"T"', f'"{T}"')
    .replace('"U"', f'"{U}"')
    .strip()
    .splitlines()
)
"""Lines as chatlog wrote them before its entries had types."""


@pytest.mark.parametrize("line", WRITTEN)
def test_a_line_that_was_written_before_is_read_and_written_byte_for_byte(tmp_path, line):
    [entry] = read_bytes(tmp_path, line.encode() + b"\n")
    assert not isinstance(entry, Damaged | Later)
    assert encode(entry) == line.encode() + b"\n"


TIMES = st.integers(0, 10**9).map(at)
WORDS = st.text(max_size=8)
OPTIONAL = st.just("") | TIMES
STRETCHES = st.tuples(TIMES, TIMES).map(sorted)
MOMENT = {"at": TIMES, "server": OPTIONAL}


def over(kind, **fields):
    """Build entries of a kind about a stretch."""
    return st.builds(
        lambda stretch, **rest: kind(since=stretch[0], until=stretch[1], **rest),
        STRETCHES, at=TIMES, **fields,
    )  # fmt: skip


ENTRIES = st.one_of(
    st.builds(OpenedEntry, **MOMENT, msgid=WORDS, run=WORDS, via=WORDS, kinds=WORDS),
    st.builds(ClosedEntry, **MOMENT, msgid=WORDS, cause=WORDS, planned=st.booleans()),
    st.builds(AbsentEntry, **MOMENT, why=WORDS),
    st.builds(UnwantedEntry, **MOMENT),
    over(CoveredEntry, via=WORDS, kinds=WORDS, lines=st.integers(0, 2**53), why=WORDS),
    over(
        MergedEntry,
        witness=WORDS,
        check=st.integers(0, 2**32 - 1),
        lines=st.integers(0, 10**9),
        least=st.integers(-(10**9), 0),
        most=st.integers(0, 10**9),
    ),
    over(UnfillableEntry, why=WORDS),
    over(AskedEntry, why=WORDS),
    over(ReportedEntry),
    st.builds(WishedEntry, since=OPTIONAL),
    st.builds(NoticedEntry, at=TIMES, cause=WORDS, by=st.integers(-(2**53), 2**53)),
    st.builds(RenamedEntry, **MOMENT, room=WORDS, former=WORDS, onto=WORDS),
    st.builds(RecoveredEntry, raw=WORDS),
)


@given(st.lists(ENTRIES))
def test_what_is_written_is_read(tmp_path_factory, entries):
    data = b"".join(map(encode, entries))
    assert read_bytes(tmp_path_factory.mktemp("ledger"), data) == entries


@pytest.mark.parametrize(
    ("line", "change", "reason"),
    [
        (0, {"at": "zzz"}, "its `at` is no time: 'zzz'"),
        (0, {"at": ""}, "its `at` is no time: ''"),
        (0, {"server": "soon"}, "its `server` is no time: 'soon'"),
        (1, {"at": "0000-01-01T00:00:00.000Z"}, "its `at` is no time"),
        (1, {"at": "2026-02-29T00:00:00.000Z"}, "its `at` is no time"),
        (1, {"at": "2026-11-23T24:00:00.000Z"}, "its `at` is no time"),
        (1, {"at": "2026-11-23T00:00:60.000Z"}, "its `at` is no time"),
        (1, {"at": "2026-11-23T00:00:00Z"}, "its `at` is no time"),
        (3, {"at": 5}, "Expected `str`, got `int`"),
        (3, {"planned": "yes"}, "Expected `bool`, got `str`"),
        (4, {"lines": -1}, "its `lines` are less than none"),
        (4, {"lines": 1.5}, "Expected `int`"),
        (4, {"since": at(61)}, "it ends before it begins"),
        (4, {"since": "", "until": ""}, "its `since` is no time"),
        (6, {"until": at(-1)}, "it ends before it begins"),
        (7, {"since": "zzz"}, "its `since` is no time"),
        (8, {"at": None}, "Expected `str`, got `null`"),
        (9, {"server": "zzz"}, "its `server` is no time"),
        (11, {"since": "zzz"}, "its `since` is no time"),
        (12, {"at": "zzz"}, "its `at` is no time"),
        (12, {"by": "much"}, "Expected `int`, got `str`"),
        (14, {"until": at(-1)}, "it ends before it begins"),
        (15, {"raw": []}, "Expected `str`, got `array`"),
    ],
)
def test_a_value_that_there_cannot_be_damages_the_line(tmp_path, line, change, reason):
    fields = json.loads(WRITTEN[line]) | change
    [damaged] = read_bytes(tmp_path, json.dumps(fields).encode() + b"\n")
    assert isinstance(damaged, Damaged)
    assert reason in damaged.reason
    assert damaged.entry == fields["entry"]


@pytest.mark.parametrize("line", WRITTEN)
def test_a_key_that_is_missing_damages_the_line_if_it_bounds_a_claim(tmp_path, line):
    fields = json.loads(line)
    for key in fields.keys() & {"at", "until"}:
        rest = {name: value for name, value in fields.items() if name != key}
        [damaged] = read_bytes(tmp_path, json.dumps(rest).encode() + b"\n")
        assert isinstance(damaged, Damaged), key


def test_a_stretch_of_no_length_is_no_damage():
    assert AskedEntry(at=T, since=T, until=T).until == T


def test_a_moment_is_that_of_the_server_where_it_tells_one():
    assert OpenedEntry(at=T, server=U).time == U
    assert ClosedEntry(at=T).time == T


def test_lines_come_one_by_one_with_their_numbers_where_each_is_looked_at(tmp_path):
    (tmp_path / "LEDGER").write_bytes(b'x\ny\n{"entry":"wished"}\nz')
    assert [getattr(line, "line", None) for line in ledger.each(tmp_path)] == [1, 2, None]
