"""WeeChat, with its plugin logger: a stamp, a prefix and a text, with tabs between.

Messages are `2026-11-23 19:31:03→@ann→text`, events have an arrow as their prefix:
`2026-11-23 19:31:03→-->→ann (user@host) has joined #c`. Lines without a stamp go on with a
message of several lines. The server's own buffer holds remarks in any words, and so does
WeeChat's core buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import SERVER, EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_SECONDS,
    ISO_DATE,
    LOST,
    NICK,
    NOISE,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.log_forms import LogForms
from chatlog.formats.dialects.text_dialect import TextDecoder, TextTable

if TYPE_CHECKING:
    from chatlog.formats.dialects.dialect import LogFacts

_NAME: Final = r"(?:[~&@%+!]+)?(?P<nick>[^\s<>=-][^\s<>]*)"
_MASK: Final = r"(?P<user>[^@\s()]*)@(?P<host>[^\s()]*)"
_WHY: Final = rf"(?: \({TEXT}\))?"
_CHANNELS: Final = "#&!+"
_SERVER_BUFFER: Final = "irc.server."
_CORE_BUFFER: Final = "core.weechat."

TABLE: Final = TextTable(
    name="weechat",
    stamps=(
        rf"{ISO_DATE}[ T]{CLOCK_SECONDS}(?:\.(?P<fraction>\d{{1,9}}))?(?P<zone>Z)?\t",
        rf"(?P<year>\d{{4}}) (?P<month>[A-Z][a-z]{{2}}) (?P<day>\d\d) {CLOCK_SECONDS}  ",
    ),
    forms=(
        form(EventType.MESSAGE, "", rf"{_NAME}\t{TEXT}"),
        form(EventType.MESSAGE, "<", rf"{_NAME}>[\t ]{TEXT}"),
        form(EventType.ACTION, " *\t", rf"{NICK} {TEXT}"),
        form(EventType.ACTION, " * ", rf"{NICK} {TEXT}"),
        form(
            EventType.JOIN,
            "-->\t",
            rf"{NICK} (?:\[(?P<account>[^\]]*)\] )?(?:\({TEXT}\) )?\({_MASK}\) has joined {TARGET}",
        ),
        form(EventType.PART, "<--\t", rf"{NICK} \({_MASK}\) has left {TARGET}{_WHY}"),
        form(EventType.QUIT, "<--\t", rf"{NICK} \({_MASK}\) has quit{_WHY}"),
        form(EventType.KICK, "<--\t", rf"{NICK} has kicked {SUBJECT}{_WHY}"),
        form(EventType.MODE, "--\t", rf"Mode {TARGET} \[(?P<params>.*)\] by {NICK}"),
        form(EventType.NICK, "--\t", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.NICK, "--\t", rf"You are now known as {SUBJECT}", is_own=True),
        form(
            EventType.TOPIC,
            "--\t",
            rf'{NICK} has changed topic for {TARGET} (?:from ".*" )?to "{TEXT}"',
        ),
        form(
            EventType.TOPIC,
            "--\t",
            rf'{NICK} has unset topic for {TARGET}(?: \(old topic: ".*"\))?',
        ),
        form(EventType.NOTICE, "--\t", rf"Notice\((?P<nick>[^\s)]+)\)(?: -> {TARGET})?: {TEXT}"),
        form(EventType.NOTICE, "--\t", rf"Notice -> (?P<target>\S+?): {TEXT}", is_own=True),
        form(EventType.INVITE, "--\t", rf"{NICK} has invited {SUBJECT} to {TARGET}"),
        form(EventType.INVITE, "--\t", rf"You have been invited to {TARGET} by {NICK}"),
        form(EventType.ACCOUNT, "--\t", rf"{NICK} has identified as (?P<account>\S+)"),
        form(EventType.ACCOUNT, "--\t", rf"{NICK} has unidentified"),
        form(EventType.SETNAME, "--\t", rf'{NICK} has changed real name to "{TEXT}"'),
        form(
            EventType.CHGHOST,
            "--\t",
            rf"{NICK} \({_MASK}\) has changed host to (?P<now>\S+)",
        ),
        form(EventType.AWAY, "--\t", r"\[(?P<nick>\S+)\] is away: (?P<text>.*)"),
        form(EventType.AWAY, "--\t", r"\[(?P<nick>\S+)\] is back"),
        form(LOST, "--\t", "irc: disconnected from server.*"),
        form(NOISE, "--\t", r"(?:Channel |irc: |Topic |Nicks |User mode |\[\S+\] ).*"),
        form(NOISE, "--\t", r"Mode \S+ \[.*\]"),
        form(NOISE, "=!=\t", ".*"),
        form(NOISE, "\t", r"\*{4}  (?:Beginning|End) of log  \*{4}"),
    ),
    continues=True,
)

_SERVER_TABLE: Final = msgspec.structs.replace(
    TABLE, forms=(*TABLE.forms, form(NOISE, "--\t", ".*"), form(NOISE, "\t", ".*"))
)
"""The table of the server's own buffer."""

_QUERY_TABLE: Final = msgspec.structs.replace(
    TABLE, forms=(*TABLE.forms, form(EventType.NOTICE, "--\t", rf"(?P<nick>[^\s:]+): {TEXT}"))
)
"""The table of the buffer of a query, where a notice is told by its nick alone."""

_CORE_TABLE: Final = msgspec.structs.replace(TABLE, forms=(form(NOISE, "", ".*"),))
"""The table of the core buffer."""


def decoder(facts: LogFacts) -> TextDecoder:
    """Return the decoder of a log, whose name tells if it is a buffer of no channel."""
    name = facts.name.rpartition("/")[2]
    if name.startswith(_CORE_BUFFER):
        return _CORE_TABLE.decoder(facts)
    if name.startswith(_SERVER_BUFFER):
        return _SERVER_TABLE.decoder(msgspec.structs.replace(facts, target=SERVER))
    is_query = facts.target and facts.target[0] not in _CHANNELS
    return (_QUERY_TABLE if is_query else TABLE).decoder(facts)


FORMS: Final = LogForms(
    stamp="%Y-%m-%d %H:%M:%S\t",
    forms={
        EventType.MESSAGE: "{nick}\t{text}",
        EventType.ACTION: " *\t{nick} {text}",
        EventType.NOTICE: "--\tNotice({nick}) -> {target}: {text}",
        EventType.JOIN: "-->\t{nick} ({mask}) has joined {target}",
        EventType.PART: "<--\t{nick} ({mask}) has left {target}{why}",
        EventType.QUIT: "<--\t{nick} ({mask}) has quit{why}",
        EventType.KICK: "<--\t{nick} has kicked {subject}{why}",
        EventType.NICK: "--\t{nick} is now known as {subject}",
        EventType.MODE: "--\tMode {target} [{modes}] by {nick}",
        EventType.TOPIC: '--\t{nick} has changed topic for {target} to "{text}"',
    },
    topic_unset="--\t{nick} has unset topic for {target}",
)

DIALECT: Final = Dialect(
    name="weechat",
    title="WeeChat",
    proven="run",
    forms=FORMS,
    decoder=decoder,
    grain=SECOND,
    paths=(
        "core.weechat.{any}",
        "irc.server.{network}.weechatlog",
        "irc.{network}.#{hashless}.weechatlog",
        "irc.{network}.{channel}.weechatlog",
        "{network}/{channel}.weechatlog",
        "{any}/irc/{network}/{channel}.{date}.log",
    ),
    lacks="the zone (before version 4.8), hosts of speakers, formatting, bytes",
)
