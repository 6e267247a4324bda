"""The log bot of Twisted's examples: the date stands where it connects and disconnects."""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CHANNEL,
    CLOCK_SECONDS,
    CLOSED,
    CTIME,
    NICK,
    OPENED,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

TABLE: Final = TextTable(
    name="twisted",
    stamps=(rf"\[{CLOCK_SECONDS}\] ",),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "* ", rf"{NICK} {TEXT}"),
        form(OPENED, "[connected at ", rf"{CTIME}\]"),
        form(CLOSED, "[disconnected at ", rf"{CTIME}\]"),
        form(CHANNEL, "[I have joined ", rf"{TARGET}\]"),
        form(EventType.NICK, "", rf"{NICK} is now known as {SUBJECT}"),
    ),
)

DIALECT: Final = Dialect(
    name="twisted",
    title="Twisted's log bot",
    proven="source",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=(),
    loss=Loss(),
    lacks="the network, coming and going, modes, topics, notices, the zone",
)
