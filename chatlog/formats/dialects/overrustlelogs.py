"""OverRustleLogs: messages of Twitch and destiny.gg, to the second in UTC."""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import CLOCK_SECONDS, ISO_DATE, TEXT, form
from chatlog.formats.dialects.text_dialect import TextTable

TABLE: Final = TextTable(
    name="overrustlelogs",
    stamps=(rf"\[{ISO_DATE} {CLOCK_SECONDS} (?P<zone>UTC)\] ",),
    forms=(form(EventType.MESSAGE, "", rf"(?P<nick>[^:\s]+): {TEXT}"),),
)

DIALECT: Final = Dialect(
    name="overrustlelogs",
    title="OverRustleLogs",
    proven="source",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=("{hashless} chatlog/{any}/{date}.txt",),
    loss=Loss(),
    lacks="all but messages",
)
