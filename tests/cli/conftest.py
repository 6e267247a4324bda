"""What every test of a command needs."""

from __future__ import annotations

import pytest

from tests.support.archive import event_at, record


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Keep the archive and the settings of whoever runs the tests out of them."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("CHATLOG_ARCHIVE", "CHATLOG_CONFIG", "CHATLOG_NETWORK", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def archive(tmp_path):
    """Record one line, and return the archive."""
    root = tmp_path / "archive"
    record(root, event_at(0, "hello"))
    return root
