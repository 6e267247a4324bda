"""What a server plays back of one target without being asked, beside what is known of it.

Pure, but for what it is told. Lines that come one by one, in no batch, are
taken for one history as long as the connection lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.alignment import Alignment
from chatlog.event import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.protocol.history.pages import Page
    from chatlog.read.lookup import KnownLine

_AROUND: Final = 2_000
_EVER: Final = "9999-12-31T23:59:59.999Z"


def around(low: str, high: str) -> tuple[str, str]:
    """Widen a stretch of time by as much as clocks that tell only seconds need."""
    return (
        format_time(max(0, parse_time(low) - _AROUND)),
        format_time(parse_time(high) + _AROUND),
    )


class Playback:
    """The lines of one target that are played back.

    `first` is the time of the earliest of the `total`, `lines` how many were new.
    """

    def __init__(self, casemapping: Casemapping) -> None:
        self.first = ""
        self.lines = self.total = 0
        self._alignment = Alignment(casemapping)
        self._read_from = ""

    def unread(self, page: Page) -> list[tuple[str, str]]:
        """Say which stretches of the transcript must be known before `new`; they count as read."""
        if not page.events:
            return []
        low, _ = around(*[min(event.time for event in page.events)] * 2)
        until, self._read_from = self._read_from or _EVER, min(self._read_from or low, low)
        return [(self._read_from, until)] if self._read_from < until else []

    def know(self, lines: Iterable[KnownLine]) -> None:
        """Take note of what the transcript has."""
        for line in lines:
            self._alignment.know(line.event, coarse=line.coarse)

    def begin_page(self) -> None:
        """Begin with lines that may be again what came before."""
        self._alignment.begin_page()

    def new(self, page: Page) -> list[Event]:
        """Return what of a page is new."""
        if page.events:
            earliest = min(event.time for event in page.events)
            self.first = min(self.first or earliest, earliest)
        self.total += page.answer.lines
        found = self._alignment.new(page.events)
        self.lines += len(found)
        return found
