"""OPTOUT: who is not recorded, and not shown."""

from __future__ import annotations

import pytest

from chatlog.archive.optout import MOST_BYTES, OptOut, read_optout
from chatlog.errors import UsageError


def test_there_is_nobody_without_the_file(tmp_path):
    assert read_optout(tmp_path).is_nobody


def test_one_name_stands_on_each_line(tmp_path):
    text = "\ufeff# asked on Monday\nann\r\n\n  net/[bo]|x  \naccount:cat"
    (tmp_path / "OPTOUT").write_text(text)
    nicks = (("", "ann"), ("net", "[bo]|x"))
    assert read_optout(tmp_path) == OptOut(nicks, (*nicks, ("", "cat")))


@pytest.mark.parametrize("line", ["ann ben", "ann!*@*", "net/", "account:", "net/account:"])
def test_a_line_that_is_no_name_is_an_error_that_names_it(tmp_path, line):
    (tmp_path / "OPTOUT").write_text(f"ann\n{line}\n")
    with pytest.raises(UsageError, match="OPTOUT, line 2: say a nick"):
        read_optout(tmp_path)


def test_a_file_that_is_too_long_or_no_text_is_an_error(tmp_path):
    (tmp_path / "OPTOUT").write_bytes(b"\n" * (MOST_BYTES + 1))
    with pytest.raises(UsageError, match="longer than"):
        read_optout(tmp_path)
    (tmp_path / "OPTOUT").write_bytes(b"\xff\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_optout(tmp_path)
