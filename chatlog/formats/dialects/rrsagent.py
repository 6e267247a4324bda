"""RRSAgent, the logger of W3C: seconds in UTC, events as if their people said them.

`<ann> ann has joined #c` is how it writes a join, and what ann may have said: it counts as
ambiguous.
"""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import CLOCK_SECONDS, TEXT, form
from chatlog.formats.dialects.text_dialect import TextTable

_SELF: Final = r"(?P<nick>[^> ]+)> (?P=nick)"
_TARGET: Final = r"(?P<target>[#&]\S+)"

TABLE: Final = TextTable(
    name="rrsagent",
    stamps=(rf"{CLOCK_SECONDS} ",),
    forms=(
        form(EventType.JOIN, "<", rf"{_SELF} has joined {_TARGET}", is_ambiguous=True),
        form(EventType.PART, "<", rf"{_SELF} has left {_TARGET}", is_ambiguous=True),
        form(EventType.TOPIC, "<", rf"{_SELF} has changed the topic to: {TEXT}", is_ambiguous=True),
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
    ),
)

DIALECT: Final = Dialect(
    name="rrsagent",
    title="RRSAgent (W3C)",
    proven="source",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=("{year}/{month}/{day}-{hashless}-irc.txt",),
    loss=Loss(texts=frozenset({EventType.PART})),
    lacks="actions, notices, quits, modes, hosts, reasons, formatting",
)
