"""The kinds of entry of a manifest: written as ever, and checked where they are read."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive import manifest
from chatlog.archive.entry_lines import Damaged
from chatlog.archive.manifest_entries import (
    RemovedEntry,
    SealedContent,
    SealedEntry,
    SealedPart,
    TextEntry,
    TornEntry,
    VanishedEntry,
)

SHA = "22afbf12ce2c4aa63ebfd238959bde9b7d0e6d5e6f90a203793fd05b4548ed9c"
AT = "2026-11-24T00:12:00.000Z"
WRITTEN = {
    "text": '{"entry":"text","stamp":"time","tz":"Europe/Berlin","copy":false,'
    '"segment":"2025-10-25_001.log","previous":""}',
    "text of history": '{"entry":"text","stamp":"datetime","tz":"UTC","copy":true,'
    f'"segment":"all_002.log","history":true,"previous":"{SHA}"}}',
    "sealed": '{"entry":"sealed","segment":"2026-11-22_002.jsonl.gz",'
    f'"sha256":"{SHA}","bytes":230,"content":{{"sha256":"{SHA}","bytes":2360,"lines":20}},'
    '"first":"2026-11-22T00:00:00.000Z","last":"2026-11-22T00:00:09.500Z",'
    f'"parts":[{{"segment":"2026-11-22_001.jsonl","sha256":"{SHA}","bytes":1080}},'
    f'{{"segment":"2026-11-22_002.jsonl","sha256":"{SHA}","bytes":1280}}],'
    f'"at":"{AT}","previous":"{SHA}"}}',
    "sealed text": '{"entry":"sealed","segment":"2025-10-25_001.log",'
    f'"sha256":"{SHA}","bytes":708,"content":{{"sha256":"{SHA}","bytes":708,"lines":12}},'
    f'"first":"","last":"","parts":[{{"segment":"2025-10-25_001.log","sha256":"{SHA}",'
    f'"bytes":708}}],"at":"{AT}","previous":""}}',
    "removed": f'{{"entry":"removed","segment":"2025-10-22_001.jsonl.gz","sha256":"{SHA}",'
    f'"why":"older than 9 d","at":"{AT}","previous":"{SHA}"}}',
    "vanished": '{"entry":"vanished","segment":"2025-10-24T18_001.jsonl",'
    f'"at":"{AT}","lines":0,"previous":"{SHA}"}}',
    "recovered": f'{{"entry":"recovered","raw":"eyJlbnRyeSI6","previous":"{SHA}"}}',
}
"""Lines as chatlog wrote them before its entries had types."""


@pytest.mark.parametrize("line", WRITTEN.values(), ids=WRITTEN)
def test_a_line_that_was_written_before_is_read_and_written_byte_for_byte(line):
    entry = manifest.decode(1, line.encode())
    assert not isinstance(entry, Damaged)
    assert msgspec.json.encode(entry).decode() == line


WORDS = st.text(max_size=8)
COUNTS = st.integers(0, 2**53)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
LINKS = st.sampled_from(["", SHA])
PARTS = st.builds(SealedPart, WORDS, DIGESTS, COUNTS)
ENTRIES = st.one_of(
    st.builds(
        TextEntry, stamp=WORDS, tz=WORDS, copy=st.booleans(), segment=WORDS,
        history=st.booleans(), previous=LINKS,
    ),
    st.builds(
        SealedEntry, segment=WORDS, sha256=DIGESTS, bytes=COUNTS,
        content=st.builds(SealedContent, DIGESTS, COUNTS, COUNTS), first=WORDS, last=WORDS,
        parts=st.lists(PARTS, max_size=3).map(tuple), at=st.just(AT), previous=LINKS,
    ),
    st.builds(
        RemovedEntry, segment=WORDS, sha256=DIGESTS, why=WORDS, at=st.just(AT), previous=LINKS
    ),
    st.builds(VanishedEntry, segment=WORDS, at=st.just(AT), lines=COUNTS, previous=LINKS),
    st.builds(TornEntry, raw=WORDS, previous=LINKS),
)  # fmt: skip


@given(ENTRIES)
def test_what_is_written_is_read(entry):
    assert manifest.decode(1, msgspec.json.encode(entry)) == entry


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("text", {"tz": 7}, "Expected `str`, got `int`"),
        ("text", {"copy": 1}, "Expected `bool`, got `int`"),
        ("sealed", {"sha256": "x" * 64}, "its `sha256` is none: 'xxx"),
        ("sealed", {"sha256": SHA[:63]}, "its `sha256` is none"),
        ("sealed", {"sha256": SHA.upper()}, "its `sha256` is none"),
        ("sealed", {"sha256": SHA + "\n"}, "its `sha256` is none"),
        ("sealed", {"bytes": -1}, "its `bytes` are less than none"),
        ("sealed", {"bytes": "many"}, "Expected `int`, got `str`"),
        ("sealed", {"at": "yesterday"}, "its `at` is no time: 'yesterday'"),
        ("sealed", {"content": {"sha256": SHA, "bytes": 1, "lines": -1}}, "its `lines` are less"),
        ("sealed", {"content": {"sha256": "", "bytes": 1, "lines": 1}}, "its `sha256` is none"),
        ("sealed", {"parts": [{"segment": "x", "sha256": "y", "bytes": 1}]}, "`sha256` is none"),
        ("sealed", {"parts": [{"segment": "x", "sha256": SHA}]}, "missing required field `bytes`"),
        ("sealed", {"parts": {}}, "Expected `array`, got `object`"),
        ("removed", {"sha256": "gone"}, "its `sha256` is none"),
        ("removed", {"at": ""}, "its `at` is no time"),
        ("vanished", {"lines": -7}, "its `lines` are less than none"),
        ("vanished", {"at": "0000-00-00T00:00:00.000Z"}, "its `at` is no time"),
        ("recovered", {"raw": None}, "Expected `str`, got `null`"),
    ],
)
def test_a_value_that_there_cannot_be_damages_the_line(kind, change, reason):
    line = json.dumps(json.loads(WRITTEN[kind]) | change).encode()
    damaged = manifest.decode(3, line)
    assert isinstance(damaged, Damaged)
    assert reason in damaged.reason
    assert (damaged.line, damaged.entry) == (3, kind)


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_key_that_is_missing_damages_the_line_if_every_such_line_has_it(kind):
    fields = json.loads(WRITTEN[kind])
    for key in fields.keys() - {"history", "previous", "entry"}:
        rest = {name: value for name, value in fields.items() if name != key}
        assert isinstance(manifest.decode(1, json.dumps(rest).encode()), Damaged), key


def test_the_times_of_a_damaged_line_within_a_segment_do_not_damage_its_seal():
    fields = json.loads(WRITTEN["sealed"]) | {"first": "no time at all"}
    assert manifest.decode(1, json.dumps(fields).encode()).first == "no time at all"
