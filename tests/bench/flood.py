"""A flood of lines as bytes, made before anything is measured; and what was lost of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.crowd import Crowd

if TYPE_CHECKING:
    from collections.abc import Iterable

NETWORK = "BenchNet"
SERVER = "irc.example.net"
_NAMES_IN_A_LINE = 25
_SERIAL = re.compile(rb"\bn(\d{7})\b")


@dataclass(frozen=True)
class Flood:
    """The bytes of a flood, what a server says before it, and the messages that it holds."""

    payload: bytes
    names: dict[str, list[str]]
    serials: dict[str, list[int]]

    def greeting(self, nick: str) -> str:
        return _lines(
            f":{SERVER} 001 {nick} :Welcome to {NETWORK}, {nick}",
            f":{SERVER} 005 {nick} CHANTYPES=# PREFIX=(ov)@+ CHANMODES=beI,k,l,imnpst"
            f" CASEMAPPING=rfc1459 NETWORK={NETWORK} :are supported by this server",
            f":{SERVER} 422 {nick} :MOTD File is missing",
        )

    def joined(self, nick: str, channel: str) -> str:
        names = self.names[channel]
        batches = [
            names[start : start + _NAMES_IN_A_LINE]
            for start in range(0, len(names), _NAMES_IN_A_LINE)
        ]
        return _lines(
            f":{nick}!~{nick}@here.example.net JOIN {channel}",
            *(f":{SERVER} 353 {nick} = {channel} :{' '.join(batch)}" for batch in batches),
            f":{SERVER} 366 {nick} {channel} :End of /NAMES list.",
        )


def channel_names(count: int) -> list[str]:
    return [f"#bench{number:02d}" for number in range(count)]


def make_flood(lines: int, channels: int, time: str, *, distinct: bool = False) -> Flood:
    """Make a flood; a `time` is that of the server-time tag, none leaves out all tags."""
    crowd = Crowd(channel_names(channels), distinct=distinct)
    names = {
        channel: [person.nick for person in members] for channel, members in crowd.members.items()
    }
    made = []
    for number, deed in enumerate(crowd.deeds(lines)):
        tags = _tags(time, number, deed.person.account) if time else ""
        made.append(f"{tags}:{deed.person.source} {deed.rest}\r\n")
    return Flood("".join(made).encode(), names, crowd.serials)


def _tags(time: str, number: int, account: str) -> str:
    # Each line has another millisecond, but all the same second: an old one is no live line.
    moment = f"{time[:-4]}{number % 1000:03d}Z"
    return f"@time={moment};msgid=bench{number:018d};account={account} "


def _lines(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def serials_in(lines: Iterable[bytes]) -> list[int]:
    return [int(number) for line in lines for number in _SERIAL.findall(line)]


def count_lost(said: list[int], found: list[int]) -> int:
    """Count the messages of a channel that were not found exactly once and in order."""
    times = Counter(found)
    expected = set(said)
    last, kept = -1, 0
    for serial in found:
        if serial in expected and times[serial] == 1 and serial > last:
            last = serial
            kept += 1
    return len(said) - kept
