"""The configuration as records: networks, channels, storage, with every default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.settings.server_names import ServerName


class ChannelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A channel to record; of one that is `nolog` nothing is written."""

    name: str
    key: Secret = Secret()
    nolog: bool = False


class NetworkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A network to record, as docs/configuration.md says of each key.

    Durations are seconds, paths absolute, fingerprints small hexadecimal
    letters. None is what nobody decided.
    """

    preset: str = ""
    servers: tuple[ServerName, ...] = ()
    tls: bool | None = None
    channels: tuple[ChannelConfig, ...] = ()
    nick: str = "chatlog"
    alternates: tuple[str, ...] = ()
    user: str = "chatlog"
    realname: str = "chatlog, recording this channel"
    user_modes: str = ""
    password: Secret = Secret()
    sasl: str = ""
    sasl_user: str = ""
    sasl_password: Secret = Secret()
    sasl_key: str = ""
    sasl_plain_without_tls: bool = False
    nickserv_password: Secret = Secret()
    tls_ca: str = ""
    tls_fingerprint: tuple[str, ...] = ()
    client_cert: str = ""
    client_key: str = ""
    proxy: str = ""
    proxy_password: Secret = Secret()
    bind: str = ""
    connect_timeout: float = 30.0
    timeout: float = 150.0
    reconnect_min: float = 2.0
    reconnect_max: float = 300.0
    retry: bool | None = None
    queries: bool = False
    max_skew: float = 300.0
    accept_invites: bool = False
    answer_whispers: bool = True
    answer_addressed: bool = True
    answer_ctcp: bool = True
    answer_text: str = ""
    announce: str = ""
    off_record_prefix: tuple[str, ...] = ("[off]", "[nolog]")
    ignore: tuple[str, ...] = ()


class StorageConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How the archive is written; sizes are in bytes, durations in seconds."""

    output: str | None = None
    format: tuple[str, ...] = ("jsonl",)
    rotate: str = "daily"
    rotate_size: int | None = None
    tz: str = "UTC"
    keep_formatting: bool = False
    file_mode: int = 0o640
    sync: str = "interval"
    sync_interval: float = 1.0
    spool_dir: str = ""
    spool_size: int = 64 * 1024 * 1024
    min_free: int = 100 * 1024 * 1024
    compress: str = "gzip"
    keep: float | None = None
    keep_bytes: int | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says; `networks` in its order, `warnings` one line each.

    Without a file, `path` is None.
    """

    networks: dict[str, NetworkConfig]
    path: Path | None = None
    storage: StorageConfig = StorageConfig()
    metrics_file: str = ""
    warnings: tuple[str, ...] = ()
