"""A minimal bot on the irc library's own reactor and handlers, one line for each message.

Usage: python -m tests.bench.loggers.irc_bot [--ca=FILE] PORT DIRECTORY CHANNEL...
"""

from __future__ import annotations

import functools
import signal
import ssl
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import irc.client
import irc.connection
from jaraco.stream import buffer

if TYPE_CHECKING:
    from typing import TextIO

# Upstream's strict default ends the process at the first byte that is not UTF-8.
irc.client.ServerConnection.buffer_class = buffer.LenientDecodingLineBuffer


class Bot:
    def __init__(self, directory: Path, channels: list[str]) -> None:
        self.files: dict[str, TextIO] = {
            channel: (directory / f"{channel}.log").open("a", encoding="utf-8", buffering=1)
            for channel in channels
        }

    def on_welcome(self, connection: irc.client.ServerConnection, _event: object) -> None:
        for channel in self.files:
            connection.join(channel)

    def on_pubmsg(self, _connection: object, event: irc.client.Event) -> None:
        self._log(event.target, f"<{event.source.nick}> {event.arguments[0]}")

    def on_action(self, _connection: object, event: irc.client.Event) -> None:
        self._log(event.target, f"* {event.source.nick} {event.arguments[0]}")

    def _log(self, channel: str, text: str) -> None:
        stamp = time.strftime("[%H:%M:%S]", time.localtime())
        self.files[channel].write(f"{stamp} {text}\n")


def main(first: str, *arguments: str) -> None:
    ca = first.removeprefix("--ca=") if first.startswith("--ca=") else ""
    port, directory, *channels = arguments if ca else (first, *arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    bot = Bot(Path(directory), list(channels))
    reactor = irc.client.Reactor()
    reactor.add_global_handler("welcome", bot.on_welcome)
    reactor.add_global_handler("pubmsg", bot.on_pubmsg)
    reactor.add_global_handler("action", bot.on_action)
    context = functools.partial(
        ssl.create_default_context(cafile=ca).wrap_socket, server_hostname="127.0.0.1"
    )
    factory = irc.connection.Factory(wrapper=context) if ca else irc.connection.Factory()
    reactor.server().connect("127.0.0.1", int(port), "recorder", connect_factory=factory)
    reactor.process_forever()


main(*sys.argv[1:])
