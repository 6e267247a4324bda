"""HexChat, and XChat 1 and 2: `Nov 23 19:31:03 <ann>` with a tab or a space before the text.

The year stands in `**** BEGIN LOGGING AT` alone. HexChat writes actions and events in one
form, `* ann …`: an event is one whose words fit exactly, and counts as ambiguous. XChat tells
them apart by `-->`, `<--` and `---`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.alignment.losses import Loss
from chatlog.event import SERVER, EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CHANNEL,
    CLOCK_SECONDS,
    CLOSED,
    CTIME,
    ISO_DATE,
    LOST,
    MASK,
    NICK,
    NOISE,
    OPENED,
    SUBJECT,
    TARGET,
    TEXT,
    Form,
    form,
)
from chatlog.formats.dialects.mode_words import mode_pattern, mode_refine
from chatlog.formats.dialects.text_dialect import TextDecoder, TextTable

if TYPE_CHECKING:
    from chatlog.formats.dialects.dialect import LogFacts
    from chatlog.formats.dialects.forms import Found, Refine

_CHANNELS: Final = "#&!+"
_XCHAT: Final = "xchatlogs"
_GAP: Final = r"[\t ]\s*"
_MODES: Final = {
    "gives channel operator status to": "+o",
    "removes channel operator status from": "-o",
    "gives channel half-operator status to": "+h",
    "removes channel half-operator status from": "-h",
    "gives voice to": "+v",
    "removes voice from": "-v",
    "sets ban on": "+b",
    "removes ban on": "-b",
    "sets quiet on": "+q",
    "removes quiet on": "-q",
    "sets exempt on": "+e",
    "removes exempt on": "-e",
    "sets invite exempt on": "+I",
    "removes invite exempt on": "-I",
    "sets invite on": "+I",
    "removes invite on": "-I",
    "sets channel keyword to": "+k",
    "removes channel keyword": "-k",
    "sets channel limit to": "+l",
    "removes user limit": "-l",
}
_REMARKS: Final = (
    r"(?:Topic for \S+ (?:is|set by)\b.*|Channel \S+ (?:created on|modes:) .*|Users on \S+: .*"
    r"|Ping reply from \S+ ?: .*|\S+ Banlist: .*)"
)


def _events(lead: str, *, is_ambiguous: bool) -> tuple[Form, ...]:
    """Return the forms of events behind a lead, which actions may have too."""

    def event(
        kind: str, pattern: str, refine: Refine | None = None, *, is_own: bool = False
    ) -> Form:
        doubtful = is_ambiguous and not is_own
        return form(kind, lead, _GAP + pattern, refine, is_ambiguous=doubtful, is_own=is_own)

    modes = rf"{NICK} {mode_pattern(_MODES)}(?: (?P<to>\S.*))?"
    return (
        event(EventType.JOIN, rf"(?:You are n|N)ow talking on {TARGET}", is_own=True),
        form(NOISE, lead, _GAP + _REMARKS),
        form(LOST, lead, _GAP + r"Disconnected \(.*\)\.?"),
        event(EventType.PART, rf"You have left channel {TARGET}(?: \({TEXT}\))?", is_own=True),
        event(
            EventType.KICK,
            rf"You have been kicked from {TARGET} by {NICK} \({TEXT}\)",
            is_own=True,
        ),
        event(EventType.NICK, rf"You are now known as {SUBJECT}", is_own=True),
        event(EventType.JOIN, rf"{NICK} \({MASK}\) has joined(?: {TARGET})?"),
        event(
            EventType.PART,
            rf"{NICK} \({MASK}\) has left(?: (?P<target>[^\s(]\S*))?(?: \({TEXT}\))?",
        ),
        event(EventType.QUIT, rf"{NICK} has quit \({TEXT}\)"),
        event(EventType.KICK, rf"{NICK} has kicked {SUBJECT} from {TARGET} \({TEXT}\)"),
        event(EventType.NICK, rf"{NICK} is now known as {SUBJECT}"),
        event(EventType.TOPIC, rf"{NICK} has changed the topic to: {TEXT}"),
        event(EventType.INVITE, rf"{SUBJECT} has been invited to {TARGET} by {NICK} \(\S*\)"),
        event(EventType.MODE, modes, mode_refine(_MODES)),
        event(
            EventType.MODE, rf"{NICK} sets mode (?P<params>[+-]\S+)(?: on)? (?P<target>[#&!+]\S*)"
        ),
        event(
            EventType.MODE,
            rf"{NICK} sets modes ?\[ ?(?:(?P<target>[#&!]\S*) )?(?P<params>[+-].*?) ?\]",
        ),
    )


def _of_the_server(_found: Found) -> Found:
    """Name the target of a log that has RPL_ISUPPORT; no action begins so, as no nick has a `=`."""
    return {"target": SERVER}


TABLE: Final = TextTable(
    name="hexchat",
    stamps=(
        rf"(?P<month>[A-Z][a-z]{{2}}) (?P<day>[ \d]\d) {CLOCK_SECONDS} ",
        rf"{ISO_DATE}T{CLOCK_SECONDS}(?P<zone>Z|[+-]\d\d:?\d\d) ",
    ),
    forms=(
        form(EventType.MESSAGE, "<", rf"[~&@%+!]?(?P<nick>[^>\s]+)>[\t ]{TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^\s/-][^\s/]*)/{TARGET}-[\t ]{TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^\s/-][^\s/]*)-[\t ]{TEXT}"),
        form(CHANNEL, "*", rf"{_GAP}[^\s=]+=.* :?are supported by this server", _of_the_server),
        *_events("-->", is_ambiguous=False),
        *_events("<--", is_ambiguous=False),
        *_events("---", is_ambiguous=False),
        *_events("*", is_ambiguous=True),
        form(EventType.ACTION, "*", rf"{_GAP}{NICK} {TEXT}"),
    ),
    marks=(
        form(OPENED, "**** BEGIN LOGGING AT ", CTIME),
        form(CLOSED, "**** ENDING LOGGING AT ", CTIME),
        form(NOISE, "[", r"\S+ has address \S+\]"),
    ),
)

_SERVER_TABLE: Final = msgspec.structs.replace(
    TABLE,
    forms=(
        form(EventType.NICK, "*", rf"{_GAP}You are now known as {SUBJECT}", is_own=True),
        form(NOISE, "", ".*"),
    ),
)
"""The table of the window of a server, in which `*` begins remarks in any words."""


def decoder(facts: LogFacts) -> TextDecoder:
    """Return the decoder of a log, whose name or lines tell if it is the window of a server."""
    if facts.target == SERVER or _is_of_server(facts.name):
        return _SERVER_TABLE.decoder(msgspec.structs.replace(facts, target=SERVER))
    return TABLE.decoder(facts)


def _is_of_server(name: str) -> bool:
    """Return whether a log is of the window of a server: its network's name, or a host's.

    The name of no nick has a dot. Before the network is known, the window is `server`, or "".
    XChat has the network in the names of files, `NET-NET.log`.
    """
    path, _, file = name.lower().rpartition("/")
    folder, window = path.rpartition("/")[2], file.partition(".log")[0]
    if folder == _XCHAT:
        half = len(window) // 2
        return bool(window) and window == f"{window[:half]}-{window[:half]}"
    is_no_nick = window in {"", "server", folder} or "." in window
    return ".log" in file and window[:1] not in {*_CHANNELS} and is_no_nick


DIALECT: Final = Dialect(
    name="hexchat",
    title="HexChat, XChat",
    proven="run",
    decoder=decoder,
    grain=SECOND,
    aliases=("xchat",),
    paths=(
        "logs/{network}/{channel}.log",
        "logs/{network}/.log",
        "xchatlogs/{network}-#{hashless}.log",
        "xchatlogs/{network}-{channel}.log",
        "xchatlogs/{network}-#{hashless}.xchatlog",
    ),
    loss=Loss(),
    lacks="the year (but in its headers), the zone, hosts of speakers, formatting, bytes,"
    " several modes at once; an action with the words of an event is taken for it",
)
