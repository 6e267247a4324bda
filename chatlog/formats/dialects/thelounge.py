"""The Lounge's text logs: UTC to the millisecond, `|` before further lines of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import MILLISECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_SECONDS,
    CONTINUED,
    ISO_DATE,
    MASK,
    NICK,
    SUBJECT,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

if TYPE_CHECKING:
    from chatlog.formats.dialects.forms import Found


def _without_undefined(found: Found) -> Found:
    """Return the fields without the word that stands for a missing reason."""
    if found.get("text") == "undefined":
        del found["text"]
    return found


TABLE: Final = TextTable(
    name="thelounge",
    stamps=(rf"\[{ISO_DATE}T{CLOCK_SECONDS}\.(?P<fraction>\d{{3}})(?P<zone>Z)\] ",),
    forms=(
        form(EventType.MESSAGE, "<", rf"[~&@%+!]?(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "* ", rf"[~&@%+!]?{NICK} {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>\S+?)- {TEXT}"),
        form(CONTINUED, "| ", TEXT),
        form(EventType.JOIN, "*** ", rf"{NICK} \({MASK}\) joined"),
        form(EventType.PART, "*** ", rf"{NICK} \({MASK}\) left \({TEXT}\)", _without_undefined),
        form(EventType.QUIT, "*** ", rf"{NICK} \({MASK}\) quit \({TEXT}\)", _without_undefined),
        form(
            EventType.KICK,
            "*** ",
            rf"{SUBJECT} was kicked by {NICK} \({TEXT}\)",
            _without_undefined,
        ),
        form(EventType.MODE, "*** ", rf"{NICK} set mode (?P<params>.*)"),
        form(EventType.NICK, "*** ", rf"{NICK} changed nick to {SUBJECT}"),
        form(EventType.CHGHOST, "*** ", rf"{NICK} changed host to '(?P<now>\S+)'"),
        form(EventType.TOPIC, "*** ", rf"{NICK} changed topic to '{TEXT}'"),
    ),
)

DIALECT: Final = Dialect(
    name="thelounge",
    title="The Lounge (text)",
    proven="source",
    decoder=TABLE.decoder,
    grain=MILLISECOND,
    paths=("logs/{user}/{network_uuid}/{channel}.log",),
    loss=Loss(),
    lacks="hosts of speakers, message ids, accounts, bytes",
)
