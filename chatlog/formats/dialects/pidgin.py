"""Pidgin and other programs with libpurple: `(19:31:03) ann: text`, the date in the file's name.

A nick ends at `: `, so that no event can look like a message: nicks hold no spaces. A kick has
the form of a parting with such a reason, and counts as ambiguous.
"""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CHANNEL,
    CLOCK_SECONDS,
    ISO_DATE,
    MASK,
    NICK,
    NOISE,
    SUBJECT,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

_TWELVE: Final = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)[ \u202f](?P<half>[AaPp][Mm])\) "
)
_US_DATE: Final = r"\((?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}) "

TABLE: Final = TextTable(
    name="pidgin",
    stamps=(
        rf"\({CLOCK_SECONDS}\) ",
        rf"\({_TWELVE}",
        rf"{_US_DATE}{CLOCK_SECONDS}\) ",
        _US_DATE + _TWELVE,
        rf"\({ISO_DATE} {CLOCK_SECONDS}\) ",
    ),
    forms=(
        form(EventType.ACTION, "***", rf"{NICK} {TEXT}"),
        form(EventType.MESSAGE, "", rf"(?P<nick>[^\s:]+): {TEXT}"),
        form(EventType.JOIN, "", rf"{NICK} \[{MASK}\] entered the room\."),
        form(EventType.JOIN, "", rf"{NICK} entered the room\."),
        form(
            EventType.KICK,
            "",
            rf"{SUBJECT} left the room \(Kicked by {NICK} \({TEXT}\)\)\.",
            is_ambiguous=True,
        ),
        form(EventType.QUIT, "", rf"{NICK} left the room \(quit: {TEXT}\)\."),
        form(EventType.PART, "", rf"{NICK} left the room(?: \({TEXT}\))?\."),
        form(EventType.NICK, "", rf"You are now known as {SUBJECT}", is_own=True),
        form(EventType.NICK, "", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.MODE, "", rf"mode \((?P<params>[+-].*)\) by {NICK}"),
        form(EventType.TOPIC, "", rf"{NICK} has changed the topic to: {TEXT}"),
        form(EventType.TOPIC, "", rf"{NICK} has cleared the topic\."),
        form(NOISE, "", r"(?:The topic for \S+ is: .*|Topic for \S+ set by .*)"),
    ),
    marks=(
        form(
            CHANNEL, "Conversation with ", r"(?P<target>\S+) at .* on (?P<nick>[^\s@]+)@\S+ \(irc\)"
        ),
    ),
    continues=True,
)

DIALECT: Final = Dialect(
    name="pidgin",
    title="Pidgin, Finch (text)",
    proven="source",
    decoder=TABLE.decoder,
    grain=SECOND,
    aliases=("libpurple",),
    paths=(
        "logs/irc/{user}@{network}/{channel}.chat/{date}.{any}.txt",
        "logs/irc/{user}@{network}/{channel}/{date}.{any}.txt",
    ),
    loss=Loss(),
    lacks="notices apart from messages, hosts of speakers, formatting, bytes; its HTML logs are not"
    " read",
)
