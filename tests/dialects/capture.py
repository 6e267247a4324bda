"""Let a program of Debian hear a conversation, and take the folder of its logs."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.dialects.frozen import FrozenClock
from tests.dialects.stage import Stage
from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.event import Event
    from tests.dialects.conversation import Conversation
    from tests.dialects.programs import LoggingProgram

_BEFORE: Final = 600
"""Seconds between the start of a program and the first step."""


class Captured(NamedTuple):
    """The folder of a program's logs, and the events of the steps that it heard."""

    logs: Path
    events: list[Event]


def capture(kind: type[LoggingProgram], conversation: Conversation, place: Path) -> Captured:
    """Run a program in a folder while it hears a conversation."""
    steps, offered = conversation
    clock = FrozenClock(place / "clock", steps[0].at - _BEFORE, is_seen=not kind.by_server_time)
    heard = [step for step in steps if not step.is_spoken or step.event.type in kind.speaks]
    stage = Stage(
        heard,
        clock,
        {*offered, "server-time"} if kind.by_server_time else offered,
        lambda event: program.speak(event),  # noqa: PLW0108 - it is not there yet
        asks_by_timer=kind.asks_by_timer,
    )
    with (
        ScriptedServer(stage.play) as server,
        kind(place / "home", server.port, clock) as program,
    ):
        with _running(clock):
            _wait(stage, stage.welcomed, program, server)
            program.greet()
            _wait(stage, stage.joining, program, server)
        stage.clock_stands.set()
        _wait(stage, stage.over, program, server)
        with _running(clock):
            program.say_goodbye()
            program.wait()
    events = [step.event for step in heard if not step.needs or step.needs in stage.asked]
    return Captured(program.logs, events)


def _wait(
    stage: Stage, event: threading.Event, program: LoggingProgram, server: ScriptedServer
) -> None:
    """Wait for a point of the play; raise AssertionError with what was said if it is not met."""
    if not event.wait(2 * PATIENCE) or stage.failure is not None:
        told = f"{program.name} said {server.received}\n{program.output}"
        raise AssertionError(told) from stage.failure


@contextlib.contextmanager
def _running(clock: FrozenClock) -> Iterator[None]:
    """Let the clock run, for what a program does by timers."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(0.25):
            clock.set(clock.seconds + 5)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()
