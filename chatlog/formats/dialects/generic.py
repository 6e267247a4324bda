"""Logs of no program in particular: a stamp and a message, action or notice in a usual form.

The fallback for logs that nothing else explains. It reads messages, actions and notices alone:
a sentence that may tell an event is an action that may be something else, or not understood.
"""

from __future__ import annotations

from typing import Final

from chatlog.event import EventType
from chatlog.formats.dialects.dialect import MINUTE, Dialect
from chatlog.formats.dialects.forms import CLOCK_TIME, ISO_DATE, TEXT, form
from chatlog.formats.dialects.text_dialect import TextTable

_CLOCK: Final = rf"{CLOCK_TIME}(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{{1,9}}))?)?"
_ZONE: Final = r"(?: ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d))?"
_DATE: Final = rf"{ISO_DATE}[T ]"
_SLASHED: Final = r"(?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d) "
_NAME: Final = r"(?:[~&@%+!]+| )?(?P<nick>[^> ]+)"

TABLE: Final = TextTable(
    name="generic",
    stamps=(
        *(
            rf"{begin}{day}{_CLOCK}{zone}{end}[ \t]"
            for day, zone in ((_DATE, _ZONE), (_SLASHED, _ZONE), ("", ""))
            for begin, end in ((r"\[", r"\]"), (r"\(", r"\)"), ("", ""))
        ),
        r"\[?(?P<epoch>\d{9,11})\]?[ \t]",
    ),
    forms=(
        form(EventType.MESSAGE, "<", rf"{_NAME}> {TEXT}"),
        form(EventType.MESSAGE, " <", rf"{_NAME}> {TEXT}"),
        form(EventType.ACTION, "* ", rf"(?P<nick>[^\s*]\S*) {TEXT}", is_ambiguous=True),
        form(EventType.ACTION, " * ", rf"(?P<nick>[^\s*]\S*) {TEXT}", is_ambiguous=True),
        form(EventType.NOTICE, "-", rf"(?P<nick>[^\s!-](?:[^\s-]|-(?! ))*)- {TEXT}"),
    ),
)

DIALECT: Final = Dialect(
    name="generic",
    title="other logs of `<nick> text`",
    proven="sample",
    decoder=TABLE.decoder,
    grain=MINUTE,
    lacks="every event but messages, actions and notices",
)
