"""Whom we believe: fingerprints, and certificates of our own."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import socket
import ssl
import subprocess

import pytest

from chatlog.connection.dialling import Address, Dialler, Route
from chatlog.connection.tls import check_fingerprint, tls_context
from chatlog.errors import ChatlogError, NetworkError, RefusedError, UsageError
from tests.servers import certificates as authority
from tests.support.waiting import PATIENCE
from tests.support.wire import heard_on, new_reactor, serving

BANNER = b":irc.test NOTICE * :hello\r\nPING :are you there\r\n"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Certificates of every kind."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    return authority.make(tmp_path_factory.mktemp("tls"))


class Server:
    """Speaks first, and remembers what it hears until the client leaves."""

    def __init__(self):
        self.heard = b""
        self.left = asyncio.Event()
        self.client = None

    async def __call__(self, reader, writer):
        self.client = writer.get_extra_info("peercert")
        try:
            writer.write(BANNER)
            await writer.drain()
            while b"QUIT" not in self.heard and (data := await reader.read(4096)):
                self.heard += data
        except OSError:
            pass  # a client that does not like us is rude
        finally:
            self.left.set()


def visit(context, **route):
    """Dial a server of this context; return the server, and what our handlers heard.

    The server answers a PING of ours before we leave, so that all is heard.
    """

    async def scene():
        server = Server()
        async with serving(server, ssl=context) as port:
            reactor = new_reactor()
            heard = heard_on(reactor)
            reactor.add_global_handler("ping", lambda link, _: link.send_raw("PONG :yes"))
            connection = reactor.server()
            dialler = Dialler(Address(host=HOST, port=port), Route(timeout=PATIENCE, **route))
            try:
                await connection.connect(HOST, port, dialler)
            except ChatlogError as error:
                await asyncio.wait_for(server.left.wait(), PATIENCE)
                return server, heard, error
            connection.disconnect("bye")
            await asyncio.wait_for(connection.closed, PATIENCE)
            return server, heard, None

    return asyncio.run(scene())


def visit_refused(context, **route):
    """Visit a server that never gets to its first word."""

    async def scene():
        server = Server()
        async with serving(server, ssl=context) as port:
            dialler = Dialler(Address(host=HOST, port=port), Route(timeout=PATIENCE, **route))
            with pytest.raises(ChatlogError) as caught:
                await new_reactor().server().connect(HOST, port, dialler)
            return server, caught.value

    return asyncio.run(scene())


# -- fingerprints --------------------------------------------------------------


@pytest.mark.parametrize("name", ["server", "expired", "wronghost", "selfsigned"])
def test_a_certificate_that_is_known_may_be_expired_nameless_or_of_nobody(made, name):
    fingerprints = ("0" * 64, made.fingerprint(name))
    server, _, error = visit(made.server(name), fingerprints=fingerprints)
    assert error is None
    assert server.heard.endswith(b"QUIT :bye\r\n")


@pytest.mark.parametrize("newest", VERSIONS)
def test_a_certificate_that_is_not_known_is_refused_before_a_word_is_said(made, newest):
    context = made.server("server")
    context.maximum_version = newest
    server, heard, error = visit(context, fingerprints=(made.fingerprint("expired"),))
    assert isinstance(error, RefusedError)
    assert made.fingerprint("server") in str(error)
    assert "--tls-fingerprint" in str(error)
    assert "\n" not in str(error)
    assert server.heard == b"", "not even a PING was answered"
    assert [event.type for event in heard] == []


def test_with_a_fingerprint_even_a_trusted_certificate_must_be_the_one(made):
    _, _, error = visit(made.server(), ca=str(made.ca), fingerprints=("0" * 64,))
    assert isinstance(error, RefusedError)


@pytest.mark.parametrize("newest", VERSIONS)
def test_what_a_server_says_at_once_is_heard_once_it_is_known(made, newest):
    context = made.server("selfsigned")
    context.maximum_version = newest

    async def scene():
        async with serving(Server(), ssl=context) as port:
            reactor = new_reactor()
            said = asyncio.get_running_loop().create_future()
            reactor.add_global_handler("ping", lambda _, event: said.set_result(event.target))
            route = Route(timeout=PATIENCE, fingerprints=(made.fingerprint("selfsigned"),))
            connection = reactor.server()
            await connection.connect(HOST, port, Dialler(Address(host=HOST, port=port), route))
            text = await asyncio.wait_for(said, PATIENCE)
            connection.abort("done")
            await connection.closed
            return text

    assert asyncio.run(scene()) == "are you there"


@pytest.mark.parametrize("name", ["expired", "wronghost", "selfsigned"])
def test_without_a_fingerprint_such_a_certificate_is_refused(made, name):
    _, error = visit_refused(made.server(name), ca=str(made.ca))
    assert isinstance(error, RefusedError)
    assert "--tls-fingerprint" in str(error)


def test_a_fingerprint_is_the_sha256_of_the_whole_certificate():
    address = Address(host="irc.test", port=6697)
    digest = hashlib.sha256(b"certificate").hexdigest()
    check_fingerprint(b"certificate", address, Route(fingerprints=(digest,)))
    check_fingerprint(b"anything", address, Route())
    for other in (b"certificatf", b"", None):
        with pytest.raises(RefusedError, match=r"irc\.test:6697"):
            check_fingerprint(other, address, Route(fingerprints=(digest,)))


def test_nothing_older_than_tls_1_2_is_spoken():
    assert tls_context(Route()).minimum_version == ssl.TLSVersion.TLSv1_2


# -- certificates of ours --------------------------------------------------------


def demanding(made):
    """A server that lets nobody in without a certificate of the authority."""
    context = made.server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(made.ca)
    return context


def test_a_certificate_of_ours_is_shown(made):
    server, _, error = visit(
        demanding(made),
        ca=str(made.ca),
        certificate=str(made.pem("wronghost")),
        key=str(made.key("wronghost")),
    )
    assert error is None
    assert server.client["subject"] == ((("commonName", "wronghost"),),)


def test_certificate_and_key_may_be_one_file(made, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text(made.key("server").read_text() + made.pem("server").read_text())
    server, _, error = visit(demanding(made), ca=str(made.ca), certificate=str(both))
    assert error is None
    assert server.client


def test_a_server_that_wants_a_certificate_and_gets_none_is_left_in_one_line(made):
    context = demanding(made)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # later versions refuse after the handshake
    server, error = visit_refused(context, ca=str(made.ca))
    assert isinstance(error, NetworkError)
    assert "\n" not in str(error)
    assert server.heard == b""


UNUSABLE = ["missing", "nonsense", "a certificate alone", "the key of another", "a passphrase"]


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_file_that_cannot_be_shown_is_a_mistake_of_usage_before_anything_is_dialled(
    made, tmp_path, kind, monkeypatch
):
    certificate, key = make_unusable(kind, made, tmp_path)
    monkeypatch.setattr(socket, "getaddrinfo", None)
    dialler = Dialler(
        Address(host="irc.test", port=6697), Route(certificate=str(certificate), key=key)
    )
    with pytest.raises(UsageError) as caught:
        asyncio.run(dial(dialler))
    text = str(caught.value)
    assert text.startswith(f"--client-cert {certificate}")
    assert ("--client-key" in text) == bool(key)
    assert "\n" not in text


async def dial(dialler):
    await new_reactor().server().connect("irc.test", 6697, dialler)


def make_unusable(kind, made, directory):
    path = directory / "client.pem"
    if kind == "nonsense":
        path.write_text("no certificate")
    if kind == "a certificate alone":
        path = made.pem("server")
    if kind == "the key of another":
        return made.pem("server"), str(made.key("expired"))
    if kind == "a passphrase":
        return made.pem("server"), str(locked(made.key("server"), directory / "locked.key"))
    return path, ""


def locked(key, path):
    command = ["openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:sesame", "-out", path]
    subprocess.run(command, check=True, capture_output=True)
    return path
