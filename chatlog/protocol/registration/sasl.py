"""SASL: the mechanisms that prove who we are, best first, and the form of AUTHENTICATE.

Without I/O and without a clock. No secret leaves it but in a response, and no
mechanism is begun whose cost the server alone decides: iterations are bounded.
See https://ircv3.net/specs/extensions/sasl-3.2
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec

from chatlog.errors import UsageError
from chatlog.secret import Secret, base64_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

CHUNK: Final = 400
"""Characters of base64 in one AUTHENTICATE."""

_LONGEST: Final = 16 * 1024
_ITERATIONS: Final = range(4096, 600_001)


class ExchangeError(Exception):
    """The exchange cannot go on; says in one line why, and shows no secret."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """The credentials of a login.

    `key` is the PEM text of a private key, `certificate` says that TLS shows
    one of ours, `mechanism` names the only one to use.
    """

    user: str = ""
    password: Secret = Secret()
    key: Secret = Secret()
    certificate: bool = False
    mechanism: str = ""
    plain_without_tls: bool = False
    authzid: str = ""

    def secrets(self) -> Iterator[Secret]:
        """Yield the password, and the response of PLAIN in base64."""
        yield self.password
        try:
            response = _plain(self, "").respond(b"")
        except ExchangeError:  # a password that cannot be sent comes back from nowhere
            return
        if self.password:
            yield from base64_secrets(response, CHUNK)


class _Steps(Protocol):
    """The responses of a mechanism to each challenge, in turn."""

    proved: bool
    """Whether the server has shown that it knows us, where the mechanism can tell."""

    def respond(self, challenge: bytes) -> bytes:
        """Answer the next challenge."""


class _Once:
    """One response to any challenge."""

    proved = True

    def __init__(self, response: bytes) -> None:
        self._response = response

    def respond(self, _challenge: bytes) -> bytes:
        return self._response


def _external(login: Login, _nonce: str) -> _Steps:
    return _Once(_encode(login.authzid))


def _plain(login: Login, _nonce: str) -> _Steps:
    """Return the steps of PLAIN, with the account as authorisation identity too.

    Several servers want it there. See https://www.rfc-editor.org/rfc/rfc4616
    """
    return _Once(_encode(login.authzid or login.user, login.user, login.password.reveal()))


def _encode(*parts: str) -> bytes:
    """Join texts without NUL by NULs; bytes that were no UTF-8 go out unchanged."""
    if any("\0" in part for part in parts):
        raise ExchangeError("an account or a password with a NUL cannot be sent")
    try:
        return "\0".join(parts).encode(errors="surrogateescape")
    except UnicodeEncodeError:
        # The error holds what could not be sent, which may be the password.
        raise ExchangeError("an account or a password that is not Unicode cannot be sent") from None


class _Scram:
    """See https://www.rfc-editor.org/rfc/rfc5802 and https://www.rfc-editor.org/rfc/rfc7677."""

    def __init__(self, mechanism: str, login: Login, nonce: str) -> None:
        import scramp

        self.proved = False
        self._steps = iter((self._first, self._final, self._verify))
        try:
            self._client = scramp.ScramClient(
                [mechanism], login.user, login.password.reveal(), c_nonce=nonce or None
            )
        except (scramp.ScramException, ValueError) as error:
            raise ExchangeError(
                "the account or the password has characters that SCRAM cannot"
            ) from error

    def respond(self, challenge: bytes) -> bytes:
        import scramp

        step = next(self._steps, None)
        if step is None:
            raise ExchangeError("the server asks on after the end of SCRAM")
        try:
            text = challenge.decode()
            if text.startswith("e="):
                raise ExchangeError(f"the server ends SCRAM: {text[2:]!r:.200}")
            return step(text)
        except scramp.ScramException as error:
            why = error.args[0]
            raise ExchangeError(f"the server's SCRAM makes no sense: {why!r:.200}") from error
        except ValueError as error:
            raise ExchangeError("the server's SCRAM makes no sense: it is no UTF-8") from error

    def _first(self, _challenge: str) -> bytes:
        first: str = self._client.get_client_first()
        return first.encode()

    def _final(self, challenge: str) -> bytes:
        # A second count could be the one that the library takes.
        counts = re.findall(r"(?:^|,)i([^,]*)", challenge)
        if len(counts) != 1 or not _is_bounded(counts[0]):
            raise ExchangeError(
                f"the server asks for other than {_ITERATIONS[0]} to {_ITERATIONS[-1]} iterations"
            )
        self._client.set_server_first(challenge)
        final: str = self._client.get_client_final()
        return final.encode()

    def _verify(self, challenge: str) -> bytes:
        self._client.set_server_final(challenge)
        self.proved = True
        return b""


def _is_bounded(count: str) -> bool:
    found = re.fullmatch(r"=([0-9]{4,6})", count)
    return found is not None and int(found[1]) in _ITERATIONS


def _scram(mechanism: str) -> Callable[[Login, str], _Steps]:
    return lambda login, nonce: _Scram(mechanism, login, nonce)


class _Ecdsa:
    """The account, then the signature of the server's challenge.

    See https://github.com/atheme/atheme/blob/master/modules/saslserv/ecdsa-nist256p-challenge.c
    """

    proved = True

    def __init__(self, login: Login, _nonce: str) -> None:
        self._user = login.user
        self._key = _private_key(login.key)
        self._steps = iter((self._name, self._sign))

    def respond(self, challenge: bytes) -> bytes:
        step = next(self._steps, None)
        if step is None:
            raise ExchangeError("the server asks on after the signature")
        return step(challenge)

    def _name(self, _challenge: bytes) -> bytes:
        return _encode(self._user)

    def _sign(self, challenge: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        if len(challenge) != hashes.SHA256.digest_size:
            raise ExchangeError("the server's challenge has not the length of a SHA-256")
        # The challenge stands for a digest: it is signed as it is.
        algorithm = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
        signature: bytes = self._key.sign(challenge, algorithm)
        return signature


def _private_key(pem: Secret) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(pem.reveal().encode(), password=None)
    except (ValueError, TypeError) as error:
        raise UsageError("--sasl-key is no private key in PEM without a passphrase") from error
    except UnsupportedAlgorithm:
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise UsageError("--sasl-key is no key of the curve NIST P-256 (prime256v1)")
    return key


class Mechanism(NamedTuple):
    """A mechanism: the credentials and the library it needs, and its exchange.

    `costly` is the number of the response that derives keys, from 1; 0 is none.
    """

    needs: tuple[str, ...]
    make: Callable[[Login, str], _Steps]
    library: str = ""
    costly: int = 0


MECHANISMS: Final = {
    "EXTERNAL": Mechanism(("certificate",), _external),
    "SCRAM-SHA-512": Mechanism(("user", "password"), _scram("SCRAM-SHA-512"), "scramp", costly=2),
    "SCRAM-SHA-256": Mechanism(("user", "password"), _scram("SCRAM-SHA-256"), "scramp", costly=2),
    "ECDSA-NIST256P-CHALLENGE": Mechanism(("user", "key"), _Ecdsa, "cryptography"),
    "PLAIN": Mechanism(("user", "password"), _plain),
}
"""Every mechanism, the best first."""

_OPTIONS: Final = {
    "certificate": "--client-cert",
    "user": "--sasl-user",
    "password": "--sasl-password-file",
    "key": "--sasl-key",
}

_PROOFS: Final = {
    "password": "PLAIN",
    "key": "ECDSA-NIST256P-CHALLENGE",
    "certificate": "EXTERNAL",
}
"""Which mechanism to speak of when none can be used: that of what was given."""


def usable(login: Login, *, tls: bool) -> list[str]:
    """List the mechanisms that this login can do here, the best first."""
    return [
        name
        for name in ([login.mechanism] if login.mechanism else MECHANISMS)
        if name in MECHANISMS and not _obstacle(name, login, tls=tls)
    ]


def choose(login: Login, offered: str, *, tls: bool, tried: Collection[str]) -> str:
    """Return the best mechanism that both sides can do and that was not tried; "" for none.

    `offered` are their names with commas; without any, all may be tried.
    """
    names = set(offered.upper().split(",")) if offered else set(MECHANISMS)
    able = usable(login, tls=tls)
    return next((name for name in able if name in names and name not in tried), "")


def check(login: Login, *, tls: bool) -> None:
    """Raise UsageError for a login that cannot succeed, with the missing credential."""
    if login.mechanism and login.mechanism not in MECHANISMS:
        known = ", ".join(MECHANISMS)
        raise UsageError(f"--sasl {login.mechanism!r} is not known; say one of {known}")
    if login.key and _INSTALLED["cryptography"]():
        _private_key(login.key)
    if usable(login, tls=tls):
        return
    given = (name for proof, name in _PROOFS.items() if getattr(login, proof))
    name = login.mechanism or next(given, "")
    if not name:
        raise UsageError(
            "a login needs --sasl-password-file, --sasl-key or --client-cert to prove it"
        )
    raise UsageError(f"SASL {name} {_obstacle(name, login, tls=tls)}")


def _obstacle(name: str, login: Login, *, tls: bool) -> str:
    """Return the reason why a login cannot use a mechanism, "" if it can."""
    mechanism = MECHANISMS[name]
    missing = [_OPTIONS[need] for need in mechanism.needs if not getattr(login, need)]
    if missing:
        return f"needs {' and '.join(missing)}"
    if mechanism.library and not _INSTALLED[mechanism.library]():
        return f"needs a library: pip install {mechanism.library}"
    if name == "EXTERNAL" and not tls:
        return "needs TLS, which shows the certificate"
    if name == "PLAIN" and not (tls or login.plain_without_tls):
        return "would send the password in clear; use TLS, or say --sasl-plain-without-tls"
    return ""


def _has_scramp() -> bool:
    try:
        import scramp  # noqa: F401 - is it there
    except ImportError:
        return False
    return True


def _has_cryptography() -> bool:
    try:
        import cryptography  # noqa: F401 - is it there
    except ImportError:
        return False
    return True


_INSTALLED: Final = {"scramp": _has_scramp, "cryptography": _has_cryptography}


class Exchange:
    """One conversation by AUTHENTICATE.

    An unknown mechanism, or a login that it cannot use, raises ExchangeError
    or UsageError. `nonce` is chosen by chance where none is given.
    """

    def __init__(self, login: Login, mechanism: str, nonce: str = "") -> None:
        row = MECHANISMS.get(mechanism)
        if row is None:
            raise ExchangeError(f"the mechanism {mechanism!r} is not known")
        self._mechanism = mechanism
        self._costly = row.costly
        self._responses = 0
        self._steps = row.make(login, nonce)

    @property
    def costly(self) -> bool:
        """Return whether the next response takes long to compute."""
        return self._responses + 1 == self._costly

    def respond(self, challenge: bytes) -> bytes:
        """Return the response; raise ExchangeError where the server's part makes no sense."""
        self._responses += 1
        return self._steps.respond(challenge)

    def check_success(self) -> None:
        """Raise ExchangeError where the server calls it a success but has proved nothing."""
        if not self._steps.proved:
            raise ExchangeError(
                f"the server did not prove that it knows our password (SASL {self._mechanism})"
            )


def chunks(response: bytes) -> list[str]:
    """Write a response as lines: 400 characters each, an empty one after the last full one."""
    text = base64.b64encode(response).decode()
    parts = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    if not parts or len(parts[-1]) == CHUNK:
        parts.append("+")
    return [f"AUTHENTICATE {part}" for part in parts]


class Incoming:
    """The server's challenge, as its lines come in."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, param: str) -> bytes | None:
        """Take the parameter of one AUTHENTICATE; return the challenge when it is whole.

        Raise ExchangeError for what is no base64, or too long.
        """
        self._text += "" if param == "+" else param
        if len(self._text) > _LONGEST:
            raise ExchangeError("the server's challenge is too long")
        if len(param) == CHUNK:
            return None
        text, self._text = self._text, ""
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:
            raise ExchangeError("the server's challenge is no base64") from error
