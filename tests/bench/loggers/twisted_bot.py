"""The classic log bot of Twisted: an IRCClient that writes and flushes a line for each message.

Usage: python -m tests.bench.loggers.twisted_bot PORT DIRECTORY CHANNEL...
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from twisted.internet import protocol, reactor
from twisted.words.protocols import irc


class LogBot(irc.IRCClient):
    nickname = "recorder"

    def signedOn(self) -> None:  # noqa: N802 - Twisted's name for it
        for channel in self.factory.channels:
            self.join(channel)

    def joined(self, channel: str) -> None:
        self._log(channel, f"[joined {channel}]")

    def privmsg(self, user: str, channel: str, message: str) -> None:
        nick = _nick(user)
        if channel == self.nickname:
            self.msg(nick, "I only keep a log.")
            return
        self._log(channel, f"<{nick}> {message}")
        if message.startswith(f"{self.nickname}:"):
            self.msg(channel, f"{nick}: I only keep a log.")

    def action(self, user: str, channel: str, data: str) -> None:
        self._log(channel, f"* {_nick(user)} {data}")

    def irc_NICK(self, prefix: str, params: list[str]) -> None:  # noqa: N802 - Twisted's name for it
        # It keeps no members, so a rename goes where the first channel's talk goes.
        self._log(next(iter(self.factory.files)), f"{_nick(prefix)} is now known as {params[0]}")

    def _log(self, channel: str, text: str) -> None:
        stamp = time.strftime("[%H:%M:%S]", time.localtime(time.time()))
        file = self.factory.files[channel]
        file.write(f"{stamp} {text}\n")
        file.flush()


class LogBotFactory(protocol.ClientFactory):
    protocol = LogBot

    def __init__(self, directory: Path, channels: list[str]) -> None:
        self.channels = channels
        self.files = {
            channel: (directory / f"{channel}.log").open("a", encoding="utf-8")
            for channel in channels
        }


def _nick(user: str) -> str:
    return user.split("!", 1)[0]


def main(port: str, directory: str, *channels: str) -> None:
    factory = LogBotFactory(Path(directory), list(channels))
    reactor.connectTCP("127.0.0.1", int(port), factory)
    reactor.run()


main(*sys.argv[1:])
