"""`chatlog collect`: what is typed, without a bus. With one: tests/servers/test_bus.py."""

from __future__ import annotations

import pytest

from chatlog import cli
from chatlog.archive.storage import Storage
from chatlog.bus.collection import Collection
from tests.support.archive import UNSYNCED, event_at, record
from tests.support.bus import ListCollector, ListShipper, Stream

_NOBODY = "nats://127.0.0.1:1"


@pytest.fixture
def collected(tmp_path):
    """Collect the archive of one recorder."""
    record(tmp_path / "a", event_at(1, "hello"))
    stream = Stream()
    ListShipper(tmp_path / "a", stream).ship()
    collector = ListCollector(tmp_path / "all", stream)
    collector.collect()
    collector.close()
    return tmp_path / "all"


def test_a_bus_that_is_away_is_told(collected, capfd):
    assert cli.run(["collect", _NOBODY, "--once", "--archive", str(collected)]) == 4
    assert "nats://127.0.0.1:1 does not answer" in capfd.readouterr().err


@pytest.mark.parametrize("wrong", ["--max-size=much", "--max-age=always", "--nats-creds=/none"])
def test_a_wrong_option_is_told(wrong, capfd, tmp_path):
    assert cli.run(["collect", _NOBODY, "--create", wrong, "--archive", str(tmp_path)]) == 2
    assert wrong.partition("=")[0] in capfd.readouterr().err


def test_a_damaged_position_is_told(collected, capfd):
    (collected / ".witnesses" / "position.json").write_bytes(b"no")
    assert cli.run(["collect", _NOBODY, "--once", "--archive", str(collected)]) == 3
    assert "position.json is damaged; remove it" in capfd.readouterr().err


def test_an_archive_has_one_collector_at_a_time(collected, capfd):
    storage = Storage(root=collected)
    collection = Collection(storage, lambda: 0.0, system=UNSYNCED)
    status = cli.run(["collect", _NOBODY, "--once", "--archive", str(collected)])
    collection.close()
    assert status == 5
    assert f"another `chatlog collect` collects into {collected}" in capfd.readouterr().err


def test_a_collected_archive_is_whole_and_has_no_further_targets(collected, capfd):
    assert cli.run(["verify", "--archive", str(collected)]) == 0
    assert cli.run(["channels", "--json", "--archive", str(collected)]) == 0
    assert capfd.readouterr().out.count('"type": "target"') == 1
