"""chatlog.toml: many networks, each with its channels, identity and manners.

Owns the shape of the file. The table has its keys; agreement.py compares them.
`load` returns a complete, checked configuration: presets resolved, secrets
read, paths absolute. Nothing here writes, or shows a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.settings import parsers
from chatlog.settings.agreement import check
from chatlog.settings.channel import ChannelConfig
from chatlog.settings.config import Config
from chatlog.settings.document import read_document
from chatlog.settings.key_path import KeyPath, parse_at, path_at, typed
from chatlog.settings.network import NetworkConfig
from chatlog.settings.presets import find_preset
from chatlog.settings.secret_files import exposed, readable_by_others, warning
from chatlog.settings.setting import Scope
from chatlog.settings.storage import StorageConfig
from chatlog.settings.table import PRIVATE_FILES, SECRETS, of_scope
from chatlog.settings.toml_table import Key, former_names, keys_of, known, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.settings.presets import Preset

_TABLES: Final = ("storage", "defaults", "networks")
_SECRET_KEYS: Final = frozenset(each.name for each in SECRETS)
_PEM: Final = frozenset(each.name for each in PRIVATE_FILES)
_FILES_OF_SECRETS: Final = _PEM | {f"{name}-file" for name in _SECRET_KEYS}


def _not_for_all(_value: object, place: KeyPath) -> None:
    raise place.refuse("every network has its own; say it in [networks.NAME]")


FILE: Final = keys_of(of_scope(Scope.RUN))
"""The keys before the tables."""

STORAGE: Final = keys_of(of_scope(Scope.STORAGE))
"""The keys of [storage]."""

NETWORK: Final = keys_of(of_scope(Scope.NETWORK))
"""The keys of [networks.NAME]."""

_DEFAULTS: Final = NETWORK | {
    each.name: Key(each.field, _not_for_all) for each in of_scope(Scope.NETWORK) if not each.shared
}


def load(path: Path) -> Config:
    """Read a file; raise UsageError that names file, key and reason."""
    place = KeyPath(path)
    document, mode = read_document(place)
    # Reading comes first: a document that it accepts is not nested deeply.
    return Config(path=path, **_read(document, place), warnings=_warnings(document, mode, path))


def load_storage(path: Path) -> StorageConfig:
    """Read the archive's settings alone; raise UsageError that names file, key and reason."""
    place = KeyPath(path)
    document, _ = read_document(place)
    return _storage(document, place)


def _storage(document: dict[str, Any], place: KeyPath) -> StorageConfig:
    here = place.at("storage")
    return StorageConfig(**read_table(document.get("storage", {}), STORAGE, here))


def _read(document: dict[str, Any], place: KeyPath) -> dict[str, Any]:
    tables: dict[str, Any] = {name: {} for name in _TABLES}
    for name, value in document.items():
        known(name, tables | FILE, place)
        if name in tables:
            tables[name] = typed(value, dict, place.at(name))
    before = {name: value for name, value in document.items() if name not in tables}
    defaults = read_table(tables["defaults"], _DEFAULTS, place.at("defaults"))
    return {
        "networks": _networks(tables["networks"], defaults, place.at("networks")),
        "storage": _storage(tables, place),
        **read_table(before, FILE, place),
    }


def _networks(
    tables: dict[str, Any], defaults: dict[str, Any], place: KeyPath
) -> dict[str, NetworkConfig]:
    if not tables:
        raise place.refuse("no network is named; begin one with [networks.libera]")
    spelled: dict[str, str] = {}
    networks = {}
    for name, table in tables.items():
        here = place.at(parse_at(parsers.parse_network, name, place))
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
    """Return each channel once, in the network's spelling; refuse two that differ."""
    found: dict[str, ChannelConfig] = {}
    for channel in listed:
        first = found.setdefault(channel.name.lower(), channel)
        if msgspec.structs.replace(channel, name=first.name) != first:
            raise place.refuse(f"{channel.name} is there twice, and not the same")
    for channel in by_url:
        found.setdefault(channel.name.lower(), channel)
    spell = preset.spell if preset else str
    return tuple(msgspec.structs.replace(each, name=spell(each.name)) for each in found.values())


def _warnings(document: dict[str, Any], mode: int, path: Path) -> tuple[str, ...]:
    """Return the warnings: files with secrets that others can read, and former names of keys.

    Files that the document names are readable by now.
    """
    own = readable_by_others(mode) and _holds_secret(document)
    named = [each for file, pem in _named_files(document, path) for each in exposed(file, pem=pem)]
    renamed = [
        f"{path}: storage.{former} is now called {name}; the next release refuses the old name"
        for former, name in former_names(document.get("storage", {}), STORAGE)
    ]
    return tuple(dict.fromkeys([*([warning(path)] if own else []), *named, *renamed]))


def _named_files(value: object, path: Path) -> Iterator[tuple[Path, bool]]:
    """Yield each file that may hold a secret, and whether it is PEM."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in _FILES_OF_SECRETS and isinstance(each, str) and each:
                yield path_at(each, KeyPath(path)), key in _PEM
            else:
                yield from _named_files(each, path)
    elif isinstance(value, list):
        for each in value:
            yield from _named_files(each, path)


def _holds_secret(value: object) -> bool:
    if isinstance(value, dict):
        named = any(value.get(key) for key in _SECRET_KEYS)
        return named or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))
