"""The keys of chatlog.toml: the field that each fills, and how its value is read.

A table for each table of the file. To add a key, add a row here, a field in
the configuration's class, a row in docs/configuration.md and a line in the
commented example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.settings import parsers, toml_values
from chatlog.settings.toml_values import Key, list_of, one_of, text_by, unless_empty

if TYPE_CHECKING:
    from chatlog.settings.toml_values import Reader

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
    files = {f"{key}-file": Key(field, toml_values.secret_file) for key, field in inline.items()}
    return {key: Key(field, toml_values.secret) for key, field in inline.items()} | files


_CREDENTIALS: Final = ("password", "sasl_password", "nickserv_password", "proxy_password")

ANY_NETWORK: Final = _secrets(*_CREDENTIALS) | keys_of(
    tls=toml_values.flag,
    nick=text_by(parsers.parse_nick),
    alternates=list_of(text_by(parsers.parse_nick)),
    user=text_by(parsers.parse_user),
    realname=toml_values.line,
    user_modes=text_by(parsers.parse_user_modes),
    sasl=unless_empty(one_of(*MECHANISMS, fold=str.upper)),
    sasl_user=toml_values.line,
    sasl_key=toml_values.file,
    sasl_plain_without_tls=toml_values.flag,
    tls_ca=toml_values.file,
    tls_fingerprint=list_of(text_by(parsers.parse_fingerprint)),
    client_cert=toml_values.file,
    client_key=toml_values.file,
    proxy=unless_empty(text_by(parsers.parse_proxy)),
    bind=unless_empty(text_by(parsers.parse_bind)),
    connect_timeout=toml_values.seconds(_INSTANT),
    timeout=toml_values.seconds(_INSTANT),
    reconnect_min=toml_values.seconds(_INSTANT),
    reconnect_max=toml_values.seconds(_INSTANT),
    retry=toml_values.flag,
    queries=toml_values.flag,
    max_skew=toml_values.seconds(0),
    accept_invites=toml_values.flag,
    answer_whispers=toml_values.flag,
    answer_addressed=toml_values.flag,
    answer_ctcp=toml_values.flag,
    answer_text=toml_values.line,
    announce=toml_values.line,
    off_record_prefix=list_of(toml_values.prefix),
    ignore=list_of(text_by(parsers.parse_mask)),
)
"""What a network may say, and [defaults] for all of them."""

CHANNEL: Final = keys_of(name=text_by(parsers.channel_name), nolog=toml_values.flag) | {
    "key": Key("key", toml_values.channel_key(toml_values.secret)),
    "key-file": Key("key", toml_values.channel_key(toml_values.secret_file)),
}

STORAGE: Final = keys_of(
    output=lambda value, place: toml_values.path(value, place) or None,
    format=list_of(one_of(*FORMATS), least=1),
    rotate=one_of(*ROTATIONS),
    rotate_size=toml_values.size,
    tz=toml_values.zone,
    keep_formatting=toml_values.flag,
    file_mode=text_by(parsers.parse_file_mode),
    sync=one_of(*SYNCS),
    sync_interval=toml_values.seconds(_INSTANT),
    spool_dir=toml_values.path,
    spool_size=toml_values.size,
    min_free=toml_values.room,
    compress=one_of(*COMPRESSIONS),
    keep=toml_values.seconds(_INSTANT),
    keep_bytes=toml_values.size,
)

FILE: Final = keys_of(metrics_file=toml_values.path)
"""What stands before the tables."""

SECRETS: Final = {"key", *(field.replace("_", "-") for field in _CREDENTIALS)}
"""The keys whose very value is a secret."""
