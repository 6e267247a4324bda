"""Events as lines of another program's log: the forms of a dialect, and their encoder. Pure.

An event whose type has no form is left out, as its program would not log it. No text makes
a line look like another event's: line breaks and control characters are written out, and a
message of several lines has the nick before each.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import TALK, TO_THE_SECOND, EventType
from chatlog.formats.visible import visible, visible_formatted, visible_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from chatlog.event import Event
    from chatlog.formats.visible import Show

_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)


class LogForms(msgspec.Struct, frozen=True, kw_only=True):
    """The forms in which a program logs events."""

    stamp: str
    """The stamp of each line, in the letters of `strftime`; `{day}` is a day without a zero."""

    forms: Mapping[EventType, str]
    """The line of each type behind its stamp.

    In braces are `nick`, `user`, `host`, `mask` (`user@host`), `subject`, `target`, `text`,
    `why` (the text in brackets, or nothing) and `modes`.
    """

    topic_unset: str
    """The line of a topic that was emptied."""

    day_changed: str = ""
    """The line before the first one of each day; "" for none."""

    keeps_formatting: bool = False
    """Whether mIRC formatting stays in texts."""

    @property
    def tells_days(self) -> bool:
        """Whether the lines tell their date, so that a log may have those of several days."""
        return bool(self.day_changed) or "%Y" in self.stamp


class LogEncoder:
    """The encoder of one log, which knows the day of its last line. Stamps are in `tz`."""

    def __init__(self, forms: LogForms, tz: tzinfo) -> None:
        self._forms = forms
        self._tz = tz
        self._show: Show = visible_formatted if forms.keeps_formatting else visible
        self._second = self._stamp = self._day = ""

    def encode(self, events: Sequence[Event]) -> bytes:
        """Encode the next events of the log, each as a line or several, if it has a form."""
        forms = self._forms.forms
        return "".join([self._lines(each) for each in events if each.type in forms]).encode()

    def _lines(self, event: Event) -> str:
        before = self._step(event.time[:TO_THE_SECOND])
        form = self._forms.forms[EventType(event.type)]
        if event.type == EventType.TOPIC and not event.text:
            form = self._forms.topic_unset
        told = _told(event)
        texts = event.text.split("\n") if event.type in TALK else [event.text]
        return before + "".join(
            [f"{self._stamp}{self._line(form, told, self._show(text))}\n" for text in texts]
        )

    def _line(self, form: str, told: dict[str, str], text: str) -> str:
        return form.format(**told, text=text, why=f" ({text})" if text else "")

    def _step(self, second: str) -> str:
        """Return the line of a new day, if a second begins one, and go to that second."""
        if second == self._second:
            return ""
        self._second = second
        try:
            local = datetime.fromisoformat(second + "+00:00").astimezone(self._tz)
        except (ValueError, OverflowError):
            local = _NEVER
        self._stamp = f"{local:{self._forms.stamp}}".replace("{day}", str(local.day))
        day = f"{local:%Y-%m-%d}"
        if day == self._day or not self._forms.day_changed:
            return ""
        self._day = day
        return f"{local:{self._forms.day_changed}}\n"


def _told(event: Event) -> dict[str, str]:
    user, host = (visible(each).replace(" ", "") for each in (event.user, event.host))
    return {
        "nick": visible_word(event.nick),
        "user": user,
        "host": host,
        "mask": f"{user}@{host}",
        "subject": visible_word(event.subject),
        "target": visible_word(event.target),
        "modes": " ".join(map(visible_word, (event.command, *event.params))),
    }
