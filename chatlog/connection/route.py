"""Where a server is, and how to reach any server of its network: values only."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from chatlog.secret import Secret, base64_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is."""

    host: str
    port: int
    tls: bool = True

    def __str__(self) -> str:
        """Name it as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a server.

    `ca` is a file that replaces the system's authorities. `fingerprints` are
    SHA-256 of certificates, in small hexadecimal letters: one of them must be
    shown, and nothing else of a certificate is then looked at. `certificate`
    and `key` are files of ours to show; `bind` is a local address; `proxy` is
    a URL without a password. Each step may take `timeout` seconds.
    """

    ca: str = ""
    fingerprints: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    bind: str = ""
    proxy: str = ""
    proxy_password: Secret = Secret()
    timeout: float = 30.0

    def secrets(self) -> Iterator[Secret]:
        """Yield the password of the proxy, and the login in base64, as HTTP proxies take it."""
        yield self.proxy_password
        if self.proxy_password:
            user = unquote(urlsplit(self.proxy).username or "")
            yield from base64_secrets(f"{user}:{self.proxy_password.reveal()}".encode())
