"""Options over the environment over chatlog.toml, made into one plan for each network.

Turns settings into the values that the recorder is made of. Nothing connects
here, but every file that a setting names is read: a mistake is reported before
anything begins.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from chatlog.archive.optout import OptOut, read_optout
from chatlog.cli.options import shares, storage
from chatlog.cli.options.storage import (
    speaks_of_another,
    storage_beside,
    typed_over,
    without_retention,
)
from chatlog.cli.options.types import given, is_typed
from chatlog.cli.show.known_secrets import hide_secrets
from chatlog.connection import Address, Route, tls_context
from chatlog.connection.proxies import require_library
from chatlog.errors import UsageError
from chatlog.protocol.invitations import InvitationSettings
from chatlog.protocol.manners import MannersSettings
from chatlog.protocol.pacing import BURST, INTERVAL
from chatlog.protocol.privacy import PrivacySettings
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.registration.sasl import Login
from chatlog.protocol.registration.sasl import check as check_login
from chatlog.protocol.relays import RelaySettings
from chatlog.protocol.session_settings import SessionSettings
from chatlog.protocol.shared_limit import part_of
from chatlog.record.supervisor import Plan
from chatlog.secret import Secret
from chatlog.settings import parsers, presets, secret_files, server_names
from chatlog.settings.channel import ListedChannel
from chatlog.settings.config import Config
from chatlog.settings.file import load
from chatlog.settings.locations import found_config
from chatlog.settings.network import NetworkConfig
from chatlog.settings.setting import Scope, variable
from chatlog.settings.table import PRIVATE_FILES, SECRETS, of_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.archive.storage import Storage
    from chatlog.settings.channel import ChannelConfig
    from chatlog.settings.presets import Preset
    from chatlog.settings.setting import Setting

_MOST_CONNECTIONS: Final = 3
"""Connections to a network that may take further ones for clones."""


def settings_of(ctx: click.Context) -> Config:
    """Return the configuration: options over the environment over a file.

    The file is that of `--config`, else the one that `locations` finds. With
    `--server` the network is typed, and the file only says how its own archive is
    kept.
    """
    typed = given(ctx)
    path = typed.pop("config", None)
    if "servers" not in typed:
        used = path or found_config()
        if used is not None:
            return _from_file(ctx, used, typed)
    elif typed.get("shard") is not None:
        raise UsageError("--shard goes with a configuration that all recorders share (--config)")
    elif path is not None and is_typed(ctx, "config"):
        raise UsageError(f"--server does not go with --config; write it into {path}")
    warnings = tuple(_exposed(typed))
    networks = _typed_network(typed)
    kept = storage_beside(ctx, typed)
    return _with_storage(Config(networks=networks, storage=kept, warnings=warnings), typed)


def _from_file(ctx: click.Context, path: Path, typed: dict[str, Any]) -> Config:
    """Return the configuration of a file with options and environment over it."""
    for each in of_scope(Scope.NETWORK):
        if not each.shared and each.field in typed:
            raise UsageError(
                f"--{each.option_name} does not go with the configuration {path};"
                " write it into that, or add --server HOST"
            )
    loaded = _without_foreign_retention(ctx, load(path), typed)
    chosen = typed.pop("network", None)
    networks = loaded.networks
    if chosen is not None:
        if chosen not in networks:
            raise UsageError(f"{path} has no network {chosen!r}; it has {', '.join(networks)}")
        networks = {chosen: networks[chosen]}
    shared = shares.placement_of(loaded, typed)
    networks = shares.share_of(networks, shared, path)
    changed = {name: _overridden(each, typed) for name, each in networks.items()}
    is_part = len(networks) < len(loaded.networks)
    warnings = tuple(dict.fromkeys([*loaded.warnings, *_exposed(typed)]))
    whole = msgspec.structs.replace(
        loaded,
        networks=changed,
        is_part=is_part,
        shard=typed.get("shard") or loaded.shard,
        warnings=warnings,
    )
    return _with_storage(whole, typed)


def _without_foreign_retention(ctx: click.Context, loaded: Config, typed: dict[str, Any]) -> Config:
    """Return a configuration without its retention, with a warning, if that is for another archive.

    Other settings of `[storage]` apply: they are how this configuration records.
    """
    kept = loaded.storage
    if not speaks_of_another(ctx, kept, typed):
        return loaded
    spared, warnings = without_retention(kept), loaded.warnings
    if typed_over(spared, typed) != typed_over(kept, typed):
        told = f"the retention of {loaded.path} is left out, as it is not for {typed['archive']}"
        warnings = (*warnings, told)
    return msgspec.structs.replace(loaded, storage=spared, warnings=warnings)


def _exposed(typed: dict[str, Any]) -> Iterator[str]:
    """Yield a warning for each typed file that holds a secret and that others can read."""
    secret = [f"{setting.field}_file" for setting in SECRETS]
    private = [setting.field for setting in PRIVATE_FILES]
    for name in ("channel_keys_file", *secret, *private):
        if path := typed.get(name):
            yield from secret_files.exposed(Path(path), pem=name in private)


def _typed_network(typed: dict[str, Any]) -> dict[str, NetworkConfig]:
    servers = typed.pop("servers", ())
    if not servers:
        raise UsageError(
            "no server; say --server HOST, or begin a configuration with `chatlog config init`"
        )
    preset = presets.preset_for(servers[0].host) if servers[0].port is None else None
    channels = (*map(ListedChannel().parse, servers[0].channels), *typed.pop("channels", ()))
    if not channels and not typed.get("accept_invites"):
        raise UsageError("no channel to record; say --channel '#python' or --channel python")
    network = _overridden(NetworkConfig(), typed)
    tls = server_names.choose_tls(servers[0], network.tls)
    name = typed.get("network") or (preset.name if preset else None)
    named = server_names.network_name(name, servers[0], tls=tls)
    return {
        named: msgspec.structs.replace(
            network,
            preset=preset.name if preset else "",
            servers=(*preset.servers, *servers[1:]) if preset else tuple(servers),
            channels=_with_keys(channels, typed.get("channel_keys_file"), preset),
        )
    }


def _with_keys(
    channels: Iterable[ChannelConfig], path: str | None, preset: Preset | None
) -> tuple[ChannelConfig, ...]:
    """Return each channel once, with its key, in the network's spelling."""
    keys, spell = _channel_keys(path), preset.spell if preset else str
    return tuple(
        msgspec.structs.replace(each, name=spell(each.name), key=keys.get(each.name, Secret()))
        for each in dict.fromkeys(channels)
    )


def _overridden(network: NetworkConfig, typed: dict[str, Any]) -> NetworkConfig:
    """Return a network's settings with options and environment over them."""
    fields = {name: typed[name] for name in network.__struct_fields__ if name in typed}
    for setting in SECRETS:
        if setting.scope is Scope.NETWORK and (secret := _secret(setting, typed)):
            fields[setting.field] = secret
    changed = msgspec.structs.replace(network, **fields)
    if changed.sasl_user and not (changed.sasl_password or changed.sasl_key or changed.client_cert):
        return msgspec.structs.replace(changed, sasl_password=_ask("Password (SASL)"))
    return changed


def _secret(setting: Setting, typed: dict[str, Any]) -> Secret:
    """Read a secret from the file that an option names, else from the environment."""
    if path := typed.get(f"{setting.field}_file"):
        return Secret(secret_files.first_line(Path(path), f"--{setting.name}-file"))
    return Secret(os.environ.get(variable(setting.name), ""))


def _ask(prompt: str) -> Secret:
    if not sys.stdin.isatty():
        raise UsageError("--sasl-user needs a password; say --sasl-password-file FILE")
    return Secret(click.prompt(prompt, hide_input=True, err=True))


def _channel_keys(path: str | None) -> dict[str, Secret]:
    """Read `#channel key` lines."""
    if path is None:
        return {}
    keys = {}
    lines = secret_files.text_of(Path(path), "--channel-keys-file").splitlines()
    for number, line in enumerate(lines, 1):
        where = f"--channel-keys-file {path}, line {number}"
        name, _, key = line.partition(" ")
        if not key.strip():
            raise UsageError(f"{where}: say '#channel key'")
        try:
            keys[parsers.channel_name(name)] = Secret(key.strip())
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
    return keys


def _with_storage(whole: Config, typed: dict[str, Any]) -> Config:
    kept = typed_over(whole.storage, typed)
    metrics = typed.get("metrics_file", whole.metrics_file)
    pipe = typed.get("pipe") or whole.pipe
    listen = typed.get("metrics_listen") or whole.metrics_listen
    return msgspec.structs.replace(
        whole,
        storage=kept,
        metrics_file=str(metrics or ""),
        metrics_listen=listen,
        pipe=pipe,
    )


# -- plans ---------------------------------------------------------------------


def plans_of(settings: Config) -> list[Plan]:
    """Return a plan for each network; those of a file are retried, unless it says otherwise.

    People of OPTOUT in the archive are ignored.
    """
    from_file = settings.path is not None
    optout = read_optout(storage_of(settings).root)
    shards = settings.shard.count if settings.shard else 1
    return [
        plan_of(name, each, retry=from_file, optout=optout, shards=shards)
        for name, each in settings.networks.items()
    ]


def plan_of(
    name: str, network: NetworkConfig, *, retry: bool, optout: OptOut, shards: int = 1
) -> Plan:
    """Return the plan for one network; raise UsageError for a setting that cannot work.

    From then on no log line or message shows a secret of that network. One of several `shards`
    gets its part of the network's limits.
    """
    shards = shards if network.divide_limits else 1
    preset = presets.find_preset(network.preset, network.servers)
    addresses = tuple(_address(server, network) for server in network.servers)
    route = _route(network)
    if any(address.tls for address in addresses):
        tls_context(route)  # a file that is no certificate is reported now, not at every dial
    identity = _identity(network, preset, tls=all(address.tls for address in addresses))
    plan = Plan(
        session=_session(name, network, identity, preset, optout, shards=shards),
        addresses=addresses,
        route=route,
        timeout=network.timeout,
        reconnect_min=network.reconnect_min,
        reconnect_max=max(network.reconnect_min, network.reconnect_max),
        retry=retry if network.retry is None else network.retry,
        talk_pace=_talk_pace(preset),
        channels_per_connection=preset.channels_per_connection if preset else None,
        connections=_connections(network, preset),
        shares_nick=bool(preset and preset.shares_nick),
        login_pace=_part(preset.logins_per if preset else None, shards),
    )
    hide_secrets(name, plan.secret_mask())
    return plan


def _part(pace: tuple[int, float] | None, shards: int) -> tuple[int, float] | None:
    return part_of(pace, shards) if pace is not None else None


def _talk_pace(preset: Preset | None) -> tuple[int, float]:
    if preset is None or preset.sends_per is None:
        return BURST, INTERVAL
    count, seconds = preset.sends_per
    return max(1, count // 2), seconds / count


def _connections(network: NetworkConfig, preset: Preset | None) -> int:
    """Return the most connections, by the number of channels if the network welcomes many."""
    if network.connections is not None:
        return network.connections
    if preset is None or preset.channels_per_connection is None:
        return _MOST_CONNECTIONS
    return max(1, -(-len(network.channels) // preset.channels_per_connection))


def _address(server: server_names.ServerName, network: NetworkConfig) -> Address:
    tls = server_names.choose_tls(server, network.tls)
    port = server.port or (server_names.TLS_PORT if tls else server_names.PLAIN_PORT)
    return Address(host=server.host, port=port, tls=tls)


def _route(network: NetworkConfig) -> Route:
    if network.proxy.startswith("socks"):
        require_library()
    return Route(
        ca=network.tls_ca,
        fingerprints=network.tls_fingerprint,
        certificate=network.client_cert,
        key=network.client_key,
        bind=network.bind,
        proxy=network.proxy,
        proxy_password=network.proxy_password,
        timeout=network.connect_timeout,
    )


def _identity(network: NetworkConfig, preset: Preset | None, *, tls: bool) -> Identity:
    return Identity(
        nick=_nick(network, preset),
        alternates=network.alternates,
        user=network.user,
        realname=network.realname,
        user_modes="" if preset and preset.no_user_modes else network.user_modes,
        password=network.password,
        login=_login(network, tls=tls),
        nickserv=network.nickserv_password,
        capabilities=preset.capabilities if preset else (),
    )


def _nick(network: NetworkConfig, preset: Preset | None) -> str:
    """Return the nick, or an anonymous one if the network has such and no login is given."""
    anonymous = preset.anonymous_nick if preset else ""
    if anonymous and not network.password and network.nick == NetworkConfig().nick:
        return f"{anonymous}{random.randint(10_000, 99_999)}"  # noqa: S311 - no secret
    return preset.spell(network.nick) if preset else network.nick


def _login(network: NetworkConfig, *, tls: bool) -> Login | None:
    wanted = network.sasl or network.sasl_user or network.sasl_key
    if not wanted:
        return None
    key = secret_files.text_of(Path(network.sasl_key), "--sasl-key") if network.sasl_key else ""
    login = Login(
        user=network.sasl_user or network.nick,
        password=network.sasl_password,
        key=Secret(key),
        certificate=bool(network.client_cert),
        mechanism=network.sasl,
        plain_without_tls=network.sasl_plain_without_tls,
    )
    check_login(login, tls=tls)
    return login


def _session(
    name: str,
    network: NetworkConfig,
    identity: Identity,
    preset: Preset | None,
    optout: OptOut,
    *,
    shards: int,
) -> SessionSettings:
    nicks, accounts = optout.names_on(name)
    return SessionSettings(
        network=name,
        identity=identity,
        channels=tuple(channel.name for channel in network.channels),
        keys={channel.name: channel.key for channel in network.channels if channel.key},
        join_pace=_part(preset.joins_per if preset else None, shards),
        accept_invites=network.accept_invites,
        invitations=InvitationSettings(
            allow=network.invites_from,
            block=network.block_invites,
            notice=network.invite_notice,
            kicks=network.invite_kicks,
        ),
        queries=network.queries,
        max_skew=int(network.max_skew * 1000),
        manners=_manners(network),
        relays=RelaySettings(
            everywhere=network.relay,
            in_channels={each.name: each.relay for each in network.channels if each.relay},
        ),
        privacy=PrivacySettings(
            off_record=network.off_record_prefix,
            ignore=(*network.ignore, *nicks),
            ignore_accounts=accounts,
            nolog=tuple(channel.name for channel in network.channels if channel.nolog),
        ),
    )


def _manners(network: NetworkConfig) -> MannersSettings:
    text = {"text": network.answer_text} if network.answer_text else {}
    return MannersSettings(
        whisper=network.answer_whispers,
        addressed=network.answer_addressed,
        ctcp=network.answer_ctcp,
        announce=network.announce,
        **text,
    )


def storage_of(settings: Config) -> Storage:
    """Return where and how transcripts are kept; raise UsageError for a bad setting."""
    return storage.storage_of(settings.storage)
