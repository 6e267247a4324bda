"""How much of the truth each program's log can hold: a row a program, and nothing is unsaid.

`held` is what an import of that log can be held to, field by field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.event import Event
from tests.dialects.conversation import CHANNEL, NETWORK, NIGHT, OWN, REPEATED, SERVER, SPLIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_FORMATTING: Final = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|[\x02\x0f\x16\x1d\x1f]")
_ESCAPES: Final = re.compile(r"\x1b\[\d*m")
_FIRST_SAID: Final = next(step.event.time for step in NIGHT if step.event.text == REPEATED)
_COMING: Final = frozenset({"join", "part", "quit"})


def _plain(text: str) -> str:
    return _FORMATTING.sub("", text)


def _irssi_text(text: str) -> str:
    return _ESCAPES.sub("", _plain(text)).replace("\x07", "")


def _hexchat_text(text: str) -> str:
    return _plain(text).replace("\x07", "")


def _weechat_text(text: str) -> str:
    return _plain(text).replace("\x1b[", "?")


class Holding(NamedTuple):
    """What the log of one program holds.

    `dialect` is how it is imported. `grain` counts milliseconds. Events of the types `masks`
    have user and host. `text` returns a text as the program writes it; `bad_bytes` are those
    of a text that is not UTF-8: kept, decoded by a codec, or replaced. `change` returns the
    events instead of one, where the program writes something else; `lacks` says it in words.
    Of an ambiguous log, lines are reported that two kinds of event may be.
    """

    dialect: str
    lacks: str
    grain: int = 1000
    masks: frozenset[str] = _COMING
    text: Callable[[str], str] = str
    bad_bytes: str = "kept"
    is_ambiguous: bool = False
    change: Callable[[Event], Iterable[Event]] = lambda event: [event]


def held(holding: Holding, events: Iterable[Event]) -> list[Event]:
    """Return the events that an import of a program's log gives, of those of the truth."""
    kept = [changed for event in events for changed in holding.change(_held(holding, event))]
    return sorted(kept, key=lambda event: event.time)


def _held(holding: Holding, event: Event) -> Event:
    fields: dict[str, str] = {"via": f"import:{holding.dialect}", "text": holding.text(event.text)}
    if holding.grain > 1000:
        fields["time"] = f"{event.time[:17]}00.000Z"
    if event.type not in holding.masks:
        fields["user"] = fields["host"] = ""
    if event.encoding and holding.bad_bytes != "kept":
        fields["encoding"] = ""
        raw = event.text.encode(event.encoding)
        fields["text"] = (
            raw.decode("utf-8", "replace")
            if holding.bad_bytes == "replaced"
            else raw.decode(holding.bad_bytes)
        )
    if event.split:  # a reason tells it, to who wants to know
        fields["split"] = ""
    return msgspec.structs.replace(event, **fields)


def _is_split(event: Event) -> bool:
    return event.type == "quit" and event.text == SPLIT


def _irssi(event: Event) -> Iterator[Event]:
    if _is_split(event):
        yield msgspec.structs.replace(
            event, time="2026-10-25T02:10:00.000Z", user="", host="", split=event.text
        )
    else:
        yield event


def _weechat(event: Event) -> Iterator[Event]:
    yield event
    if event.type == "nick" and event.nick == OWN:  # the buffer of the server has it too
        yield msgspec.structs.replace(event, target="@server")


def _znc(event: Event) -> Iterator[Event]:
    yield event
    if event.type == "join" and event.nick == OWN:
        yield Event(
            time=event.time,
            network=NETWORK,
            target=CHANNEL,
            type="mode",
            nick="Server",
            command="+nt",
            via=event.via,
        )


def _eggdrop(event: Event) -> Iterator[Event]:
    if _is_split(event):
        event = msgspec.structs.replace(event, text="")
    elif event.type == "join" and event.nick == OWN:
        event = msgspec.structs.replace(event, user="", host="")
    elif event.text == REPEATED:  # the log counts the others later
        event = msgspec.structs.replace(event, time=_FIRST_SAID)
    yield event


def _ii(event: Event) -> Iterator[Event]:
    if event.nick == SERVER:
        return  # of a mode by a server, the log has neither the server nor the channel
    if event.type == "notice":
        event = msgspec.structs.replace(event, nick="")
    if event.type == "part":
        event = msgspec.structs.replace(event, text="")
    if event.type in {"nick", "quit"}:
        event = msgspec.structs.replace(event, target="@server")
    yield event


def _bip(event: Event) -> Iterator[Event]:
    if event.type == "notice":
        event = msgspec.structs.replace(event, type="message")
    yield event


def _hexchat(event: Event) -> Iterator[Event]:
    if event.type == "join" and event.nick == OWN:
        event = msgspec.structs.replace(event, user="", host="")
    if event.type == "action" and event.text in _EVENTS_OF_HEXCHAT:
        event = msgspec.structs.replace(event, **_EVENTS_OF_HEXCHAT[event.text])
    if event.type != "mode":
        yield event
        return
    params, sign = list(event.params), "+"
    for letter in event.command:
        if letter in "+-":
            sign = letter
            continue
        takes = letter in "ovb" or (letter in "kl" and sign == "+")
        mine = (params.pop(0),) if takes and params else ()
        yield msgspec.structs.replace(event, command=f"{sign}{letter}", params=mine)


_EVENTS_OF_HEXCHAT: Final = {
    "has quit (forged)": {"type": "quit", "text": "forged"},
    "is now known as mallory": {"type": "nick", "subject": "mallory", "text": ""},
}
"""Actions that its log writes as it writes events, byte for byte."""

HOLDINGS: Final[dict[str, Holding]] = {
    "irssi": Holding(
        "irssi",
        "seconds, hosts but of who comes and goes, formatting, BEL and escapes, bytes, "
        "the moment and the hosts of a netsplit",
        grain=60_000,
        text=_irssi_text,
        bad_bytes="cp1252",
        change=_irssi,
    ),
    "weechat": Holding(
        "weechat",
        "hosts but of who comes and goes, formatting, escapes, bytes",
        text=_weechat_text,
        change=_weechat,
        bad_bytes="latin-1",
    ),
    "znc": Holding("znc", "hosts but of who comes and goes", change=_znc),
    "soju": Holding("znc", "hosts but of who comes and goes"),
    "limnoria": Holding(
        "limnoria",
        "hosts but of who comes and goes, formatting, bytes that are not UTF-8",
        text=_plain,
        bad_bytes="replaced",
    ),
    "eggdrop": Holding(
        "eggdrop",
        "hosts of speakers, the times of repeated messages, the servers of a netsplit",
        masks=_COMING | {"mode", "topic"},
        change=_eggdrop,
    ),
    "ii": Holding(
        "ii",
        "hosts but of who comes and goes, senders of notices, reasons of parts, the channel of "
        "quits and new nicks, modes by servers",
        change=_ii,
    ),
    "bip": Holding(
        "bip",
        "hosts of new nicks, whether a message is a notice",
        masks=_COMING | {"message", "action", "notice", "kick", "mode", "topic"},
        change=_bip,
    ),
    "hexchat": Holding(
        "hexchat",
        "hosts but of who joins and parts, formatting, BEL, bytes that are not UTF-8, which "
        "modes were one change, actions that read like events",
        is_ambiguous=True,
        masks=frozenset({"join", "part"}),
        text=_hexchat_text,
        bad_bytes="replaced",
        change=_hexchat,
    ),
}
"""By the program's name."""
