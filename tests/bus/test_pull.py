"""Messages are taken from a consumer batch after batch, in order, and none is passed over."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from chatlog.bus.pull import Pull
from chatlog.errors import NetworkError

INBOX = "_INBOX.own"
FULL = {"Status": "409", "Description": "Message Size Exceeds MaxBytes"}
OVER = {"Status": "408", "Description": "Request Timeout"}


def line(delivered, *, left=0, headers=None, reply="$JS.ACK.S.c.1.{0}.{1}.1700000000.{2}"):
    """Make the message of the stream that a consumer delivers as its n-th."""
    given = {"Nats-Msg-Id": f"one:{delivered}", **(headers or {})}
    return SimpleNamespace(
        subject="chatlog.net.#c",
        reply=reply.format(delivered + 100, delivered, left),
        headers=given,
        data=b"%d" % delivered,
    )


def status(headers):
    """Make the message by which the server ends a request."""
    return SimpleNamespace(subject=INBOX, reply="", headers=headers, data=b"")


class Server:
    """A server that answers each request with the next of its lists of messages."""

    def __init__(self, *answers):
        self.answers = [*answers]
        self.asked = []
        self.max_payload = 1024
        self.is_closed = False

    def new_inbox(self):
        return INBOX

    async def subscribe(self, subject, *, cb, **_):
        assert subject == INBOX
        self.deliver = cb

    async def publish(self, subject, data, *, reply):
        self.asked.append((subject, reply, json.loads(data)))
        for message in self.answers.pop(0) if self.answers else ():
            await self.deliver(message)


def read(server, batches=1, *, ends=False):
    """Return the contents of so many batches, and what the last one left."""

    async def reading():
        pull = Pull(server, "S", "c", ends=ends)
        await pull.start()
        found = [[each.data for each in await pull.batch()] for _ in range(batches)]
        return found, pull.left

    return asyncio.run(reading())


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.S.c.1.{0}.{1}.1700000000.{2}",
        "$JS.ACK.domain.hash.S.c.1.{0}.{1}.1700000000.{2}",
        "$JS.ACK.domain.hash.S.c.1.{0}.{1}.1700000000.{2}.random",
    ],
)
def test_each_form_of_a_reply_subject_tells_where_a_message_stands(reply):
    async def reading():
        pull = Pull(Server([line(1, left=7, reply=reply), status(OVER)]), "S", "c", ends=False)
        await pull.start()
        return await pull.batch(), pull.left

    [found], left = asyncio.run(reading())
    assert found == ("chatlog.net.#c", "one:1", b"1", 101)
    assert left == 7


def test_the_next_batch_is_asked_for_before_the_last_one_is_handed_out():
    server = Server([line(1, left=1), status(OVER)], [line(2), status(OVER)])
    assert read(server) == ([[b"1"]], 0)
    assert len(server.asked) == 2
    assert {(subject, reply) for subject, reply, _ in server.asked} == {
        ("$JS.API.CONSUMER.MSG.NEXT.S.c", INBOX)
    }


def test_no_message_comes_twice_or_is_left_out_from_one_batch_to_the_next():
    answers = [[line(each), status(OVER)] for each in range(1, 6)]
    assert read(Server(*answers), 5)[0] == [[b"%d" % each] for each in range(1, 6)]


def test_a_request_that_brings_nothing_is_the_end_of_the_stream():
    server = Server([line(1, left=3), status(OVER)], [status(OVER)], [status(OVER)])
    assert read(server, 2) == ([[b"1"], []], 0)


def test_at_the_end_of_the_stream_one_that_ends_does_not_wait_for_the_end_of_its_request():
    assert read(Server([line(1, left=1), line(2)]), ends=True) == ([[b"1", b"2"]], 0)


def test_a_message_that_was_lost_on_the_way_breaks_the_connection_off():
    with pytest.raises(NetworkError, match="lost on the way"):
        read(Server([line(1), line(3)]))


def test_the_header_of_a_status_in_a_line_of_the_stream_means_nothing():
    assert read(Server([line(1, headers={"Status": "503"}), status(OVER)]))[0] == [[b"1"]]


def test_a_message_that_somebody_else_sends_there_is_passed_over():
    foreign = SimpleNamespace(subject="x", reply="", headers=None, data=b"x")
    assert read(Server([foreign, line(1), status(OVER)]))[0] == [[b"1"]]


def test_a_batch_that_is_full_by_its_bytes_is_followed_by_the_next():
    server = Server([line(1, left=1), status(FULL)], [line(2), status(OVER)])
    assert read(server, 2)[0] == [[b"1"], [b"2"]]


@pytest.mark.parametrize(
    "headers", [{"Status": "503"}, {"Status": "409", "Description": "Consumer Deleted"}, FULL]
)
def test_a_refused_request_breaks_the_connection_off_instead_of_being_asked_at_once(headers):
    server = Server([status(headers)])
    with pytest.raises(NetworkError, match="refuses to deliver"):
        read(server)
    assert len(server.asked) == 1


def test_a_connection_that_broke_is_told():
    server = Server()
    server.is_closed = True
    with pytest.raises(NetworkError, match="broke"):
        read(server)
