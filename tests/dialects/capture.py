"""Let a program of Debian hear a conversation, and return the folder of its logs."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tests.dialects.conversation import CHANNEL, NETWORK, OWN, SERVER
from tests.dialects.frozen import FrozenClock
from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chatlog.event import Event
    from tests.dialects.conversation import Step
    from tests.dialects.programs import LoggingProgram
    from tests.support.scripted import Peer

_BEFORE: Final = 600
"""Seconds between the start of a program and the first step."""


class Stage:
    """A server that plays steps to one program, by the clock that the program sees."""

    def __init__(
        self, steps: Sequence[Step], clock: FrozenClock, *, timed: bool, asks_by_timer: bool
    ) -> None:
        """Prepare it; `timed` offers server-time, for a program that sees no clock of ours.

        One that asks by a timer who is in the channel notes no joins before it knows.
        """
        self.welcomed, self.joining, self.over = (threading.Event() for _ in range(3))
        self.clock_stands = threading.Event()
        self._steps = steps
        self._clock = clock
        self._timed = timed
        self._asks_by_timer = asks_by_timer
        self._people: dict[str, str] = {}

    def play(self, peer: Peer) -> None:
        """Welcome the program, let it into the channel, and send step after step."""
        self._welcome(peer)
        self.welcomed.set()
        peer.wait_for(b"^JOIN :?" + CHANNEL.encode())
        self.joining.set()
        assert self.clock_stands.wait(PATIENCE)
        own, *others = self._steps
        self._send(peer, own)
        self._numeric(peer, f"353 {OWN} = {CHANNEL} :{' '.join(self._people)}")
        self._numeric(peer, f"366 {OWN} {CHANNEL} :End of /NAMES list")
        if self._asks_by_timer:
            self._settle(peer)
            for later in range(1, 10):
                self._clock.set(own.at + later)
                self._settle(peer)
        for step in others:
            self._settle(peer)
            self._send(peer, step)
        peer.sync()
        self.over.set()
        peer.wait_for_the_end()

    def _welcome(self, peer: Peer) -> None:
        if self._timed:
            peer.register(["server-time"], f"NETWORK={NETWORK}")
            return
        # Some wait for an answer before they tell their nick.
        if peer.wait_for(rb"^(CAP LS|NICK)")[1] != b"NICK":
            self._numeric(peer, "CAP * LS :")
            peer.wait_for(b"^NICK")
        peer.wait_for(b"^USER ")
        self._numeric(peer, f"001 {OWN} :Welcome")
        tokens = f"CHANTYPES=# PREFIX=(ov)@+ CHANMODES=beI,k,l,imnpst NETWORK={NETWORK}"
        self._numeric(peer, f"005 {OWN} {tokens} :are supported by this server")
        self._numeric(peer, f"422 {OWN} :There is no message of the day")

    def _send(self, peer: Peer, step: Step) -> None:
        self._clock.set(step.at)
        moment = datetime.fromtimestamp(step.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        tag = f"@time={moment} ".encode() if self._timed else b""
        peer.send(tag + step.wire + b"\r\n")
        self._follow(step.event)

    def _follow(self, event: Event) -> None:
        """Keep the list of the people who are in the channel."""
        if event.type == "join":
            self._people[event.nick] = f"{event.user} {event.host}"
        elif event.type in {"part", "quit"}:
            del self._people[event.nick]
        elif event.type == "kick":
            del self._people[event.subject]
        elif event.type == "nick":
            self._people[event.subject] = self._people.pop(event.nick)

    def _settle(self, peer: Peer) -> None:
        """Return when the program has dealt with all, and has the answers that it asked for."""
        if self._timed:  # it answers few PINGs a minute, and needs no clock of ours
            return
        peer.sync()
        while self._answer(peer):
            peer.sync()

    def _answer(self, peer: Peer) -> bool:
        if ping := peer.take(rb"^PING :?(\S+)"):
            peer.send(b":%s PONG %s :%s\r\n" % (SERVER.encode(), SERVER.encode(), ping[1]))
            return True
        if peer.take(b"^WHO "):
            self._tell_who(peer)
            return True
        for pattern, answers in _ANSWERS.items():
            if peer.take(pattern):
                for answer in answers:
                    self._numeric(peer, answer)
                return True
        return False

    def _tell_who(self, peer: Peer) -> None:
        for nick, mask in self._people.items():
            self._numeric(peer, f"352 {OWN} {CHANNEL} {mask} {SERVER} {nick} H :0 {nick}")
        self._numeric(peer, f"315 {OWN} {CHANNEL} :End of /WHO list")

    def _numeric(self, peer: Peer, rest: str) -> None:
        peer.send(f":{SERVER} {rest}\r\n".encode())


_ANSWERS: Final = {
    rb"^MODE \S+ :?\+?b": [f"368 {OWN} {CHANNEL} :End of channel ban list"],
    rb"^MODE \S+ :?\+?e": [f"349 {OWN} {CHANNEL} :End of channel exception list"],
    rb"^MODE \S+ :?\+?I": [f"347 {OWN} {CHANNEL} :End of channel invite list"],
    rb"^MODE :?#\S+$": [
        f"324 {OWN} {CHANNEL} +nt",
        f"329 {OWN} {CHANNEL} 1761340800",
    ],
}
"""What programs ask of a channel, and the answers."""


def capture(kind: type[LoggingProgram], steps: Sequence[Step], place: Path) -> Path:
    """Run a program in a folder while it hears the steps; return the folder of its logs."""
    clock = FrozenClock(place / "clock", steps[0].at - _BEFORE)
    stage = Stage(steps, clock, timed=kind.by_server_time, asks_by_timer=kind.asks_by_timer)
    with (
        ScriptedServer(stage.play) as server,
        kind(place / "home", server.port, clock) as program,
    ):
        with _running(clock):
            assert stage.welcomed.wait(PATIENCE), f"{kind.name} never connected\n{program.output}"
            program.greet()
            assert stage.joining.wait(PATIENCE), f"{kind.name} never joined\n{program.output}"
        stage.clock_stands.set()
        assert stage.over.wait(PATIENCE), (
            f"{kind.name} heard less: {server.received}\n{program.output}"
        )
        with _running(clock):
            program.say_goodbye()
            program.wait()
    return program.logs


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
