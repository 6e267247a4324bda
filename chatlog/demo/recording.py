"""The demonstration: a server, people and a recorder in one process, over a real socket."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

from chatlog.clock import now
from chatlog.connection import Address
from chatlog.demo import script
from chatlog.demo.server import HOST, Server
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session_settings import SessionSettings
from chatlog.record.recorder import Plan, Recorder
from chatlog.record.signal_loop import run_to_end
from chatlog.write.writer import Storage, Writer

if TYPE_CHECKING:
    from pathlib import Path

NETWORK: Final = "demo"
NICK: Final = "chatlog"
_HISTORY_AFTER: Final = rb"CHATHISTORY AFTER #demo "
_BACK_AFTER: Final = 0.6
_DEAD_AFTER: Final = 150.0


def record(root: Path) -> None:
    """Record the scripted conversation into an archive.

    The recorder's errors pass through; a signal that interrupts is a
    KeyboardInterrupt, after the recorder has ended cleanly.
    """
    interrupted: list[int] = []
    run_to_end(_record(root, interrupted), goes_on=lambda: not interrupted)


async def _record(root: Path, interrupted: list[int]) -> None:
    async with Server(clock=now, network=NETWORK) as server:
        people = script.arrive(server)
        recorder = _recorder(root, server.port)
        recording = asyncio.ensure_future(recorder.run())
        playing = asyncio.ensure_future(_play(server, people))
        _stop_on_signals(recorder, interrupted)
        await asyncio.wait({recording, playing}, return_when=asyncio.FIRST_COMPLETED)
        recorder.stop("the demo is over")
        playing.cancel()
        await recording
    if interrupted:
        raise KeyboardInterrupt


async def _play(server: Server, people: script.People) -> None:
    for channel in script.CHANNELS:
        await server.joined(NICK, channel)

    async def cut() -> None:
        server.drop(NICK)
        await server.gone(NICK)

    async def back() -> None:
        await server.joined(NICK, script.CHANNELS[0])
        await server.heard(_HISTORY_AFTER)

    turns: script.Turns = {script.CUT: cut, script.BACK: back}
    await script.play(people, pause=asyncio.sleep, turns=turns)


def _stop_on_signals(recorder: Recorder, received: list[int]) -> None:
    """Stop the recorder at a signal, and add the signal to those that were `received`."""

    def stop(number: int) -> None:
        received.append(number)
        recorder.stop("interrupted")

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)


def _recorder(root: Path, port: int) -> Recorder:
    address = Address(host=HOST, port=port, tls=False)
    session = SessionSettings(
        network=NETWORK,
        identity=Identity(nick=NICK),
        channels=script.CHANNELS,
    )
    plan = Plan(
        session=session,
        addresses=(address,),
        timeout=_DEAD_AFTER,
        reconnect_min=_BACK_AFTER,
        reconnect_max=_BACK_AFTER,
    )
    return Recorder([plan], Writer(Storage(root=root)), now=now)
