"""Floods without end, for a recorder that is to be stopped in the middle of one.

A flood lets its Peer in, sends the lines on which its own bear, and waits until the
client has dealt with them. Then it yields lines for as long as it is asked.
"""

from __future__ import annotations

from itertools import count, cycle
from typing import TYPE_CHECKING

from tests.support.attacks import CASEMAPPINGS, FILL, HISTORY, join, let_in, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.scripted import Peer

    Flood = Callable[[Peer], Iterator[str]]

MARK = "mark"
"""The text of the messages that `marked` adds, before their numbers."""


def our_joins(peer: Peer) -> Iterator[str]:
    us = let_in(peer)
    for number in count():
        yield f":{us} JOIN #{number}"


def changes_of_casemapping(peer: Peer) -> Iterator[str]:
    let_in(peer)
    send(peer, (f":[n]{n}!u@h JOIN #a" for n in range(20_000)))
    for name in cycle(CASEMAPPINGS):
        yield f":s 005 {peer.nick} CASEMAPPING={name} :are supported"


def renames(peer: Peer) -> Iterator[str]:
    let_in(peer)
    send(peer, [f":{peer.nick}!u@h JOIN #b", *(f":n{n}!u@h JOIN #b" for n in range(20_000))])
    before = "#b"
    for number in count():
        yield f":s RENAME {before} #b{number}"
        before = f"#b{number}"


def renames_to_and_fro(peer: Peer) -> Iterator[str]:
    let_in(peer)
    send(peer, [f":{peer.nick}!u@h JOIN #b", *(f":n{n}!u@h JOIN #b" for n in range(20_000))])
    yield from cycle((":s RENAME #b #c", ":s RENAME #c #b"))


def playback(peer: Peer) -> Iterator[str]:
    let_in(peer, HISTORY)
    yield ":s BATCH +x chathistory #a"
    for number in count():
        time = f"2026-11-20T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"
        yield f"@batch=x;time={time} :a!u@h PRIVMSG #a :{number} {FILL[:100]}"


def names(peer: Peer) -> Iterator[str]:
    let_in(peer)
    for number in count():
        some = " ".join(f"nick{number}-{n}" for n in range(30))
        yield f":s 353 {peer.nick} = #a :{some}"


def away(peer: Peer) -> Iterator[str]:
    let_in(peer, ("away-notify",))
    send(peer, join(peer, (f"#c{n}" for n in range(300)), "carol"))
    for number in count():
        yield f":carol!u@h AWAY :{number} {FILL}"


def quits(peer: Peer) -> Iterator[str]:
    let_in(peer)
    channels = [f"#c{n}" for n in range(300)]
    send(peer, join(peer, channels))
    while True:
        yield from (f":carol!u@h JOIN {channel}" for channel in channels)
        yield ":carol!u@h QUIT :bye"


def kicks(peer: Peer) -> Iterator[str]:
    us = let_in(peer)
    send(peer, join(peer, ["#b"]))
    yield from cycle((f":s KICK #b {peer.nick} :out", f":{us} JOIN #b"))


FLOODS: dict[str, Flood] = {
    each.__name__: each
    for each in (
        our_joins, changes_of_casemapping, renames, renames_to_and_fro, playback, names, away,
        quits, kicks,
    )
}  # fmt: skip


def marked(lines: Iterator[str], every: int = 50) -> Iterator[str]:
    """Yield lines, and after each few of them a numbered message to #a and a PING like it."""
    for number in count():
        for _ in range(every):
            yield next(lines)
        yield f":bob!u@h PRIVMSG #a :{MARK}{number}"
        yield f"PING :{MARK}{number}"
