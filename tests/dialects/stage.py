"""The server that plays a script to one program, by the clock that the program sees."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tests.dialects.script import CHANNEL, NETWORK, OWN, SERVER
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.event import Event
    from tests.dialects.frozen import FrozenClock
    from tests.dialects.script import Step
    from tests.support.scripted import Peer

    Speak = Callable[[Event], None]
    """Lets the program's user say something."""

_TOKENS: Final = f"CHANTYPES=# PREFIX=(ov)@+ CHANMODES=beI,k,l,imnpst NETWORK={NETWORK}"


class Stage:
    """A script for a program; `asked` are the capabilities that it asked for.

    It sends each step once the program has dealt with the one before.
    """

    def __init__(
        self,
        steps: Iterable[Step],
        clock: FrozenClock,
        offered: Iterable[str],
        speak: Speak,
        *,
        asks_by_timer: bool,
    ) -> None:
        """Prepare it; `offered` are capabilities.

        A program that asks by a timer who is in the channel notes no joins before it knows.
        """
        self.welcomed, self.joining, self.over = (threading.Event() for _ in range(3))
        self.clock_stands = threading.Event()
        self.asked: set[str] = set()
        self.failure: BaseException | None = None
        self._steps = [*steps]
        self._clock = clock
        self._offered = " ".join(offered)
        self._speak = speak
        self._asks_by_timer = asks_by_timer
        self._people: dict[str, str] = {}

    def play(self, peer: Peer) -> None:
        """Play to a program until it leaves; `failure` is why it was not to the end."""
        try:
            self._play(peer)
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            self.failure = error
        for each in (self.welcomed, self.joining, self.over):
            each.set()
        peer.wait_until_gone()

    def _play(self, peer: Peer) -> None:
        """Welcome the program, let it into the channel, and send step after step."""
        self._welcome(peer)
        self.welcomed.set()
        peer.wait_for(b"^JOIN :?" + CHANNEL.encode())
        self.joining.set()
        assert self.clock_stands.wait(PATIENCE)
        own, *others = self._steps
        self._take(peer, own)
        self._numeric(peer, f"353 {OWN} = {CHANNEL} :{' '.join(self._people)}")
        self._numeric(peer, f"366 {OWN} {CHANNEL} :End of /NAMES list")
        if self._asks_by_timer:
            self._settle(peer)
            for later in range(1, 10):
                self._clock.set(own.at + later)
                self._settle(peer)
        for step in others:
            self._settle(peer)
            self._take(peer, step)
        peer.sync()

    def _welcome(self, peer: Peer) -> None:
        # Some wait for the capabilities before they tell their nick, and some ask for none.
        if peer.wait_for(rb"^(CAP LS|NICK)")[1] != b"NICK":
            self._offer(peer)
            peer.wait_for(b"^NICK")
        elif peer.take(b"^CAP LS"):
            self._offer(peer)
        peer.wait_for(b"^USER ")
        self._numeric(peer, f"001 {OWN} :Welcome")
        self._numeric(peer, f"005 {OWN} {_TOKENS} :are supported by this server")
        self._numeric(peer, f"422 {OWN} :There is no message of the day")

    def _offer(self, peer: Peer) -> None:
        self._numeric(peer, f"CAP * LS :{self._offered}")
        while self._offered and (wanted := peer.wait_for(b"^CAP (?::?END|REQ :?(.*))")[1]):
            self.asked.update(wanted.decode().split())
            self._numeric(peer, f"CAP * ACK :{wanted.decode()}")

    def _take(self, peer: Peer, step: Step) -> None:
        if step.needs and step.needs not in self.asked:
            return
        self._clock.set(step.at)
        if step.is_spoken:
            self._speak(step.event)
            peer.wait_for(b"^PRIVMSG ")
            return
        moment = datetime.fromtimestamp(step.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        tag = f"@time={moment} ".encode() if "server-time" in self.asked else b""
        is_extended = step.extended and "extended-join" in self.asked
        peer.send(tag + (step.extended if is_extended else step.wire) + b"\r\n")
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
        if "server-time" in self.asked and not self._clock.is_seen:
            return  # soju answers few PINGs a minute
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
    rb"^MODE :?#\S+$": [f"324 {OWN} {CHANNEL} +nt", f"329 {OWN} {CHANNEL} 1761340800"],
}
"""What programs ask of a channel, and the answers."""
