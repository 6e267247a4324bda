"""Names to addresses, and the order in which they are tried."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.connection.resolving import ResolvedAddress, interleave, resolve
from tests.support.waiting import PATIENCE

NEW, OLD = socket.AF_INET6, socket.AF_INET
PLACES = st.lists(
    st.builds(
        ResolvedAddress, st.sampled_from([NEW, OLD]), st.tuples(st.integers(0, 9), st.just(6697))
    )
)


def place(family, number):
    return ResolvedAddress(family, (number, 6697))


def test_families_alternate_and_ipv6_is_first():
    found = [place(OLD, 1), place(OLD, 2), place(NEW, 3), place(OLD, 4), place(NEW, 5)]
    assert interleave(found) == [
        place(NEW, 3),
        place(OLD, 1),
        place(NEW, 5),
        place(OLD, 2),
        place(OLD, 4),
    ]


@given(PLACES)
def test_every_address_is_tried_once_and_within_a_family_nothing_moves(places):
    ordered = interleave(places)
    assert sorted(ordered) == sorted(set(places))
    for family in (NEW, OLD):
        of_family = [each for each in dict.fromkeys(places) if each.family == family]
        assert [each for each in ordered if each.family == family] == of_family


@given(PLACES)
def test_as_long_as_both_families_last_no_two_of_one_follow_each_other(places):
    ordered = interleave(places)
    counts = [sum(each.family == family for each in ordered) for family in (NEW, OLD)]
    mixed = ordered[: 2 * min(counts)]
    assert [each.family for each in mixed] == [NEW, OLD] * min(counts)


def look_up(host, port=6697):
    async def scene():
        return await resolve(host, port, asyncio.get_running_loop())

    return asyncio.run(scene())


def test_an_address_in_digits_is_found_as_it_stands():
    assert look_up("127.0.0.1") == [ResolvedAddress(OLD, ("127.0.0.1", 6697))]


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "a\0b", "\ud800"])
def test_what_is_no_name_has_no_address(host):
    with pytest.raises(socket.gaierror):
        look_up(host)


def test_an_end_of_the_loop_meanwhile_is_borne(monkeypatch):
    asked, released = threading.Event(), threading.Event()
    over = threading.Event()

    def stuck(*_, **__):
        asked.set()
        released.wait(PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    monkeypatch.setattr(threading, "excepthook", lambda _: over.set())

    async def scene():
        looking = asyncio.ensure_future(resolve("slow.test", 1, asyncio.get_running_loop()))
        await asyncio.to_thread(asked.wait)
        looking.cancel()

    asyncio.run(scene())
    (resolver,) = [each for each in threading.enumerate() if each.name == "resolver"]
    released.set()
    resolver.join(PATIENCE)
    assert not over.is_set(), "the thread ended with an exception"
