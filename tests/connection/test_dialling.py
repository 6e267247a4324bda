"""From a host and a port to a socket, and every refusal in one line."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from chatlog.connection import dialling
from chatlog.connection.dialling import Address, Dialler, Route
from chatlog.connection.tls import tls_context
from chatlog.errors import NetworkError, RefusedError, UsageError
from tests.support.loop_clock import LoopClock
from tests.support.waiting import PATIENCE
from tests.support.wire import new_reactor, serving


async def greet(reader, writer):
    writer.write(b":irc.test NOTICE * :hello\r\n")
    await writer.drain()
    await reader.read(4096)


async def greet_at_length(reader, writer):
    await reader.read(4096)
    await greet(reader, writer)


async def dial(host, port, *, tls=True, limit=PATIENCE, **options):
    """Dial, and return the text of the first line that the server says."""
    reactor = new_reactor()
    said = asyncio.get_running_loop().create_future()
    reactor.add_global_handler("privnotice", lambda _, event: said.set_result(event.arguments[-1]))
    connection = reactor.server()
    address = Address(host=host, port=port, tls=tls)
    await connection.connect(host, port, Dialler(address, Route(timeout=limit, **options)))
    text = await said
    connection.abort("done")
    await connection.closed
    return text


def refusal(host, port, error=NetworkError, **options):
    """Dial where it must fail; return the one line that a person reads."""
    with pytest.raises(error) as caught:
        asyncio.run(dial(host, port, **options))
    text = str(caught.value)
    assert text
    assert "\n" not in text
    return text


def test_a_plain_server_is_reached():
    async def scene():
        async with serving(greet) as port:
            return await dial("127.0.0.1", port, tls=False)

    assert asyncio.run(scene()) == "hello"


def test_an_ipv6_literal_is_reached():
    async def scene():
        async with serving(greet, "::1") as port:
            return await dial("::1", port, tls=False)

    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    assert asyncio.run(scene()) == "hello"


def has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::1", 0))
        return True
    return False


@pytest.mark.parametrize(
    ("host", "text"), [("irc.test", "irc.test:6697"), ("::1", "[::1]:6697")], ids=["name", "IPv6"]
)
def test_an_address_is_written_as_people_write_it(host, text):
    assert str(Address(host=host, port=6697)) == text


@pytest.mark.parametrize("tls", [True, False])
def test_a_closed_port_refuses_and_the_usual_ports_are_named(closed_port, tls):
    text = refusal("127.0.0.1", closed_port, tls=tls)
    assert text.startswith(f"127.0.0.1:{closed_port} refuses connections")
    assert "6697" in text
    assert "--no-tls" in text


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "a..b", "x" * 70, "a\0b"])
def test_a_host_without_an_address_is_named(host):
    assert host in refusal(host, 6697)


def test_an_address_that_refuses_does_not_hide_the_next_one(monkeypatch, closed_port):
    async def scene():
        async with serving(greet) as port:
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", candidate))
                for candidate in (closed_port, port)
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            return await dial("two.test", 1, tls=False)

    assert asyncio.run(scene()) == "hello"


def test_a_stuck_resolver_delays_neither_us_nor_our_exit(monkeypatch):
    released = threading.Event()

    def stuck(*_, **__):
        released.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    assert "did not answer in time" in refusal("slow.test", 6697, limit=0.05)
    released.set()


@pytest.mark.parametrize("handle", [greet, greet_at_length], ids=["at once", "when spoken to"])
def test_a_plain_server_with_tls_on_says_no_tls(handle):
    async def scene():
        async with serving(handle) as port:
            await dial("127.0.0.1", port)

    with pytest.raises(NetworkError, match="--no-tls"):
        asyncio.run(scene())


def test_a_server_that_never_answers_tls_is_given_up(caplog):
    clock = LoopClock()

    async def scene():
        heard = asyncio.Event()

        async def wait(reader, _writer):
            while await reader.read(4096):
                heard.set()

        async with serving(wait) as port:
            dialling = asyncio.ensure_future(dial("127.0.0.1", port, limit=600))
            await heard.wait()
            clock.advance(600)
            await dialling

    with pytest.raises(NetworkError, match="--no-tls"):
        clock.run(scene())


def test_a_server_that_hangs_up_on_tls_is_told(caplog):
    async def hang_up(reader, writer):
        await reader.read(4096)

    async def scene():
        async with serving(hang_up) as port:
            await dial("127.0.0.1", port)

    with pytest.raises(NetworkError, match="--no-tls"):
        asyncio.run(scene())


# -- certificates ----------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return a certificate for 127.0.0.1 that signed itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", key, "-out", certificate, "-days", "2"),
            *("-subj", "/CN=irc.test", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def server_context(certificate, newest=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    context.maximum_version = newest
    return context


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_with_a_certificate_that_we_trust_is_reached(certificate, newest):
    async def scene():
        async with serving(greet, ssl=server_context(certificate, newest)) as port:
            return await dial("127.0.0.1", port, ca=str(certificate[0]))

    assert asyncio.run(scene()) == "hello"


UNTRUSTED = {
    "an unknown authority": ("127.0.0.1", False),
    "another name": ("localhost", True),
}


@pytest.mark.parametrize(("host", "trusted"), UNTRUSTED.values(), ids=UNTRUSTED)
def test_a_certificate_that_does_not_fit_is_refused_for_good(certificate, host, trusted):
    async def scene():
        async with serving(greet, ssl=server_context(certificate)) as port:
            await dial(host, port, ca=str(certificate[0]) if trusted else "")

    with pytest.raises(RefusedError, match=r"certificate of .* is refused: .*--tls-ca"):
        asyncio.run(scene())


def test_an_authority_that_cannot_be_read_is_a_mistake_of_usage(tmp_path):
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    for path in (tmp_path / "nowhere.pem", nonsense):
        with pytest.raises(UsageError, match=f"--tls-ca {path}"):
            tls_context(Route(ca=str(path)))


@pytest.mark.parametrize(
    ("hangs", "route", "stage"),
    [
        ("resolve", {}, "the look-up of irc.test"),
        ("race", {}, "the connection to irc.test:6667"),
        (
            "connect_through",
            {"proxy": "socks5://127.0.0.1:1"},
            "the proxy's connection to irc.test:6667",
        ),
    ],
)
def test_a_dialler_names_the_answer_that_it_waits_for(monkeypatch, hangs, route, stage):
    async def scenario():
        waits = asyncio.Event()

        async def resolved(*_arguments):
            return []

        async def hang(*_arguments, **_options):
            waits.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(dialling, "resolve", resolved)
        monkeypatch.setattr(dialling, "usable", lambda found, *_: found)
        monkeypatch.setattr(dialling, hangs, hang)
        dialler = Dialler(Address(host="irc.test", port=6667, tls=False), Route(**route))
        dial = asyncio.ensure_future(dialler(asyncio.Protocol(), ("", 0)))
        await waits.wait()
        dial.cancel()
        return dialler.stage

    assert asyncio.run(scenario()) == stage
