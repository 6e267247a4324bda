"""Which lines of a history are new beside those that are known.

Pure. Two lines with msgids are one where the msgids are equal. Without them
they are where source, type, words and time agree, each known line standing for
one line of the history and no more: what was said twice stays twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import Event, EventType, format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.casemapping import Casemapping

_SECOND: Final = 1000
_SLACK: Final = 5 * _SECOND
_WHOLE: Final = ".000Z"
_LIVE_NAMES: Final = {EventType.JOINED: EventType.JOIN, EventType.PARTED: EventType.PART}
_UNTOLD: Final = frozenset(
    {
        EventType.STARTED,
        EventType.STOPPED,
        EventType.CONNECTED,
        EventType.DISCONNECTED,
        EventType.RECOVERED,
        EventType.NAMES,
    }
)

_Words = tuple[str, str, str, str, str, tuple[str, ...]]


class _Known(msgspec.Struct):
    """One line that is known: its time in milliseconds, and how far that may be relied on.

    It is `coarse` where only its second is known, and may be off by `slack`
    where it is by our own clock.
    """

    time: int
    coarse: bool
    slack: int
    has_msgid: bool
    taken: bool = False


class Alignment:
    """Take in a history line by line, beside the lines of a target that are known.

    Until a history has shown a fraction of a second its times are taken for
    whole seconds. What it brings is known from the next `begin_page` on, so that
    pages may overlap while the lines of one are all different.
    """

    def __init__(self, casemapping: Casemapping) -> None:
        self._casemapping = casemapping
        self._msgids: dict[str, int] = {}
        self._known: dict[_Words, list[_Known]] = {}
        self._fresh: list[Event] = []
        self._coarse = True
        self._after = 0  # the time of the line before, as it stands in the transcript

    def know(self, event: Event, *, coarse: bool = False) -> None:
        """Take note of a line that the transcript has; `coarse` where only its second is."""
        if event.type in _UNTOLD:
            return
        time = parse_time(event.time)
        if event.msgid:
            self._msgids[event.msgid] = time
        slack = 0 if coarse or event.received else _SLACK
        line = _Known(time, coarse, slack, bool(event.msgid))
        self._known.setdefault(self._words(event), []).append(line)

    def begin_page(self) -> None:
        """Begin with lines that may be again what is known by now."""
        fresh, self._fresh = self._fresh, []
        for event in fresh:
            self.know(event)
        for lines in self._known.values():
            for line in lines:
                line.taken = False

    def forget(self, *, before: str = "", since: str = "") -> None:
        """Forget what is known of before a time, or from one on."""
        least = parse_time(before) if before else None
        most = parse_time(since) if since else None

        def stays(time: int) -> bool:
            return (least is None or time >= least) and (most is None or time < most)

        self._msgids = {msgid: time for msgid, time in self._msgids.items() if stays(time)}
        kept = {
            words: [line for line in lines if stays(line.time)]
            for words, lines in self._known.items()
        }
        self._known = {words: lines for words, lines in kept.items() if lines}
        self._fresh = [event for event in self._fresh if stays(parse_time(event.time))]

    def new(self, events: Iterable[Event]) -> list[Event]:
        """Return those lines of a history that are not known, in its order.

        One that follows a known line of the same second, where the history tells
        only seconds, takes that line's time, so that it stays behind it.
        """
        lines = list(events)
        self._coarse = self._coarse and all(event.time.endswith(_WHOLE) for event in lines)
        found = []
        for event in lines:
            time = parse_time(event.time)
            known = self._find(event, time)
            if known is not None:
                self._after = known
                continue
            event = self._behind(event, time)  # noqa: PLW2901 - the same, dated
            self._fresh.append(event)
            if event.msgid:
                self._msgids[event.msgid] = parse_time(event.time)
            found.append(event)
        return found

    def _find(self, event: Event, time: int) -> int | None:
        """Find the known line that this is, and say its time."""
        if event.msgid and event.msgid in self._msgids:
            self._take_twin(event)
            return self._msgids[event.msgid]
        lines = self._known.get(self._words(event), ())
        free = [
            line
            for line in lines
            if not line.taken
            and not (event.msgid and line.has_msgid)
            and self._distance(line, time) is not None
        ]
        if not free:
            return None
        nearest = min(free, key=lambda line: (self._distance(line, time), line.time))
        nearest.taken = True
        return nearest.time

    def _take_twin(self, event: Event) -> None:
        for line in self._known.get(self._words(event), ()):
            if line.time == self._msgids[event.msgid] and line.has_msgid and not line.taken:
                line.taken = True
                return

    def _distance(self, line: _Known, time: int) -> int | None:
        """Say how far a known line is from a time, None where it is too far to be one with it."""
        if line.time == time:
            return 0
        if (self._coarse or line.coarse) and line.time // _SECOND == time // _SECOND:
            return 1
        apart = abs(line.time - time)
        return 1 + apart if apart <= line.slack else None

    def _behind(self, event: Event, time: int) -> Event:
        if self._coarse and time < self._after and time // _SECOND == self._after // _SECOND:
            return msgspec.structs.replace(event, time=format_time(self._after))
        self._after = time
        return event

    def _words(self, event: Event) -> _Words:
        kind = _LIVE_NAMES.get(event.type, event.type)  # type: ignore[call-overload]
        text = event.text if kind not in _LIVE_NAMES.values() else ""
        return (
            str(kind),
            self._casemapping[event.nick],
            text,
            self._casemapping[event.subject],
            event.command,
            event.params,
        )
