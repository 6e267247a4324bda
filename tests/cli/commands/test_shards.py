"""Several recorders of one configuration, as docs/scale.md tells to run them."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter

import pytest

from chatlog.demo.state import CAPABILITIES
from tests.support.embedded import EmbeddedServer
from tests.support.recorded import texts
from tests.support.waiting import eventually

IN_ALL = r"net: in (\d+) of \1 channels"
CHANNELS = [f"#c{number}" for number in range(20)]


@pytest.fixture
def server():
    # It has no history: a line that nobody heard stays missing.
    capabilities = [each for each in CAPABILITIES if "chathistory" not in each]
    with EmbeddedServer(capabilities=capabilities) as running:
        yield running


class Shard:
    """One recorder with an archive and a configuration of its own."""

    def __init__(self, chatlog, server, place, number, count):
        self.archive = place / f"archive{number}"
        self._config = place / f"shard{number}.toml"
        self._number, self._port = number, server.port
        self._write(count)
        self._chatlog = chatlog
        self.process = chatlog.start("record", "--config", self._config)

    def _write(self, count):
        self._config.write_text(
            f'shard = "{self._number}/{count}"\n[storage]\narchive = "{self.archive}"\n'
            f'[networks.net]\nservers = ["irc://127.0.0.1:{self._port}"]\n'
            f'nick = "rec{self._number}"\nchannels = {json.dumps(CHANNELS)}\n'
        )

    def hears_all(self):
        """Return whether `chatlog status` says that it is in all its channels."""
        said = self._chatlog.run("status", "--json", "--archive", self.archive)
        network = json.loads(said.stdout)["networks"][0] if said.stdout else {}
        return network.get("joined", 0) == network.get("wanted", -1)

    def reload(self, count):
        self._write(count)
        os.kill(self.process.pid, signal.SIGHUP)
        self.process.wait_for("the configuration was read again")


def test_a_shard_is_added_without_a_line_missed_and_a_merge_has_each_once(
    chatlog, server, tmp_path
):
    said = Counter()

    def say(text):
        for channel in CHANNELS:
            server.say("ann", channel, text)
            said[channel, text] += 1

    shards = [Shard(chatlog, server, tmp_path, number, 3) for number in (1, 2, 3)]
    for shard in shards:
        shard.process.wait_for(IN_ALL)
    say("three shards")
    shards.append(Shard(chatlog, server, tmp_path, 4, 4))
    eventually(shards[3].hears_all)
    say("some are heard twice")
    for shard in shards[:3]:
        shard.reload(4)
        say("while they are reloaded")
    say("four shards")
    for shard in shards:
        server.answered(f"rec{shard._number}")
        shard.process.terminate()
    assert [shard.process.finish() for shard in shards] == [0, 0, 0, 0]
    merged = tmp_path / "merged"
    archives = [shard.archive for shard in shards]
    done = chatlog.run("merge", *archives, "--archive", merged)
    assert done.returncode == 0, done.stderr
    found = Counter((channel, text) for channel in CHANNELS for text in texts(merged, channel))
    assert found == said
    moved = [channel for channel in CHANNELS if (archives[3] / "net" / channel).exists()]
    assert 0 < len(moved) < len(CHANNELS)
    shown = chatlog.run("gaps", "--archive", merged, "--json").stdout.splitlines()
    assert not [each for each in map(json.loads, shown) if each["type"] == "gap"]
