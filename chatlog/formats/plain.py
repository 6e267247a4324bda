"""Events as plain text, in forms that people and irclog2html and pisg read.

Pure. One event is one line, and no text can make a line look like another's:
what a line is stands before anything that people chose, and what people chose
is shown without control characters. Text keeps less than an event holds;
docs/transcript-format.md says what.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

from chatlog.event import Event, EventType
from chatlog.formats.visible import visible, visible_formatted, visible_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SUFFIX: Final = "log"
_REMEMBERED: Final = 1024
_SECOND: Final = len("2026-11-23T18:20:01")


@dataclass(frozen=True, slots=True)
class Plain:
    """One manner of writing text: `stamp` is `time` or, with the date, `datetime`.

    Stamps are in `tz`, to the second.
    """

    stamp: str = "time"
    tz: tzinfo = UTC
    keep_formatting: bool = False
    _stamps: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def encode(self, events: Sequence[Event]) -> bytes:
        """Write each event as one line with its newline, in order."""
        show = visible_formatted if self.keep_formatting else visible
        return "".join([self._line(event, show) for event in events]).encode()

    def _line(self, event: Event, show: Callable[[str], str]) -> str:
        second = event.time[:_SECOND]
        stamp = self._stamps.get(second) or self._make_stamp(second)
        body = _BODIES.get(event.type, _unknown)(event, show)
        mark = f"*** {visible_word(event.via)}: " if event.via else ""
        return f"{stamp}{mark}{body}\n"

    def _make_stamp(self, second: str) -> str:
        if len(self._stamps) >= _REMEMBERED:
            self._stamps.clear()
        try:
            local = datetime.fromisoformat(second + "+00:00").astimezone(self.tz)
        except (ValueError, OverflowError):
            local = datetime(1, 1, 1, tzinfo=UTC)
        text = local.strftime("%H:%M:%S")
        if self.stamp == "datetime":
            text = f"{local.date().isoformat()}T{text}"
        stamp = self._stamps[second] = f"[{text}] "
        return stamp

    def decode(self, line: bytes, *, network: str, target: str, day: str) -> Event:
        """Read a line back, as far as text holds an event.

        `day` is the local date of the segment, for stamps without one. What is
        not a line of ours raises ValueError.
        """
        text = line.decode().rstrip("\n")
        stamp = _STAMP.match(text)
        if stamp is None:
            raise ValueError("no time stamp")
        time = self._time(stamp[1] or day, stamp[2])
        body, via = text[stamp.end() :], ""
        if mark := _VIA.match(body):
            body, via = body[mark.end() :], mark[1]
        return Event(
            **{"time": time, "network": network, "target": target, "via": via, **_read_body(body)}
        )

    def _time(self, day: str, clock: str) -> str:
        local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=self.tz)
        try:
            utc = local.astimezone(UTC).replace(tzinfo=None)
        except OverflowError as error:
            raise ValueError("a time before the first or after the last") from error
        return utc.isoformat(timespec="milliseconds") + "Z"


def body_of(event: Event) -> str:
    """Write an event without its stamp, mIRC formatting taken out."""
    return _BODIES.get(event.type, _unknown)(event, visible)


# -- events to text ---------------------------------------------------------


def _who(event: Event) -> str:
    nick = visible_word(event.nick) or "*"
    if not (event.user or event.host):
        return nick
    return f"{nick} ({visible_word(event.user)}@{visible_word(event.host)})"


def _nick(event: Event) -> str:
    return visible_word(event.nick) or "*"


def _because(text: str, show: Callable[[str], str]) -> str:
    return f" ({show(text)})" if text else ""


def _speaker(event: Event) -> str:
    if not event.statusmsg:
        return _nick(event)
    return f"{_nick(event)}:{visible_word(event.statusmsg + event.target)}"


def _words(event: Event, show: Callable[[str], str]) -> str:
    words = [event.command, *event.params] if event.command else [event.text]
    return " ".join(show(word) for word in words)


def _unknown(event: Event, show: Callable[[str], str]) -> str:
    return f"*** {_nick(event)} did {visible_word(event.type)}: {show(event.text)}"


def _mode(event: Event, show: Callable[[str], str]) -> str:
    return f"*** {_nick(event)} sets mode: {_words(event, show)}"


def _topic(event: Event, show: Callable[[str], str]) -> str:
    if event.nick:
        return f"*** {_nick(event)} changes topic to '{show(event.text)}'"
    return f"*** topic of {visible_word(event.target)} is '{show(event.text)}'"


def _kick(event: Event, show: Callable[[str], str]) -> str:
    kicked = visible_word(event.subject)
    return f"*** {kicked} was kicked by {_nick(event)}{_because(event.text, show)}"


def _invite(event: Event, _show: Callable[[str], str]) -> str:
    channel = visible_word(event.params[0] if event.params else event.target)
    return f"*** {_nick(event)} invited {visible_word(event.subject)} to {channel}"


def _away(event: Event, show: Callable[[str], str]) -> str:
    return f"*** {_nick(event)} " + (f"is away ({show(event.text)})" if event.text else "is back")


def _account(event: Event, _show: Callable[[str], str]) -> str:
    what = f"logged in as {visible_word(event.account)}" if event.account else "logged out"
    return f"*** {_nick(event)} {what}"


def _chghost(event: Event, _show: Callable[[str], str]) -> str:
    return f"*** {_nick(event)} has the host {'@'.join(map(visible_word, event.params))} now"


_BODIES: Final[dict[str, Callable[[Event, Callable[[str], str]], str]]] = {
    EventType.MESSAGE: lambda event, show: f"<{_speaker(event)}> {show(event.text)}",
    EventType.ACTION: lambda event, show: f"* {_speaker(event)} {show(event.text)}",
    EventType.NOTICE: lambda event, show: f"-{_speaker(event)}- {show(event.text)}",
    EventType.JOIN: lambda event, _: f"*** {_who(event)} joined {visible_word(event.target)}",
    EventType.PART: lambda event, show: (
        f"*** {_who(event)} left {visible_word(event.target)}{_because(event.text, show)}"
    ),
    EventType.QUIT: lambda event, show: f"*** {_who(event)} quit{_because(event.text, show)}",
    EventType.NICK: lambda event, _: (
        f"*** {_nick(event)} is now known as {visible_word(event.subject)}"
    ),
    EventType.KICK: _kick,
    EventType.MODE: _mode,
    EventType.TOPIC: _topic,
    EventType.INVITE: _invite,
    EventType.AWAY: _away,
    EventType.ACCOUNT: _account,
    EventType.CHGHOST: _chghost,
    EventType.SETNAME: lambda event, show: (
        f"*** {_nick(event)} has the name '{show(event.text)}' now"
    ),
    EventType.REDACT: lambda event, show: (
        f"*** {_nick(event)} took back {visible_word(event.reply_to)}{_because(event.text, show)}"
    ),
    EventType.REACT: lambda event, show: (
        f"*** {_nick(event)} reacted to {visible_word(event.reply_to)} with {show(event.text)}"
    ),
    EventType.NAMES: lambda event, show: (
        f"*** members of {visible_word(event.target)}: {show(event.text)}"
    ),
    EventType.OTHER: lambda event, show: f"*** {_nick(event)} said: {_words(event, show)}",
    EventType.STARTED: lambda event, show: f"*** recorder started{_because(event.text, show)}",
    EventType.STOPPED: lambda event, show: f"*** recorder stopped{_because(event.text, show)}",
    EventType.CONNECTED: lambda event, show: (
        f"*** recorder connected as {_nick(event)}{_because(event.text, show)}"
    ),
    EventType.DISCONNECTED: lambda event, show: (
        f"*** recorder disconnected{_because(event.text, show)}"
    ),
    EventType.JOINED: lambda event, _: (
        f"*** {_who(event)} joined {visible_word(event.target)} to record"
    ),
    EventType.PARTED: lambda event, show: (
        f"*** {_who(event)} left {visible_word(event.target)} and no longer records"
        f"{_because(event.text, show)}"
    ),
    EventType.RECOVERED: lambda event, show: (
        f"*** a torn line was cut off{_because(event.text, show)}"
    ),
}

# -- text to events ---------------------------------------------------------

_STAMP: Final = re.compile(r"\[(?:(\d{4}-\d\d-\d\d)T)?(\d\d:\d\d:\d\d)\] ", re.ASCII)
_VIA: Final = re.compile(r"\*\*\* (chathistory|playback|import\S*|merge): (?=[<*-])")
_WHO: Final = r"(?P<nick>[^ ]+)(?: \((?P<user>[^ @]*)@(?P<host>[^ ]*)\))?"
_NICK: Final = r"(?P<nick>[^ ]+)"
_WHY: Final = r"(?: \((?P<text>.*)\))?"


def _row(kind: EventType, pattern: str) -> tuple[EventType, re.Pattern[str]]:
    return kind, re.compile(pattern, re.DOTALL)


# The first that matches: ours stand before those of people that begin alike.
_ROWS: Final = (
    _row(EventType.MESSAGE, r"<(?P<nick>[^ ]+?)(?::(?P<statusmsg>[^ ]+))?> (?P<text>.*)"),
    _row(EventType.ACTION, r"\* (?P<nick>[^ ]+?)(?::(?P<statusmsg>[^ ]+))? (?P<text>.*)"),
    _row(EventType.NOTICE, r"-(?P<nick>[^ ]+?)(?::(?P<statusmsg>[^ ]+))?- (?P<text>.*)"),
    _row(EventType.STARTED, rf"\*\*\* recorder started{_WHY}"),
    _row(EventType.STOPPED, rf"\*\*\* recorder stopped{_WHY}"),
    _row(EventType.CONNECTED, rf"\*\*\* recorder connected as {_NICK}{_WHY}"),
    _row(EventType.DISCONNECTED, rf"\*\*\* recorder disconnected{_WHY}"),
    _row(EventType.RECOVERED, rf"\*\*\* a torn line was cut off{_WHY}"),
    _row(EventType.NAMES, r"\*\*\* members of [^ ]+: (?P<text>.*)"),
    _row(EventType.TOPIC, r"\*\*\* topic of [^ ]+ is '(?P<text>.*)'"),
    _row(EventType.JOINED, rf"\*\*\* {_WHO} joined [^ ]+ to record"),
    _row(EventType.PARTED, rf"\*\*\* {_WHO} left [^ ]+ and no longer records{_WHY}"),
    _row(EventType.JOIN, rf"\*\*\* {_WHO} joined [^ ]+"),
    _row(EventType.PART, rf"\*\*\* {_WHO} left [^ ]+{_WHY}"),
    _row(EventType.QUIT, rf"\*\*\* {_WHO} quit{_WHY}"),
    _row(EventType.NICK, rf"\*\*\* {_NICK} is now known as (?P<subject>[^ ]+)"),
    _row(EventType.KICK, rf"\*\*\* (?P<subject>[^ ]+) was kicked by {_NICK}{_WHY}"),
    _row(EventType.TOPIC, rf"\*\*\* {_NICK} changes topic to '(?P<text>.*)'"),
    _row(EventType.MODE, rf"\*\*\* {_NICK} sets mode: (?P<command>[^ ]+)(?: (?P<params>.*))?"),
    _row(EventType.AWAY, rf"\*\*\* {_NICK} is (?:back|away{_WHY})"),
    _row(EventType.ACCOUNT, rf"\*\*\* {_NICK} logged (?:out|in as (?P<account>[^ ]+))"),
    _row(EventType.SETNAME, rf"\*\*\* {_NICK} has the name '(?P<text>.*)' now"),
    _row(EventType.INVITE, rf"\*\*\* {_NICK} invited (?P<subject>[^ ]+) to [^ ]+"),
    _row(EventType.REDACT, rf"\*\*\* {_NICK} took back (?P<reply_to>[^ ]+){_WHY}"),
    _row(EventType.REACT, rf"\*\*\* {_NICK} reacted to (?P<reply_to>[^ ]+) with (?P<text>.*)"),
    _row(EventType.OTHER, r"\*\*\* (?P<text>.*)"),
)


def _read_body(body: str) -> dict[str, Any]:
    for kind, pattern in _ROWS:
        if match := pattern.fullmatch(body):
            found = {key: value for key, value in match.groupdict().items() if value}
            return {"type": kind.value, **_refine(found)}
    raise ValueError("not a line of a transcript")


def _refine(found: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = dict(found)
    if found.get("nick") == "*":
        del fields["nick"]
    if status := found.get("statusmsg"):
        fields["statusmsg"] = status[:1]
    if params := found.get("params"):
        fields["params"] = tuple(params.split(" "))
    return fields
