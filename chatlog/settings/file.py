"""chatlog.toml: many networks, each with its channels, identity and manners.

Owns the shape of the configuration; `keys` has its single values, `agreement`
what must agree. What `load` returns is complete and checked: presets resolved,
secrets read, paths absolute. It never writes, and shows no secret.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.settings import parsers, server_names, toml_keys
from chatlog.settings.agreement import check
from chatlog.settings.config import ChannelConfig, Config, NetworkConfig, StorageConfig
from chatlog.settings.presets import PRESETS, find_preset
from chatlog.settings.toml_values import (
    KeyPath,
    known,
    list_of,
    one_of,
    read_file,
    read_table,
    text_by,
    typed,
)

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.settings.presets import Preset

_LARGEST: Final = 16 * 1024 * 1024
_BY_OTHERS: Final = 0o044
_SECTIONS: Final = ("storage", "defaults", "networks")


def load(path: Path) -> Config:
    """Read a file; raise UsageError that names file, key and reason."""
    place = KeyPath(path)
    data, mode = read_file(path, _LARGEST, place)
    document = _parsed(data, place)
    # First what refuses: what it lets through is not nested deeply.
    return Config(path=path, **_read(document, place), warnings=_warnings(document, mode, path))


def _parsed(data: bytes, place: KeyPath) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise place.refuse(f"line {number} is not UTF-8; save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise place.refuse(f"this is not TOML: {error}") from error


def _read(document: dict[str, Any], place: KeyPath) -> dict[str, Any]:
    sections: dict[str, Any] = {name: {} for name in _SECTIONS}
    for name, value in document.items():
        known(name, sections | toml_keys.FILE, place)
        if name in sections:
            sections[name] = typed(value, dict, place.at(name))
    alone = {name: value for name, value in document.items() if name not in sections}
    storage = read_table(sections["storage"], toml_keys.STORAGE, place.at("storage"))
    defaults = read_table(sections["defaults"], _DEFAULTS, place.at("defaults"))
    return {
        "networks": _networks(sections["networks"], defaults, place.at("networks")),
        "storage": StorageConfig(**storage),
        **read_table(alone, toml_keys.FILE, place),
    }


def _networks(
    tables: dict[str, Any], defaults: dict[str, Any], place: KeyPath
) -> dict[str, NetworkConfig]:
    if not tables:
        raise place.refuse("no network is named; begin one with [networks.libera]")
    spelled: dict[str, str] = {}
    networks = {}
    for name, table in tables.items():
        here = place.at(text_by(parsers.parse_network)(name, place))
        if (first := spelled.setdefault(name.lower(), name)) != name:
            raise here.refuse(f"{first!r} would have the same directory; name one differently")
        values = defaults | read_table(table, NETWORK, here)
        networks[name] = _complete(NetworkConfig(**values), here)
        check(networks[name], here)
    return networks


def _complete(network: NetworkConfig, place: KeyPath) -> NetworkConfig:
    """Resolve the preset, and add the channels that the servers' URLs name."""
    preset = find_preset(network.preset, network.servers)
    servers = network.servers or (preset.servers if preset else ())
    by_url = tuple(ChannelConfig(name=name) for each in servers for name in each.channels)
    return msgspec.structs.replace(
        network,
        preset=preset.name if preset else "",
        servers=servers,
        channels=_channels(network.channels, by_url, preset, place.at("channels")),
    )


def _channels(
    listed: tuple[ChannelConfig, ...],
    by_url: tuple[ChannelConfig, ...],
    preset: Preset | None,
    place: KeyPath,
) -> tuple[ChannelConfig, ...]:
    """Return each channel once, spelled as the network wants it."""
    found: dict[str, ChannelConfig] = {}
    for channel in listed:
        first = found.setdefault(channel.name.lower(), channel)
        if (first.key, first.nolog) != (channel.key, channel.nolog):
            raise place.refuse(f"{channel.name} is there twice, and not the same")
    for channel in by_url:
        found.setdefault(channel.name.lower(), channel)
    spell = preset.spell if preset else str
    return tuple(msgspec.structs.replace(each, name=spell(each.name)) for each in found.values())


# -- tables ------------------------------------------------------------------


def _channel(value: object, place: KeyPath) -> ChannelConfig:
    if isinstance(value, str):
        return ChannelConfig(name=text_by(parsers.channel_name)(value, place))
    values = read_table(value, toml_keys.CHANNEL, place)
    if "name" not in values:
        raise place.at("name").refuse('a channel needs a name; say {name = "#python"}')
    return ChannelConfig(**values)


_OF_ITS_OWN: Final = toml_keys.keys_of(
    preset=one_of(*PRESETS, fold=str.lower),
    servers=list_of(text_by(server_names.parse_server)),
    channels=list_of(_channel),
)

NETWORK: Final = _OF_ITS_OWN | toml_keys.ANY_NETWORK
"""What [networks.NAME] may say."""


def _not_for_all(_value: object, place: KeyPath) -> None:
    raise place.refuse("every network has its own; say it in [networks.NAME]")


_DEFAULTS: Final = (
    toml_keys.keys_of(**dict.fromkeys(_OF_ITS_OWN, _not_for_all)) | toml_keys.ANY_NETWORK
)


def _warnings(document: object, mode: int, path: Path) -> tuple[str, ...]:
    if not (mode & _BY_OTHERS and _holds_secret(document)):
        return ()
    return (f"{path} holds a secret and others can read it; say: chmod 600 {path}",)


def _holds_secret(value: object) -> bool:
    if isinstance(value, dict):
        named = any(value.get(key) for key in toml_keys.SECRETS)
        return named or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))
