"""The way through a proxy: who looks names up, and every refusal in one line."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import shutil
import socket

import pytest

from chatlog.connection.dialling import Address, Dialler, Route
from chatlog.connection.proxies import Proxy, parse, require_library
from chatlog.errors import NetworkError, RefusedError, UsageError
from chatlog.secret import Secret
from tests.servers import certificates as authority
from tests.support.loop_clock import LoopClock
from tests.support.proxies import HttpProxy, SocksProxy
from tests.support.waiting import PATIENCE
from tests.support.wire import new_reactor, serving

NAME = "irc.hidden.onion"
PORT = 6697
KINDS = pytest.mark.parametrize("kind", [SocksProxy, HttpProxy], ids=["SOCKS5", "HTTP"])


@pytest.fixture(autouse=True)
def never_looked_up(monkeypatch):
    """Fail the test where our own resolver is asked for the server's name."""
    real, asked = socket.getaddrinfo, []

    def look_up(host, *arguments, **options):
        if NAME in str(host):
            asked.append(host)
            raise socket.gaierror(socket.EAI_NONAME, "this name is nobody's business")
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    assert asked == []


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Certificates for loopback."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    return authority.make(tmp_path_factory.mktemp("tls"))


async def greet(reader, writer):
    await reader.readline()
    writer.write(b":irc.test NOTICE * :hello\r\n")
    await reader.read(4096)


async def greet_at_once(reader, writer):
    writer.write(b":irc.test NOTICE * :hello\r\n")
    await reader.read(4096)


async def dial(url, *, tls=False, host=NAME, speak=True, **route):
    """Dial through a proxy, say a line, and return the text of the first that the server says."""
    reactor = new_reactor()
    said = asyncio.get_running_loop().create_future()
    reactor.add_global_handler("privnotice", lambda _, event: said.set_result(event.arguments[-1]))
    connection = reactor.server()
    address = Address(host=host, port=PORT, tls=tls)
    route = {"timeout": PATIENCE, "proxy": url, **route}
    await connection.connect(address.host, address.port, Dialler(address, Route(**route)))
    if speak:
        connection.send_raw("NICK rec")
    text = await asyncio.wait_for(said, PATIENCE)
    connection.abort("done")
    await connection.closed
    return text


def through(proxy, *, user="", handle=greet, serve=(), **options):
    """Reach a server through this proxy; return what it says first."""

    async def scene():
        async with serving(handle, **dict(serve)) as port, proxy.listening() as url:
            proxy.leads_to = port
            return await dial(url.replace("//", f"//{user}@") if user else url, **options)

    return asyncio.run(scene())


def refusal(proxy, **options):
    """Fail to reach a server through this proxy; return the one line that a person reads."""
    with pytest.raises(NetworkError) as caught:
        through(proxy, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.isprintable()
    assert "proxy 127.0.0.1:" in text
    return text


@KINDS
def test_the_proxy_is_given_the_name_and_looks_it_up_itself(kind):
    proxy = kind()
    assert through(proxy) == "hello"
    assert proxy.asked == [(NAME, PORT)]


@KINDS
@pytest.mark.parametrize(
    ("host", "asked"), [("Irc.Test.", "irc.test"), ("bücher.test", "xn--bcher-kva.test")]
)
def test_a_name_goes_to_the_proxy_in_the_one_form_of_the_wire(kind, host, asked):
    proxy = kind()
    assert through(proxy, host=host) == "hello"
    assert proxy.asked == [(asked, PORT)]


@KINDS
@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize(
    "host", ["", "a..b", ".a", "x" * 64, "ü" * 63, "a b", "a\0b", "::1%a\r\nb"]
)
def test_what_is_no_host_name_never_reaches_a_proxy(kind, tls, host):
    proxy = kind()
    with pytest.raises(NetworkError, match="not a host name"):
        through(proxy, host=host, tls=tls)
    assert proxy.asked == []


def test_an_address_in_digits_goes_as_such():
    socks, http = SocksProxy(), HttpProxy()
    assert through(socks, host="192.0.2.7") == "hello"
    assert through(http, host="2001:db8::7") == "hello"
    assert socks.asked == [("c0000207", PORT)]
    assert http.asked == [("[2001:db8::7]", PORT)]


@KINDS
def test_what_the_server_says_at_once_is_not_lost(kind):
    assert through(kind(), handle=greet_at_once, speak=False) == "hello"


def test_what_comes_with_the_answer_of_the_proxy_is_not_lost():
    together = b"HTTP/1.1 200 OK\r\n\r\n:irc.test NOTICE * :at once\r\n"
    assert through(HttpProxy(reply=(together,))) == "at once"


@pytest.mark.parametrize("cut", [12, 17, 25, 28])
def test_an_answer_in_pieces_is_read_to_its_end(cut, made):
    answer = b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n"
    proxy = HttpProxy(reply=(answer[:cut], answer[cut:]))
    ours = {"tls": True, "fingerprints": (made.fingerprint("server"),)}
    assert through(proxy, serve={"ssl": made.server()}, **ours) == "hello"


@KINDS
def test_user_and_password_open_the_way(kind):
    proxy = kind(user="ann", password="s3 ame")
    assert through(proxy, user="ann", proxy_password=Secret("s3 ame")) == "hello"


@KINDS
@pytest.mark.parametrize("user", ["", "ann"], ids=["none", "wrong"])
def test_a_wrong_password_or_none_is_refused_and_not_shown(kind, user):
    proxy = kind(user="ann", password="sesame")
    text = refusal(proxy, user=user, proxy_password=Secret("wrong-one"))
    assert "wrong-one" not in text
    assert f"does not lead to {NAME}:{PORT}" in text
    assert proxy.asked == []


@pytest.mark.parametrize("reply", range(1, 10))
def test_each_refusal_of_a_socks_proxy_is_told(reply):
    text = refusal(SocksProxy(reply=reply))
    assert f"does not lead to {NAME}:{PORT}: " in text


def test_a_refusal_of_a_socks_proxy_says_why():
    assert "refused" in refusal(SocksProxy(reply=5)).lower()


@pytest.mark.parametrize(
    "line", ["403 Forbidden", "502 Bad Gateway", "503 Service Unavailable", "301 Moved"]
)
def test_each_refusal_of_an_http_proxy_is_told_in_its_words(line):
    assert line in refusal(HttpProxy(reply=(f"HTTP/1.1 {line}\r\n\r\n".encode(),)))


@KINDS
@pytest.mark.parametrize("stage", ["greeting", "request"])
def test_a_proxy_that_falls_silent_is_given_up(kind, stage):
    clock, proxy = LoopClock(), kind(silent=stage)

    async def scene():
        async with proxy.listening() as url:
            dialling = asyncio.ensure_future(dial(url, timeout=600))
            await proxy.fell_silent.wait()
            clock.advance(600)
            await dialling

    with pytest.raises(NetworkError, match=r"^the proxy 127\.0\.0\.1:\d+ does not lead to"):
        clock.run(scene())


NONSENSE = {
    "an IRC server": b":irc.test NOTICE * :*** Looking up your hostname...\r\n",
    "an HTTP server": b"HTTP/1.0 400 Bad\x1b[31m Request\r\n\r\n<html>\r\n",
    "zeros": bytes(64),
    "ones": b"\xff" * 64,
    "a number that is none": b"HTTP/1.1 x200 OK\r\n\r\n",
    "half an answer": b"\x05",
    "words without end": b"HTTP/1.1 500 " + b"x" * 100_000,
    "control characters": b"HTTP/1.1 500 \x1b]0;owned\x07\r\n\r\n",
}


@KINDS
@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_from_a_proxy_is_reported_in_one_line(kind, nonsense):
    assert len(refusal(kind(nonsense=nonsense))) < 400


@KINDS
def test_a_proxy_that_is_not_there_is_told(kind):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"{kind.kind}://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NetworkError, match="proxy 127"):
            asyncio.run(dial(url))


def test_a_proxy_without_an_address_is_told():
    with pytest.raises(NetworkError, match=r"no address for the proxy proxy\.invalid:1080"):
        asyncio.run(dial("socks5://proxy.invalid:1080"))


def test_the_other_addresses_of_a_proxy_are_tried(monkeypatch):
    async def scene():
        proxy = SocksProxy()
        async with serving(greet) as port, proxy.listening() as url:
            proxy.leads_to = port
            proxy_port = int(url.rpartition(":")[2])
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, proxy_port))
                for host in ("127.0.0.99", "127.0.0.1")
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            return await dial(f"socks5://two.test:{proxy_port}")

    assert asyncio.run(scene()) == "hello"


@KINDS
def test_an_own_address_is_what_the_proxy_sees(kind):
    assert through(kind(), bind="127.0.0.3") == "hello"


@KINDS
def test_an_own_address_that_is_not_ours_is_a_refusal_for_good(kind):
    with pytest.raises(RefusedError) as caught:
        through(kind(), bind="192.0.2.1")
    assert str(caught.value) == "--bind 192.0.2.1 is no address of this machine"


@KINDS
def test_an_own_address_of_the_wrong_family_is_told(kind):
    assert refusal(kind(), bind="::1").endswith("has no address of the kind of --bind ::1")


@KINDS
def test_whoever_stops_waiting_leaves_nothing_open(kind):
    async def scene():
        proxy = kind(silent="request")
        async with proxy.listening() as url:
            dialling = asyncio.ensure_future(dial(url))
            await proxy.fell_silent.wait()
            dialling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await dialling

    asyncio.run(scene())  # a socket left open is a ResourceWarning, and that an error


@KINDS
def test_tls_goes_through_and_the_certificate_is_the_servers(kind, made):
    serve = {"ssl": made.server()}
    fingerprints = (made.fingerprint("server"),)
    assert through(kind(), serve=serve, tls=True, fingerprints=fingerprints) == "hello"
    assert through(kind(), serve=serve, tls=True, host="localhost", ca=str(made.ca)) == "hello"
    assert through(kind(), serve=serve, tls=True, host="LocalHost.", ca=str(made.ca)) == "hello"


# -- what is written -------------------------------------------------------------

URLS = {
    "socks5://127.0.0.1:9050": Proxy("SOCKS5", "127.0.0.1", 9050, ""),
    "socks5h://tor.test:9050": Proxy("SOCKS5", "tor.test", 9050, ""),
    "socks5://ann@[::1]:1080": Proxy("SOCKS5", "::1", 1080, "ann"),
    "http://a%40b@proxy.test:3128": Proxy("HTTP", "proxy.test", 3128, "a@b"),
    "HTTP://proxy.test:3128/": Proxy("HTTP", "proxy.test", 3128, ""),
}


@pytest.mark.parametrize(("url", "proxy"), URLS.items())
def test_a_url_is_taken_apart(url, proxy):
    assert parse(url) == proxy


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:9050", "socks4://h:1", "https://h:1", "socks5://h", "socks5://:9050"),
        *(
            "socks5://a..b:1",
            f"http://{'x' * 64}:1",
            "socks5://h:0",
            "socks5://h:99999",
            "socks5://h:port",
            "socks5://[::1:9050",
            "//h:1",
        ),
    ],
)
def test_any_other_url_is_a_mistake_of_usage(url):
    with pytest.raises(UsageError, match="--proxy") as caught:
        parse(url)
    assert "\n" not in str(caught.value)


def test_a_proxy_is_named_without_its_user():
    assert str(parse("socks5://ann@tor.test:9050")) == "proxy tor.test:9050"
    assert str(parse("socks5://[::1]:9050")) == "proxy [::1]:9050"


def test_without_the_library_it_is_said_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith("python_socks"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"pip install 'python-socks\[asyncio\]'"):
        require_library()
