"""Networks that are known by name."""

import pytest

from chatlog.settings.presets import PRESETS, preset_for, preset_of_host
from chatlog.settings.server_names import TLS_PORT, choose_tls

ALL = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


@ALL
def test_a_preset_is_found_by_its_name_in_any_case_and_by_its_hosts(preset):
    assert preset_for(preset.name.upper()) is preset
    for server in preset.servers:
        assert preset_of_host(server.host) is preset
        assert preset_of_host(server.host.upper() + ".") is preset


@ALL
def test_a_preset_is_reached_with_tls(preset):
    assert preset.servers
    assert all(choose_tls(server, None) and server.port == TLS_PORT for server in preset.servers)


@ALL
def test_no_name_of_a_preset_could_be_meant_as_a_host(preset):
    assert "." not in preset.name


@pytest.mark.parametrize("name", ["", "irc.libera.chat", "efnet"])
def test_what_is_no_preset_is_none(name):
    assert preset_for(name) is None


@pytest.mark.parametrize("host", ["", "libera", "libera.chat", "irc.libera.chat.evil.test"])
def test_a_host_of_another_network_has_no_quirks(host):
    assert preset_of_host(host) is None


def test_twitch_takes_20_joins_in_10_seconds_and_20_lines_in_30():
    twitch = PRESETS["twitch"]
    assert (twitch.joins_per, twitch.sends_per) == ((20, 10.0), (20, 30.0))


def test_twitch_wants_its_own_capabilities_small_letters_and_a_nick_for_nobody():
    twitch = PRESETS["twitch"]
    assert {"twitch.tv/tags", "twitch.tv/commands"} <= set(twitch.capabilities)
    assert twitch.spell("#SomeBody") == "#somebody"
    assert twitch.anonymous_nick == "justinfan"


def test_other_networks_are_told_names_as_they_were_typed():
    assert PRESETS["libera"].spell("#Python") == "#Python"
