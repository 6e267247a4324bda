"""How much of the truth each program's log can hold: a row a program, and nothing is unsaid.

`held` is what an import of that log can be held to, field by field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from chatlog.event import TALK, Event
from tests.dialects.conversation import NIGHT, REPEATED, SPLIT
from tests.dialects.script import CHANNEL, NETWORK, OWN, SERVER

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
    have user and host, but for the words of the program's own user. Events of the types
    `leaves_out` are not in it. `text` returns a text as the program writes it; `bad_bytes` are
    those of a text that is not UTF-8: kept, decoded by a codec, or replaced. A join has account
    and realname if it is `extended`. `change` takes an event as it is held so far and as it is in
    truth, and returns the events instead, where the program writes something else; `lacks` says
    it in words. Of an ambiguous log, lines are reported that two kinds of event may be.
    """

    dialect: str
    lacks: str
    grain: int = 1000
    masks: frozenset[str] = _COMING
    leaves_out: frozenset[str] = frozenset()
    text: Callable[[str], str] = str
    bad_bytes: str = "kept"
    is_extended: bool = False
    is_ambiguous: bool = False
    change: Callable[[Event, Event], Iterable[Event]] = lambda event, _truth: [event]


def held(holding: Holding, events: Iterable[Event]) -> list[Event]:
    """Return the events that an import of a program's log gives, of those of the truth."""
    kept = [
        changed
        for truth in events
        if truth.type not in holding.leaves_out
        for changed in holding.change(_held(holding, truth), truth)
    ]
    return sorted(kept, key=lambda event: event.time)


def _held(holding: Holding, event: Event) -> Event:
    fields: dict[str, str] = {"via": f"import:{holding.dialect}", "text": holding.text(event.text)}
    if holding.grain > 1000:
        fields["time"] = f"{event.time[:17]}00.000Z"
    if event.type not in holding.masks or _is_own_talk(event):
        fields["user"] = fields["host"] = ""
    if event.type == "join" and not holding.is_extended:
        fields["account"] = fields["text"] = ""
    if event.encoding and holding.bad_bytes != "kept":
        fields["encoding"] = ""
        fields["text"] = _recoded(event.text.encode(event.encoding), holding.bad_bytes)
    if event.split:  # a reason tells it, to who wants to know
        fields["split"] = ""
    return replace(event, **fields)


def _recoded(raw: bytes, bad_bytes: str) -> str:
    is_replaced = bad_bytes == "replaced"
    return raw.decode("utf-8", "replace") if is_replaced else raw.decode(bad_bytes)


def _is_own_talk(event: Event) -> bool:
    return event.nick == OWN and event.type in TALK


def _is_own_join(event: Event) -> bool:
    return event.nick == OWN and event.type == "join"


def _is_split(event: Event) -> bool:
    return event.type == "quit" and event.text == SPLIT


def _without_mask(event: Event) -> Event:
    return replace(event, user="", host="")


def _irssi(event: Event, truth: Event) -> Iterator[Event]:
    if _is_split(event):
        yield replace(_without_mask(event), time="2026-10-25T02:10:00.000Z", split=event.text)
    elif event.type == "notice" and truth.target != CHANNEL:
        yield replace(event, user=truth.user, host=truth.host)
    else:
        yield event
    if event.type == "chghost":  # the window of the query has it too
        yield replace(event, target=event.nick)


def _weechat(event: Event, _truth: Event) -> Iterator[Event]:
    yield event
    if event.type == "nick" and event.nick == OWN:  # the buffer of the server has it too
        yield replace(event, target="@server")
    if event.type in {"account", "chghost"}:  # and that of the query these
        yield replace(event, target=event.nick)


def _znc(event: Event, _truth: Event) -> Iterator[Event]:
    yield event
    if _is_own_join(event):
        asked = {"target": CHANNEL, "type": "mode", "nick": "Server", "command": "+nt"}
        yield Event(time=event.time, network=NETWORK, via=event.via, **asked)


def _limnoria(event: Event, truth: Event) -> Iterator[Event]:
    if truth.target == CHANNEL:
        yield event


def _eggdrop(event: Event, truth: Event) -> Iterator[Event]:
    if _is_split(event):
        event = replace(event, text="")
    elif _is_own_join(event):
        event = _without_mask(event)
    elif event.text == REPEATED:  # the log counts the others later
        event = replace(event, time=_FIRST_SAID)
    elif event.target != CHANNEL and event.type != "action":
        event = replace(event, user=truth.user, host=truth.host)
    yield event


def _ii(event: Event, _truth: Event) -> Iterator[Event]:
    if event.nick == SERVER:
        return  # of a mode by a server, the log has neither the server nor the channel
    if event.type == "notice":
        event = replace(event, nick="")
    if event.type == "part":
        event = replace(event, text="")
    yield event


def _bip(event: Event, _truth: Event) -> Iterator[Event]:
    yield replace(event, type="message") if event.type == "notice" else event


def _hexchat(event: Event, _truth: Event) -> Iterator[Event]:
    if _is_own_join(event):
        event = _without_mask(event)
    if event.type == "action" and event.text in _EVENTS_OF_HEXCHAT:
        event = replace(event, **_EVENTS_OF_HEXCHAT[event.text])
    if event.type == "mode":
        yield from _modes_apart(event)
        return
    yield event
    if event.type == "nick" and event.nick == OWN:  # the window of the server has it too
        yield replace(event, target="@server")


def _modes_apart(event: Event) -> Iterator[Event]:
    params, sign = list(event.params), "+"
    for letter in event.command:
        if letter in "+-":
            sign = letter
            continue
        takes = letter in "ovb" or (letter in "kl" and sign == "+")
        mine = (params.pop(0),) if takes and params else ()
        yield replace(event, command=f"{sign}{letter}", params=mine)


_EVENTS_OF_HEXCHAT: Final = {
    "has quit (forged)": {"type": "quit", "text": "forged"},
    "is now known as mallory": {"type": "nick", "subject": "mallory", "text": ""},
}
"""Actions that its log writes as it writes events, byte for byte."""

_BESIDE: Final = frozenset({"account", "away", "chghost", "setname", "invite"})
_LACKS_OF_ZNC: Final = (
    "hosts but of who comes and goes, accounts, names, new hosts, who is away, invitations"
)

HOLDINGS: Final[dict[str, Holding]] = {
    "irssi": Holding(
        "irssi",
        "seconds, hosts but of who comes and goes, formatting, BEL and escapes, bytes, "
        "the moment and the hosts of a netsplit, accounts, names, who is away, old hosts",
        leaves_out=frozenset({"account", "away", "setname"}),
        grain=60_000,
        text=_irssi_text,
        bad_bytes="cp1252",
        change=_irssi,
    ),
    "weechat": Holding(
        "weechat",
        "hosts but of who comes and goes, formatting, escapes, bytes, who is away",
        masks=_COMING | {"chghost"},
        leaves_out=frozenset({"away"}),
        is_extended=True,
        text=_weechat_text,
        change=_weechat,
        bad_bytes="latin-1",
    ),
    "znc": Holding("znc", _LACKS_OF_ZNC, leaves_out=_BESIDE, change=_znc),
    "soju": Holding("znc", _LACKS_OF_ZNC, leaves_out=_BESIDE),
    "limnoria": Holding(
        "limnoria",
        "hosts but of who comes, goes and invites, formatting, bytes that are not UTF-8, queries, "
        "accounts, names, new hosts",
        masks=_COMING | {"invite"},
        leaves_out=frozenset({"account", "chghost", "setname"}),
        change=_limnoria,
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
        "hosts but of who comes and goes, senders of notices, reasons of parts, modes by servers",
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
        "modes were one change, actions that read like events, accounts, names, new hosts, who is "
        "away",
        leaves_out=_BESIDE - {"invite"},
        is_ambiguous=True,
        masks=frozenset({"join", "part"}),
        text=_hexchat_text,
        bad_bytes="replaced",
        change=_hexchat,
    ),
}
"""By the program's name."""
