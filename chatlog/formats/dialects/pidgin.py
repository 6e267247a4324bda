"""Pidgin, Finch and other programs with libpurple: `(19:31:03) ann: text`, in text or in HTML.

The date stands in the file's name. A nick ends at `: `, so that no event can look like a
message: nicks hold no spaces, and the names `#c:` and `op!o@host:` that text logs have before
some events are no nicks. A kick has the form of a parting with such a reason, and a notice that
of a message that begins with `(notice)`: both count as ambiguous.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CHANNEL,
    CLOCK_SECONDS,
    CTIME,
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
_NAMED: Final = r"(?:(?P<target>[#&+!][^\s:]*): )?"
_MASKED: Final = r"(?:[^\s:!]+!\S*: )?"

_HTML_LINE: Final = re.compile(
    r'(?:<(?:span style="color: |font color=")#\w{6}">)?'
    r'<(?:span style="font-size: smaller"|font size="2")>(\([^()<>]*\))</(?:span|font)>'
    r"(.*?)(?:<br ?/?>)?",
    re.DOTALL,
)
_HTML_HEADINGS: Final = (("<h1>", "</h1>"), ("<h3>", "</h3>"))
_TAG: Final = re.compile(r"<[^<>]*>")


def _without_tags(line: str) -> str:
    """Return a line of an HTML log as a text log has it; others as they are."""
    if not line.startswith("<"):
        return line
    if found := _HTML_LINE.fullmatch(line):
        return found[1] + unescape(_TAG.sub("", found[2]))
    for begin, end in _HTML_HEADINGS:
        if begin in line:
            return unescape(line.partition(begin)[2].partition(end)[0])
    return line


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
        form(EventType.NOTICE, "", rf"(?P<nick>[^\s:!#&]+): \(notice\) {TEXT}", is_ambiguous=True),
        form(EventType.MESSAGE, "", rf"(?P<nick>[^\s:!#&]+): {TEXT}"),
        form(EventType.JOIN, "", rf"{NICK} \[{MASK}\] entered the room\."),
        form(EventType.JOIN, "", rf"{NICK} entered the room\."),
        form(
            EventType.KICK,
            "",
            rf"{SUBJECT} left the room \(Kicked by {NICK} \({TEXT}\)\)\.",
            is_ambiguous=True,
        ),
        form(
            EventType.KICK,
            "",
            rf"{_NAMED}You have been kicked by {NICK}: \({TEXT}\)",
            is_own=True,
        ),
        form(EventType.QUIT, "", rf"{NICK} left the room \(quit: {TEXT}\)\."),
        form(EventType.PART, "", rf"{NICK} left the room(?: \({TEXT}\))?\."),
        form(EventType.NICK, "", rf"You are now known as {SUBJECT}", is_own=True),
        form(EventType.NICK, "", rf"{NICK} is now known as {SUBJECT}"),
        form(EventType.MODE, "", rf"{_NAMED}mode \((?P<params>[+-].*)\) by {NICK}"),
        form(EventType.TOPIC, "", rf"{_MASKED}{NICK} has changed the topic to: {TEXT}"),
        form(EventType.TOPIC, "", rf"{_MASKED}{NICK} has cleared the topic\."),
        form(NOISE, "", rf"{_NAMED}(?:The topic for \S+ is: .*|Topic for \S+ set by .*)"),
        form(NOISE, "", r"List of \d+ users:.*"),
    ),
    marks=(
        form(
            CHANNEL,
            "Conversation with ",
            rf"(?P<target>\S+) at (?:{CTIME}|.*) on (?P<nick>[^\s@]+)@\S+ \(irc\)",
        ),
        form(NOISE, "[ ", r".* \]</b><br ?/?>"),
        form(NOISE, "</", r"(?:p|body|html)>.*"),
    ),
    continues=True,
    clean=_without_tags,
)

DIALECT: Final = Dialect(
    name="pidgin",
    title="Pidgin, Finch (text and HTML)",
    proven="run",
    decoder=TABLE.decoder,
    grain=SECOND,
    aliases=("finch", "libpurple"),
    paths=(
        "irc/{user}@{network}/{quoted}.chat/{date}.{any}.txt",
        "irc/{user}@{network}/{quoted}.chat/{date}.{any}.html",
        "irc/{user}@{network}/{quoted}/{date}.{any}.txt",
        "irc/{user}@{network}/{quoted}/{date}.{any}.html",
    ),
    loss=Loss(),
    lacks="quits without a reason, hosts of speakers, formatting, bytes",
)
