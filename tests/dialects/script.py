"""Scripts of conversations: the lines that a server sends, and the events that they are.

Each step is a line on the wire, or words of the program's own user, and the whole truth of
it; `holding` tells how much of that a program's log can hold.
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
    """A line that the server sends at a moment (seconds since 1970), and its event.

    A step that `needs` a capability is left out if the program does not ask for it. With
    extended-join, `extended` is sent instead. If `is_spoken`, the program's user says it.
    """

    at: int
    wire: bytes
    event: Event
    needs: str = ""
    extended: bytes = b""
    is_spoken: bool = False


class Script:
    """The steps in order; each is ten seconds after the one before unless `at` says when."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._now = 0
        self._masks = dict(MASKS)
        self.own = OWN

    def at(self, moment: str) -> None:
        """Go on at a moment: `2026-10-24T21:50:00`, in UTC."""
        self._now = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) - 10

    def say(self, nick: str, text: str, codec: str = "utf-8") -> None:
        self._talk("message", nick, text, b"PRIVMSG", codec)

    def act(self, nick: str, text: str) -> None:
        self._talk("action", nick, text, b"PRIVMSG", "utf-8", b"\x01ACTION %s\x01")

    def notice(self, nick: str, text: str) -> None:
        self._talk("notice", nick, text, b"NOTICE", "utf-8")

    def join(self, nick: str, account: str = "", realname: str = "") -> None:
        extended = f" {account or '*'} :{realname or nick}"
        self._add("join", nick, f"JOIN {CHANNEL}", account=account, text=realname)
        step = self.steps[-1]
        self.steps[-1] = step._replace(extended=step.wire + extended.encode())

    def part(self, nick: str, reason: str | None) -> None:
        tail = "" if reason is None else f" :{reason}"
        self._add("part", nick, f"PART {CHANNEL}{tail}", text=reason or "")

    def quit(self, nick: str, reason: str, split: str = "") -> None:
        self._add("quit", nick, f"QUIT :{reason}", text=reason, split=split)

    def rename(self, nick: str, new: str) -> None:
        self._add("nick", nick, f"NICK :{new}", subject=new)
        self._masks[new] = self._masks[nick]
        self.own = new if nick == self.own else self.own

    def kick(self, nick: str, kicked: str, reason: str) -> None:
        self._add("kick", nick, f"KICK {CHANNEL} {kicked} :{reason}", subject=kicked, text=reason)

    def mode(self, nick: str, modes: str, *params: str) -> None:
        line = " ".join([f"MODE {CHANNEL}", modes, *params])
        hidden = tuple("*" if each == "sesame" else each for each in params)
        self._add("mode", nick, line, command=modes, params=hidden)

    def topic(self, nick: str, text: str) -> None:
        self._add("topic", nick, f"TOPIC {CHANNEL} :{text}", text=text)

    def query(self, nick: str, text: str, kind: str = "message") -> None:
        """Say something to the program's user alone."""
        command = "NOTICE" if kind == "notice" else "PRIVMSG"
        said = f"\x01ACTION {text}\x01" if kind == "action" else text
        self._add(kind, nick, f"{command} {self.own} :{said}", target=nick, text=text)

    def speak(self, text: str, target: str = CHANNEL, kind: str = "message") -> None:
        """Let the program's user say something."""
        said = f"\x01ACTION {text}\x01" if kind == "action" else text
        self._add(kind, self.own, f"PRIVMSG {target} :{said}", target=target, text=text)
        self.steps[-1] = self.steps[-1]._replace(is_spoken=True)

    def tell(self, needs: str, kind: str, nick: str, line: str, **fields: object) -> None:
        """Let the server tell of somebody, if the program asks for the capability."""
        self._add(kind, nick, line, **fields)
        self.steps[-1] = self.steps[-1]._replace(needs=needs)

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
        told = {"target": CHANNEL, "nick": nick, "user": user, "host": host, **fields}
        event = Event(time=format_time(self._now * 1000), network=NETWORK, type=kind, **told)
        self.steps.append(Step(self._now, b":%s %s" % (source.encode(), raw), event))
