"""An operator of NATS: it signs accounts and users, as `nsc` does where that is installed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING

import nkeys

if TYPE_CHECKING:
    from pathlib import Path

_UNLIMITED = dict.fromkeys(
    ("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1
) | {"wildcards": True}
_JETSTREAM = {"mem_storage": 1 << 26, "disk_storage": 1 << 28, "streams": -1, "consumer": -1}


class NatsOperator:
    """An operator with an account for chatlog, and one that the server needs for itself."""

    def __init__(self) -> None:
        self._key = _Key(nkeys.PREFIX_BYTE_OPERATOR)
        self._account = _Key(nkeys.PREFIX_BYTE_ACCOUNT)
        self._system = _Key(nkeys.PREFIX_BYTE_ACCOUNT)

    def settings(self) -> str:
        """Return the lines of the server's configuration that trust this operator."""
        accounts = ((self._account, _UNLIMITED | _JETSTREAM), (self._system, _UNLIMITED))
        preloaded = "\n".join(
            f"  {each.public}: {self._key.sign(each, 'account', {'limits': limits})}"
            for each, limits in accounts
        )
        return f"""
operator: {self._key.sign(self._key, "operator", {})}
system_account: {self._system.public}
resolver: MEMORY
resolver_preload {{
{preloaded}
}}
"""

    def credentials(self, path: Path) -> Path:
        """Write the credentials of a new user to a file, and return its path."""
        user = _Key(nkeys.PREFIX_BYTE_USER)
        limits = {"subs": -1, "data": -1, "payload": -1}
        token = self._account.sign(user, "user", {"pub": {}, "sub": {}, **limits})
        path.write_text(
            f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
        )
        return path


class _Key:
    """A pair of keys; `public` is its name."""

    def __init__(self, prefix: int) -> None:
        self.seed = nkeys.encode_seed(os.urandom(32), prefix).decode()
        self._pair = nkeys.from_seed(bytearray(self.seed.encode()))
        self.public: str = self._pair.public_key.decode()

    def sign(self, subject: _Key, kind: str, claims: dict[str, object]) -> str:
        """Return a JWT of version 2 about a subject."""
        body = {
            "iat": 0,
            "iss": self.public,
            "name": kind,
            "sub": subject.public,
            "nats": {"type": kind, "version": 2, **claims},
        }
        body["jti"] = hashlib.sha256(json.dumps(body).encode()).hexdigest()
        signed = f"{_encoded({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_encoded(body)}"
        return f"{signed}.{_unpadded(self._pair.sign(signed.encode()))}"


def _encoded(value: object) -> str:
    return _unpadded(json.dumps(value).encode())


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
