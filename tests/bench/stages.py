"""Where the time of a line goes: the recorder's own path, stage by stage, without a socket."""

from __future__ import annotations

import asyncio
import cProfile
import math
import pstats
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatlog.archive.storage import Storage
from chatlog.clock import now
from chatlog.connection import READ, Connection, Reactor
from chatlog.event import SERVER
from chatlog.protocol.facts import Turn
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session import Session
from chatlog.protocol.session_settings import SessionSettings
from chatlog.record.driver import Driver, listen
from chatlog.record.durability import Durability
from chatlog.record.history.queue import HistoryQueue
from chatlog.record.intake import Intake
from chatlog.record.ledgers import Ledgers
from chatlog.record.limits import Limiter, Limits
from chatlog.write.writer import Writer
from tests.bench.flood import Flood, make_flood

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ = 256 * 1024  # what asyncio reads at once
_NICK = "recorder"
_SHOWN = 30


def compare(lines: int, channels: int, kind: str, rounds: int) -> list[list[str]]:
    """Return a table of µs per line: the least of the rounds, for each stage and the whole."""
    flood = make_flood(lines, channels, now() if kind == "tagged" else "")
    settings = _settings(flood)
    least: dict[str, float] = {}
    for _ in range(rounds):
        for stage, seconds in asyncio.run(_by_stage(flood, settings)).items():
            least[stage] = min(seconds, least.get(stage, seconds))
    return [["stage", "µs/line"]] + [
        [stage, f"{seconds / lines * 1e6:.3f}"] for stage, seconds in least.items()
    ]


def profile(lines: int, channels: int, kind: str) -> None:
    """Print what cProfile says of the whole."""
    flood = make_flood(lines, channels, now() if kind == "tagged" else "")
    profiler = cProfile.Profile()
    asyncio.run(_whole(flood, _settings(flood), profiler))
    pstats.Stats(profiler).sort_stats("tottime").print_stats(_SHOWN)


async def _by_stage(flood: Flood, settings: SessionSettings) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as place:
        spent = _separately(flood, settings, _writer(Path(place), settings))
    return {**spent, "sum": sum(spent.values()), "the recorder": await _whole(flood, settings)}


def _separately(flood: Flood, settings: SessionSettings, writer: Writer) -> dict[str, float]:
    reactor = Reactor(asyncio.get_running_loop(), now)
    connection, heard = _connection(reactor), []
    reactor.add_global_handler(READ, lambda _, event: heard.append([*event.lines]))
    session = Session(settings)
    reactor.after_read = lambda _connection: None
    connection.process_data(_prelude(flood))
    spent = dict.fromkeys(("lines, dispatch", "session", "writer.write", "flush"), 0.0)
    for number, data in enumerate([b"", *_reads(flood.payload)]):
        start = time.process_time()
        connection.process_data(data)
        parsed = time.process_time()
        turn, at = Turn(), now()
        for lines in heard:
            session.receive(iter(lines), at, turn)
        received = time.process_time()
        for event in turn.events:
            writer.write(event)
        written = time.process_time()
        writer.flush()
        flushed = time.process_time()
        heard.clear()
        marks = (start, parsed, received, written, flushed)
        if number:  # the first is the prelude
            for stage, before, after in zip(spent, marks, marks[1:], strict=False):
                spent[stage] += after - before
    writer.close()
    return spent


async def _whole(
    flood: Flood, settings: SessionSettings, profiler: cProfile.Profile | None = None
) -> float:
    """Return the CPU seconds of a recorder for whom a read is a call."""
    with tempfile.TemporaryDirectory() as place:
        writer = _writer(Path(place), settings)
        durability = Durability(writer, stop_reading=_never, read_on=_never)
        intake = Intake("bench", writer, Limiter(Limits(), _never), durability, stop=_never)
        intake.hold(settings.channels)
        reactor = Reactor(asyncio.get_running_loop(), now)
        listen(reactor)
        connection = _connection(reactor)
        ledgers = Ledgers(settings.network, writer, run="bench", trouble=_refused)

        def history(session: Session, send: Any, on_settled: Any) -> HistoryQueue:
            return HistoryQueue(
                session,
                writer,
                intake,
                ledgers,
                loop=reactor.loop,
                send=send,
                now=now,
                depth=None,
                on_settled=on_settled,
            )

        connection.driver = Driver(
            connection,
            Session(settings),
            intake,
            ledgers,
            now=now,
            on_arrival=lambda: None,
            on_caught_up=lambda: None,
            on_policy=lambda: None,
            history=history,
        )
        connection.process_data(_prelude(flood))
        if profiler:
            profiler.enable()
        start = time.process_time()
        for data in _reads(flood.payload):
            connection.process_data(data)
        spent = time.process_time() - start
        if profiler:
            profiler.disable()
        writer.close()
    return spent


def _refused(error: Exception) -> None:
    raise error


def _never(reason: str) -> None:
    raise AssertionError(reason)


class _Deaf:
    """A transport that goes nowhere."""

    def write(self, data: bytes) -> None:
        pass


def _connection(reactor: Reactor) -> Connection:
    connection: Any = reactor.server()
    connection.transport = _Deaf()
    connection.turn = math.inf  # all of a read is one call
    connection.buffer = connection.buffer_class()
    return connection


def _settings(flood: Flood) -> SessionSettings:
    return SessionSettings(
        network="bench",
        identity=Identity(nick=_NICK),
        channels=tuple(flood.names),
    )


def _writer(directory: Path, settings: SessionSettings) -> Writer:
    writer = Writer(Storage(root=directory))
    for target in (SERVER, *settings.channels):
        writer.hold(settings.network, target)
    writer.set_casemapping(settings.network, "rfc1459")
    return writer


def _prelude(flood: Flood) -> bytes:
    joined = "".join(flood.joined(_NICK, channel) for channel in flood.names)
    return (flood.greeting(_NICK) + joined).encode()


def _reads(payload: bytes) -> Iterator[bytes]:
    return (payload[start : start + _READ] for start in range(0, len(payload), _READ))
