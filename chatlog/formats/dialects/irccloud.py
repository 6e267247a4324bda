"""IRCCloud's export: an em dash before actions, arrows before those who come and go."""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import CLOCK_SECONDS, ISO_DATE, MASK, NICK, SUBJECT, TEXT, form
from chatlog.formats.dialects.text_dialect import TextTable

_ARROW: Final = "\N{RIGHTWARDS ARROW}"

TABLE: Final = TextTable(
    name="irccloud",
    stamps=(rf"\[{ISO_DATE} {CLOCK_SECONDS}\] ",),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "\N{EM DASH} ", rf"{NICK} {TEXT}"),
        form(EventType.JOIN, f"{_ARROW} ", rf"{NICK} joined \({MASK}\)"),
        form(
            EventType.QUIT, "\N{LEFTWARDS DOUBLE ARROW} ", rf"{NICK} quit \({MASK}\)(?:: {TEXT})?"
        ),
        form(EventType.NICK, "* ", rf"{NICK} {_ARROW} {SUBJECT}"),
    ),
)

DIALECT: Final = Dialect(
    name="irccloud",
    title="IRCCloud's export",
    proven="sample",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=(),
    loss=Loss(),
    lacks="the zone, hosts of speakers; how it writes parts, kicks, modes, topics and notices is"
    " not known to us",
)
