"""A server that wants TLS: obeyed at once, remembered for the next run, never gone behind.

See https://ircv3.net/specs/extensions/sts
"""

from __future__ import annotations

import asyncio
import re
import shutil
from functools import partial

import msgspec
import pytest

from chatlog.clock import now
from chatlog.connection import Address, Route
from chatlog.errors import NetworkError, RefusedError
from chatlog.event import shifted
from chatlog.record.recorder import Recorder
from chatlog.record.sts_policies import Policies
from chatlog.secret import Secret
from chatlog.write.writer import Storage, Writer
from tests.servers import certificates as authority
from tests.support.recorded import events
from tests.support.recording import plan_of
from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE
from tests.support.wire import serving

HOST = "localhost"
WEEK = 7 * 24 * 3600


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Certificates for loopback."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    return authority.make(tmp_path_factory.mktemp("tls"))


class SecureServer:
    """Welcomes whoever comes by TLS, offers `sts`, and lets them into every channel."""

    def __init__(self, sts):
        self.heard = []
        self.clients = 0
        self.recorded = asyncio.Event()
        self._sts = sts

    async def __call__(self, reader, writer):
        self.clients += 1
        async for data in reader:
            line = data.decode().strip()
            if line.startswith("QUIT"):
                return
            self.heard.append(line)
            for pattern, answer in self._answers.items():
                if found := re.match(pattern, line):
                    writer.write(answer(self, *found.groups()).encode())

    def _list(self):
        return f":secure CAP * LS :{self._sts}\r\n"

    def _welcome(self):
        return ":secure 001 rec :Welcome\r\n:secure 376 rec :End of /MOTD\r\n"

    def _let_in(self, channels):
        joins = "".join(f":rec!u@h JOIN {name}\r\n" for name in channels.split(","))
        return f"{joins}:ada!a@h PRIVMSG #demo :safe\r\nPING :heard\r\n"

    def _hear(self):
        self.recorded.set()
        return ""

    _answers = {  # noqa: RUF012 - a table
        "CAP LS": _list,
        "CAP END": _welcome,
        "JOIN :?(.*)": _let_in,
        "PONG :?heard": _hear,
    }


def record(root, made, *scripts, sts="duration=60", plain_port=0, offered=0, **plan):
    """Record localhost: these scripts at the plain port, a SecureServer by TLS.

    A script gets the port to offer, the secure server's unless `offered`. Return
    what the plain server heard, and the secure server with its `port`; what
    ended the run is raised.
    """

    async def scene():
        secure = SecureServer(f"sts={sts}")
        async with serving(secure, ssl=made.server(plan.pop("shows", "server"))) as port:
            secure.port = port
            scripts_of = [partial(each, port=offered or port) for each in scripts]
            async with ScriptedServer(*scripts_of) as plain:
                recorder = _recorder(root, made, plain_port or plain.port, plan)
                run = asyncio.ensure_future(recorder.run())
                over = asyncio.ensure_future(secure.recorded.wait())
                await asyncio.wait({run, over}, timeout=PATIENCE, return_when="FIRST_COMPLETED")
                recorder.stop("the story is over")
                over.cancel()
                await run
        return plain.received, secure

    return asyncio.run(scene())


def _recorder(root, made, port, plan):
    settings = {"ca": str(made.ca), **plan.pop("route", {})}
    session = plan.pop("identity", {})
    planned = msgspec.structs.replace(
        plan_of(port, identity=session),
        addresses=(Address(host=HOST, port=port, tls=False),),
        route=Route(timeout=PATIENCE, **settings),
        **plan,
    )
    policies = Policies(root / "sts.json")
    return Recorder([planned], Writer(Storage(root=root)), now=now, policies=policies)


def offer(peer, port):
    peer.wait_for(rb"^CAP LS 302")
    peer.wait_for(rb"^USER")
    peer.send(b":scripted CAP * LS :server-time sts=port=%d,duration=9 sasl\r\n" % port)
    peer.wait_for_the_end()


def said(root):
    return [event["text"] for event in events(root, "#demo") if event["type"] == "message"]


def test_a_plain_server_that_wants_tls_is_come_to_by_tls(tmp_path, made):
    plain, secure = record(tmp_path, made, offer)
    assert said(tmp_path) == ["safe"]
    assert secure.clients == 1
    assert [line.split()[0] for line in plain] == [b"CAP", b"NICK", b"USER"]


def test_after_the_offer_nothing_more_is_said_on_the_plain_connection(tmp_path, made):
    heard = []

    def offer_and_ask(peer, port):
        peer.wait_for(rb"^USER")
        heard.extend(peer._received)
        peer.send(
            b":scripted CAP * LS :sts=port=%d sasl=PLAIN\r\nPING :answer me\r\n"
            b":scripted 001 rec :Welcome\r\n" % port
        )
        peer.wait_for_the_end()

    secret = {"nickserv": Secret("sesame")}
    plain, secure = record(tmp_path, made, offer_and_ask, identity=secret)
    assert plain == heard
    assert "PRIVMSG NickServ :IDENTIFY sesame" in secure.heard


def test_a_policy_is_remembered_and_the_next_run_goes_by_tls_at_once(tmp_path, made, closed_port):
    _, secure = record(tmp_path, made, offer, sts=f"duration={WEEK}")
    assert Policies(tmp_path / "sts.json").port_for(HOST, now()) == secure.port

    async def next_run():
        again = SecureServer("sts=duration=0")
        async with serving(again, ssl=made.server("server")) as port:
            Policies(tmp_path / "sts.json").remember(HOST, port, WEEK, now())
            # To dial the plain port would end the run.
            recorder = _recorder(tmp_path, made, closed_port, {})
            run = asyncio.ensure_future(recorder.run())
            over = asyncio.ensure_future(again.recorded.wait())
            await asyncio.wait({run, over}, timeout=PATIENCE, return_when="FIRST_COMPLETED")
            recorder.stop("the story is over")
            over.cancel()
            await run
        return again

    assert asyncio.run(next_run()).clients == 1
    assert said(tmp_path) == ["safe", "safe"]
    assert Policies(tmp_path / "sts.json").port_for(HOST, now()) is None, "0 seconds forget it"


class RefusingServer(SecureServer):
    """Declares its policy and lets nobody in."""

    def _welcome(self):
        return ":secure 464 rec :Password incorrect\r\n"

    _answers = {**SecureServer._answers, "CAP END": _welcome}  # noqa: RUF012 - a table


def test_a_policy_counts_also_where_the_server_does_not_welcome_us(tmp_path, made):
    async def scene():
        secure = RefusingServer(f"sts=duration={WEEK}")
        async with serving(secure, ssl=made.server("server")) as port:
            Policies(tmp_path / "sts.json").remember(HOST, port, WEEK // 2, now())
            with pytest.raises(RefusedError):
                await _recorder(tmp_path, made, port, {}).run()
        return port

    port = asyncio.run(scene())
    later = shifted(now(), (WEEK - 3600) * 1000)
    assert Policies(tmp_path / "sts.json").port_for(HOST, later) == port


def test_without_a_duration_nothing_is_remembered(tmp_path, made):
    record(tmp_path, made, offer, sts="port=1")
    assert said(tmp_path) == ["safe"]
    assert not (tmp_path / "sts.json").exists(), "a plain server's duration counts for nothing"


def test_where_tls_is_not_to_be_had_there_is_no_way_back(tmp_path, made, closed_port):
    with pytest.raises(NetworkError, match="refuses connections"):
        record(tmp_path, made, offer, refuse_to_come_back, offered=closed_port)
    assert said(tmp_path) == []


def test_where_the_certificate_is_not_to_be_trusted_there_is_no_way_back(tmp_path, made):
    with pytest.raises(RefusedError, match="certificate of localhost"):
        record(tmp_path, made, offer, refuse_to_come_back, shows="wronghost")
    assert said(tmp_path) == []


def refuse_to_come_back(peer, port):
    raise AssertionError("the plain server was dialled again")


def test_an_sts_offer_without_a_port_changes_nothing(tmp_path, made):
    def go_on(peer, port):
        peer.register(["sts=duration=60"])
        peer.join("#demo", "#tea")
        peer.send(b":ada!a@h PRIVMSG #demo :plain\r\n:scripted KILL rec :over\r\nPING :heard\r\n")
        peer.wait_for(rb"^PONG :?heard")
        peer.send(b"ERROR :Closing Link: (K-Lined)\r\n")

    with pytest.raises(RefusedError):
        record(tmp_path, made, go_on)
    assert said(tmp_path) == ["plain"]
    assert not (tmp_path / "sts.json").exists()
