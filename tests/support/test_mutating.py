"""The mutating proxy damages the server's lines as its seed says, until it is told otherwise."""

from __future__ import annotations

import select
import socket
from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.mutating import DAMAGES, MutatingProxy, Mutator
from tests.support.waiting import PATIENCE

LINE = b":ada!ada@host PRIVMSG #a :hello\r\n"
STREAM = b"".join(b":ada!ada@host PRIVMSG #a :line %d\r\n" % number for number in range(200))


@given(st.sampled_from(sorted(DAMAGES)), st.integers())
def test_every_damage_changes_the_line(name, seed):
    assert DAMAGES[name](Random(seed), LINE) != LINE


@given(st.integers(), st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_the_damage_does_not_depend_on_how_the_lines_arrive(seed, cuts):
    whole = Mutator(str(seed), 0.2, Counter()).feed(STREAM)
    pieces = Mutator(str(seed), 0.2, Counter())
    places = [0, *sorted(cuts), len(STREAM)]
    fed = [pieces.feed(STREAM[a:b]) for a, b in pairwise(places)]
    assert b"".join(fed) == whole


def test_each_seed_damages_in_its_own_way_and_every_way_is_used():
    counts = Counter()
    streams = {Mutator(str(seed), 0.5, counts).feed(STREAM) for seed in range(10)}
    assert len(streams) == 10
    assert counts.keys() == DAMAGES.keys()


def test_what_comes_after_a_line_that_lost_its_end_is_a_line_of_its_own():
    mutator = Mutator("", 1.0, Counter())
    passed = b"\n"
    while passed.endswith(b"\n"):
        passed = mutator.feed(LINE)
    mutator.feed(b"PING :")
    assert mutator.rest() == b"\r\nPING :"
    assert mutator.rest() == b""


class Upstream:
    """A server that a test plays by hand."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = [self._listener]

    def meet(self, proxy):
        """Return both ends of a connection through the proxy: the client's and the server's."""
        client = socket.create_connection(("127.0.0.1", proxy.port), PATIENCE)
        server, _ = self._listener.accept()
        server.settimeout(PATIENCE)
        self._sockets += [client, server]
        return client, server

    def close(self):
        for each in self._sockets:
            each.close()


@pytest.fixture
def upstream():
    server = Upstream()
    yield server
    server.close()


def everything(end):
    received = b""
    while data := end.recv(65536):
        received += data
    return received


def exactly(end, count):
    received = b""
    while len(received) < count and (data := end.recv(count - len(received))):
        received += data
    return received


def heard(upstream, seed, **options):
    """Return what a client hears of the stream, and what was done to it."""
    with MutatingProxy(upstream.port, seed, **options) as proxy:
        client, server = upstream.meet(proxy)
        server.sendall(STREAM)
        server.shutdown(socket.SHUT_WR)
        return everything(client), proxy.damages


def test_the_same_seed_does_the_same_damage_and_another_does_other(upstream):
    once, damages = heard(upstream, 1)
    again, _ = heard(upstream, 1)
    other, _ = heard(upstream, 2)
    assert damages.total() > 0
    assert once == again != other


def test_at_probability_zero_nothing_is_damaged(upstream):
    assert heard(upstream, 1, probability=0) == (STREAM, {})


def test_what_the_client_says_passes_as_it_is_and_so_does_its_end(upstream):
    with MutatingProxy(upstream.port, 1, probability=1) as proxy:
        client, server = upstream.meet(proxy)
        client.sendall(STREAM)
        client.close()
        assert everything(server) == STREAM


def test_a_proxy_that_behaves_passes_everything_as_it_is(upstream):
    with MutatingProxy(upstream.port, 1, probability=1) as proxy:
        client, server = upstream.meet(proxy)
        server.sendall(LINE * 20 + b"PING :end\r\n")
        client.recv(1)
        proxy.behave()
        server.sendall(STREAM)
        server.shutdown(socket.SHUT_WR)
        assert everything(client).endswith(STREAM)


def test_a_frozen_proxy_passes_nothing_closes_nothing_and_lets_clients_in(upstream):
    with MutatingProxy(upstream.port, 1, probability=0) as proxy:
        client, server = upstream.meet(proxy)
        proxy.freeze()
        server.sendall(LINE)
        client.sendall(b"PONG :x\r\n")
        late, behind = upstream.meet(proxy)
        late.sendall(b"NICK late\r\n")
        assert select.select([client, server, late, behind], [], [], 0.2)[0] == []
        proxy.behave()
        assert exactly(client, len(LINE)) == LINE
        assert exactly(server, 9) == b"PONG :x\r\n"
        assert exactly(behind, 11) == b"NICK late\r\n"


def test_nobody_behind_the_proxy_is_a_connection_that_ends(upstream):
    upstream.close()
    with (
        MutatingProxy(upstream.port, 1) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as client,
    ):
        assert client.recv(1) == b""
