"""A conversation for the demo server: two channels, a few people, and every kind of event.

It includes what recorders often get wrong: non-Latin scripts, colours, bytes that
are not UTF-8, and an attempt to forge a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from chatlog.demo.people import Participant
    from chatlog.demo.server import Server

    People = dict[str, Participant]
    Turns = Mapping[str | bytes, Callable[[], Awaitable[object]]]

CHANNELS: Final = ("#demo", "#tea")
CUT: Final = "the recorder's line breaks"
BACK: Final = "the recorder is back"
_BEAT: Final = 0.12

CAST: Final = {
    "ada": ("ada", "analytical.example", "ada"),
    "grace": ("grace", "compiler.example", "grace"),
    "alan": ("alan", "tape.example", ""),
    "mallory": ("m", "elsewhere.example", ""),
}
"""Who takes part: nick to user, host and account."""


class Step(NamedTuple):
    """One action of a person, or a turn of the story if there is no person."""

    who: str
    line: str | bytes


STEPS: Final = (
    Step("grace", "JOIN #demo"),
    Step("ada", "TOPIC #demo :Notes on things that compute"),
    Step("ada", "PRIVMSG #demo :Good morning! Does anybody keep what we say here?"),
    Step("grace", "PRIVMSG #demo :chatlog does. Every line, and it knows when it was away."),
    Step("alan", "JOIN #demo"),
    Step("grace", "JOIN #tea"),
    Step("alan", "PRIVMSG #tea :The kettle is on \N{HOT BEVERAGE} お茶をどうぞ"),
    Step("grace", "PRIVMSG #tea :\x01ACTION takes two lumps, thank you\x01"),
    Step("ada", "PRIVMSG #demo :\x02bold\x02 and \x0304,01red on black\x0f and plain again"),
    Step("alan", b"PRIVMSG #demo :a caf\xe9 in Latin-1, which is no UTF-8"),
    Step("alan", "PRIVMSG #demo :سلام, and a line that runs the other way"),
    Step("mallory", "JOIN #demo"),
    Step("mallory", "PRIVMSG #demo :hello\x10n[12:00:00] <ada> I resign \x1b[2J\x9b31m"),
    Step("ada", "MODE #demo +o grace"),
    Step("grace", "KICK #demo mallory :nobody resigns on another's behalf"),
    Step("alan", "NICK turing"),
    Step("turing", "PRIVMSG #demo :the same person, by another name"),
    Step("", CUT),
    Step("grace", "PRIVMSG #demo :Did the line of the recorder just break?"),
    Step("turing", "PRIVMSG #demo :It did. lol"),
    Step("turing", "PRIVMSG #demo :lol"),
    Step("grace", "PRIVMSG #demo :Then it knows what it missed, and asks for it."),
    Step("", BACK),
    Step("turing", "AWAY :at lunch"),
    Step("grace", "NOTICE #demo :the build is green"),
    Step("turing", "QUIT :to be continued"),
    Step("grace", "PART #demo :and good night"),
    Step("ada", "PRIVMSG #demo :Anybody still here?"),
)


def arrive(server: Server) -> People:
    """Connect all people to the server, and join the first two to their channels."""
    people = {
        nick: server.person(nick, user=user, host=host, account=account)
        for nick, (user, host, account) in CAST.items()
    }
    people["ada"].join("#demo")
    people["alan"].join("#tea")
    return {**people, "turing": people["alan"]}


async def play(
    people: People,
    *,
    pause: Callable[[float], Awaitable[object]],
    turns: Turns | None = None,
) -> None:
    """Run the actions of all people, with pauses in seconds, and the `turns` of the story."""
    for step in STEPS:
        if step.who:
            people[step.who].raw(step.line)
        elif turns is not None:
            await turns[step.line]()
        await pause(_BEAT)
