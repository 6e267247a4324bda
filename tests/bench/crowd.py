"""Who is in which channel of the made-up network, and what they do there.

Everything is consistent (nobody speaks, leaves or is kicked where they are
not) and follows from the seed alone.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMBERS = 50

_WORDS = re.findall(
    r"\w+",
    """
    a about actually again all and any because before branch build but cache can change
    channel check commit compile could debug does doing done email error even every fails
    file fix for from good has have here how if in install into is it just kernel know last
    like line linux log look maybe merge more need network never new no not now of off old on
    only or package patch people probably question read really release right run same see
    server should since so some something still sure test thanks that the then there thing
    think this time to try tried update upgrade use version wait was what when where which
    why will with work works would wrong you your
    """,
)
_UNUSUAL = ("naïve", "Grüße", "привет", "日本語", "→", "👍")
_ENDINGS_OF_NICKS = ("", "_", "|away", "`")
_TEXTS = 500
_WORDS_IN_A_TEXT = (2, 20)
_UNUSUAL_SHARE = 0.05


@dataclass(slots=True, eq=False)
class Person:
    account: str
    nick: str
    address: str
    channels: set[str] = field(default_factory=set)

    @property
    def source(self) -> str:
        return f"{self.nick}!{self.address}"


@dataclass(slots=True)
class Deed:
    """A line without its source: the command and what follows it."""

    person: Person
    rest: str


class Crowd:
    """People, their channels, and one deed after another of those who are in them.

    `serials` lists the numbers of the messages said in each channel, in order;
    each stands in its text as `n0000123`. If they are `distinct`, nobody begins in two
    channels; else a person is in two or three.
    """

    def __init__(self, channels: list[str], seed: int = 1, *, distinct: bool = False) -> None:
        self.chance = random.Random(seed)
        people = 2 * MEMBERS + (MEMBERS if distinct else 20) * len(channels)
        self.people = [_person(number) for number in range(people)]
        self.members: dict[str, list[Person]] = {}
        self.serials: dict[str, list[int]] = {channel: [] for channel in channels}
        self._texts = [self._text() for _ in range(_TEXTS)]
        self._next_serial = 0
        for number, channel in enumerate(channels):
            own = self.people[number * MEMBERS : (number + 1) * MEMBERS]
            self.members[channel] = own if distinct else self.chance.sample(self.people, MEMBERS)
            for person in self.members[channel]:
                person.channels.add(channel)

    def deeds(self, count: int) -> Iterator[Deed]:
        kinds = self.chance.choices(list(_KINDS), list(_KINDS.values()), k=count)
        channels = self.chance.choices(list(self.members), k=count)
        for do, channel in zip(kinds, channels, strict=True):
            yield do(self, channel)

    def someone(self, channel: str) -> Person:
        return self.chance.choice(self.members[channel])

    def text(self) -> str:
        return self.chance.choice(self._texts)

    def numbered(self, channel: str) -> str:
        serial = self._next_serial
        self._next_serial += 1
        self.serials[channel].append(serial)
        return f"n{serial:07d} {self.text()}"

    def leave(self, person: Person, channel: str) -> None:
        person.channels.discard(channel)
        self.members[channel].remove(person)

    def _text(self) -> str:
        words = self.chance.choices(_WORDS, k=self.chance.randint(*_WORDS_IN_A_TEXT))
        if self.chance.random() < _UNUSUAL_SHARE:
            words.append(self.chance.choice(_UNUSUAL))
        return " ".join(words)


def _person(number: int) -> Person:
    name = f"{_WORDS[number % len(_WORDS)]}{number}"
    return Person(name, name, f"~{name}@host-{number}.dyn.example.net")


def _say(crowd: Crowd, channel: str) -> Deed:
    return Deed(crowd.someone(channel), f"PRIVMSG {channel} :{crowd.numbered(channel)}")


def _act(crowd: Crowd, channel: str) -> Deed:
    text = f"\x01ACTION {crowd.numbered(channel)}\x01"
    return Deed(crowd.someone(channel), f"PRIVMSG {channel} :{text}")


def _come_or_go(crowd: Crowd, channel: str) -> Deed:
    members = crowd.members[channel]
    if len(members) >= MEMBERS:
        person = crowd.someone(channel)
        crowd.leave(person, channel)
        return Deed(person, f"PART {channel} :{crowd.text()}")
    person = crowd.chance.choice([each for each in crowd.people if channel not in each.channels])
    members.append(person)
    person.channels.add(channel)
    return Deed(person, f"JOIN {channel}")


def _quit(crowd: Crowd, channel: str) -> Deed:
    person = crowd.someone(channel)
    for each in sorted(person.channels):
        crowd.leave(person, each)
    return Deed(person, "QUIT :Remote host closed the connection")


def _rename(crowd: Crowd, channel: str) -> Deed:
    person = crowd.someone(channel)
    before = Person(person.account, person.nick, person.address)
    nicks = {f"{person.account}{ending}" for ending in _ENDINGS_OF_NICKS} - {person.nick}
    person.nick = crowd.chance.choice(sorted(nicks))
    return Deed(before, f"NICK :{person.nick}")


def _set_mode(crowd: Crowd, channel: str) -> Deed:
    mode = crowd.chance.choice(["+o", "-o", "+v", "-v"])
    return Deed(crowd.someone(channel), f"MODE {channel} {mode} {crowd.someone(channel).nick}")


def _notice(crowd: Crowd, channel: str) -> Deed:
    return Deed(crowd.someone(channel), f"NOTICE {channel} :{crowd.text()}")


def _set_topic(crowd: Crowd, channel: str) -> Deed:
    return Deed(crowd.someone(channel), f"TOPIC {channel} :{crowd.text()}")


def _kick(crowd: Crowd, channel: str) -> Deed:
    kicked = crowd.someone(channel)
    crowd.leave(kicked, channel)
    return Deed(crowd.someone(channel), f"KICK {channel} {kicked.nick} :{crowd.text()}")


_KINDS: dict[Callable[[Crowd, str], Deed], float] = {
    _say: 85,
    _act: 3,
    _come_or_go: 6,
    _quit: 1.5,
    _rename: 1.5,
    _set_mode: 1,
    _notice: 1,
    _set_topic: 0.5,
    _kick: 0.5,
}
"""What is done, in percent of all lines."""
