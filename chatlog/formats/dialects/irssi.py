"""irssi, with its default theme.

Messages are `19:31 <@ann> text`, events `19:31 -!- ann [user@host] has joined #c`; the date
stands in `--- Log opened` and `--- Day changed` alone.
"""

from __future__ import annotations

from typing import Final

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
    REJOIN,
    SPLIT,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.log_forms import LogForms
from chatlog.formats.dialects.text_dialect import TextTable

_SECONDS: Final = r"(?::(?P<second>\d\d))?"
_ZONE: Final = r"(?P<zone>Z|[+-]\d\d:?\d\d)?"

_CHANNEL: Final = r"(?P<target>[#&+!]\S*)"
_TO: Final = r"(?P<target>[^)\s@]+)"
_JOINED_AS: Final = (
    r"(?: \[account (?P<account>[^\]\s]+)\])?(?: \[(?:realname \[)?(?P<text>.*?)\]{1,2})?"
)
_REMARKS: Final = (
    r"(?:mode/\S+ \[.*\]|Channel \S+ created .*|Topic (?:for \S+:|set by) .*|Home page for .*"
    r"|No topic set for .*|Mode change \[.*|Your user mode is .*|You have been marked as .*"
    r"|You are no longer marked .*|\S+ is away: .*|\S+: Total of .*|\S+: No such .*"
    r"|Starting query in .*|Closing query with .*|ban/.*|ServerMode/\S+ \[.*\])"
)
"""Remarks of the program, and what a server tells to somebody who asks."""

TABLE: Final = TextTable(
    name="irssi",
    stamps=(
        rf"{CLOCK_TIME}{_SECONDS} ",
        rf"{ISO_DATE}[ T]{CLOCK_TIME}{_SECONDS}{_ZONE} ",
        rf"\[{CLOCK_TIME}{_SECONDS}\] ",
    ),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?:[~&@%+!]+| )?(?P<nick>[^>: ]+)> {TEXT}"),
        form(
            EventType.MESSAGE,
            "<",
            rf"(?:[~&@%+!]+| )?(?P<nick>[^>: ]+):(?P<target>[#&+!][^> ]*)> {TEXT}",
        ),
        form(EventType.MESSAGE, "<", rf"(?:[~&@%+!]+| )?(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, " * ", rf"(?P<nick>[^\s:]+) {TEXT}"),
        form(EventType.ACTION, " * ", rf"(?P<nick>[^\s:]+):{TARGET} {TEXT}"),
        form(EventType.ACTION, " (*) ", rf"(?P<nick>\S+) {TEXT}"),
        form(EventType.JOIN, "-!- ", rf"{NICK} \[{MASK}\] has joined {TARGET}{_JOINED_AS}"),
        form(EventType.PART, "-!- ", rf"{NICK} \[{MASK}\] has left {TARGET} \[{TEXT}\]"),
        form(EventType.QUIT, "-!- ", rf"(?:{_CHANNEL} )?{NICK} \[{MASK}\] has quit \[{TEXT}\]"),
        form(NOISE, "-!- ", r"(?:Irssi: |CTCP ).*"),
        form(EventType.KICK, "-!- ", rf"{SUBJECT} was kicked from {TARGET} by {NICK} \[{TEXT}\]"),
        form(
            EventType.MODE,
            "-!- ",
            rf"(?:ServerMode|mode)/{TARGET} \[(?P<params>.*)\] by (?P<nick>[^ ,]+)(?:, .*)?",
        ),
        form(EventType.TOPIC, "-!- ", rf"{NICK} changed the topic of {TARGET} to: {TEXT}"),
        form(EventType.TOPIC, "-!- ", rf"Topic unset by {NICK} on {TARGET}"),
        form(EventType.NICK, "-!- ", rf"You're now known as {SUBJECT}", is_own=True),
        form(EventType.NICK, "-!- ", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.INVITE, "-!- ", rf"{NICK} invites you to {TARGET}"),
        form(
            EventType.INVITE,
            "-!- ",
            rf"{SUBJECT}(?: \[\S+\])? has been invited to {TARGET} by {NICK}",
        ),
        form(EventType.AWAY, "-!- ", rf"{NICK} \[{MASK}\] is now away: \[{TEXT}\]"),
        form(EventType.AWAY, "-!- ", rf"{NICK} \[{MASK}\] is no longer away"),
        form(
            EventType.ACCOUNT,
            "-!- ",
            rf"{NICK} \[{MASK}\] has logged in to account (?P<account>\S+)",
        ),
        form(EventType.ACCOUNT, "-!- ", rf"{NICK} \[{MASK}\] has logged out of their account"),
        form(EventType.CHGHOST, "-!- ", rf"{NICK} \[(?P<now>\S+)\] has changed host"),
        form(
            SPLIT,
            "-!- ",
            r"Netsplit (?P<one>\S+) <-> (?P<other>\S+) quits: (?P<nicks>.*?)"
            r"(?: \(\+(?P<more>\d+) more, use /NETSPLIT to show all of them\))?",
        ),
        form(
            REJOIN,
            "-!- ",
            r"Netsplit over, joins: (?P<nicks>.*?)(?: \(\+(?P<more>\d+) more\))?",
        ),
        form(NOISE, "-!- ", _REMARKS),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^:\s]+):{TARGET}- {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^(\s]+)\({MASK}\)- {TEXT}"),
        form(EventType.NOTICE, "!", rf"(?P<nick>\S+) {TEXT}"),
        form(EventType.MESSAGE, "[", rf"(?P<nick>[^(\s]+)\({MASK}\)\] {TEXT}"),
        form(EventType.MESSAGE, "[msg(", rf"{_TO}\)\] {TEXT}", is_own=True),
        form(EventType.NOTICE, "[notice(", rf"{_TO}\)\] {TEXT}", is_own=True),
        form(NOISE, "[ctcp(", r"[^)\s]+\)\] .*"),
        form(NOISE, "[", r"(?:Users #|[ @+%&~!]\S+\s*\]).*"),
    ),
    marks=(
        form(OPENED, "--- Log opened ", CTIME),
        form(CLOSED, "--- Log closed ", CTIME),
        form(DAY, "--- Day changed ", CDATE),
    ),
)

FORMS: Final = LogForms(
    stamp="%H:%M ",
    forms={
        EventType.MESSAGE: "< {nick}> {text}",
        EventType.ACTION: " * {nick} {text}",
        EventType.NOTICE: "-{nick}:{target}- {text}",
        EventType.JOIN: "-!- {nick} [{mask}] has joined {target}",
        EventType.PART: "-!- {nick} [{mask}] has left {target} [{text}]",
        EventType.QUIT: "-!- {nick} [{mask}] has quit [{text}]",
        EventType.KICK: "-!- {subject} was kicked from {target} by {nick} [{text}]",
        EventType.NICK: "-!- {nick} is now known as {subject}",
        EventType.MODE: "-!- mode/{target} [{modes}] by {nick}",
        EventType.TOPIC: "-!- {nick} changed the topic of {target} to: {text}",
    },
    topic_unset="-!- Topic unset by {nick} on {target}",
    day_changed="--- Day changed %a %b %d %Y",
)

DIALECT: Final = Dialect(
    name="irssi",
    title="irssi",
    proven="run",
    forms=FORMS,
    decoder=TABLE.decoder,
    grain=MINUTE,
    paths=(
        "irclogs/{network}/{channel}-{date}.log",
        "irclogs/{network}/{channel}.{date}.log",
        "irclogs/{network}/{channel}/{date}.log",
        "irclogs/{network}/{channel}/{year}-{month}.log",
        "irclogs/{network}/{channel}.{year}-{month}.log",
        "irclogs/{year}/{network}/{channel}.{month}-{day}.log",
        "irclogs/{year}/{network}/{channel}.log",
        "irclogs/{network}/{channel}.log",
    ),
    lacks="seconds (unless log_timestamp has them), the zone, hosts of speakers, formatting, bytes",
)
