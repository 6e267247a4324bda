"""Events as plain text, in forms that people, irclog2html and pisg read.

Pure. One event is one line: a stamp, then one of the forms of `sentences`. A message of
several lines is one line for each of them: those behind the first have the same stamp
and speaker, and a tab before their text, which nothing shown has. No text can make a
line look like another event's. Text keeps fewer fields than an event has;
docs/transcript-format.md lists them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from chatlog.event import SERVER, TALK, TO_THE_SECOND, Event, EventType
from chatlog.formats.sentences import SYSTEM_MESSAGE, sentence
from chatlog.formats.visible import visible, visible_formatted, visible_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatlog.formats.format import Decode, Encode, Origin, Style
    from chatlog.formats.visible import Show

CONTINUED: Final = b"\t"
"""The mark of a line that goes on with the message of the line before; no other line has it."""

_TAB: Final = CONTINUED.decode()
_REMEMBERED: Final = 1024
_JITTER: Final = timedelta(minutes=5)


def encoder(style: Style) -> Encode:
    """Return the encoder of segments in a style."""
    return _plain(style).encode


def decoder(style: Style, origin: Origin) -> Decode:
    """Return the decoder of one segment, whose stamps are in the zone of a style."""
    text = _plain(style)
    network, target, day = origin.network, origin.target, origin.day

    def decode(line: bytes, after: str) -> Event:
        return text.decode(line, network=network, target=target, day=day, after=after)

    return decode


def _plain(style: Style) -> Plain:
    return Plain(style.stamp, style.tz, style.keep_formatting)


@dataclass(frozen=True, slots=True)
class Plain:
    """Text in one style: `stamp` is `time` or, with the date, `datetime`.

    Stamps are in `tz`, to the second. A zone that sets its clocks back shows an
    hour twice, and a stamp does not tell which of the two it means.
    """

    stamp: str = "time"
    tz: tzinfo = UTC
    keep_formatting: bool = False
    _stamps: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _moments: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False, compare=False)

    def encode(self, events: Sequence[Event]) -> bytes:
        """Encode each event as one line with its newline, in order."""
        show = visible_formatted if self.keep_formatting else visible
        return "".join([self._line(event, show) for event in events]).encode()

    def _line(self, event: Event, show: Show) -> str:
        second = event.time[:TO_THE_SECOND]
        stamp = self._stamps.get(second) or self._make_stamp(second)
        mark = f"*** {visible_word(event.via)}: " if event.via else ""
        if "\n" in event.text and event.type in TALK and not event.subject:
            return _lines(f"{stamp}{mark}", event, show)
        return f"{stamp}{mark}{sentence(event, show)}\n"

    def _make_stamp(self, second: str) -> str:
        if len(self._stamps) >= _REMEMBERED:
            self._stamps.clear()
        try:
            local = datetime.fromisoformat(second + "+00:00").astimezone(self.tz)
        except (ValueError, OverflowError):
            local = datetime(1, 1, 1, tzinfo=UTC)
        date = f"{local.date().isoformat()}T" if self.stamp == "datetime" else ""
        stamp = self._stamps[second] = f"[{date}{local:%H:%M:%S}] "
        return stamp

    def decode(self, line: bytes, *, network: str, target: str, day: str, after: str = "") -> Event:
        """Decode a line, or all lines of one message, into the fields that text keeps.

        A line that goes on with a message has a text that begins with a line break.
        `day` is the local date of the segment, for stamps without one. In an
        hour that the clock shows twice, a line is of the first showing unless
        that is more than five minutes before `after`, the time of the live
        line before it. Raise ValueError if this module wrote no such line.
        """
        text, _, others = line.decode().removesuffix("\n").partition("\n")
        stamp = _STAMP.match(text)
        if stamp is None:
            raise ValueError("no time stamp")
        time = self._time(f"{stamp[1] or day}T{stamp[2]}", after)
        body, via = text[stamp.end() :], ""
        if mark := _VIA.match(body):
            body, via = body[mark.end() :], mark[1]
        fields = _read(body, target)
        if others:
            fields["text"] = "\n".join(
                [fields.get("text", ""), *map(_continued, others.split("\n"))]
            )
        return Event(**{"time": time, "network": network, "target": target, "via": via, **fields})

    def _time(self, local: str, after: str) -> str:
        first, second = self._moments.get(local) or self._find_moments(local)
        # In an hour that no clock showed, the second is the earlier one.
        if after and first < second:
            earliest = datetime.fromisoformat(after) - _JITTER
            return second if datetime.fromisoformat(first) < earliest else first
        return first

    def _find_moments(self, local: str) -> tuple[str, str]:
        """Return the first and the second moment at which a clock shows a local time."""
        moment = datetime.fromisoformat(local).replace(tzinfo=self.tz)
        try:
            first, second = (moment.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        except OverflowError as error:
            raise ValueError("a time before the first or after the last") from error
        if len(self._moments) >= _REMEMBERED:
            self._moments.clear()
        moments = self._moments[local] = _in_events(first), _in_events(second)
        return moments


def _continued(line: str) -> str:
    """Return the text of a line that goes on with a message; ValueError for any other line."""
    _, tab, text = line.partition(_TAB)
    if not tab:
        raise ValueError("two lines of a transcript")
    return text


def _lines(lead: str, event: Event, show: Show) -> str:
    """Return a message of several lines, each behind the same lead."""
    first, *others = event.text.split("\n")
    lines = [sentence(replace(event, text=first), show)]
    lines += [
        sentence(replace(event, text=text), lambda said: _TAB + show(said)) for text in others
    ]
    return "".join([f"{lead}{line}\n" for line in lines])


def _in_events(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


_STAMP: Final = re.compile(r"\[(?:(\d{4}-\d\d-\d\d)T)?(\d\d:\d\d:\d\d)\] ", re.ASCII)
_VIA: Final = re.compile(r"\*\*\* ([^ ]+): (?=[<*-])")
_WHO: Final = r"(?P<nick>[^ ]+)(?: \((?P<user>[^ ]*)@(?P<host>[^ @]*)\))?"
_SPEAKER: Final = r"(?P<nick>[^ :]+?)(?::(?P<statusmsg>[^ ])[^ ]*)?"
_NICK: Final = r"(?P<nick>[^ ]+)"
_SUBJECT: Final = r"(?P<subject>[^ ]+)"
_WHY: Final = r"(?: \((?P<text>.*)\))?"
_RECORDER: Final = rf"(?: as {_NICK})?{_WHY}"


def _row(kind: EventType, pattern: str) -> tuple[EventType, re.Pattern[str]]:
    return kind, re.compile(pattern, re.DOTALL)


def _starred(kind: EventType, pattern: str) -> tuple[EventType, re.Pattern[str]]:
    return _row(kind, rf"\*\*\* {pattern}")


# The first that matches. What is in no form of ours is kept as `other`.
_ROWS: Final = (
    _row(EventType.MESSAGE, rf"<{_SPEAKER}> (?P<text>.*)"),
    _row(EventType.ACTION, rf"\* {_SPEAKER} (?P<text>.*)"),
    _row(EventType.NOTICE, rf"-{_SPEAKER}- (?P<text>.*)"),
    _starred(EventType.STARTED, rf"recorder started{_RECORDER}"),
    _starred(EventType.STOPPED, rf"recorder stopped{_RECORDER}"),
    _starred(EventType.CONNECTED, rf"recorder connected{_RECORDER}"),
    _starred(EventType.DISCONNECTED, rf"recorder disconnected{_RECORDER}"),
    _starred(EventType.RECOVERED, rf"a torn line was cut off{_WHY}"),
    _starred(EventType.NAMES, r"members of [^ ]+, (?P<params>continued): (?P<text>.*)"),
    _starred(EventType.NAMES, r"members of [^ ]+: (?P<text>.*)"),
    _starred(EventType.TOPIC, r"topic of [^ ]+ is '(?P<text>.*)'"),
    _starred(EventType.JOINED, rf"{_WHO} joined [^ ]+ to record{_WHY}"),
    _starred(EventType.PARTED, rf"{_WHO} left [^ ]+ and no longer records{_WHY}"),
    _starred(EventType.JOIN, rf"{_WHO} joined [^ ]+"),
    _starred(EventType.PART, rf"{_WHO} left [^ ]+{_WHY}"),
    _starred(EventType.QUIT, rf"{_WHO} quit{_WHY}"),
    _starred(EventType.NICK, rf"{_NICK} is now known as {_SUBJECT}"),
    _starred(EventType.KICK, rf"{_SUBJECT} was kicked by {_NICK}{_WHY}"),
    _starred(EventType.TOPIC, rf"{_NICK} changes topic to '(?P<text>.*)'"),
    _starred(
        EventType.MODE,
        rf"{_NICK} sets mode(?: of {_SUBJECT})?: (?P<command>[^ ]+)(?: (?P<params>.*))?",
    ),
    _starred(EventType.AWAY, rf"{_NICK} is (?:back|away{_WHY})"),
    _starred(EventType.ACCOUNT, rf"{_NICK} logged (?:out|in as (?P<account>[^ ]+))"),
    _starred(EventType.CHGHOST, rf"{_NICK} has the host (?P<now>[^ ]+) now"),
    _starred(EventType.SETNAME, rf"{_NICK} has the name '(?P<text>.*)' now"),
    _starred(EventType.INVITE, rf"{_NICK} invited {_SUBJECT} to (?P<channel>[^ ]+)"),
    _starred(EventType.REDACT, rf"{_NICK} took back (?P<reply_to>[^ ]+)(?: of {_SUBJECT})?{_WHY}"),
    _starred(EventType.CLEAR, rf"{_NICK} cleared (?:the chat|the messages of {_SUBJECT}){_WHY}"),
    _starred(EventType.USERNOTICE, rf"{_NICK} makes news(?:: (?P<news>.*?))?{_WHY}"),
    _starred(EventType.REACT, rf"{_NICK} reacted to (?P<reply_to>[^ ]+) with (?P<text>.*)"),
    _starred(
        EventType.UNREACT,
        rf"{_NICK} no longer reacts to (?P<reply_to>[^ ]+) with (?P<text>.*)",
    ),
    _starred(EventType.OTHER, rf"{_NICK} said: (?P<wire>.*)"),
    _starred(EventType.OTHER, rf"{_NICK} sent: (?P<text>.*)"),
    _starred(EventType.OTHER, rf"{_NICK} did (?P<type>[^ ]+?)(?: to {_SUBJECT})?: (?P<text>.*)"),
    _starred(EventType.OTHER, r"(?P<text>.*)"),
)


def _read(body: str, target: str) -> dict[str, Any]:
    for kind, pattern in _ROWS:
        if match := pattern.fullmatch(body):
            found = {key: value for key, value in match.groupdict().items() if value}
            return {"type": kind.value, **_refine(found, target)}
    raise ValueError("not a line of a transcript")


def _refine(found: dict[str, str], target: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in found.items():
        if key == "text" and value.startswith(_TAB):
            fields[key] = "\n" + value.removeprefix(_TAB)
        elif key in _COMPOUND:
            fields.update(_COMPOUND[key](value, target))
        elif key in _TEXTS or value != "*":
            fields[key] = value
    return fields


def _read_wire(text: str) -> dict[str, Any]:
    words, colon, last = text.partition(" :")
    command, *params = words.split(" ")
    return {"command": command, "params": (*params, last) if colon else tuple(params)}


# Elsewhere a `*` is what stands for nothing.
_TEXTS: Final = frozenset({"text", "statusmsg", "user", "host"})
_COMPOUND: Final[dict[str, Callable[[str, str], dict[str, Any]]]] = {
    "params": lambda value, _: {"params": tuple(value.split(" "))},
    "wire": lambda value, _: _read_wire(value),
    "now": lambda value, _: {"params": tuple(value.rsplit("@", 1))},
    "news": lambda value, _: {"tags": {SYSTEM_MESSAGE: value}},
    "channel": lambda value, target: {"params": (value,)} if target == SERVER else {},
}
