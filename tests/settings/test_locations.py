"""Where the configuration and the archive are if nobody names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatlog.errors import UsageError
from chatlog.settings import locations
from chatlog.settings.locations import archive_in, archive_of, data_directory, found_config


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    """Give the user an empty home, and the system no configuration."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(locations, "SYSTEM_CONFIG", str(tmp_path / "etc.toml"))


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_users_configuration_comes_before_that_of_the_system(tmp_path):
    assert found_config() is None
    system = write(tmp_path / "etc.toml")
    assert found_config() == system
    own = write(tmp_path / "XDG_CONFIG_HOME/chatlog/chatlog.toml")
    assert found_config() == own


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_directory_in_place_of_the_users_configuration_is_refused(make, tmp_path):
    own = tmp_path / "XDG_CONFIG_HOME/chatlog/chatlog.toml"
    own.parent.mkdir(parents=True)
    make(own)
    with pytest.raises(UsageError, match="is no file; move it, or name a configuration"):
        found_config()


def test_the_archive_is_that_of_the_configuration_else_in_the_users_data_directory(tmp_path):
    assert archive_of(None) == data_directory() == tmp_path / "XDG_DATA_HOME/chatlog"
    own = write(tmp_path / "XDG_CONFIG_HOME/chatlog/chatlog.toml")
    assert archive_of(None) == data_directory()
    write(own, '[storage]\narchive = "a"\n')
    assert archive_of(None) == own.parent / "a"
    named = write(tmp_path / "named.toml", '[storage]\narchive = "/b"\n')
    assert archive_of(named) == Path("/b")


@pytest.mark.parametrize(
    ("text", "archive"),
    [
        ('[storage]\narchive = "~/logs"\n', "HOME/logs"),
        ('[storage]\narchive = "../logs"\n', "x/../logs"),
        ('[storage]\noutput = "logs"\n', "x/logs"),  # the former name
        ('[storage]\narchive = "new"\nnonsense = 3\n[networks]\n', "x/new"),
    ],
)
def test_a_path_may_begin_with_the_home_or_be_relative_to_the_file(text, archive, tmp_path):
    assert archive_in(write(tmp_path / "x/c.toml", text)) == tmp_path / archive


@pytest.mark.parametrize("text", ["", "[storage]\n", '[storage]\narchive = ""\n'])
def test_a_configuration_may_name_no_archive(text, tmp_path):
    assert archive_in(write(tmp_path / "c.toml", text)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("storage = 3\n", "storage: a table belongs here"),
        ("[storage]\narchive = 3\n", r"storage\.archive: a text in quotes belongs here"),
        ("[storage\n", "this is not TOML"),
        ('[storage]\narchive = "~nobody-here/x"\n', "a user who is not known here"),
    ],
)
def test_a_configuration_that_cannot_be_understood_is_named_with_the_reason(text, reason, tmp_path):
    with pytest.raises(UsageError, match=rf"c\.toml: .*{reason}"):
        archive_in(write(tmp_path / "c.toml", text))
