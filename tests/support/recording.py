"""Recorders in the test's own process, and the stories that they are put through."""

from __future__ import annotations

import asyncio
import random

from chatlog.archive.system import System
from chatlog.clock import now
from chatlog.connection import Address, Route
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session_settings import SessionSettings
from chatlog.record.recorder import Recorder
from chatlog.record.supervisor import Plan
from chatlog.upkeep.housekeeping import Rounds
from chatlog.write.writer import Storage, Writer
from tests.support.loop_clock import LoopClock
from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE

HOST = "127.0.0.1"


def plan_of(port, *, session=(), identity=(), timeout=PATIENCE, plan_timeout=150.0, **plan):
    """Plan to record #demo and #tea of a plain server on loopback, as `rec`, impatiently."""
    ports = [port] if isinstance(port, int) else port
    settings = {
        "network": "net",
        "identity": Identity(**{"nick": "rec", **dict(identity)}),
        "channels": ("#demo", "#tea"),
        **dict(session),
    }
    return Plan(
        session=SessionSettings(**settings),
        addresses=tuple(Address(host=HOST, port=each, tls=False) for each in ports),
        **{
            "route": Route(timeout=timeout),
            "timeout": plan_timeout,
            "reconnect_min": 0.01,
            "reconnect_max": 0.05,
            **plan,
        },
    )


def recorder_of(
    root, port, *, limits=None, system=None, storage=(), policies=None, rounds=None, known=None,
    linger=None, chance=random.random, **plan
):  # fmt: skip
    """Make a recorder of what `plan_of` plans."""
    writer = Writer(Storage(root=root, **dict(storage)), system=system or System())
    options = {
        "limits": limits, "policies": policies, "rounds": rounds or Rounds(), "known": known,
        "linger": linger, "chance": chance,
    }  # fmt: skip
    return Recorder([plan_of(port, **plan)], writer, now=now, **options)


async def in_state(recorder, beginning):
    """Wait until the state of a network begins so."""
    while not any(each.state.startswith(beginning) for each in recorder.statuses()):  # noqa: ASYNC110
        await asyncio.sleep(0.001)  # no event tells


def play(root, *scripts, until=None, before=(), clock=None, **options):
    """Record from a server that follows these scripts, one for each connection.

    The run is stopped when the last script is over, or when a network's state
    begins with `until`. Ports `before` it are other servers of the list, and
    `clock` is the LoopClock that a script advances. Return the lines that the
    server heard and the last status; what ended the run is raised.
    """

    async def scenario():
        async with ScriptedServer(*scripts) as server:
            recorder = recorder_of(root, [*before, server.port], **options)
            run = asyncio.ensure_future(recorder.run())
            end = in_state(recorder, until) if until else asyncio.to_thread(server.join)
            over = asyncio.ensure_future(end)
            await asyncio.wait({run, over}, return_when="FIRST_COMPLETED")
            status = recorder.statuses()
            recorder.stop("the story is over")
            over.cancel()
            await run
        return server.received, status[0]

    return (clock or LoopClock()).run(scenario())
