"""EnergyMech, a bot.

Messages are `[Nov 23 2026 19:31:03] <ann> text`, or `[19:31:03] <ann> text` of older bots; events
are those of ZNC, but for parts without a reason and quits without a host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_SECONDS,
    MASK,
    NICK,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.log_forms import LogForms
from chatlog.formats.dialects.text_dialect import TextTable

if TYPE_CHECKING:
    from chatlog.formats.dialects.forms import Found

_DATE: Final = r"(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) (?P<year>\d{4})"
_WHO: Final = rf"{NICK} \((?:[^!\s]+!)?{MASK}\)"


def _unquoted(found: Found) -> Found:
    return {key: value for key, value in found.items() if key != "quote"}


TABLE: Final = TextTable(
    name="energymech",
    stamps=(
        rf"\[{_DATE} {CLOCK_SECONDS}\] ",
        rf"\[{CLOCK_SECONDS}\] ",
    ),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "* ", rf"(?P<nick>\S+) {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^:\s]+):{TARGET}- {TEXT}"),
        form(EventType.JOIN, "*** Joins: ", _WHO),
        form(EventType.PART, "*** Parts: ", _WHO),
        form(EventType.QUIT, "*** Quits: ", rf"{NICK} \({TEXT}\)"),
        form(EventType.KICK, "*** ", rf"{SUBJECT} was kicked by {NICK} \({TEXT}\)"),
        form(EventType.NICK, "*** ", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.MODE, "*** ", rf"{NICK} sets mode: (?P<params>.*)"),
        form(
            EventType.TOPIC,
            "*** ",
            rf"{NICK} changes topic to (?P<quote>['\"]){TEXT}(?P=quote)",
            _unquoted,
        ),
    ),
    has_bytes=True,
    homeless=frozenset({EventType.QUIT, EventType.NICK}),
)

FORMS: Final = LogForms(
    stamp="[%b {day} %Y %H:%M:%S] ",
    forms={
        EventType.MESSAGE: "<{nick}> {text}",
        EventType.ACTION: "* {nick} {text}",
        EventType.NOTICE: "-{nick}:{target}- {text}",
        EventType.JOIN: "*** Joins: {nick} ({mask})",
        EventType.PART: "*** Parts: {nick} ({nick}!{mask})",
        EventType.QUIT: "*** Quits: {nick} ({text})",
        EventType.KICK: "*** {subject} was kicked by {nick} ({text})",
        EventType.NICK: "*** {nick} is now known as {subject}",
        EventType.MODE: "*** {nick} sets mode: {modes}",
        EventType.TOPIC: '*** {nick} changes topic to "{text}"',
    },
    topic_unset='*** {nick} changes topic to ""',
    keeps_formatting=True,
)

DIALECT: Final = Dialect(
    name="energymech",
    title="EnergyMech",
    proven="source",
    forms=FORMS,
    decoder=TABLE.decoder,
    grain=SECOND,
    loss=Loss(texts=frozenset({EventType.PART})),
    lacks="reasons of parts, hosts of quits and of speakers, the channels of quits and nicks",
)
