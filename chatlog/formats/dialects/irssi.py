"""irssi, with its default theme.

Messages are `19:31 <@ann> text`, events `19:31 -!- ann [user@host] has joined #c`; the date
stands in `--- Log opened` and `--- Day changed` alone.
"""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import MINUTE, Dialect
from chatlog.formats.dialects.forms import (
    CDATE,
    CLOCK_TIME,
    CLOSED,
    CTIME,
    DAY,
    ISO_DATE,
    MASK,
    NICK,
    NOISE,
    OPENED,
    SPLIT,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

_SECONDS: Final = r"(?::(?P<second>\d\d))?"
_ZONE: Final = r"(?P<zone>Z|[+-]\d\d:?\d\d)?"

TABLE: Final = TextTable(
    name="irssi",
    stamps=(
        rf"{CLOCK_TIME}{_SECONDS} ",
        rf"{ISO_DATE}[ T]{CLOCK_TIME}{_SECONDS}{_ZONE} ",
        rf"\[{CLOCK_TIME}{_SECONDS}\] ",
    ),
    forms=(
        form(EventType.MESSAGE, "<", rf"[~&@%+! ]?(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, " * ", rf"{NICK} {TEXT}"),
        form(NOISE, "-!- ", r"(?:Irssi: |CTCP ).*"),
        form(EventType.JOIN, "-!- ", rf"{NICK} \[{MASK}\] has joined {TARGET}(?: \[.*\])?"),
        form(EventType.PART, "-!- ", rf"{NICK} \[{MASK}\] has left {TARGET} \[{TEXT}\]"),
        form(EventType.QUIT, "-!- ", rf"{NICK} \[{MASK}\] has quit \[{TEXT}\]"),
        form(EventType.KICK, "-!- ", rf"{SUBJECT} was kicked from {TARGET} by {NICK} \[{TEXT}\]"),
        form(
            EventType.MODE,
            "-!- ",
            rf"(?:ServerMode|mode)/{TARGET} \[(?P<params>.*)\] by (?P<nick>[^ ,]+)(?:, .*)?",
        ),
        form(EventType.TOPIC, "-!- ", rf"{NICK} changed the topic of {TARGET} to: {TEXT}"),
        form(EventType.TOPIC, "-!- ", rf"Topic unset by {NICK} on {TARGET}"),
        form(EventType.NICK, "-!- ", rf"You're now known as {SUBJECT}"),
        form(EventType.NICK, "-!- ", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.INVITE, "-!- ", rf"{NICK} invites you to {TARGET}"),
        form(
            SPLIT,
            "-!- ",
            r"Netsplit (?P<one>\S+) <-> (?P<other>\S+) quits: (?P<nicks>.*?)"
            r"(?: \(\+(?P<more>\d+) more, use /NETSPLIT to show all of them\))?",
        ),
        form(NOISE, "-!- ", r"Netsplit over, joins: .*"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^:\s]+):{TARGET}- {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^(\s]+)\({MASK}\)- {TEXT}"),
        form(EventType.NOTICE, "!", rf"(?P<nick>\S+) {TEXT}"),
        form(EventType.MESSAGE, "[", rf"(?P<nick>[^(\s]+)\({MASK}\)\] {TEXT}"),
    ),
    marks=(
        form(OPENED, "--- Log opened ", CTIME),
        form(CLOSED, "--- Log closed ", CTIME),
        form(DAY, "--- Day changed ", CDATE),
    ),
)

DIALECT: Final = Dialect(
    name="irssi",
    title="irssi",
    proven="run",
    decoder=TABLE.decoder,
    grain=MINUTE,
    paths=("irclogs/{network}/{channel}.log", "irclogs/{network}/{channel}-{date}.log"),
    loss=Loss(),
    lacks="seconds (unless log_timestamp has them), the zone, hosts of speakers, formatting, bytes",
)
