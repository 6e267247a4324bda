"""One segment as bytes: few system calls, and no file that is not a regular one."""

import errno
import os
from collections import Counter
from pathlib import Path

import pytest

from chatlog.errors import TranscriptError
from chatlog.query.predicates import Between, Has, Type
from chatlog.query.selection import query_for
from chatlog.read.lines import all_lines
from chatlog.read.reader import Reader
from tests.support.archive import event_at, record


@pytest.fixture
def reader(tmp_path):
    record(tmp_path, event_at(1, "one"), event_at(2, "two"))
    return Reader(tmp_path)


@pytest.fixture
def source(reader):
    """Return the reader of the only segment."""
    (located,) = reader.segments(query_for())
    return located.source


def test_a_small_segment_is_read_by_four_system_calls(source, monkeypatch):
    calls = Counter()

    def counted(name, real):
        def call(*arguments):
            calls[name] += 1
            return real(*arguments)

        return call

    for name in ("open", "fstat", "pread", "read", "close", "stat", "lstat"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    assert b"".join(source.blocks()).count(b"\n") == 2
    assert calls == {"open": 1, "fstat": 1, "pread": 1, "close": 1}


def test_a_link_in_the_place_of_a_segment_is_refused_and_not_followed(source, reader, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"{}\n")
    Path(source.path).unlink()
    Path(source.path).symlink_to(tmp_path / "elsewhere")
    assert list(source.blocks()) == []
    assert not source.is_gone
    assert "not a regular file" in reader.damaged.refused[source.path]


def test_a_segment_that_was_removed_has_no_blocks_and_is_gone(source, reader):
    Path(source.path).unlink()
    assert list(source.blocks()) == []
    assert source.is_gone
    assert reader.damaged.refused == {}


def test_a_disk_that_fails_while_a_segment_is_read_is_one_error_and_leaves_no_file_open(
    source, monkeypatch
):
    opened, real = [], os.open

    def remembered(*arguments):
        opened.append(real(*arguments))
        return opened[-1]

    def failing(*_arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "open", remembered)
    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(TranscriptError, match="Input/output error"):
        list(source.blocks())
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


DAMAGED = [
    *(b"", b"{}", b"[]", b"null", b" ", b"\r", b"\xff\xfe", b"//", b"[" * 5000),
    b'{"time":"2026-11-23T00:00:05.000Z","type":"message"}' * 2,
    b'{"time":"2026-11-23T00:00:05.000Z","type":"mess',
    b'age","text":"hi"}',
    b'{"time":"2026-11-23T00:00:05.000Z","type":"message","text":"caf\xe9"}',
    b'{"time":"2026-11-23T00:00:05.000Z","type":"message","text":7}',
]
ODD = [
    b'{"time":"2026-11-23T00:00:05.000Z","type":"message","later":{"a":[1,null]}}',
    b'{"time":"2026-11-23T00:00:05.000Z","type":"message","text":"\\ud800 half"}',
    b'{"time":"2026-11-23T00:00:05.000Z","type":"future","text":"hi"}',
    b' {"type":"message","time":"2026-11-23T00:00:05.000Z"} \r',
]
QUERIES = {
    "all": query_for(),
    "a type": query_for(Type("message")),
    "relayed": query_for(Has("relay")),
    "all of a time": query_for(Between("2026-11-23T00:00:06.000Z", "2026-11-23T00:00:08.000Z")),
    "a type since": query_for(Type("message"), Between("2026-11-23T00:00:07.000Z", "")),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("line", [*DAMAGED, *ODD])
def test_a_block_has_the_matches_and_the_damage_that_its_lines_have_one_by_one(
    query, line, tmp_path
):
    relayed = event_at(8, "<ada> hi", relayed_nick="ada")
    record(tmp_path, *map(event_at, range(8)), relayed)
    (path,) = tmp_path.rglob("*.jsonl")
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:4], line, *lines[4:]]))
    answers = []
    for reads_blocks in (False, True):
        reader = Reader(tmp_path)
        (located,) = reader.segments(query_for())
        if reads_blocks:
            batches = located.source.batches(query, all_lines, reader.names)
            found = [event for batch in batches for event in batch]
        else:
            matching = located.source.matching(query, all_lines, reader.names)
            found = [entry.event for entry in matching]
        told = [(each.time, each.type, each.nick, each.text) for each in found]
        answers.append((told, dict(reader.damaged)))
    assert answers[0] == answers[1]
