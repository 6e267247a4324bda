"""mIRC 5, 6 and later, and its clones: `Session` headers, `* ` or `*** ` before events.

mIRC 6 and later write actions and events in one form, `* ann …`: an event is one whose words
fit exactly, and counts as ambiguous. Colour may stand before the stamp.
"""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import MINUTE, Dialect
from chatlog.formats.dialects.forms import (
    CHANNEL,
    CLOSED,
    CTIME,
    DAY,
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
from chatlog.formats.dialects.text_dialect import TextTable

_COLOUR: Final = r"(?:\x03\d{0,2}(?:,\d{1,2})?)?"
_TIME: Final = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))? ?(?P<half>[AaPp]\.?[Mm]\.?)?"
)
_REMARKS: Final = (
    r"(?:Topic is '.*'|Set by \S+ on .*|Attempting to rejoin channel \S+"
    r"|Retrieving \S+ info\.\.\.)"
)


def _events(lead: str, *, is_ambiguous: bool) -> tuple[Form, ...]:
    """Return the forms of events behind a lead, which actions may have too."""
    patterns = (
        (EventType.JOIN, rf"{NICK} \({MASK}\) has joined {TARGET}"),
        (EventType.JOIN, rf"Joins: {NICK} \({MASK}\)"),
        (EventType.PART, rf"{NICK} \({MASK}\) has left {TARGET}(?: \({TEXT}\))?"),
        (EventType.PART, rf"Parts: {NICK} \({MASK}\)(?: \({TEXT}\))?"),
        (EventType.QUIT, rf"{NICK} \({MASK}\) Quit \({TEXT}\)"),
        (EventType.QUIT, rf"Quits: {NICK} \({MASK}\) \({TEXT}\)"),
        (EventType.KICK, rf"{SUBJECT} was kicked by {NICK} \({TEXT}\)"),
        (EventType.MODE, rf"{NICK} sets mode: (?P<params>[+-].*)"),
        (EventType.NICK, rf"{NICK} is now known as {SUBJECT}"),
        (EventType.TOPIC, rf"{NICK} changes topic to '{TEXT}'"),
    )
    return (
        form(NOISE, lead, _REMARKS),
        form(LOST, lead, r"Disconnected\b.*"),
        form(EventType.JOIN, lead, rf"(?:Now talking in|Rejoined channel) {TARGET}", is_own=True),
        form(EventType.KICK, lead, rf"You were kicked by {NICK} \({TEXT}\)", is_own=True),
        form(EventType.NICK, lead, rf"Your nick is now {SUBJECT}", is_own=True),
        *(form(kind, lead, each, is_ambiguous=is_ambiguous) for kind, each in patterns),
    )


TABLE: Final = TextTable(
    name="mirc",
    stamps=(rf"{_COLOUR}\[{_TIME}\] ", rf"{_COLOUR}\({_TIME}\) "),
    forms=(
        form(
            EventType.MESSAGE,
            "<",
            rf"{_COLOUR}[~&@%+!]*(?P<nick>[^> \x03\x0f]+)[\x03\x0f]?> {TEXT}",
        ),
        *_events("*** ", is_ambiguous=False),
        *_events("* ", is_ambiguous=True),
        form(EventType.ACTION, "* ", rf"[~&@%+!]*{NICK} {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^\s:-][^\s:]*):{TARGET}- {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^\s:-][^\s:]*)- {TEXT}"),
        form(NOISE, "", r"\S+ created on .*"),
    ),
    marks=(
        form(OPENED, "Session Start: ", CTIME),
        form(DAY, "Session Time: ", CTIME),
        form(CLOSED, "Session Close", rf"(?: \([^)]*\))?: {CTIME}"),
        form(CHANNEL, "Session Ident: ", rf"{TARGET}(?: \(.*\))?"),
    ),
    has_bytes=True,
)

DIALECT: Final = Dialect(
    name="mirc",
    title="mIRC, AdiIRC and other clones",
    proven="sample",
    decoder=TABLE.decoder,
    grain=MINUTE,
    aliases=("adiirc", "bersirc", "vision"),
    paths=(
        "logs/{network}/{channel}.{date}.log",
        "logs/{channel}.{date}.log",
        "logs/{network}/{channel}.log",
        "logs/{channel}.{network}.log",
        "logs/{channel}.log",
    ),
    loss=Loss(),
    lacks="the zone, hosts of speakers, bytes from version 7 on; seconds unless its stamps have"
    " them",
)
