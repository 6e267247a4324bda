"""A proxy on loopback that damages what a server says, the same way each time.

It damages lines, and which ones and how depends on its seed, on the number of
the connection and on the lines alone, not on how they arrive. What the client
says passes as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Damage = Callable[[random.Random, bytes], bytes]

_HOST = "127.0.0.1"
_LONGEST = 100_000
_ODD_ENDS = (b"", b"\n", b"\r", b"\n\r", b"\r\r\n", b"\r\n\r\n", b"\0\r\n", b" \r\n")


def _flip(chance: random.Random, line: bytes) -> bytes:
    at = chance.randrange(len(line))
    return line[:at] + bytes([line[at] ^ 1 << chance.randrange(8)]) + line[at + 1 :]


def _delete(chance: random.Random, line: bytes) -> bytes:
    start, end = _chunk(chance, line)
    return line[:start] + line[end:]


def _duplicate(chance: random.Random, line: bytes) -> bytes:
    start, end = _chunk(chance, line)
    return line[:end] + line[start:]


def _cut(chance: random.Random, line: bytes) -> bytes:
    return line[: chance.randrange(len(line))]


def _end_oddly(chance: random.Random, line: bytes) -> bytes:
    return line.rstrip(b"\r\n") + chance.choice(_ODD_ENDS)


def _insert(what: Callable[[random.Random], bytes]) -> Damage:
    def insert(chance: random.Random, line: bytes) -> bytes:
        at = chance.randrange(len(line) + 1)
        return line[:at] + what(chance) + line[at:]

    return insert


def _run(chance: random.Random) -> bytes:
    return chance.choice((b"a", b" ", b":", b"@", b";", b"\xff")) * chance.randint(1, _LONGEST)


def _chunk(chance: random.Random, line: bytes) -> tuple[int, int]:
    start = chance.randrange(len(line))
    return start, chance.randrange(start, len(line)) + 1


DAMAGES: dict[str, Damage] = {
    "flip": _flip,
    "delete": _delete,
    "duplicate": _duplicate,
    "cut": _cut,
    "odd end": _end_oddly,
    "insert": _insert(lambda chance: chance.randbytes(chance.randint(1, 8))),
    "nul": _insert(lambda _: b"\0"),
    "0xff": _insert(lambda _: b"\xff"),
    "long run": _insert(_run),
}
"""What is done to a line and the LF that ends it."""


class Mutator:
    """Damages each line of a stream with a probability; `counts` says what was done."""

    def __init__(self, seed: str, probability: float, counts: Counter[str]) -> None:
        self.counts = counts
        self._chance = random.Random(seed)
        self._probability = probability
        self._pending = b""
        self._torn = False

    def feed(self, data: bytes) -> bytes:
        """Take what came, and return what to pass on: the lines that are whole."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        passed = b"".join(self._damaged(line + b"\n") for line in lines)
        self._torn = not passed.endswith(b"\n") if passed else self._torn
        return passed

    def rest(self) -> bytes:
        """Return what is held back of a line, after an end for the last one if that lost its own.

        Damages nothing that is passed on after this.
        """
        rest = (b"\r\n" if self._torn else b"") + self._pending
        self._pending, self._torn = b"", False
        return rest

    def _damaged(self, line: bytes) -> bytes:
        if self._chance.random() >= self._probability:
            return line
        name = self._chance.choice(list(DAMAGES))
        self.counts[name] += 1
        return DAMAGES[name](self._chance, line)


class MutatingProxy:
    """Leads from `port` to a port of loopback while its `with` block lasts, in a thread.

    `damages` counts what it did, by the names of DAMAGES.
    """

    def __init__(self, upstream_port: int, seed: int, probability: float = 0.05) -> None:
        self.port = 0
        self.damages: Counter[str] = Counter()
        self._upstream_port = upstream_port
        self._seed = seed
        self._probability = probability
        self._connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._behaves = False
        self._flowing = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._flowing.set()
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._handle, _HOST, 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def behave(self) -> None:
        """Pass on everything as it is from now on; what a freeze held back comes too."""
        self._do(self._turn(flowing=True, behaves=True))

    def freeze(self) -> None:
        """Pass on nothing more, either way, and close nothing; who comes is let in."""
        self._do(self._turn(flowing=False, behaves=self._behaves))

    def _do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _turn(self, *, flowing: bool, behaves: bool) -> None:
        self._behaves = behaves
        (self._flowing.set if flowing else self._flowing.clear)()

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        seed = f"{self._seed}/{self._connections}"
        try:
            # A task that is cancelled is an error to asyncio's servers.
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._lead(reader, writer, Mutator(seed, self._probability, self.damages))
        finally:
            writer.transport.abort()

    async def _lead(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mutator: Mutator
    ) -> None:
        there, back = await asyncio.open_connection(_HOST, self._upstream_port)
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer, mutator))
            for end in (back, writer):
                end.close()
                await end.wait_closed()
        finally:
            back.transport.abort()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        mutator: Mutator | None = None,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await self._flowing.wait()
                sink.write(self._passed(data, mutator))
                await sink.drain()
        await self._flowing.wait()
        with contextlib.suppress(OSError):
            sink.write(mutator.rest() if mutator else b"")
            sink.write_eof()

    def _passed(self, data: bytes, mutator: Mutator | None) -> bytes:
        if mutator is None:
            return data
        return mutator.rest() + data if self._behaves else mutator.feed(data)
