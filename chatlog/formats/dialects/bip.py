"""bip, the IRC proxy.

Messages are `23-11-2026 19:31:03 < ann!user@host: text`, own ones `> ann: text`; events
`-!- ann!user@host has joined #c`. A notice has the form of a message.
"""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_SECONDS,
    LOST,
    MASK,
    NOISE,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

_WHO: Final = rf"(?P<nick>[^\s!]+)!{MASK}"
_BY: Final = rf"(?P<nick>[^\s!]+)(?:!{MASK})?"
_WHY: Final = rf"(?: \[{TEXT}\])?"

TABLE: Final = TextTable(
    name="bip",
    stamps=(rf"(?P<day>\d\d)-(?P<month>\d\d)-(?P<year>\d{{4}}) {CLOCK_SECONDS} ",),
    forms=(
        form(EventType.MESSAGE, "< ", rf"{_WHO}: {TEXT}"),
        form(EventType.ACTION, "< * ", rf"{_WHO} {TEXT}"),
        form(EventType.MESSAGE, "> ", rf"(?P<nick>[^\s:*!]+): {TEXT}"),
        form(EventType.ACTION, "> * ", rf"{_BY} {TEXT}"),
        form(EventType.MESSAGE, "> ", rf"{_WHO}: {TEXT}"),
        form(EventType.MESSAGE, "< ", rf"(?P<nick>[^\s:*!]+): {TEXT}"),
        form(EventType.JOIN, "-!- ", rf"{_WHO} has joined {TARGET}"),
        form(EventType.PART, "-!- ", rf"{_WHO} has left {TARGET}{_WHY}"),
        form(EventType.QUIT, "-!- ", rf"{_WHO} has quit{_WHY}"),
        form(EventType.KICK, "-!- ", rf"{SUBJECT} has been kicked by {_BY}{_WHY}"),
        form(EventType.MODE, "-!- ", rf"mode/{TARGET} \[(?P<params>.*)\] by {_BY}"),
        form(EventType.NICK, "-!- ", rf"{_BY} is now known as {SUBJECT}"),
        form(EventType.TOPIC, "-!- ", rf"{_BY} changed topic of {TARGET} to: {TEXT}"),
        form(LOST, "-!- ", "[Dd]isconnected.*"),
        form(NOISE, "-!- ", r"(?:[Cc]onnected|[Tt]opic |[Cc]lient ).*"),
    ),
    has_bytes=True,
)

DIALECT: Final = Dialect(
    name="bip",
    title="bip",
    proven="run",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=("{user}/{network}/{year}-{month}/{channel}.{day}.log",),
    loss=Loss(same=((EventType.NOTICE, EventType.MESSAGE),)),
    lacks="the zone, whether a message is a notice",
)
