"""The file by which the next run knows the channels of invitations."""

from __future__ import annotations

import pytest

from chatlog.protocol.invitations import Invitation
from chatlog.record.invitations_file import NAME, InvitationsFile

NEW = Invitation("#new", "ada!a@h", "2026-11-23T18:20:01.123Z", 2, "out", over=True)


def test_the_next_run_reads_what_was_written_and_other_networks_stay(tmp_path):
    InvitationsFile(tmp_path).write("net", [NEW])
    InvitationsFile(tmp_path).write("other", [Invitation("#x")])
    InvitationsFile(tmp_path).write("other", [])
    assert InvitationsFile(tmp_path).read("net") == [NEW]
    assert InvitationsFile(tmp_path).read("other") == []
    assert "other" not in (tmp_path / NAME).read_text()


def test_without_invitations_there_is_no_file(tmp_path):
    InvitationsFile(tmp_path).write("net", [])
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("content", [b"", b"x", b"[]", b'{"net": [{"by": "a"}]}', b"\xff" * 100])
def test_a_damaged_file_is_begun_anew_with_a_warning(tmp_path, caplog, content):
    (tmp_path / NAME).write_bytes(content)
    assert InvitationsFile(tmp_path).read("net") == []
    assert "is not understood and begun anew" in caplog.text
    InvitationsFile(tmp_path).write("net", [NEW])
    assert InvitationsFile(tmp_path).read("net") == [NEW]
