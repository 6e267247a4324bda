"""colabti's logger in its raw form: minutes, `***` before events, an empty line after messages."""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import MINUTE, Dialect
from chatlog.formats.dialects.forms import CLOCK_TIME, NICK, SUBJECT, TEXT, form
from chatlog.formats.dialects.text_dialect import TextTable

TABLE: Final = TextTable(
    name="colabti",
    stamps=(rf"\[{CLOCK_TIME}\] ",),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "* ", rf"{NICK} {TEXT}"),
        form(EventType.JOIN, "*** ", rf"{NICK} joined"),
        form(EventType.PART, "*** ", rf"{NICK} left"),
        form(EventType.KICK, "*** ", rf"{SUBJECT} was kicked by {NICK}(?: {TEXT})?"),
        form(EventType.MODE, "*** ", rf"{NICK} sets mode: (?P<params>[+-].*)"),
        form(EventType.NICK, "*** ", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.TOPIC, "*** ", rf"{NICK} changes topic to: {TEXT}"),
    ),
)

DIALECT: Final = Dialect(
    name="colabti",
    title="irclog.colabti.org (raw)",
    proven="source",
    decoder=TABLE.decoder,
    grain=MINUTE,
    paths=("{hashless}/{year}/{date}", "{hashless}/{date}.log", "{hashless}/{date}"),
    loss=Loss(
        texts=frozenset({EventType.PART, EventType.QUIT}),
        same=((EventType.QUIT, EventType.PART),),
    ),
    lacks="seconds, notices, hosts, reasons of parting; quits are partings",
)
