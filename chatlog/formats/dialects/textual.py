"""Textual (macOS): stamps with the zone, actions behind a bullet, events without a mark."""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_SECONDS,
    ISO_DATE,
    LOST,
    MASK,
    NICK,
    NOISE,
    SUBJECT,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

TABLE: Final = TextTable(
    name="textual",
    stamps=(rf"\[{ISO_DATE}T{CLOCK_SECONDS}(?P<zone>Z|[+-]\d\d:?\d\d)\] ",),
    forms=(
        form(EventType.MESSAGE, "<", rf"[~&@%+!]?(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "• ", rf"(?P<nick>[^: ]+): {TEXT}"),
        form(NOISE, "----", r"-+ (?:Begin|End) Session -+"),
        form(EventType.NOTICE, "-", rf"(?P<nick>\S+?)- {TEXT}"),
        form(EventType.JOIN, "", rf"{NICK} \({MASK}\) joined the channel\.?"),
        form(EventType.PART, "", rf"{NICK} \({MASK}\) left the channel\.?(?: \({TEXT}\))?"),
        form(EventType.QUIT, "", rf"{NICK} \({MASK}\) left IRC\.?(?: \({TEXT}\))?"),
        form(EventType.KICK, "", rf"{NICK} kicked {SUBJECT} from the channel\.? \({TEXT}\)"),
        form(EventType.MODE, "", rf"{NICK} sets mode (?P<params>[+-].*)"),
        form(EventType.NICK, "", rf"You're now known as {SUBJECT}", is_own=True),
        form(EventType.NICK, "", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.TOPIC, "", rf"{NICK} changed the topic to {TEXT}"),
        form(LOST, "", r"Disconnected\b.*"),
        form(
            NOISE,
            "",
            r"(?: ?|Topic is .*|Set by \S+ on .*|Mode is .*|Website is .*"
            r"|Attempting to rejoin channel.*|-CTCP- .*)",
        ),
    ),
)

DIALECT: Final = Dialect(
    name="textual",
    title="Textual",
    proven="source",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=(
        "{network} ({any})/Channels/{channel}/{date}.txt",
        "{network} ({any})/Queries/{channel}/{date}.txt",
        "{network}/Channels/{channel}/{date}.txt",
        "{network}/Queries/{channel}/{date}.txt",
    ),
    loss=Loss(),
    lacks="hosts of speakers, formatting, bytes",
)
