"""eggdrop, with its channel logs.

Messages are `[19:31:03] <ann> text`, events are sentences: `[19:31:03] ann (user@host) joined #c.`
The date stands in a line of midnight, `[00:00] --- Tue Nov 24 2026`, or in the name of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import MINUTE, Dialect
from chatlog.formats.dialects.forms import (
    CDATE,
    CLOCK_TIME,
    DAY,
    MASK,
    NICK,
    NOISE,
    REPEAT,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

if TYPE_CHECKING:
    from chatlog.formats.dialects.forms import Found

_CHANNEL: Final = r"(?P<target>[#&!+]\S*?)"
_BY: Final = rf"(?P<nick>[^\s!:]*)(?:!{MASK})?"


def _without_colon(found: Found) -> Found:
    """Drop the colon that the wire has before the last argument of modes."""
    *words, last = found["params"].rstrip().split(" ")
    return {**found, "params": " ".join([*words, last.removeprefix(":")])}


def _to_the_bot(found: Found) -> Found:
    """File words to the bot alone under the nick that says them; a single word has a blank more."""
    text = found.get("text", "")
    text = text if " " in text[:-1] else text.removesuffix(" ")
    return {**found, "target": found["nick"], "text": text}


TABLE: Final = TextTable(
    name="eggdrop",
    stamps=(rf"\[{CLOCK_TIME}(?::(?P<second>\d\d))?\] ",),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "Action: ", rf"{NICK} {TEXT}"),
        form(EventType.ACTION, "Action to ", rf"\S+?: {NICK} {TEXT}", _to_the_bot),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^:\s]+):{TARGET}- {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^\s(]+) \({MASK}\)- {TEXT}", _to_the_bot),
        form(EventType.MESSAGE, "[", rf"(?P<nick>[^!\s]+)!{MASK}\] {TEXT}", _to_the_bot),
        form(EventType.JOIN, "", rf"{NICK} \({MASK}\) (?:joined|returned to) {_CHANNEL}\."),
        form(EventType.JOIN, "", rf"{NICK} joined {_CHANNEL}\."),
        form(EventType.PART, "", rf"{NICK} \({MASK}\) left {_CHANNEL}(?: \({TEXT}\))?\."),
        form(EventType.QUIT, "", rf"{NICK} \({MASK}\) left irc: {TEXT}"),
        form(
            EventType.QUIT,
            "",
            rf"{NICK} \({MASK}\) got netsplit\.",
            note="people of a netsplit whose servers the log leaves out",
        ),
        form(NOISE, "", rf"{NICK} \({MASK}\) got lost in the net-?split\."),
        form(EventType.KICK, "", rf"{SUBJECT} kicked from {_CHANNEL} by {_BY}: {TEXT}"),
        form(
            EventType.MODE,
            "",
            rf"{_CHANNEL}: mode change '(?P<params>.+)' by {_BY}",
            _without_colon,
        ),
        form(EventType.NICK, "Nick change: ", rf"{NICK} -> {SUBJECT}"),
        form(EventType.TOPIC, "Topic changed on ", rf"{_CHANNEL} by {_BY}: {TEXT}"),
        form(EventType.AWAY, "", rf"{NICK}(?: \({MASK}\))? is now away: {TEXT}"),
        form(EventType.AWAY, "", rf"{NICK}(?: \({MASK}\))? has returned from away status.*"),
        form(REPEAT, "Last message repeated ", r"(?P<count>\d+) time\(s\)\."),
        form(DAY, "--- ", CDATE),
        form(NOISE, "--- ", ".*"),
        form(NOISE, "JOIN flood", ".*"),
        form(NOISE, "Possible future nick", ".*"),
        form(NOISE, "Kicking ", ".*"),
        form(NOISE, "CTCP ", ".*"),
        form(NOISE, "TS resync ", ".*"),
        form(NOISE, "#", r"\S+# .*"),
        form(NOISE, "", rf"{NICK} joined \S+ but didn't want to!"),
        form(NOISE, "Logging ", "(?:started|stopped).*"),
    ),
    has_bytes=True,
)

DIALECT: Final = Dialect(
    name="eggdrop",
    title="eggdrop",
    proven="run",
    decoder=TABLE.decoder,
    grain=MINUTE,
    paths=("#{hashless}.log.{date}", "#{hashless}.log", "{any}.log.{date}"),
    loss=Loss(splits=True),
    lacks="the date (but once a day), the zone, the network, hosts of speakers, split servers",
)
