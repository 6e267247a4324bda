"""What a connection held, after its end: freed at once, without the collector of cycles."""

from __future__ import annotations

import asyncio
import gc
import re
import weakref

import pytest

from chatlog.record.driver import Driver
from tests.support.loop_clock import LoopClock
from tests.support.ports import reserved_port
from tests.support.recording import play, recorder_of
from tests.support.waiting import PATIENCE, eventually, until

HISTORY = ("batch", "server-time", "message-tags", "draft/chathistory", "labeled-response")


@pytest.fixture
def uncollected():
    """Keep the collector from running: what it would have to find is a failure."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def made(monkeypatch):
    """Collect weak references to the objects of each connection, by their kind."""
    found = []
    init = Driver.__init__

    def remember(driver, connection, session, *args, **options):
        init(driver, connection, session, *args, **options)
        parts = {
            "driver": driver,
            "connection": connection,
            "session": session,
            "state": session.state,
            "members": session.state.membership,
            "history": driver._history,
        }
        found.append({kind: weakref.ref(part) for kind, part in parts.items()})

    monkeypatch.setattr(Driver, "__init__", remember)
    return found


def alive(references):
    return [kind for kind, reference in references.items() if reference() is not None]


def stay(peer, capabilities=()):
    peer.register(capabilities)
    peer.join("#demo", "#tea")
    peer.send(b"".join(b":n%d!u@h JOIN #demo\r\n" % n for n in range(100)))
    peer.sync()


def leave_politely(peer):
    stay(peer)


def break_off(peer):
    stay(peer)
    peer.reset()


def break_off_in_an_answer(peer):
    peer.register(HISTORY)
    peer.join("#demo", "#tea")
    peer.sync()
    peer.send(b":s BATCH +b chathistory #demo\r\n@batch=b :a!u@h PRIVMSG #demo :hi\r\n")
    peer.sync()
    peer.reset()


def let_nobody_in(peer):
    peer.wait_for(b"^USER")
    peer.send(b"ERROR :Closing Link\r\n")


def break_off_before_the_welcome(peer):
    peer.wait_for(b"^USER")
    peer.reset()


ENDS = {
    each.__name__: each
    for each in (
        leave_politely,
        break_off,
        break_off_in_an_answer,
        let_nobody_in,
        break_off_before_the_welcome,
    )
}


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_a_connection_held_is_free_when_the_next_one_stands(tmp_path, made, end):
    left = []

    def look(peer):
        stay(peer)
        eventually(lambda: not alive(made[0]))  # its history thread may take a moment to end
        left.extend(alive(made[0]))

    play(tmp_path, end, look, session={"channels": ("#demo", "#tea")}, retry=True)
    assert len(made) >= 2
    assert left == []
    eventually(lambda: not any(map(alive, made)))


@pytest.mark.usefixtures("uncollected")
def test_what_a_connection_held_that_never_came_about_is_free_as_well(tmp_path, made):
    async def scenario():
        with reserved_port() as port:
            recorder = recorder_of(tmp_path, port, retry=True)
            run = asyncio.ensure_future(recorder.run())
            await until(lambda: len(made) > 3)
            recorder.stop("seen enough")
            await run

    asyncio.run(scenario())
    assert not any(map(alive, made[:3]))


# -- the waits between connections ------------------------------------------------------


def waits(caplog):
    """Return the seconds that were waited before each connection but the first."""
    said = [record.getMessage() for record in caplog.records]
    found = [re.search(r"connecting again in (\S+) s", line) for line in said]
    return [float(match[1]) for match in found if match]


@pytest.mark.parametrize(
    ("seconds", "after"),
    [(50, 1.6), (61, 0.2)],
    ids=["a connection of less than a minute", "a connection of more than a minute"],
)
def test_the_waits_double_until_a_connection_has_lasted_a_minute(tmp_path, caplog, seconds, after):
    caplog.set_level("INFO")
    clock = LoopClock()

    def last(peer):
        peer.register()
        peer.sync()
        clock.advance(seconds).result(PATIENCE)
        peer.reset()

    scripts = [break_off, break_off, last, break_off, stay]
    wait = {"reconnect_min": 0.2, "reconnect_max": 300.0, "chance": lambda: 1.0}
    play(tmp_path, *scripts, clock=clock, **wait)
    assert waits(caplog)[:4] == [0.4, 0.8, after, 2 * after]
