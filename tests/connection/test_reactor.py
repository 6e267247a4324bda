"""The reactor: one event for each line, and what we use of the library beneath."""

from __future__ import annotations

import asyncio
import inspect
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from irc import client, client_aio, events
from irc.connection import AioFactory

from chatlog.connection.link import Connection, Protocol
from chatlog.connection.reactor import ANY, DISCONNECT, READ, UNFINISHED, Reactor, line_event
from chatlog.protocol.message import parse
from tests.support.wire import NOW, connected, heard_on, new_reactor


def event_of(line):
    return line_event(parse(line.encode()), NOW)


# -- what we use of the library --------------------------------------------


def test_the_librarys_reactor_takes_a_loop_and_keeps_handlers_by_priority():
    loop = asyncio.new_event_loop()
    reactor = client_aio.AioReactor(loop=loop)
    reactor.add_global_handler("welcome", print, 5)
    reactor.add_global_handler("welcome", len, -5)
    assert reactor.loop is loop
    assert reactor.connections == []
    assert [handler.callback for handler in sorted(reactor.handlers["welcome"])] == [len, print]
    assert reactor.remove_global_handler("welcome", len)
    loop.close()


def test_the_librarys_reactor_answers_ping_by_a_handler_that_can_be_removed():
    loop = asyncio.new_event_loop()
    reactor = client_aio.AioReactor(loop=loop)
    assert reactor.remove_global_handler("ping", client_aio._ping_ponger)
    loop.close()


def test_the_librarys_classes_are_put_together_as_our_hooks_expect():
    assert issubclass(Connection, client_aio.AioConnection)
    assert client_aio.AioReactor.connection_class is client_aio.AioConnection
    assert client_aio.AioConnection.protocol_class is client_aio.IrcProtocol
    assert [*inspect.signature(client_aio.IrcProtocol).parameters] == ["connection", "loop"]
    assert [*inspect.signature(client_aio.AioConnection).parameters] == ["reactor"]
    assert [*inspect.signature(AioFactory.connect).parameters] == [
        "self",
        "protocol_instance",
        "server_address",
    ]
    hooks = ("process_data", "send_raw", "disconnect", "connect", "is_connected")
    assert all(callable(getattr(client_aio.AioConnection, hook)) for hook in hooks)
    assert all(hasattr(client.ServerConnection, hook) for hook in ("buffer_class", "_prep_message"))


def test_the_librarys_names_of_numerics_are_those_that_we_register_for():
    assert events.numeric["001"] == "welcome"
    assert events.numeric["433"] == "nicknameinuse"
    assert events.Command.lookup("001") == "welcome"
    assert {DISCONNECT, "ctcp", "dccmsg"} <= set(events.generated)


def test_the_librarys_reactor_makes_connections_of_our_class_and_keeps_them():
    async def scene():
        reactor = new_reactor()
        connection = reactor.server()
        assert type(connection) is Connection
        assert reactor.connections == [connection]
        assert (await connected(reactor)).protocol.connection.reactor is reactor
        assert Connection.protocol_class is Protocol

    asyncio.run(scene())


def test_the_librarys_verbs_write_by_our_send_raw():
    async def scene():
        connection = await connected(new_reactor())
        connection.join("#a", "key")
        connection.privmsg("#a", "hi there")
        connection.nick("log")
        assert connection.transport.lines == ["JOIN #a key", "PRIVMSG #a :hi there", "NICK log"]

    asyncio.run(scene())


# -- events ----------------------------------------------------------------

NAMED = {
    "a message to a channel": (":b!u@h PRIVMSG #a :hi", "pubmsg"),
    "a message to a person": (":b!u@h PRIVMSG log :hi", "privmsg"),
    "a message to nobody": ("PRIVMSG", "privmsg"),
    "an empty target": ("PRIVMSG :", "privmsg"),
    "a notice to a channel": ("NOTICE #a :hi", "pubnotice"),
    "a notice to a person": ("NOTICE log :hi", "privnotice"),
    "an action is a message": (":b PRIVMSG #a :\x01ACTION x\x01", "pubmsg"),
    "a numeric with a name": (":s 001 log :Hi", "welcome"),
    "a numeric without one": (":s 479 log #a :No", "479"),
    "a verb": (":b JOIN #a", "join"),
    "an unknown verb": ("FROB x", "frob"),
    "what is no line of IRC": ("!!", ""),
}


@pytest.mark.parametrize(("line", "name"), NAMED.values(), ids=NAMED)
def test_an_event_has_the_librarys_name(line, name):
    assert event_of(line).type == name


SPOOFED = [
    "DISCONNECT",
    "CONNECT",
    "PUBMSG",
    "PRIVNOTICE",
    "ACTION",
    "CTCP",
    "DCCMSG",
    "disconnect",
]
SPOOFED += ["ALL_EVENTS", "all_raw_messages", "LOGIN_FAILED", "READ", "UNFINISHED"]


@pytest.mark.parametrize("command", SPOOFED)
def test_no_line_passes_for_an_event_of_the_librarys_own(command):
    assert event_of(f":irc.test {command} x :y").type not in {
        *events.generated,
        *(ANY, DISCONNECT, READ, UNFINISHED, "all_raw_messages", "pubmsg", "privnotice"),
    }


def test_an_event_is_shaped_as_the_librarys():
    event = event_of("@a=b :bob!u@h KICK #a alice :out")
    assert (event.source, event.target, event.arguments) == ("bob!u@h", "#a", ["alice", "out"])
    assert event.tags == {"a": "b"}
    assert event_of("QUIT").target is None
    assert event_of("QUIT").arguments == []


def hear(reactor, *lines):
    for line in lines:
        reactor._handle_event(None, event_of(line))


def scenario(scene):
    """Run a scene with a reactor and a list of what its handlers note down."""

    async def run():
        reactor, noted = new_reactor(), []
        scene(reactor, noted)

    asyncio.run(run())


def noting(noted, what, answer=None):
    def handler(_connection, _event):
        noted.append(what)
        return answer

    return handler


def test_handlers_are_called_by_priority_and_in_the_order_of_adding():
    def scene(reactor, noted):
        reactor.add_global_handler("join", noting(noted, "late"), 10)
        reactor.add_global_handler("join", noting(noted, "first"))
        reactor.add_global_handler("join", noting(noted, "second"))
        reactor.add_global_handler(ANY, noting(noted, "early"), -10)
        reactor.add_global_handler("part", noting(noted, "other"))
        hear(reactor, ":b JOIN #a")
        assert noted == ["early", "first", "second", "late"]

    scenario(scene)


def test_a_handler_that_returns_no_more_ends_its_line_alone():
    def scene(reactor, noted):
        reactor.add_global_handler("join", noting(noted, "one", "NO MORE"))
        reactor.add_global_handler("join", noting(noted, "two"))
        hear(reactor, ":b JOIN #a", ":b JOIN #b")
        assert noted == ["one", "one"]

    scenario(scene)


def test_a_handler_of_any_event_sees_each_line_once():
    def scene(reactor, noted):
        reactor.add_global_handler(ANY, lambda _, event: noted.append(event.message.command))
        hear(reactor, ":b PRIVMSG #a :\x01ACTION x\x01", ":s 001 log", "ALL_EVENTS", "!!", "FROB")
        assert noted == ["PRIVMSG", "001", "", "", "FROB"]

    scenario(scene)


@pytest.mark.parametrize("name", ["433", "nicknameinuse"])
def test_a_numeric_is_registered_for_by_digits_or_by_name(name):
    def scene(reactor, noted):
        handler = noting(noted, "heard")
        reactor.add_global_handler(name, handler)
        hear(reactor, ":s 433 * log :In use")
        assert noted == ["heard"]
        assert reactor.remove_global_handler(name, handler) == 1
        hear(reactor, ":s 433 * log :In use")
        assert noted == ["heard"]

    scenario(scene)


def test_handlers_that_come_and_go_are_noticed():
    def scene(reactor, noted):
        hear(reactor, ":b JOIN #a")
        handler = noting(noted, "heard")
        reactor.add_global_handler("join", handler)
        hear(reactor, ":b JOIN #a")
        assert reactor.remove_global_handler("join", handler) == 1
        assert reactor.remove_global_handler("part", handler) == 0
        hear(reactor, ":b JOIN #a")
        assert noted == ["heard"]

    scenario(scene)


def failing(_connection, _event):
    raise RuntimeError("a bug of ours")


def test_a_handler_that_fails_costs_neither_the_others_nor_the_next_line(caplog):
    def scene(reactor, noted):
        reactor.add_global_handler("join", failing, -1)
        reactor.add_global_handler("join", noting(noted, "heard"))
        hear(reactor, ":b JOIN #a", ":b JOIN #b")
        assert noted == ["heard", "heard"]
        assert reactor.failures == 2

    scenario(scene)
    assert "a handler of 'join' failed" in caplog.text


def test_failures_do_not_flood_the_diagnostics_nor_tell_secrets(caplog):
    def scene(reactor, _noted):
        reactor.add_global_handler(ANY, failing)
        hear(reactor, *[":b MODE #a +k s3cr3t"] * 1000)
        assert reactor.failures == 1000

    with caplog.at_level(logging.ERROR):
        scenario(scene)
    assert len(caplog.records) == 10
    assert "s3cr3t" not in caplog.text


def test_nobody_is_asked_to_answer_ping_twice():
    async def scene():
        reactor = new_reactor()
        connection = await connected(reactor)
        connection.process_data(b"PING :x\r\n")
        assert connection.transport.lines == []

    asyncio.run(scene())


def test_commands_invented_by_a_server_do_not_fill_the_memory():
    def scene(reactor, _noted):
        hear(reactor, *(f"X{n} y" for n in range(5000)))
        assert len(reactor._callbacks) <= 512

    scenario(scene)


def test_two_connections_share_the_handlers_and_are_told_apart():
    async def scene():
        reactor, noted = new_reactor(), []
        reactor.add_global_handler("join", lambda connection, _: noted.append(connection))
        one, other = await connected(reactor), await connected(reactor)
        other.process_data(b":b JOIN #a\r\n")
        one.process_data(b":b JOIN #a\r\n")
        assert noted == [other, one]

    asyncio.run(scene())


def test_the_time_of_receipt_is_that_of_the_read():
    async def scene():
        clock = iter(["first", "second"])
        reactor = Reactor(asyncio.get_running_loop(), lambda: next(clock))
        heard = heard_on(reactor)
        connection = await connected(reactor)
        connection.process_data(b"A\r\nB\r\n")
        connection.process_data(b"C\r\n")
        assert [event.received for event in heard] == ["first", "first", "second"]

    asyncio.run(scene())


_NEARLY = st.lists(
    st.sampled_from(
        [b":ada!a@h", b":", b" ", b"PRIVMSG", b"privmsg", b"NOTICE", b"#a", b"&b", b"nick", b"@#a",
         b":hello", b" :", b"\x01ACTION x\x01", b"@time=x;k=v ", b"@", b"\xff", "é".encode(), b"\r"]
    ),
    max_size=9,
).map(b"".join)  # fmt: skip
_SPACED = st.lists(
    st.sampled_from([b":ada!a@h", b"PRIVMSG", b"#a", b"nick", b":hello there", b"", b"@k=v", b":"]),
    min_size=3,
    max_size=6,
).map(b" ".join)


@given(st.lists(st.one_of(_NEARLY, _SPACED).filter(bool), max_size=8))
def test_handlers_get_the_events_of_all_lines_of_a_read(lines):
    async def scenario():
        reactor = Reactor(asyncio.get_running_loop(), lambda: NOW)
        made = []
        reactor.add_global_handler(ANY, lambda _, event: made.append(event))
        reactor.dispatch(None, iter(lines), NOW)
        return made

    assert asyncio.run(scenario()) == [line_event(parse(line), NOW) for line in lines]


# -- reads -----------------------------------------------------------------


def reading(noted):
    """Return a handler of READ that takes all lines, and fails at a line that says so."""

    def handler(_connection, event):
        for line in event.lines:
            noted.append(line)
            if line == b"FAIL":
                raise RuntimeError("a bug of ours")
            if event.is_time_up():
                return

    return handler


def read(reactor, *lines, is_time_up=bool):
    """Dispatch the lines of a read; return those that were left."""
    rest = iter(lines)
    reactor.dispatch(None, rest, NOW, is_time_up)
    return list(rest)


def test_a_handler_of_reads_gets_all_lines_by_one_event():
    def scene(reactor, noted):
        reactor.add_global_handler(READ, lambda _, event: noted.append([*event.lines]))
        read(reactor, b"JOIN #a", b"\xff", b"x" * 20_000)
        assert noted == [[b"JOIN #a", b"\xff", b"x" * 20_000]]

    scenario(scene)


def test_a_line_at_which_the_handler_of_reads_fails_costs_no_other(caplog):
    def scene(reactor, noted):
        reactor.add_global_handler(READ, reading(noted))
        read(reactor, b"A", b"FAIL", b"B", b"FAIL", b"C")
        assert noted == [b"A", b"FAIL", b"B", b"FAIL", b"C"]
        assert reactor.failures == 2

    scenario(scene)
    assert "a handler of 'read' failed" in caplog.text


@pytest.mark.parametrize("also", [None, "join"])
def test_a_handler_of_reads_that_fails_before_it_takes_a_line_costs_one_line_each_time(also):
    def scene(reactor, noted):
        fails = [True, False, True]

        def handler(_connection, event):
            if fails and fails.pop(0):
                raise RuntimeError("a bug of ours")
            noted.append(next(event.lines))
            raise RuntimeError("another one")

        reactor.add_global_handler(READ, handler)
        if also:
            reactor.add_global_handler(also, lambda *_: None)
        assert read(reactor, b"A", b"B", b"C", b"D", is_time_up=lambda: len(noted) == 2) == []
        assert noted == [b"B", b"D"]

    scenario(scene)


@pytest.mark.parametrize("event", [ANY, "join"])
def test_lines_that_other_handlers_want_reach_these_and_then_the_handler_of_reads(event):
    def scene(reactor, noted):
        reactor.add_global_handler(READ, reading(noted))
        reactor.add_global_handler(event, lambda _, event: noted.append(event.target))
        read(reactor, b"JOIN #a", b"FAIL", b"JOIN #b")
        targets = [each for each in noted if each is not None]
        assert targets == ["#a", b"JOIN #a", b"FAIL", "#b", b"JOIN #b"]

    scenario(scene)


def test_a_line_that_another_handler_keeps_to_itself_does_not_reach_the_handler_of_reads():
    def scene(reactor, noted):
        reactor.add_global_handler(READ, reading(noted))
        handler = noting(noted, "join", "NO MORE")
        reactor.add_global_handler("join", handler)
        read(reactor, b"JOIN #a", b"PART #a")
        reactor.remove_global_handler("join", handler)
        read(reactor, b"JOIN #a")
        assert noted == ["join", b"PART #a", b"JOIN #a"]

    scenario(scene)


def test_the_lines_of_a_read_have_one_handler():
    def scene(reactor, noted):
        first, second = reading(noted), reading([])
        reactor.add_global_handler(READ, first)
        with pytest.raises(ValueError, match="handled already"):
            reactor.add_global_handler(READ, second)
        reactor.remove_global_handler(READ, first)
        reactor.add_global_handler(READ, second)
        read(reactor, b"A")
        assert noted == []

    scenario(scene)


@pytest.mark.parametrize("also", [False, True])
@pytest.mark.parametrize("reads", [False, True])
def test_when_the_time_is_up_the_other_lines_of_a_read_are_left(also, reads):
    def scene(reactor, noted):
        if reads:
            reactor.add_global_handler(READ, reading(noted))
        if also:
            reactor.add_global_handler(ANY, noting(noted, "heard"))
        times = iter([False, True, False])
        left = read(reactor, b"A", b"B", b"C", is_time_up=lambda: next(times))
        assert left == [b"C"]

    scenario(scene)


def test_after_a_failure_when_the_time_is_up_the_other_lines_of_a_read_are_left():
    def scene(reactor, noted):
        reactor.add_global_handler(READ, reading(noted))
        assert read(reactor, b"FAIL", b"B", is_time_up=lambda: True) == [b"B"]

    scenario(scene)
