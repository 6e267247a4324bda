"""ZNC's module `log`, and the file store of soju, which writes the same lines.

Messages are `[19:31:03] <ann> text`, events `[19:31:03] *** Joins: ann (user@host)`; the date
stands in the name of the file alone.
"""

from __future__ import annotations

from typing import Final

from chatlog.event import EventType
from chatlog.formats.dialects.dialect import MINUTE, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_TIME,
    ISO_DATE,
    LOST,
    MASK,
    NICK,
    NOISE,
    SUBJECT,
    TEXT,
    form,
)
from chatlog.formats.dialects.log_forms import LogForms
from chatlog.formats.dialects.text_dialect import TextTable

_SECOND: Final = r"(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"

TABLE: Final = TextTable(
    name="znc",
    stamps=(
        rf"\[{CLOCK_TIME}{_SECOND}\] ",
        rf"\[{ISO_DATE}[ T]{CLOCK_TIME}{_SECOND}\] ",
    ),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "* ", rf"(?P<nick>\S+) {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>\S+?)- {TEXT}"),
        form(EventType.JOIN, "*** Joins: ", rf"{NICK} \({MASK}\)(?: (?P<account>\S+))?"),
        form(EventType.PART, "*** Parts: ", rf"{NICK} \({MASK}\) \({TEXT}\)"),
        form(EventType.QUIT, "*** Quits: ", rf"{NICK} \({MASK}\) \({TEXT}\)"),
        form(EventType.KICK, "*** ", rf"{SUBJECT} was kicked by {NICK} \({TEXT}\)"),
        form(EventType.NICK, "*** ", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.MODE, "*** ", rf"{NICK} sets mode: (?P<params>.*)"),
        form(EventType.TOPIC, "*** ", rf"{NICK} changes topic to '{TEXT}'"),
        form(NOISE, "Connected to IRC (", r".*\)"),
        form(LOST, "Disconnected from IRC (", r".*\)"),
        form(NOISE, "Broadcast: ", ".*"),
    ),
    has_bytes=True,
)

FORMS: Final = LogForms(
    stamp="[%H:%M:%S] ",
    forms={
        EventType.MESSAGE: "<{nick}> {text}",
        EventType.ACTION: "* {nick} {text}",
        EventType.NOTICE: "-{nick}- {text}",
        EventType.JOIN: "*** Joins: {nick} ({mask})",
        EventType.PART: "*** Parts: {nick} ({mask}) ({text})",
        EventType.QUIT: "*** Quits: {nick} ({mask}) ({text})",
        EventType.KICK: "*** {subject} was kicked by {nick} ({text})",
        EventType.NICK: "*** {nick} is now known as {subject}",
        EventType.MODE: "*** {nick} sets mode: {modes}",
        EventType.TOPIC: "*** {nick} changes topic to '{text}'",
    },
    topic_unset="*** {nick} changes topic to ''",
    keeps_formatting=True,
)

DIALECT: Final = Dialect(
    name="znc",
    title="ZNC (module log), soju (files)",
    proven="run",
    forms=FORMS,
    decoder=TABLE.decoder,
    grain=MINUTE,
    aliases=("soju",),
    paths=(
        "networks/{network}/moddata/log/{channel}/{date}.log",
        "users/{user}/moddata/log/{network}/{channel}/{date}.log",
        "moddata/log/{user}/{network}/{channel}/{date}.log",
        "moddata/log/{network}/{channel}/{date}.log",
        "moddata/log/{user}_{network}_#{hashless}_{date}.log",
        "moddata/log/{network}_#{hashless}_{date}.log",
        "moddata/log/{channel}/{date}.log",
        "{user}/{network}/{channel}/{date}.log",
    ),
    lacks="the zone, milliseconds, hosts and accounts of speakers, the own nick in queries",
)
