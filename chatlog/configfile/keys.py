"""The keys of chatlog.toml: the field that each fills, and how its value is read.

A table for each table of the file. To add a key, add a row here, a field in
the configuration's class, a row in docs/configuration.md and a line in the
commented example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog import config
from chatlog.configfile import values
from chatlog.configfile.values import Key, list_of, one_of, text_by, unless_empty

if TYPE_CHECKING:
    from chatlog.configfile.values import Reader

MECHANISMS: Final = {
    "EXTERNAL": ("client_cert",),
    "SCRAM-SHA-512": ("sasl_user", "sasl_password"),
    "SCRAM-SHA-256": ("sasl_user", "sasl_password"),
    "ECDSA-NIST256P-CHALLENGE": ("sasl_user", "sasl_key"),
    "PLAIN": ("sasl_user", "sasl_password"),
}
"""Each SASL mechanism with the fields that it needs."""

FORMATS: Final = ("jsonl", "text")
ROTATIONS: Final = ("hourly", "daily", "weekly", "monthly", "never")

COMPRESSIONS: Final = ("gzip", "zstd", "none")
SYNCS: Final = ("interval", "always", "never")

_INSTANT: Final = 0.001


def keys_of(**readers: Reader) -> dict[str, Key]:
    """Make the rows of a table of keys: a field is spelled with hyphens."""
    return {field.replace("_", "-"): Key(field, read) for field, read in readers.items()}


def _secrets(*fields: str) -> dict[str, Key]:
    inline = {field.replace("_", "-"): field for field in fields}
    files = {f"{key}-file": Key(field, values.secret_file) for key, field in inline.items()}
    return {key: Key(field, values.secret) for key, field in inline.items()} | files


_CREDENTIALS: Final = ("password", "sasl_password", "nickserv_password", "proxy_password")

ANY_NETWORK: Final = _secrets(*_CREDENTIALS) | keys_of(
    tls=values.flag,
    nick=text_by(config.parse_nick),
    alternates=list_of(text_by(config.parse_nick)),
    user=text_by(config.parse_user),
    realname=values.line,
    user_modes=text_by(config.parse_user_modes),
    sasl=unless_empty(one_of(*MECHANISMS, fold=str.upper)),
    sasl_user=values.line,
    sasl_key=values.file,
    sasl_plain_without_tls=values.flag,
    tls_ca=values.file,
    tls_fingerprint=list_of(text_by(config.parse_fingerprint)),
    client_cert=values.file,
    client_key=values.file,
    proxy=unless_empty(text_by(config.parse_proxy)),
    bind=unless_empty(text_by(config.parse_bind)),
    connect_timeout=values.seconds(_INSTANT),
    timeout=values.seconds(_INSTANT),
    reconnect_min=values.seconds(_INSTANT),
    reconnect_max=values.seconds(_INSTANT),
    retry=values.flag,
    queries=values.flag,
    max_skew=values.seconds(0),
    accept_invites=values.flag,
    answer_whispers=values.flag,
    answer_addressed=values.flag,
    answer_ctcp=values.flag,
    answer_text=values.line,
    announce=values.line,
    off_record_prefix=list_of(values.prefix),
    ignore=list_of(text_by(config.parse_mask)),
)
"""What a network may say, and [defaults] for all of them."""

CHANNEL: Final = keys_of(name=text_by(config.channel_name), nolog=values.flag) | {
    "key": Key("key", values.channel_key(values.secret)),
    "key-file": Key("key", values.channel_key(values.secret_file)),
}

STORAGE: Final = keys_of(
    output=lambda value, place: values.path(value, place) or None,
    format=list_of(one_of(*FORMATS), least=1),
    rotate=one_of(*ROTATIONS),
    rotate_size=values.size,
    tz=values.zone,
    keep_formatting=values.flag,
    file_mode=text_by(config.parse_file_mode),
    sync=one_of(*SYNCS),
    sync_interval=values.seconds(_INSTANT),
    spool_dir=values.path,
    spool_size=values.size,
    min_free=values.room,
    compress=one_of(*COMPRESSIONS),
    keep=values.seconds(_INSTANT),
    keep_bytes=values.size,
)

FILE: Final = keys_of(metrics_file=values.path)
"""What stands before the tables."""

SECRETS: Final = {"key", *(field.replace("_", "-") for field in _CREDENTIALS)}
"""The keys whose very value is a secret."""
