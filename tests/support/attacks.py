"""What servers send in masses, each as a script for a ScriptedServer.

An attack gets a Peer that has connected, and a number of rounds: each sends some
thousand lines, and waits until the client has dealt with them. An honest network
sends as much as the largest ones do.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.support.scripted import Peer

    Attack = Callable[["Peer", int], None]

FILL = "x" * 400
HISTORY = ("batch", "server-time", "message-tags")


def send(peer: Peer, lines: Iterable[str]) -> None:
    """Send lines, and wait until the client has dealt with them."""
    peer.flood("".join(f"{line}\r\n" for line in lines).encode())
    peer.sync()


def let_in(peer: Peer, capabilities: Iterable[str] = ("server-time",), tokens: str = "") -> str:
    """Let the client in and into #a; return its source."""
    peer.register(capabilities, tokens)
    peer.join("#a")
    return f"{peer.nick}!u@h"


def join(peer: Peer, channels: Iterable[str], *others: str) -> Iterator[str]:
    """Yield the lines that let the client into channels, with others in each."""
    for channel in channels:
        yield f":{peer.nick}!u@h JOIN {channel}"
        yield f":s 353 {peer.nick} = {channel} :{' '.join((peer.nick, *others))}"
        yield f":s 366 {peer.nick} {channel} :End"


# -- tables --------------------------------------------------------------------------


def capabilities_without_end(peer: Peer, rounds: int) -> None:
    peer.wait_for(rb"^CAP LS")
    for number in range(rounds):
        names = (" ".join(f"cap{number}-{n}-{m}" for m in range(40)) for n in range(1500))
        send(peer, (f":s CAP * LS * :{each}" for each in names))
    peer.send(b":s CAP * LS :\r\n")
    peer.register()


def new_capabilities(peer: Peer, rounds: int) -> None:
    let_in(peer, ("cap-notify",))
    for number in range(rounds):
        names = (" ".join(f"cap{number}-{n}-{m}" for m in range(40)) for n in range(1500))
        send(peer, (f":s CAP {peer.nick} NEW :{each}" for each in names))


def acknowledged_capabilities(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        names = (" ".join(f"cap{number}-{n}-{m}" for m in range(40)) for n in range(1500))
        send(peer, (f":s CAP {peer.nick} ACK :{each}" for each in names))


def tokens(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        some = (" ".join(f"T{number}-{n}-{m}={FILL[:20]}" for m in range(12)) for n in range(3000))
        send(peer, (f":s 005 {peer.nick} {each} :are supported" for each in some))


def names_without_end(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        names = (" ".join(f"nick{number}-{n}-{m}" for m in range(30)) for n in range(2000))
        send(peer, (f":s 353 {peer.nick} = #a :{each}" for each in names))


def people_who_join(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        send(peer, (f":nick{number}-{n}!user@host{n} JOIN #a" for n in range(10_000)))


def sources(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        send(peer, (f":{number}-{n}{FILL * 10}!u@h PRIVMSG #a :hi" for n in range(2000)))


def names_of_channels(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        send(peer, (f":bob!u@h PRIVMSG #{number}-{n}{FILL * 10} :hi" for n in range(2000)))


def commands(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        send(peer, (f":s X{number}Y{n}Z{FILL * 10} #a" for n in range(2000)))


def playbacks_that_begin(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        texts = (f"#{number}-{n}{FILL} :Buffer Playback..." for n in range(3000))
        send(peer, (f":***!znc@znc.in PRIVMSG {each}" for each in texts))


def batches_that_begin(peer: Peer, rounds: int) -> None:
    let_in(peer, HISTORY)
    for number in range(rounds):
        send(peer, (f":s BATCH +{number}x{n} chathistory #a" for n in range(3000)))
        lines = (
            f"@batch={number}x{n % 64};time=2026-11-20T00:00:00.000Z :a!u@h PRIVMSG #a :{FILL}"
            for n in range(3000)
        )
        send(peer, lines)


def batch_without_end(peer: Peer, rounds: int) -> None:
    let_in(peer, HISTORY)
    send(peer, [":s BATCH +x chathistory #a"])
    for number in range(rounds):
        lines = (
            f"@batch=x;time=2026-11-20T00:00:00.000Z :a!u@h PRIVMSG #a :{number} {n} {FILL[:100]}"
            for n in range(4000)
        )
        send(peer, lines)


def history_without_batch(peer: Peer, rounds: int) -> None:
    let_in(peer, HISTORY)
    for number in range(rounds):
        lines = (
            f"@time=2026-11-20T00:00:00.{n % 1000:03}Z :a!u@h PRIVMSG #a :{number} {n}"
            for n in range(3000)
        )
        send(peer, lines)


def our_whois(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        places = (" ".join(f"#{number}-{n}-{m}" for m in range(40)) for n in range(1500))
        send(peer, (f":s 319 {peer.nick} {peer.nick} :{each}" for each in places))


def whispers(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        send(peer, (f":p{number}-{n}!u@h PRIVMSG {peer.nick} :hello" for n in range(8000)))


def reasons(peer: Peer, rounds: int) -> None:
    peer.register(())
    peer.wait_for(rb"^JOIN")
    for number in range(rounds):
        send(peer, (f":s 474 {peer.nick} #a :{number} {n} {FILL * 10}" for n in range(1000)))


def modes_of_channels(peer: Peer, rounds: int) -> None:
    let_in(peer, HISTORY, "CHANMODES=b,k,lH,imnpst")
    for _ in range(rounds):
        send(peer, (f":s 324 {peer.nick} #a +H {n % 1000}:1h" for n in range(5000)))


# -- channels and files ----------------------------------------------------------------


def channels_that_nobody_asked_for(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        send(peer, (f":{peer.nick}!u@h JOIN #{number}-{n}" for n in range(3000)))


def channels_that_come_and_go(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for number in range(rounds):
        send(
            peer,
            (
                line
                for n in range(1500)
                for line in (
                    f":{peer.nick}!u@h JOIN #{number}-{n}",
                    f":{peer.nick}!u@h PART #{number}-{n}",
                )
            ),
        )


def names_for_a_channel(peer: Peer, rounds: int) -> None:
    let_in(peer)
    before, numbers = "#a", count()
    for _ in range(rounds):
        lines = []
        for _ in range(1500):
            lines.append(f":s RENAME {before} #{next(numbers)}")
            before = lines[-1].rpartition(" ")[2]
        send(peer, lines)


def a_channel_with_two_names(peer: Peer, rounds: int) -> None:
    let_in(peer)
    send(peer, (f":n{n}!u@h JOIN #a" for n in range(20_000)))
    for _ in range(rounds):
        send(peer, [":s RENAME #a #b", ":s RENAME #b #a"] * 400)


def forwards(peer: Peer, rounds: int) -> None:
    peer.register(())
    peer.wait_for(rb"^JOIN")
    before = "#a"
    for number in range(rounds):
        for n in range(200):
            onto = f"#{number}-{n}"
            send(peer, [f":s 470 {peer.nick} {before} {onto} :go on", *join(peer, [onto])])
            before = onto


# -- turns of the loop -------------------------------------------------------------------


def casemappings(peer: Peer, rounds: int) -> None:
    let_in(peer)
    send(peer, (f":[n]{n}!u@h JOIN #a" for n in range(20_000)))
    for _ in range(rounds):
        send(peer, (f":s 005 {peer.nick} CASEMAPPING={each} :are" for each in CASEMAPPINGS * 750))


CASEMAPPINGS = ("ascii", "rfc1459") * 2


def somebody_who_is_everywhere(peer: Peer, rounds: int) -> None:
    let_in(peer, ("away-notify", "setname"))
    channels = [f"#c{n}" for n in range(900)]
    send(peer, join(peer, channels, "bob"))
    for number in range(rounds):
        send(peer, (f":bob!u@h AWAY :{number} {n} {FILL}" for n in range(300)))
        send(peer, [":bob!u@h NICK bob2", ":bob2!u@h NICK bob"] * 20)
        send(peer, [":bob!u@h QUIT :bye", *(f":bob!u@h JOIN {each}" for each in channels)])


def a_channel_that_is_left(peer: Peer, rounds: int) -> None:
    us = let_in(peer)
    for number in range(rounds):
        names = (" ".join(f"nick{number}-{n}-{m}" for m in range(30)) for n in range(3000))
        send(peer, (f":s 353 {peer.nick} = #a :{each}" for each in names))
        send(peer, [f":s 366 {peer.nick} #a :End", f":{us} JOIN #a"])


def answers_to_pings(peer: Peer, rounds: int) -> None:
    let_in(peer)
    for _ in range(rounds):
        send(peer, (f"PING :{FILL}" for _ in range(8000)))


def kicks(peer: Peer, rounds: int) -> None:
    us = let_in(peer)
    for number in range(rounds):
        lines = [f":s KICK #a {peer.nick} :{number}", f":{us} JOIN #a"] * 300
        send(peer, lines)


ATTACKS: dict[str, Attack] = {
    each.__name__: each
    for each in (
        capabilities_without_end, new_capabilities, acknowledged_capabilities, tokens,
        names_without_end, people_who_join, sources, names_of_channels, commands,
        playbacks_that_begin, batches_that_begin, batch_without_end, history_without_batch,
        our_whois, whispers, reasons, modes_of_channels, channels_that_nobody_asked_for,
        channels_that_come_and_go, names_for_a_channel, a_channel_with_two_names, forwards,
        casemappings, somebody_who_is_everywhere, a_channel_that_is_left, answers_to_pings,
        kicks,
    )
}  # fmt: skip


# -- honest networks -------------------------------------------------------------------


def one_channel_of_100_000(peer: Peer) -> None:
    let_in(peer)
    names = (" ".join(f"@somebody{n}-{m}" for m in range(40)) for n in range(2500))
    send(peer, (f":s 353 {peer.nick} = #a :{each}" for each in names))
    send(peer, [f":s 366 {peer.nick} #a :End"])
    send(peer, (f":somebody{n}-1!u@h QUIT :bye" for n in range(2500)))


def a_bouncer_that_plays_back_100_000_lines(peer: Peer) -> None:
    let_in(peer, HISTORY)
    send(peer, [":s BATCH +x chathistory #a"])
    for number in range(20):
        lines = (
            f"@batch=x;time=2026-11-{number + 1:02}T00:{n // 60 % 60:02}:{n % 60:02}.{n % 1000:03}Z"
            f" :somebody{n % 500}!user@host PRIVMSG #a :{number} {n} {FILL[:200]}"
            for n in range(5000)
        )
        send(peer, lines)
    send(peer, [":s BATCH -x"])


HONEST: dict[str, Callable[[Peer], None]] = {
    each.__name__: each
    for each in (one_channel_of_100_000, a_bouncer_that_plays_back_100_000_lines)
}
