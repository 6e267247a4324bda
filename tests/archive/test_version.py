"""The version of an archive: what FORMAT may say, and what it is when it says nothing."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive import version
from chatlog.archive.version import (
    VERSION,
    LaterVersionError,
    expect_known_version,
    read_version,
)
from chatlog.errors import TranscriptError
from tests.support.format_files import DAMAGED, IN_THE_WAY, KNOWN, LATER

OURS = b"chatlog archive, version 1\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "FORMAT"


def test_an_archive_without_the_file_states_no_version_and_may_be_read(tmp_path):
    assert read_version(tmp_path) is None
    assert read_version(tmp_path / "not" / "there") is None
    expect_known_version(tmp_path)


@pytest.mark.parametrize("content", KNOWN)
def test_a_known_version_is_read_and_lines_below_it_are_for_later_versions(path, content):
    path.write_bytes(content)
    assert read_version(path.parent) == 1
    expect_known_version(path.parent)


@pytest.mark.parametrize(("content", "number"), LATER)
def test_a_later_version_is_refused_by_one_sentence(path, content, number):
    path.write_bytes(content)
    with pytest.raises(LaterVersionError) as refused:
        expect_known_version(path.parent)
    sentence = str(refused.value)
    assert sentence.startswith(f"{path.parent} has format version {number}, and chatlog ")
    assert sentence.endswith(" knows none later than 2; upgrade chatlog")
    assert "\n" not in sentence


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_an_error_that_says_what_to_do(path, content):
    path.write_bytes(content)
    with pytest.raises(TranscriptError, match="FORMAT states no version; restore it") as damaged:
        read_version(path.parent)
    assert not isinstance(damaged.value, LaterVersionError)
    assert path.read_bytes() == content


@pytest.mark.parametrize("make", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_something_else_under_its_name_is_neither_followed_nor_waited_for(path, make):
    make(path)
    with pytest.raises(TranscriptError, match="FORMAT is not a regular file; move it away"):
        read_version(path.parent)


def test_a_socket_under_its_name_is_no_regular_file(tmp_path, path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("FORMAT")
        with pytest.raises(TranscriptError, match="FORMAT is not a regular file; move it away"):
            read_version(tmp_path)


def test_a_file_that_this_user_may_not_read_is_an_error_that_names_it(path, monkeypatch):
    path.write_bytes(OURS)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(
        TranscriptError, match=r"cannot read .*FORMAT: Permission denied; make it readable"
    ):
        read_version(path.parent)


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda data: OURS[:-1] + data))
def test_whatever_the_file_holds_it_is_a_version_or_one_line_of_error(tmp_path_factory, content):
    root = tmp_path_factory.getbasetemp()
    (root / "FORMAT").write_bytes(content)
    try:
        found = read_version(root)
    except TranscriptError as error:
        said = str(error)
        assert len(said.splitlines()) == 1
    else:
        assert content.startswith(b"chatlog archive, version %d\n" % found)


@given(st.integers(VERSION + 1, 999_999_999), st.binary(max_size=100))
def test_every_number_above_ours_is_later_whatever_stands_below_it(tmp_path_factory, number, rest):
    root = tmp_path_factory.getbasetemp()
    (root / "FORMAT").write_bytes(b"chatlog archive, version %d\n" % number + rest)
    assert read_version(root) == number
    with pytest.raises(LaterVersionError, match=f"format version {number},"):
        expect_known_version(root)


def test_one_open_of_a_bounded_piece_is_all_that_reading_costs(path, monkeypatch):
    path.write_bytes(OURS + b"x" * 10_000_000)
    opened, read = [], []
    real_open, real_read = os.open, os.read
    monkeypatch.setattr(os, "open", lambda *args: opened.append(args) or real_open(*args))
    monkeypatch.setattr(os, "read", lambda fd, size: read.append(size) or real_read(fd, size))
    expect_known_version(path.parent)
    assert len(opened) == 1
    assert sum(read) <= 4096


def test_what_is_written_is_read_as_the_version_that_is_known():
    assert version.CONTENT == OURS
