"""A scripted Twitch on loopback: it counts JOINs, drops some, is slow, silent, and reconnects."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Self

from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

HOST = "tmi.twitch.tv"
_CAPABILITIES = "twitch.tv/commands twitch.tv/membership twitch.tv/tags"


class Twitch:
    """Listens on `port` of loopback while its `with` block lasts.

    Of more than `limit` (a number, and seconds) JOINs it drops the others without a word;
    `dropped` are their channels. `silent` channels never answer, and each other answers
    after `latency` seconds, with its room of `rooms`. `tokens` are those of ISUPPORT, of
    which Twitch itself has none. Connections beyond the number `most` are refused.
    `came` has the time at which each channel let us in, by `time.monotonic`, and `carried`
    the channels of each connection.
    """

    def __init__(
        self,
        *,
        limit: tuple[int, float] = (1000, 1.0),
        silent: Collection[str] = (),
        latency: float = 0.0,
        rooms: Mapping[str, str] | None = None,
        tokens: str = "",
        most: int = 1_000_000,
    ) -> None:
        self.dropped: list[str] = []
        self.came: dict[str, float] = {}
        self.carried: list[list[str]] = []
        self.nicks: list[str] = []
        self.port = 0
        self._limit = limit
        self._silent = silent
        self._latency = latency
        self._rooms = rooms or {}
        self._tokens = tokens
        self._most = most
        self._recent: deque[float] = deque()
        self._in: dict[str, set[asyncio.StreamWriter]] = {}
        self._writers: list[asyncio.StreamWriter] = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(PATIENCE)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _end(self) -> None:
        """Close the listener and every connection, and wait for the end of each."""
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wait_until_in(self, number: int, patience: float = PATIENCE) -> None:
        """Wait until so many channels have let us in."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._in) >= number, patience), self.came

    def say(self, *lines: str) -> None:
        """Send lines, each to the connections that are in the channel that it names first."""

        def send() -> None:
            for line in lines:
                for writer in self._in[f"#{line.split(' #', 1)[1].split(' ')[0]}"]:
                    writer.write(f"{line}\r\n".encode())

        self._loop.call_soon_threadsafe(send)

    def reconnect(self) -> None:
        """Ask all clients to connect again, and forget that they are in any channel."""

        async def ask() -> None:
            with self._changed:
                self._in.clear()
            for writer in self._writers:
                writer.write(f":{HOST} RECONNECT\r\n".encode())

        asyncio.run_coroutine_threadsafe(ask(), self._loop).result(PATIENCE)

    def drop(self, channel: str) -> None:
        """End the connections that are in a channel."""
        for writer in list(self._in[channel]):
            self._loop.call_soon_threadsafe(writer.close)

    def memberships(self) -> int:
        """Return how many channels all connections together are in."""
        with self._changed:
            return sum(map(len, self._in.values()))

    def is_empty(self) -> bool:
        """Return whether every client is gone, soon at the latest."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._writers, PATIENCE)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nick, mine = "*", list[str]()
        self.carried.append(mine)
        self._writers.append(writer)
        if len(self._writers) > self._most:
            writer.write(b"ERROR :Closing link: too many connections from your host\r\n")
            writer.write_eof()
        try:
            while line := (await reader.readline()).decode().rstrip():
                verb, _, rest = line.partition(" ")
                if verb == "QUIT":
                    break
                if verb == "NICK":
                    nick = rest
                    self.nicks.append(nick)
                for name in rest.split(",") if verb == "JOIN" else ():
                    self._join(nick, name, mine, writer)
                answers = self._answers(verb, rest, nick)
                writer.write("".join(f":{HOST} {each}\r\n" for each in answers).encode())
        except ConnectionError:
            pass  # the client was killed
        finally:
            with self._changed:
                self._writers.remove(writer)
                for name in mine:
                    self._in.get(name, set()).discard(writer)
                self._changed.notify_all()
            writer.close()

    def _answers(self, verb: str, rest: str, nick: str) -> list[str]:
        """Return the answers to a line of the registration, or to a PING."""
        if verb == "PING":
            return [f"PONG {HOST} {rest}"]
        if (verb, rest) == ("CAP", "END"):
            tokens = [f"005 {nick} {self._tokens} :are supported"] if self._tokens else []
            return [f"001 {nick} :Welcome, GLHF!", *tokens, f"376 {nick} :>"]
        if verb == "CAP":
            is_list = rest.startswith("LS")
            return [f"CAP * {f'LS :{_CAPABILITIES}' if is_list else rest.replace('REQ', 'ACK')}"]
        return []

    def _join(self, nick: str, name: str, mine: list[str], writer: asyncio.StreamWriter) -> None:
        count, seconds = self._limit
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= seconds:
            self._recent.popleft()
        if len(self._recent) >= count:
            self.dropped.append(name)
            return
        self._recent.append(now)
        if name not in self._silent:
            self._loop.call_later(self._latency, self._let_in, nick, name, mine, writer)

    def _let_in(self, nick: str, name: str, mine: list[str], writer: asyncio.StreamWriter) -> None:
        room = self._rooms.get(name, f"1{len(self.came)}")
        lines = [
            f":{nick}!{nick}@{nick}.{HOST} JOIN {name}",
            f":{nick}.{HOST} 353 {nick} = {name} :{nick}",
            f":{nick}.{HOST} 366 {nick} {name} :End of /NAMES list",
            f"@emote-only=0;room-id={room};slow=0 :{HOST} ROOMSTATE {name}",
        ]
        writer.write("".join(f"{line}\r\n" for line in lines).encode())
        mine.append(name)
        with self._changed:
            self._in.setdefault(name, set()).add(writer)
            self.came[name] = time.monotonic()
            self._changed.notify_all()
