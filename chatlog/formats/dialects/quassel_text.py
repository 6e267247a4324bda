"""Quassel's chat view as copied: `[19:31:03] <ann> text`, a mark of its own for each kind.

Its database holds more.
"""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    DAY,
    MASK,
    NICK,
    NOISE,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

_CLOCK: Final = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:[ \u202f](?P<half>[AaPp][Mm]))?"
)
_WEEKDAY: Final = r"\{Day changed to (?:[A-Z][a-z]+,? )?"

TABLE: Final = TextTable(
    name="quassel-text",
    stamps=(rf"\[{_CLOCK}\] ",),
    forms=(
        form(EventType.ACTION, "-*- ", rf"{NICK} {TEXT}"),
        form(EventType.JOIN, "--> ", rf"{NICK} \({MASK}\) has joined {TARGET}"),
        form(
            EventType.PART, "<-- ", rf"{NICK} \({MASK}\) has left (?P<target>\S+?)(?: \({TEXT}\))?"
        ),
        form(EventType.QUIT, "<-- ", rf"{NICK} \({MASK}\) has quit(?: \({TEXT}\))?"),
        form(
            EventType.KICK,
            "<-* ",
            rf"{NICK} has kicked {SUBJECT} from (?P<target>\S+?)(?: \({TEXT}\))?",
        ),
        form(EventType.NICK, "<-> ", rf"You are now known as {SUBJECT}", is_own=True),
        form(EventType.NICK, "<-> ", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.MODE, "*** ", rf"Mode {TARGET} (?P<params>[+-].*) by {NICK}"),
        form(EventType.TOPIC, "* ", rf'{NICK} has changed topic for (?P<target>\S+) to: "{TEXT}"'),
        form(NOISE, "* ", r"(?:Topic for \S+ is .*|Topic set by .*|Channel \S+ created on .*)"),
        form(
            DAY, "- ", _WEEKDAY + r"(?P<month>[A-Z][a-z]{2,8}) (?P<day>\d{1,2}),? (?P<year>\d{4})\}"
        ),
        form(
            DAY, "- ", _WEEKDAY + r"(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2,8}),? (?P<year>\d{4})\}"
        ),
        form(EventType.MESSAGE, "<", rf"[~&@%+!]?(?P<nick>[^>\s*-][^>\s]*)> {TEXT}"),
        form(EventType.NOTICE, "[", rf"[~&@%+!]?(?P<nick>\S+?)\] {TEXT}"),
    ),
)

DIALECT: Final = Dialect(
    name="quassel-text",
    title="Quassel (copied text, English)",
    proven="source",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=(),
    loss=Loss(),
    lacks="the date (but where the day changes), the network, the zone, hosts of speakers,"
    " formatting, bytes",
)
