"""A throw-away certificate authority and what it signs, for TLS on loopback.

Made with the openssl program, in a directory that the caller removes. Each
`NAME.pem` has a `NAME.key` beside it:

    server      localhost and 127.0.0.1, signed by the authority
    wronghost   another name, signed by the authority
    expired     localhost and 127.0.0.1, signed by the authority, ended in 2020
    selfsigned  localhost and 127.0.0.1, signed by itself
"""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_HERE = "DNS:localhost,IP:127.0.0.1,IP:::1"
_NOW = ("20200101000000Z", "20491231000000Z")
_LONG_AGO = ("20190101000000Z", "20200101000000Z")
_SIGNED = {
    "server": (_HERE, _NOW),
    "wronghost": ("DNS:elsewhere.invalid", _NOW),
    "expired": (_HERE, _LONG_AGO),
}
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_AUTHORITY = """
[ca]
default_ca = this
[this]
database = index.txt
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


class Certificates(NamedTuple):
    """Where the certificates lie."""

    directory: Path

    @property
    def ca(self) -> Path:
        """The authority to trust (`--tls-ca`)."""
        return self.directory / "ca.pem"

    def pem(self, name: str) -> Path:
        return self.directory / f"{name}.pem"

    def key(self, name: str) -> Path:
        return self.directory / f"{name}.key"

    def client(self) -> ssl.SSLContext:
        """A client that trusts the authority and nobody else."""
        return ssl.create_default_context(cafile=self.ca)

    def server(self, name: str = "server") -> ssl.SSLContext:
        """A server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem(name), self.key(name))
        return context

    def fingerprint(self, name: str) -> str:
        """The SHA-256 of a certificate, in hex."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem(name).read_text())).hexdigest()


def make(directory: Path) -> Certificates:
    """Make them all in an empty directory."""
    (directory / "ca.conf").write_text(_AUTHORITY)
    (directory / "index.txt").write_text("")
    _sign_itself(directory, "ca", "keyUsage=keyCertSign,cRLSign")
    _sign_itself(directory, "selfsigned", f"subjectAltName={_HERE}")
    for name, (names, validity) in _SIGNED.items():
        _sign(directory, name, names, validity)
    return Certificates(directory)


def _sign_itself(directory: Path, name: str, extension: str) -> None:
    files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
    about = ("-x509", "-days", "30", "-subj", f"/CN=chatlog test {name}", "-addext", extension)
    _openssl(directory, "req", *_NEW_KEY, *about, *files)


def _sign(directory: Path, name: str, names: str, validity: tuple[str, str]) -> None:
    request, (start, end) = f"{name}.csr", validity
    about = ("-subj", f"/CN={name}", "-addext", f"subjectAltName={names}")
    _openssl(directory, "req", *_NEW_KEY, *about, "-keyout", f"{name}.key", "-out", request)
    authority = ("-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key")
    dates = ("-startdate", start, "-enddate", end)
    files = ("-in", request, "-out", f"{name}.pem", "-notext")
    _openssl(directory, "ca", "-batch", *authority, *dates, *files)


def _openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)
