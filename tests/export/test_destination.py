"""Where the files of an export go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.layout import directory_name
from chatlog.errors import UsageError
from chatlog.export.destination import Destination, destination_of, key_of, path_at
from chatlog.export.partition import Partition, parse_partition
from chatlog.export.table import exporter_named

CSV = exporter_named("csv")


def destination(typed, partition=None, *, is_directory=False, exporter=CSV):
    chosen = parse_partition(partition) if partition else None
    return destination_of(typed, chosen, exporter, is_directory=is_directory)


@pytest.mark.parametrize(
    ("typed", "partition", "path"),
    [
        ("a.csv", None, "a.csv"),
        ("d/", None, "d/{network}/{target}.csv"),
        ("d/", "day", "d/{network}/{target}/{date}.csv"),
        ("d/", "month", "d/{network}/{target}/{month}.csv"),
        ("d/", "year", "d/{network}/{target}/{year}.csv"),
        ("d/", "lines:10", "d/{network}/{target}/{part}.csv"),
        ("d/{year}/{date}.csv", "day", "d/{year}/{date}.csv"),
        ("/", None, "//{network}/{target}.csv"),
    ],
)
def test_a_destination_has_the_tokens_of_its_partition(typed, partition, path):
    assert destination(typed, partition).path == path


@pytest.mark.parametrize(
    ("typed", "grain"),
    [("{date}.csv", "day"), ("{month}.csv", "month"), ("{year}/{month}.csv", "month"),
     ("{year}.csv", "year"), ("{target}.csv", "none")],
)  # fmt: skip
def test_the_tokens_tell_the_partition(typed, grain):
    assert destination(typed).partition == Partition(grain)


@pytest.mark.parametrize(
    ("typed", "partition", "told"),
    [
        ("{day}.csv", None, "no token {day}; known are {network}, "),
        ("{date.csv", None, "a brace that is of no token"),
        ("{part}.csv", None, "{part} needs --partition size:"),
        ("a.csv", "day", "put {date} into -o"),
        ("{date}.csv", "month", "put {month} into -o"),
        ("{month}/{date}.csv", "month", "has {date}, which this partition does not tell"),
        ("{part}/{date}.csv", "day", "has {part}, which"),
        ("-", "day", "stdout is one file"),
        ("{target}/", None, "let it end with the name of a file"),
    ],
)
def test_a_destination_that_cannot_be_is_refused(typed, partition, told):
    with pytest.raises(UsageError) as caught:
        destination(typed, partition)
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ["", "week", "size:", "size:0", "lines:-1", "size:1X", "lines:x"])
def test_a_text_that_names_no_partition_is_refused(text):
    with pytest.raises(UsageError):
        parse_partition(text)


@pytest.mark.parametrize(
    ("text", "partition"),
    [("size:100MB", Partition(size=100 << 20)), ("size:1.5k", Partition(size=1536)),
     ("lines:7", Partition(lines=7)), ("none", Partition())],
)  # fmt: skip
def test_a_partition_is_read(text, partition):
    assert parse_partition(text) == partition
    assert parse_partition(str(partition)) == partition  # as EXPORTS has it


names = st.lists(st.text(min_size=1).map(directory_name), min_size=2, max_size=2, unique=True)


@given(names)
def test_two_names_never_share_a_path_and_none_leads_out_of_the_directory(components):
    paths = [
        Destination("d/{target}.csv", Partition()).of_target("net", each) for each in components
    ]
    keys = [key_of(each) for each in components]
    assert len(set(paths)) == len(set(keys)) == 2
    for path in (path_at(each, "", 1) for each in paths):
        assert path.count("/") == 1
        assert len(path.encode()) <= 2 + 160 * 3
    for key in keys:
        assert key.isascii()
        assert not set("%#/=&?{}") & set(key)


def test_a_name_that_looks_like_a_token_is_none():
    place = Destination("{target}/{date}.csv", Partition("day"))
    path = place.of_target("net", directory_name("#{date}"))
    assert path_at(path, "2026-11-23", 1) == "#%7Bdate%7D/2026-11-23.csv"


def test_the_base_is_the_directory_before_the_first_token():
    assert Destination("/a/b/{target}/x.csv", Partition()).base == "/a/b"
    assert Destination("/a/b/c{target}.csv", Partition()).base == "/a/b"
    assert Destination("/a/x.csv", Partition()).base == "/a"
