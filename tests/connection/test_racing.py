"""The race of several addresses: who goes when, who wins, and what becomes of the others."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from chatlog.connection import racing
from chatlog.connection.dialling import Address, Dialler, Route
from chatlog.connection.racing import race
from chatlog.connection.resolving import ResolvedAddress
from chatlog.errors import NetworkError, RefusedError
from tests.support.wire import new_reactor

FOREVER = 3600


class Track:
    """Stands in for the attempts: each place does what a test says, and tells of it.

    A place is "never", "fails" or "answers"; `began` are those that were let
    go, `given_up` those that were stopped, `made` the sockets of the others.
    """

    def __init__(self, monkeypatch):
        self.began, self.given_up, self.made = [], [], {}
        self.hold, self.two = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(racing, "_attempt", self.attempt)

    async def attempt(self, place, _limit, _bind):
        name = place.sockaddr
        self.began.append(name)
        if len(self.began) == 2:
            self.two.set()
        try:
            if name.startswith("never"):
                await asyncio.Event().wait()
            if name.startswith("held"):
                await self.hold.wait()
        except asyncio.CancelledError:
            self.given_up.append(name)
            raise
        if name.startswith("fails"):
            raise ConnectionRefusedError(name)
        self.made[name] = socket.socket()
        return self.made[name]


def places(*names):
    return [ResolvedAddress(socket.AF_INET, name) for name in names]


def run(monkeypatch, *names, delay=FOREVER):
    """Race these places; return the track, and the name that won or the error."""

    async def scene():
        track = Track(monkeypatch)
        try:
            won = await race(places(*names), limit=FOREVER, delay=delay)
        except OSError as error:
            return track, error
        (winner,) = [name for name, sock in track.made.items() if sock is won]
        won.close()
        return track, winner

    return asyncio.run(scene())


def test_the_first_address_that_answers_is_taken_and_no_other_is_bothered(monkeypatch):
    track, winner = run(monkeypatch, "answers 1", "answers 2")
    assert winner == "answers 1"
    assert track.began == ["answers 1"]


def test_a_failure_lets_the_next_one_go_at_once(monkeypatch):
    track, winner = run(monkeypatch, "fails 1", "fails 2", "answers 3")
    assert winner == "answers 3"
    assert track.began == ["fails 1", "fails 2", "answers 3"]


def test_an_address_that_says_nothing_does_not_keep_the_next_one_back(monkeypatch):
    track, winner = run(monkeypatch, "never 1", "answers 2", delay=0)
    assert winner == "answers 2"
    assert track.given_up == ["never 1"]


def test_a_failure_beside_an_address_that_says_nothing_lets_the_next_one_go(monkeypatch):
    track, winner = run(monkeypatch, "never 1", "fails 2", "answers 3", delay=0.001)
    assert winner == "answers 3"
    assert track.began == ["never 1", "fails 2", "answers 3"]
    assert track.given_up == ["never 1"]


def test_where_none_answers_the_first_address_says_why(monkeypatch):
    _, error = run(monkeypatch, "fails 1", "fails 2")
    assert isinstance(error, ConnectionRefusedError)
    assert str(error) == "fails 1"


def test_no_address_is_an_error(monkeypatch):
    _, error = run(monkeypatch)
    assert str(error) == "no address"


def test_whoever_answers_too_late_is_closed(monkeypatch):
    async def scene():
        track = Track(monkeypatch)
        # Both are let go, then both answer in the same turn of the loop.
        running = asyncio.ensure_future(race(places("held 1", "held 2"), limit=FOREVER, delay=0))
        await track.two.wait()
        track.hold.set()
        won = await running
        (lost,) = [sock for sock in track.made.values() if sock is not won]
        assert won.fileno() != -1
        assert lost.fileno() == -1
        won.close()

    asyncio.run(scene())


def test_whoever_stops_waiting_leaves_nothing_open(monkeypatch):
    async def scene():
        track = Track(monkeypatch)
        running = asyncio.ensure_future(race(places("never 1", "never 2"), limit=FOREVER, delay=0))
        await track.two.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert track.given_up == ["never 1", "never 2"]

    asyncio.run(scene())


# -- with sockets --------------------------------------------------------------


@contextlib.contextmanager
def black_hole():
    """Listen and never accept, with no room for one more: a SYN gets no answer."""
    with contextlib.ExitStack() as stack:
        hole = stack.enter_context(socket.socket())
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(hole.getsockname())
        yield hole.getsockname()


@contextlib.contextmanager
def listening():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


def at(*addresses):
    return [ResolvedAddress(socket.AF_INET, address) for address in addresses]


def test_a_black_hole_does_not_hold_up_an_address_that_answers():
    async def scene():
        with black_hole() as hole, listening() as address:
            sock = await race(at(hole, address), limit=FOREVER, delay=0.01)
            assert sock.getpeername() == address
            assert not sock.getblocking()
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            sock.close()

    asyncio.run(scene())


def test_a_black_hole_alone_is_given_up():
    async def scene():
        with black_hole() as hole:
            await race(at(hole), limit=0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(scene())


def test_an_own_address_is_what_the_server_sees():
    async def scene():
        with listening() as address:
            sock = await race(at(address), limit=10, bind="127.0.0.2")
            assert sock.getsockname()[0] == "127.0.0.2"
            sock.close()

    asyncio.run(scene())


def dial(host, port, **route):
    async def scene():
        connection = new_reactor().server()
        address = Address(host=host, port=port, tls=False)
        await connection.connect(host, port, Dialler(address, Route(**route)))

    asyncio.run(scene())


@pytest.mark.parametrize("bind", ["192.0.2.1", "203.0.113.7"])
def test_an_own_address_that_is_not_ours_is_a_refusal_for_good(bind):
    with listening() as (host, port), pytest.raises(RefusedError) as caught:
        dial(host, port, bind=bind)
    assert str(caught.value) == f"--bind {bind} is no address of this machine"


def test_an_own_address_of_the_wrong_family_leaves_nothing_to_dial():
    with listening() as (host, port), pytest.raises(NetworkError) as caught:
        dial(host, port, bind="::1")
    assert str(caught.value) == f"{host}:{port} has no address of the kind of --bind ::1"


def test_an_own_address_leaves_the_other_family_out_of_the_race(monkeypatch):
    tried = []

    async def attempt(place, _limit, bind):
        tried.append((place.sockaddr[0], bind))
        raise ConnectionRefusedError

    both = [
        (family, socket.SOCK_STREAM, 6, "", (host, 6667))
        for family, host in ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1"))
    ]
    monkeypatch.setattr(racing, "_attempt", attempt)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(NetworkError):
        dial("both.test", 6667, bind="127.0.0.1")
    assert tried == [("127.0.0.1", "127.0.0.1")]
