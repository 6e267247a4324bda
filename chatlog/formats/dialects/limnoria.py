"""Limnoria and Supybot, with the plugin ChannelLogger.

Messages are `2026-11-23T19:31:03  <ann> text`, with two spaces behind the stamp; events
`*** ann <ann!user@host> has joined #c`. Old Supybots wrote no mask.
"""

from __future__ import annotations

from typing import Final

from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_SECONDS,
    ISO_DATE,
    NICK,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

_WHO: Final = r"(?P<nick>[^\s<>!]+)(?: <[^!\s]+!(?P<user>[^@\s]*)@(?P<host>[^>\s]*)>)?"
_WHY: Final = rf"(?: \({TEXT}\))?"
_UNLOGGED: Final = "-= THIS MESSAGE NOT LOGGED =-"

TABLE: Final = TextTable(
    name="limnoria",
    stamps=(
        rf"{ISO_DATE}T{CLOCK_SECONDS}(?P<zone>Z|[+-]\d\d:?\d\d)?  ",
        rf"\[(?P<day>\d\d)-(?P<month>[A-Z][a-z]{{2}})-(?P<year>\d{{4}}) {CLOCK_SECONDS}\]  ",
    ),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> (?!{_UNLOGGED}$){TEXT}"),
        form(
            EventType.MESSAGE,
            "<",
            rf"(?P<nick>[^> ]+)> {_UNLOGGED}",
            note="messages whose text was kept out of the log, as their speaker wished",
        ),
        form(EventType.ACTION, "* ", rf"(?P<nick>\S+) {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>\S+?)- {TEXT}"),
        form(EventType.JOIN, "*** ", rf"{_WHO} has joined {TARGET}"),
        form(EventType.PART, "*** ", rf"{_WHO} has left {TARGET}{_WHY}"),
        form(EventType.QUIT, "*** ", rf"{_WHO} has quit IRC{_WHY}"),
        form(EventType.KICK, "*** ", rf"{SUBJECT} was kicked by {NICK}{_WHY}"),
        form(EventType.MODE, "*** ", rf"{_WHO} sets mode: (?P<params>.*)"),
        form(EventType.NICK, "*** ", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.TOPIC, "*** ", rf'{NICK} changes topic to "{TEXT}"'),
        form(EventType.INVITE, "*** ", rf"{_WHO} invited {SUBJECT} to {TARGET}"),
        form(EventType.AWAY, "*** ", rf"{NICK} is now away: {TEXT}"),
        form(EventType.AWAY, "*** ", rf"{NICK} is back"),
    ),
)

DIALECT: Final = Dialect(
    name="limnoria",
    title="Limnoria and Supybot (plugin ChannelLogger)",
    proven="run",
    decoder=TABLE.decoder,
    grain=SECOND,
    aliases=("supybot",),
    paths=(
        "ChannelLogger/{network}/{any}/{channel}.{date}.log",
        "ChannelLogger/{network}/{any}/{any}/{channel}.{date}.log",
        "ChannelLogger/{network}/{any}/{channel}.log",
        "ChannelLogger/{any}/{channel}.{date}.log",
        "ChannelLogger/{any}/{channel}.log",
    ),
    lacks="the zone, hosts of speakers, formatting, bytes that are no UTF-8",
)
