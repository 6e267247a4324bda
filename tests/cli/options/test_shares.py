"""The share of a recorder: `--shard 2/5` of a configuration that all recorders have."""

import pytest

from chatlog import cli
from chatlog.cli.options.shares import placement_of, share_of
from chatlog.errors import UsageError
from chatlog.settings.file import load
from chatlog.settings.shard import parse_shard, spell_shard

CHANNELS = [f"#c{number}" for number in range(40)]
CONFIG = f"""
[networks.libera]
servers = ["irc.example"]
channels = {CHANNELS}

[networks.small]
servers = ["irc.example"]
channels = ["#alone"]
accept-invites = true
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "chatlog.toml"
    path.write_text(CONFIG.replace("'", '"'))
    return path


def shares(config, count, **typed):
    loaded = load(config)
    found = []
    for number in range(1, count + 1):
        place = placement_of(loaded, {"shard": parse_shard(f"{number}/{count}"), **typed})
        found.append(share_of(loaded.networks, place, config))
    return found


def test_all_shards_together_have_each_channel_once(config):
    names = [
        each.name
        for share in shares(config, 4)
        for network in share.values()
        for each in network.channels
    ]
    assert sorted(names) == sorted([*CHANNELS, "#alone"])


def test_replicas_record_each_channel_so_often(config):
    names = [each.name for share in shares(config, 4, replicas=2)
             for network in share.values() for each in network.channels]  # fmt: skip
    assert {names.count(name) for name in CHANNELS} == {2}


def test_one_shard_alone_follows_the_invitations_of_a_network(config):
    following = [share["small"].accept_invites for share in shares(config, 4) if "small" in share]
    assert following.count(True) == 1


def test_without_a_shard_all_is_recorded(config):
    loaded = load(config)
    assert share_of(loaded.networks, placement_of(loaded, {}), config) == loaded.networks


def test_the_configuration_may_tell_the_shard(config):
    config.write_text('shard = "2/3"\nreplicas = 2\n' + config.read_text())
    place = placement_of(load(config), {})
    assert (place.number, place.shards, place.replicas) == (2, 3, 2)


def test_more_replicas_than_shards_are_refused(config):
    with pytest.raises(UsageError, match="3 replicas need as many shards, and there are 2"):
        shares(config, 2, replicas=3)


@pytest.mark.parametrize("text", ["", "1/1", "2/5", "10000/10000"])
def test_a_shard_is_spelled_as_it_is_typed(text):
    assert spell_shard(parse_shard(text)) == text


@pytest.mark.parametrize(
    "text", ["2", "0/5", "6/5", "-1/5", "1/0", "1/99999", "a/b", "1/5/6", "²/5"]
)
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(UsageError, match="is no shard"):
        parse_shard(text)


def test_a_shard_without_a_configuration_is_one_clear_error(tmp_path, capfd):
    command = ["record", "--server", "irc.example", "--channel", "#c", "--shard", "1/2"]
    assert cli.run([*command, "--archive", str(tmp_path)]) == 2
    assert "--shard goes with a configuration" in capfd.readouterr().err
