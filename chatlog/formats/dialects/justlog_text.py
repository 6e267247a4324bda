"""justlog's text export of Twitch: a day without a leading zero, `#channel nick: text`.

Its raw logs are lines of IRC, which hold more.
"""

from __future__ import annotations

from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import CLOCK_SECONDS, TEXT, form
from chatlog.formats.dialects.text_dialect import TextTable

_TARGET: Final = r"(?P<target>#\w+)"

TABLE: Final = TextTable(
    name="justlog-text",
    stamps=(rf"\[(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d?) {CLOCK_SECONDS}\] ",),
    forms=(
        form(EventType.MESSAGE, "", rf"{_TARGET} (?P<nick>\w+): {TEXT}"),
        form(
            EventType.CLEAR,
            "",
            rf"{_TARGET} (?P<subject>\w+) has been (?:banned|timed out for \d+ seconds)",
        ),
        form(
            EventType.USERNOTICE,
            "",
            rf"{_TARGET} (?P<text>(?P<nick>\w+) (?:subscribed|gifted|is gifting)\b.*)",
        ),
    ),
)

DIALECT: Final = Dialect(
    name="justlog-text",
    title="justlog (text export)",
    proven="source",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=(),
    loss=Loss(),
    lacks="display names, tags and ids of messages, the words of a subscriber, the zone",
)
