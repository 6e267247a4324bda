"""Settings of a network that contradict each other.

Owns the table of contradictions; each row names the key to change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.settings import server_names
from chatlog.settings.network import MECHANISMS
from chatlog.settings.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.settings.key_path import KeyPath
    from chatlog.settings.network import NetworkConfig


def check(network: NetworkConfig, place: KeyPath) -> None:
    """Refuse a network with a contradiction, at the key to change."""
    for key, is_wrong, reason in _DISAGREEMENTS:
        if is_wrong(network):
            raise place.at(key).refuse(reason)
    for field in MECHANISMS.get(network.sasl, ()):
        if not getattr(network, field):
            raise place.at("sasl").refuse(f"{network.sasl} needs {field.replace('_', '-')}")


def _in_clear(network: NetworkConfig) -> bool:
    return not all(server_names.choose_tls(server, network.tls) for server in network.servers)


def _proves(network: NetworkConfig) -> bool:
    return bool(network.sasl_password or network.sasl_key or network.client_cert)


_NO_INVITES: Final = "this is of no use without accept-invites = true"
_DISAGREEMENTS: Final[tuple[tuple[str, Callable[[NetworkConfig], object], str], ...]] = (
    (
        "servers",
        lambda network: not network.servers,
        f'say servers = ["HOST"], or preset = one of {", ".join(PRESETS)}',
    ),
    (
        "channels",
        lambda network: not (network.channels or network.accept_invites),
        'nothing is to be recorded; say channels = ["#python"], or accept-invites = true',
    ),
    (
        "invites-from",
        lambda network: network.invites_from and not network.accept_invites,
        _NO_INVITES,
    ),
    (
        "block-invites",
        lambda network: network.block_invites and not network.accept_invites,
        _NO_INVITES,
    ),
    (
        "invite-notice",
        lambda network: network.invite_notice and not network.accept_invites,
        _NO_INVITES,
    ),
    (
        "reconnect-max",
        lambda network: network.reconnect_max < network.reconnect_min,
        "this is less than reconnect-min",
    ),
    (
        "client-key",
        lambda network: network.client_key and not network.client_cert,
        "a key is of no use without client-cert",
    ),
    (
        "client-cert",
        lambda network: network.client_cert and _in_clear(network),
        "a certificate is shown by TLS only, which is off",
    ),
    (
        "tls-fingerprint",
        lambda network: network.tls_fingerprint and _in_clear(network),
        "a certificate is seen by TLS only, which is off",
    ),
    (
        "sasl-user",
        lambda network: network.sasl_user and not _proves(network),
        "a login needs sasl-password, sasl-password-file, sasl-key or client-cert as well",
    ),
    (
        "sasl-password",
        lambda network: network.sasl_password and not network.sasl_user,
        "a login needs sasl-user as well",
    ),
    (
        "sasl",
        lambda network: (
            network.sasl == "PLAIN" and _in_clear(network) and not network.sasl_plain_without_tls
        ),
        "PLAIN shows the password where TLS is off; sasl-plain-without-tls = true allows it",
    ),
    (
        "proxy-password",
        lambda network: network.proxy_password and not network.proxy,
        "a password is of no use without proxy",
    ),
)
"""Each contradiction: the key to change, the condition, and the remedy."""
