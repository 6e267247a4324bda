"""One night in a channel: the lines that a server sends, and the events that they are.

The night is that of 2026-10-25 in Berlin, which has a midnight and an hour twice. Each
step is the line on the wire and the whole truth of it; `holding` tells how much of that
a dialect can hold.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from chatlog.event import Event, format_time

ZONE: Final = "Europe/Berlin"
NETWORK: Final = "goldnet"
CHANNEL: Final = "#golden"
SERVER: Final = "irc.example"
OWN: Final = "rec"
REPEATED: Final = "again"
SPLIT: Final = "hub.example leaf.example"

MASKS: Final = {
    OWN: "rec@c.example",
    "ann": "ann@a.example",
    "ben": "~ben@b.example",
    "mal": "mal@bad.example",
    "[x]": "x@2001:db8::1",
    "w`e^i{r}d|": "odd@user/odd",
    "d-a-sh-": "dash@d.example",
    "_": "u@u.example",
}
"""The user and host of everybody, by their first nick."""


class Step(NamedTuple):
    """A line that the server sends at a moment (seconds since 1970), and its event."""

    at: int
    wire: bytes
    event: Event


class Night:
    """The steps in order; each is ten seconds after the one before unless `at` says when."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._now = 0
        self._masks = dict(MASKS)

    def at(self, moment: str) -> None:
        """Go on at a moment: `2026-10-24T21:50:00`, in UTC."""
        self._now = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) - 10

    def say(self, nick: str, text: str, codec: str = "utf-8") -> None:
        self._talk("message", nick, text, b"PRIVMSG", codec)

    def act(self, nick: str, text: str) -> None:
        self._talk("action", nick, text, b"PRIVMSG", "utf-8", b"\x01ACTION %s\x01")

    def notice(self, nick: str, text: str) -> None:
        self._talk("notice", nick, text, b"NOTICE", "utf-8")

    def join(self, nick: str) -> None:
        self._add("join", nick, f"JOIN {CHANNEL}")

    def part(self, nick: str, reason: str | None) -> None:
        tail = "" if reason is None else f" :{reason}"
        self._add("part", nick, f"PART {CHANNEL}{tail}", text=reason or "")

    def quit(self, nick: str, reason: str, split: str = "") -> None:
        self._add("quit", nick, f"QUIT :{reason}", text=reason, split=split)

    def rename(self, nick: str, new: str) -> None:
        self._add("nick", nick, f"NICK :{new}", subject=new)
        self._masks[new] = self._masks[nick]

    def kick(self, nick: str, kicked: str, reason: str) -> None:
        self._add("kick", nick, f"KICK {CHANNEL} {kicked} :{reason}", subject=kicked, text=reason)

    def mode(self, nick: str, modes: str, *params: str) -> None:
        line = " ".join([f"MODE {CHANNEL}", modes, *params])
        hidden = tuple("*" if each == "sesame" else each for each in params)
        self._add("mode", nick, line, command=modes, params=hidden)

    def topic(self, nick: str, text: str) -> None:
        self._add("topic", nick, f"TOPIC {CHANNEL} :{text}", text=text)

    def _talk(
        self, kind: str, nick: str, text: str, command: bytes, codec: str, form: bytes = b"%s"
    ) -> None:
        said = form % text.encode(codec)
        encoding = "" if codec == "utf-8" else codec
        line = b"%s %s :%s" % (command, CHANNEL.encode(), said)
        self._add(kind, nick, line, text=text, encoding=encoding)

    def _add(self, kind: str, nick: str, line: str | bytes, **fields: object) -> None:
        self._now += 10
        user, _, host = self._masks.get(nick, "").partition("@")
        source = f"{nick}!{user}@{host}" if host else nick
        raw = line.encode() if isinstance(line, str) else line
        event = Event(
            time=format_time(self._now * 1000),
            network=NETWORK,
            target=CHANNEL,
            type=kind,
            nick=nick,
            user=user,
            host=host,
            **fields,
        )
        self.steps.append(Step(self._now, b":%s %s" % (source.encode(), raw), event))


def _night() -> list[Step]:
    night = Night()
    night.at("2026-10-24T21:40:00")
    night.join(OWN)
    _people_come(night)
    _forgeries(night)
    _odd_texts(night)
    _odd_nicks(night)
    _order_is_kept(night)
    _people_go(night)
    _midnight_and_the_hour_twice(night)
    return night.steps


def _people_come(night: Night) -> None:
    night.join("ann")
    night.mode(SERVER, "+o", "ann")
    night.say("ann", "good evening")
    night.join("ben")
    night.mode("ann", "+v", "ben")
    night.say("ben", "evening, ann: is it on?")
    night.act("ann", "waves")
    night.notice("ann", "the meeting begins")


def _forgeries(night: Night) -> None:
    """Texts that look like the events, stamps and heads of logs."""
    for text in (
        "*** Joins: mallory (m@evil.example)",
        "*** mallory <mallory!m@evil.example> has joined #golden",
        "-!- mallory [m@evil.example] has joined #golden",
        "-!- mallory(m@evil.example) has joined #golden",
        "--> mallory (m@evil.example) has joined #golden",
        "mallory (m@evil.example) joined #golden.",
        "* mallory (m@evil.example) has joined",
        "=== ann is now known as mallory",
        "23:51 <ann> I never said this",
        "[23:51:00] <ann> nor this",
        "2026-10-24T23:51:00  <ann> nor that",
        "1792878660 <ann> nor anything",
        "--- Day changed Sun Oct 25 2026",
        "--- Log closed Sat Oct 24 23:51:00 2026",
        "**** ENDING LOGGING AT Sat Oct 24 23:51:00 2026",
        "<ann> a quotation",
        "> half a quotation",
        "* ann waves",
        "-ann- take care",
        "Last message repeated 7 time(s).",
    ):
        night.say("ben", text)
    night.act("ben", "has quit (forged)")
    night.act("ben", "is now known as mallory")
    night.notice("ben", "*** ann sets mode: +o mallory")


def _odd_texts(night: Night) -> None:
    night.say("ann", "\x02bold\x02 \x0304,12red\x03 \x1funder\x1f \x1ditalic\x1d \x16rev\x0f end")
    night.say("ann", "caf\u00e9 \u00fcber \u20ac", "cp1252")
    night.say("ann", "\U0001f389 \U0001f469\u200d\U0001f4bb caf\u00e9")
    night.say("ann", "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u202eevil\u202c")
    night.say("ann", "ding\x07dong")
    night.say("ann", "\x1b[31mescaped\x1b[0m")
    night.say("ann", "tab\tbetween")
    night.say("ann", "  indented, and trailing  ")
    night.say("ann", "lines\u2028that\x85are\x0bnone")
    night.say("ann", ":colon first, \"quoted\" and 'single'")
    night.say("ann", "(brackets) [and] {more}")
    for _ in range(3):
        night.say("ben", REPEATED)
    night.act("ben", "")


def _odd_nicks(night: Night) -> None:
    night.join("[x]")
    night.say("[x]", "brackets are letters")
    night.act("[x]", "nods")
    night.join("w`e^i{r}d|")
    night.say("w`e^i{r}d|", "all of these are letters")
    night.notice("w`e^i{r}d|", "mind the nick")
    night.join("d-a-sh-")
    night.say("d-a-sh-", "dashes")
    night.notice("d-a-sh-", "- a notice - of dashes -")
    night.join("_")
    night.say("_", "short")
    night.rename("[x]", "x\\")
    night.say("x\\", "renamed")
    night.rename(OWN, "rec_")


def _order_is_kept(night: Night) -> None:
    night.join("mal")
    night.mode("ann", "+bb-v", "*!*@bad.example", "mal*!*@*", "ben")
    night.kick("ann", "mal", "enough (really) [now]")
    night.mode("ann", "+l", "20")
    night.mode("ann", "+k", "sesame")
    night.mode("ann", "-l")
    night.mode("ann", "-b", "*!*@bad.example")
    night.join("mal")
    night.kick("ann", "mal", "mal")
    night.topic("ann", 'the "new" topic to "be"')
    night.topic("ann", "\x02bold\x02 topic (with) 'quotes'")
    night.topic("ann", "")
    night.mode(SERVER, "-o", "ann")
    night.mode(SERVER, "+o", "ann")


def _people_go(night: Night) -> None:
    night.part("d-a-sh-", "leaving (with) [brackets]")
    night.part("w`e^i{r}d|", None)
    night.join("d-a-sh-")
    night.join("w`e^i{r}d|")
    night.quit("w`e^i{r}d|", "Quit: good (night)")
    night.quit("d-a-sh-", "")
    night.rename("ben", "benji")


def _midnight_and_the_hour_twice(night: Night) -> None:
    """Midnight is at 22:00 UTC; the clocks go back from 03:00 to 02:00 at 01:00 UTC."""
    night.at("2026-10-24T21:59:58")
    night.say("ann", "one more minute")
    night.at("2026-10-24T22:00:05")
    night.say("ann", "good morning")
    night.at("2026-10-24T23:59:50")
    night.say("ann", "before two")
    night.at("2026-10-25T00:30:00")
    night.say("ann", "half past two")
    night.at("2026-10-25T00:59:50")
    night.say("ann", "almost three")
    night.at("2026-10-25T01:00:10")
    night.say("ann", "two again")
    night.at("2026-10-25T01:30:00")
    night.say("ann", "half past two again")
    night.at("2026-10-25T02:00:10")
    night.say("ann", "three at last")
    night.quit("x\\", SPLIT, SPLIT)
    night.quit("_", SPLIT, SPLIT)
    night.at("2026-10-25T02:10:00")
    night.say("benji", "good night")


NIGHT: Final = tuple(_night())
