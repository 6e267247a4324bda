"""Whom to believe: the settings of TLS, and certificates known by their fingerprint."""

from __future__ import annotations

import hashlib
import ssl
from typing import TYPE_CHECKING

from chatlog.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from chatlog.connection.route import Address, Route


def tls_context(route: Route) -> ssl.SSLContext:
    """Return the settings of TLS, 1.2 or newer.

    The server's certificate is verified by the system's authorities or those
    of a file; with fingerprints, `check_fingerprint` decides instead. A file
    that cannot be used raises UsageError.
    """
    try:
        context = ssl.create_default_context(cafile=route.ca or None)
    except OSError as error:
        raise UsageError(f"--tls-ca {route.ca} cannot be used: {_said(error)}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if route.fingerprints:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if route.certificate:
        _show(context, route)
    return context


def _show(context: ssl.SSLContext, route: Route) -> None:
    try:
        # Without a terminal to ask at, a passphrase is one more reason to refuse.
        context.load_cert_chain(route.certificate, route.key or None, password=lambda: "")
    except OSError as error:
        where = route.certificate + (f" with --client-key {route.key}" if route.key else "")
        raise UsageError(
            f"--client-cert {where} cannot be used: {_said(error)};"
            " it needs certificate and key in PEM, without a passphrase"
        ) from error


def check_fingerprint(certificate: bytes | None, address: Address, route: Route) -> None:
    """Raise RefusedError unless one of the fingerprints is that of the certificate (DER)."""
    if not route.fingerprints:
        return
    found = hashlib.sha256(certificate or b"").hexdigest()
    if found not in route.fingerprints:
        raise RefusedError(
            f"the certificate of {address} has another fingerprint: {found};"
            " if that is the server's, give it by --tls-fingerprint"
        )


def _said(error: OSError) -> str:
    return error.strerror or str(error)
