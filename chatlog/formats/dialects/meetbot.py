"""MeetBot's logs of meetings: messages and actions, the day and the channel in the file's name."""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import CLOCK_SECONDS, NICK, TEXT, form
from chatlog.formats.dialects.text_dialect import TextTable

TABLE: Final = TextTable(
    name="meetbot",
    stamps=(rf"{CLOCK_SECONDS} ",),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "* ", rf"{NICK} {TEXT}"),
    ),
)

DIALECT: Final = Dialect(
    name="meetbot",
    title="MeetBot, meetingology",
    proven="source",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=("{any}/{year}/{hashless}.{date}-{any}.log.txt", "{hashless}.{date}-{any}.log.txt"),
    loss=Loss(),
    lacks="all but messages and actions, the zone, formatting",
)
