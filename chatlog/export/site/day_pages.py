"""The files of the days of a channel, written as soon as the days are rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog.export.site.day_form import DayValues
from chatlog.export.site.day_lines import DaySummary  # noqa: TC001 - msgspec reads it
from chatlog.export.site.site_days import bounds_of
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.event import Event
    from chatlog.export.site.day_form import DayForms
    from chatlog.export.site.day_lines import DayLines
    from chatlog.export.site.settings import SiteChannel, SiteSettings
    from chatlog.export.site.site_files import SiteFiles


class RenderedDay(msgspec.Struct):
    """A rendered day: its numbers, its last time, and the share that was heard, if known.

    `lines` is the path of its lines if they wait for the names of the days beside, else "".
    `sizes` are those of its page, its text and its JSON; that of a page that waits is 0.
    """

    day: str
    summary: DaySummary
    last: str
    heard: float | None
    lines: str = ""
    sizes: tuple[int, int, int] = (0, 0, 0)


class DayPages:
    """The files of the days of a channel. Days are added in order.

    A page has links to the days before and after. So it is written when the next day is known. If
    one of the two is in another month, the page waits: another process may render that month.
    """

    def __init__(
        self, files: SiteFiles, forms: DayForms, channel: SiteChannel, settings: SiteSettings
    ) -> None:
        self._files = files
        self._forms = forms
        self._channel = channel
        self._tz = settings.tz
        self._terms: dict[str, bytes] = {}
        self._previous = ""
        self._held: tuple[RenderedDay, str] | None = None

    def add(self, rendered: RenderedDay, lines: DayLines, events: Sequence[Event]) -> None:
        """Write a day that has these lines and events; its page waits for the next day."""
        self._release(rendered.day)
        stem = f"{self._channel.path}/{rendered.day}"
        text, json = lines.text.encode("utf-8", "replace"), jsonl.encode(events)
        self._files.put(f"{stem}.txt", text)
        self._files.put(f"{stem}.{jsonl.SUFFIX}", json)
        rendered.sizes = 0, len(text), len(json)
        self._terms[rendered.day] = b"\n".join(lines.terms)
        self._held = rendered, lines.html

    def end(self, name: str) -> str:
        """Release the last page, and lay all terms aside under a name; return their place."""
        self._release("")
        place = f"{self._channel.path}/{name}.terms"
        return self._files.lay_aside(place, msgspec.msgpack.encode(self._terms))

    def _release(self, following: str) -> None:
        """Write the page that waits if both days beside are of its month, else lay it aside."""
        if self._held is None:
            return
        (rendered, html), self._held = self._held, None
        month = rendered.day[:7]
        if self._previous[:7] == month == following[:7]:
            self.write_page(rendered, html, self._previous, following)
        else:
            place = f"{self._channel.path}/{rendered.day}.lines"
            rendered.lines = self._files.lay_aside(place, html.encode("utf-8", "replace"))
        self._previous = rendered.day

    def write_page(self, rendered: RenderedDay, html: str, previous: str, following: str) -> None:
        """Write the page of a day with these lines between two days, "" for none."""
        day, said = rendered.day, rendered.summary.said
        path = f"{self._channel.path}/{day}.html"
        bounds = bounds_of(day, self._tz)
        values = DayValues(path, day, *bounds, said, previous, following, html)
        page = self._forms.page(self._channel, values)
        self._files.put(path, page)
        rendered.sizes = len(page), *rendered.sizes[1:]
