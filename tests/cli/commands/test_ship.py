"""`chatlog ship`: what is typed, without a bus. With one: tests/servers/test_bus.py."""

from __future__ import annotations

import sys

import pytest

from chatlog import cli
from chatlog.bus.archive_feed import ArchiveFeed
from tests.support.archive import UNSYNCED, event_at, record

_NOBODY = "nats://127.0.0.1:1"


@pytest.fixture
def archive(tmp_path):
    record(tmp_path / "archive", event_at(1, "hello"))
    return tmp_path / "archive"


@pytest.fixture
def ship(archive, capfd):
    """Run the command; return its status and its last line on stderr."""

    def ship(*arguments, root=archive):
        status = cli.run(["ship", *arguments, "--archive", str(root)])
        return status, capfd.readouterr().err.splitlines()[-1]

    return ship


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://bus", "nats://", "nats://bus:x", "nats://bus:99999"]
)
def test_an_address_that_is_none_is_told(ship, url):
    status, error = ship(url, "--once")
    assert status == 2
    assert "no address of a bus, as nats://HOST:4222" in error


def test_a_password_is_not_printed(ship):
    status, error = ship("nats://ann:secret@127.0.0.1:1", "--once")
    assert status == 4
    assert "nats://127.0.0.1:1 does not answer" in error
    assert "secret" not in error


def test_without_nats_py_the_extra_is_named(ship, monkeypatch):
    monkeypatch.setitem(sys.modules, "nats", None)
    assert ship(_NOBODY) == (
        2, "chatlog: a bus needs nats-py: pip install 'chatlog-irc[nats]'",
    )  # fmt: skip


_TOKEN = "-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no credentials of a NATS user: a JWT and a seed"),
        ("hunter2\n", "no credentials of a NATS user: a JWT and a seed"),
        (_TOKEN, "no credentials of a NATS user: a JWT and a seed"),
        (f"{_TOKEN}-----BEGIN USER NKEY SEED-----\nSUhunter2\n", "no seed of a NATS user"),
        (f"{_TOKEN}-----BEGIN USER NKEY SEED-----\n{'SU' * 29}\n", "no seed of a NATS user"),
    ],
)
def test_a_file_that_has_no_credentials_is_told(ship, tmp_path, text, told):
    path = tmp_path / "bus.creds"
    path.write_text(text)
    status, error = ship(_NOBODY, f"--nats-creds={path}", "--once")
    assert (status, error) == (2, f"chatlog: {path} has {told}")


def test_without_nkeys_the_extra_is_named(ship, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nkeys", None)
    (tmp_path / "bus.creds").touch()
    assert ship(_NOBODY, f"--nats-creds={tmp_path / 'bus.creds'}") == (
        2, "chatlog: --nats-creds needs nkeys: pip install 'chatlog-irc[nats]'",
    )  # fmt: skip


def test_an_archive_has_one_shipper_at_a_time(ship, archive):
    feed = ArchiveFeed(archive, "one", system=UNSYNCED)
    status, error = ship(_NOBODY, "--once")
    feed.close()
    assert (status, error) == (5, f"chatlog: another `chatlog ship` ships {archive}")


def test_an_archive_that_is_not_there_is_told(ship, tmp_path):
    status, error = ship(_NOBODY, "--once", root=tmp_path / "none")
    assert status == 1
    assert "none" in error


@pytest.mark.parametrize("name", ["witness", "outbox"])
def test_a_damaged_file_of_the_shipper_is_told(ship, archive, name):
    ArchiveFeed(archive, "one", system=UNSYNCED).close()
    (archive / ".ship" / name).write_bytes(b"\0\xff no\n")
    status, error = ship(_NOBODY, "--once")
    assert status == 3
    assert f"{archive}/.ship/{name} is damaged" in error


def test_readers_see_none_of_the_files_of_a_shipper(archive, capfd):
    ArchiveFeed(archive, "one", system=UNSYNCED).close()
    assert cli.run(["channels", "--archive", str(archive)]) == 0
    assert ".ship" not in capfd.readouterr().out
    assert cli.run(["verify", "--archive", str(archive)]) == 0
