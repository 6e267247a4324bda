"""The far end: a server that welcomes one logger, floods it, and checks what it kept.

Runs in a process of its own, so that it has a core to itself, and so that the
process that starts the loggers stays small: a child's peak of memory includes
what its parent had when it forked.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.flood import SERVER, Flood, count_lost, make_flood, serials_in
from tests.servers.certificates import Certificates

if TYPE_CHECKING:
    from collections.abc import Mapping

CAPABILITIES = "server-time message-tags account-tag"
_LAST = "the-end-of-the-flood"
_STARTING = 30.0
_SLOWEST = 1000.0  # lines a second
_PROBES = 100


class FarEnd:
    """One flood for one logger after the other.

    For each: `listen`, `welcome`, `flood` and `hang_up`.
    """

    def __init__(
        self,
        lines: int,
        channels: int,
        tagged_at: str,
        *,
        distinct: bool = False,
        certificates: str = "",
    ) -> None:
        self._context = Certificates(Path(certificates)).server() if certificates else None
        self._flood = make_flood(lines, channels, tagged_at, distinct=distinct)
        self._tagged = bool(tagged_at)
        self._patience = _STARTING + lines / _SLOWEST
        self._listener: socket.socket | None = None
        self._client: _Client | None = None

    def listen(self) -> int:
        """Return a fresh port: nothing that an earlier logger left behind comes in there."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_STARTING)
        return int(self._listener.getsockname()[1])

    def welcome(self) -> None:
        """Wait for a logger, and until it is in all channels."""
        with self._listener as listener:
            connection, _ = listener.accept()
        connection.settimeout(self._patience)
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        self._client = _Client(connection, self._flood, tagged=self._tagged)
        self._client.welcome()

    def flood(self, *, silent: bool = False, rate: int = 0) -> None:
        """Send the logger the lines, at so many a second; return when it had the last one."""
        if self._client:
            self._client.flood(b"" if silent else self._flood.payload, rate)

    def settle(self) -> None:
        """Wait until the logger has taken up everything that was sent so far."""
        if self._client:
            self._client.flood(b"", 0)

    def probe(self, rate: int) -> list[float]:
        """Send the lines, with questions between them; return the seconds to each answer.

        There is one a second, a hundred if there is no rate.
        """
        return self._client.probe(self._flood.payload, rate) if self._client else []

    def hang_up(self) -> None:
        """Wait for the logger's QUIT or its end, and close."""
        if self._client:
            self._client.hang_up()
            self._client = None

    def lost(self, files: Mapping[str, list[str]]) -> int:
        """Count what is missing from the files of each channel, which are read in their order."""
        return sum(
            count_lost(said, serials_in(Path(name).read_bytes() for name in files.get(channel, [])))
            for channel, said in self._flood.serials.items()
        )


class _Client:
    def __init__(self, connection: socket.socket, flood: Flood, *, tagged: bool) -> None:
        self._connection = connection
        self._received = connection.makefile(encoding="utf-8", newline="\n")
        self._flood = flood
        self._capabilities = CAPABILITIES if tagged else ""
        self._nick = ""
        self._negotiates = False
        self._joined: set[str] = set()

    def welcome(self) -> None:
        answers = {"CAP": self._on_cap, "NICK": self._on_nick, "USER": self._on_user}
        answers |= {"JOIN": self._on_join, "PING": self._on_ping}
        while len(self._joined) < len(self._flood.names):
            command, words = self._read()
            if command in answers:
                self._connection.sendall(answers[command](words).encode())

    def flood(self, payload: bytes, rate: int) -> None:
        if rate:
            self._pace(payload, rate)
            payload = b""
        self._connection.sendall(payload + f"PING :{_LAST}\r\n".encode())
        command, words = self._read()
        while command != "PONG" or _LAST not in words[-1]:
            command, words = self._read()

    def _pace(self, payload: bytes, rate: int) -> None:
        """Send each line by itself at its time, as a server does with talk."""
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.monotonic()
        for number, line in enumerate(payload.splitlines(keepends=True)):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            self._connection.sendall(line)

    def probe(self, payload: bytes, rate: int) -> list[float]:
        lines = payload.splitlines(keepends=True)
        step = rate or max(1, len(lines) // _PROBES)
        asked: list[float] = []
        lags: list[float] = []
        listener = threading.Thread(target=self._hear_answers, args=(asked, lags))
        listener.start()
        for start in range(0, len(lines), step):
            self._send(lines[start : start + step], rate)
            asked.append(time.monotonic())
            self._connection.sendall(f"PING :{len(asked) - 1}\r\n".encode())
        self._connection.sendall(f"PING :{_LAST}\r\n".encode())
        listener.join()
        return lags

    def _hear_answers(self, asked: list[float], lags: list[float]) -> None:
        """Note how long each answer took, up to the last one or the end of the connection."""
        with contextlib.suppress(OSError):
            while True:
                command, words = self._read()
                token = words[-1].lstrip(":") if words else ""
                if command == "PONG" and token == _LAST:
                    return
                if command == "PONG" and token.isdecimal():
                    lags.append(time.monotonic() - asked[int(token)])

    def _send(self, lines: list[bytes], rate: int) -> None:
        if rate:
            self._pace(b"".join(lines), rate)
        else:
            self._connection.sendall(b"".join(lines))

    def hang_up(self) -> None:
        with self._connection, self._received, contextlib.suppress(OSError):
            while self._received.readline().partition(" ")[0] not in ("QUIT", ""):
                pass

    def _read(self) -> tuple[str, list[str]]:
        line = self._received.readline()
        if not line:
            raise ConnectionError("the logger closed the connection")
        command, *words = line.split()
        return command.upper(), words

    def _on_cap(self, words: list[str]) -> str:
        if words[0] == "END":
            return self._flood.greeting(self._nick)
        self._negotiates = True
        if words[0] == "LS":
            return f":{SERVER} CAP * LS :{self._capabilities}\r\n"
        return f":{SERVER} CAP * ACK {' '.join(words[1:])}\r\n"

    def _on_nick(self, words: list[str]) -> str:
        self._nick = words[0].lstrip(":")
        return ""

    def _on_user(self, _words: list[str]) -> str:
        return "" if self._negotiates else self._flood.greeting(self._nick)

    def _on_join(self, words: list[str]) -> str:
        # irssi also sends a JOIN without any name.
        channels = [name for name in words[0].lstrip(":").split(",") if name]
        self._joined.update(channels)
        return "".join(self._flood.joined(self._nick, channel) for channel in channels)

    def _on_ping(self, words: list[str]) -> str:
        return f":{SERVER} PONG {SERVER} {words[-1]}\r\n"


class FarEndManager(BaseManager):
    """Starts the process in which a `FarEnd` lives."""

    FarEnd: type[FarEnd]


FarEndManager.register("FarEnd", FarEnd)


def far_ends() -> FarEndManager:
    """Return a manager, for a `with`, whose `FarEnd(...)` are in a process of their own."""
    return FarEndManager(ctx=get_context("spawn"))
