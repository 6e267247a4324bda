"""The demo's server in a thread of its own, for programs that run beside the test."""

from __future__ import annotations

import asyncio
import threading

from chatlog.clock import now
from chatlog.demo.server import Server
from tests.support.waiting import PATIENCE


class EmbeddedServer:
    """A server on loopback, with `ada` in the channels that she speaks in."""

    def __init__(self, **options):
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._people = {}
        self._pings = 0
        self.server = None

    def __enter__(self):
        self._thread.start()
        self.server = self._run(self._start())
        return self

    def __exit__(self, *_):
        self._run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self):
        server = Server(clock=now, **self._options)
        await server.listen()
        return server

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(
            asyncio.wait_for(coroutine, PATIENCE), self._loop
        ).result()

    @property
    def port(self):
        return self.server.port

    def joined(self, nick, channel):
        """Wait until somebody on a socket is in a channel."""
        self._run(self.server.joined(nick, channel))

    def heard(self, pattern):
        """Wait until somebody on a socket has said this."""
        return self._run(self.server.heard(pattern))

    def say(self, nick, target, text):
        """Let a person say something; they come and join where they have not yet."""
        self._run(self._say(nick, target, text))

    def say_all(self, nick, target, texts):
        """Let a person say many things."""
        self._run(self._say_all(nick, target, texts))

    async def _say_all(self, nick, target, texts):
        for text in texts:
            await self._say(nick, target, text)

    async def _say(self, nick, target, text):
        person = self._people.get(nick) or self.server.person(nick)
        self._people[nick] = person
        if target.startswith("#"):
            person.join(target)
        person.say(target, text)

    def answered(self, nick="chatlog"):
        """Wait until somebody on a socket has dealt with all that they were sent."""
        self._pings += 1
        self.send_raw(nick, b"PING :ping%d\r\n" % self._pings)
        self.heard(rb"^PONG :?ping%d$" % self._pings)

    def send_raw(self, nick, data):
        """Send these bytes to somebody on a socket."""
        self._run(self._send_raw(nick, data))

    async def _send_raw(self, nick, data):
        self.server.send_raw(nick, data)
