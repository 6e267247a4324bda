"""The logs of irclogs.ubuntu.com: minutes in UTC, `===` before actions and events.

Until 2012 it writes actions and events in one form, `=== ann …`: an event is one whose words
fit exactly, and counts as ambiguous.
"""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import MINUTE, Dialect
from chatlog.formats.dialects.forms import CLOCK_TIME, MASK, NICK, SUBJECT, TARGET, TEXT, Form, form
from chatlog.formats.dialects.text_dialect import TextTable


def _event(kind: str, pattern: str) -> Form:
    """Return the form of an event, which an action may have too."""
    return form(kind, "=== ", pattern, is_ambiguous=True)


TABLE: Final = TextTable(
    name="ubuntu",
    stamps=(rf"\[{CLOCK_TIME}\] ",),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, " * ", rf"{NICK} {TEXT}"),
        form(EventType.ACTION, "* ", rf"{NICK} {TEXT}"),
    ),
    marks=(
        _event(EventType.JOIN, rf"{NICK} \[{MASK}\]  has joined {TARGET}"),
        _event(EventType.PART, rf"{NICK} \[{MASK}\]  has left {TARGET} \[{TEXT}\]"),
        _event(EventType.QUIT, rf"{NICK} \[{MASK}\]  has quit \[{TEXT}\]"),
        _event(EventType.NICK, rf"{NICK} is now known as {SUBJECT}"),
        _event(EventType.KICK, rf"{SUBJECT} was kicked off {TARGET} by {NICK} \({TEXT}\)"),
        _event(EventType.TOPIC, rf"{NICK} changed the topic of {TARGET} to: {TEXT}"),
        form(EventType.MODE, "=== mode/", rf"{TARGET} \[(?P<params>.*)\]  by {NICK}"),
        form(
            EventType.TOPIC,
            "=== ",
            rf"\.\.\[topic/(?P<target>[^:\s]+):(?P<nick>[^\]\s]+)\] : {TEXT}",
        ),
        form(EventType.ACTION, "=== ", rf"{NICK} {TEXT}"),
    ),
)

DIALECT: Final = Dialect(
    name="ubuntu",
    title="irclogs.ubuntu.com",
    proven="sample",
    decoder=TABLE.decoder,
    grain=MINUTE,
    paths=("{year}/{month}/{day}/{channel}.txt",),
    loss=Loss(),
    lacks="seconds, notices, hosts of speakers, formatting, bytes; coming and going from 2012 on;"
    " times of what is behind `===`",
)
