"""CHATHISTORY: the next request, until all missed lines are there.

Pure generators: each yields what to ask, is sent what the answer came to, and
returns how far that reaches. They hold no line of the history.
See https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import parse_time, shifted
from chatlog.protocol.history.budget import BUDGET, Spending

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from chatlog.event import Event
    from chatlog.protocol.history.budget import Budget

CAPABILITIES: Final = ("draft/chathistory", "chathistory")
PLAYBACK_OF_EVENTS: Final = ("draft/event-playback", "event-playback")
BEGINNING: Final = "1970-01-01T00:00:00.000Z"
_DEFAULT_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000
_NO_REFERENCE: Final = frozenset({"INVALID_PARAMS", "INVALID_MSGREFTYPE", "UNKNOWN_MSGID"})
_LOST: Final = frozenset({"TIMEOUT", "ENDLESS"})
_SECOND: Final = 1000
_NEVER: Final = "~"  # after every time
_CROWDED: Final = "more was said in one moment than the server gives at once"
_UNDATED: Final = "the server's history has no times that there can be"
_AGAIN: Final = "the server gives the same lines again and again"


class Terms(NamedTuple):
    """The limits of a server: lines a page, and whether requests may use a msgid."""

    page: int
    by_msgid: bool


def terms_of(isupport: Mapping[str, str]) -> Terms:
    """Read the terms off RPL_ISUPPORT: CHATHISTORY (0 is no limit) and MSGREFTYPES.

    Without a usable value, a page has 100 lines, and requests go by time.
    """
    limit = isupport.get("CHATHISTORY") or isupport.get("DRAFT/CHATHISTORY") or ""
    page = int(limit[:9]) if limit.isascii() and limit.isdigit() else _DEFAULT_PAGE
    types = isupport.get("MSGREFTYPES", "").lower().split(",")
    return Terms(min(page or _LARGEST_PAGE, _LARGEST_PAGE), "msgid" in types)


class Point(NamedTuple):
    """A place in a history: when, by the server's clock, and which message where known.

    The time is "" if the server's claim was not believed.
    """

    time: str
    msgid: str = ""


class Ask(NamedTuple):
    """A request, without its label; its lines are kept, unless it only finds a position.

    Everything from where the walk `begins` to `reached` has been had by now.
    """

    line: str
    reached: str
    begins: str
    keep: bool = True


class Answer(NamedTuple):
    """A page that came: its lines, the earliest and the latest; or the code of a FAIL.

    Lines whose times were not believed count, and are neither the earliest nor the latest.
    """

    lines: int = 0
    first: Point = Point("")
    last: Point = Point("")
    failure: str = ""
    bytes: int = 0


class Outcome(NamedTuple):
    """How far a walk came: all of `[begins, reached)` was had; `why` not the rest, where known.

    Before `begins` the server has nothing any more. `is_stopped` means that the
    server still gave lines, and we stopped asking.
    """

    begins: str
    reached: str
    why: str = ""
    is_stopped: bool = False


class Walk:
    """A walk through a history: the next request, and the outcome at the end.

    `ask` is the request to send, None once the walk is over. `reached` is how
    far the answers reach by now, and `outcome` how far all of them reached. A
    walk that has used its budget is over, too.
    """

    def __init__(
        self, steps: Generator[Ask, Answer, Outcome], budget: Budget | None = None
    ) -> None:
        self._steps = steps
        self._spending = Spending(BUDGET if budget is None else budget)
        self.ask: Ask | None = next(steps)
        self.reached = self.outcome = Outcome(self.ask.begins, self.ask.reached)

    def take(self, answer: Answer, seconds: float = 0) -> None:
        """Take the answer to the request, and go on to the next one.

        `seconds` are those since the first request was sent.
        """
        assert self.ask is not None  # noqa: S101 - there was no request to answer
        self._spending.take(answer.bytes, answer.last.time if self.ask.keep else "")
        try:
            self.ask = ask = self._steps.send(answer)
        except StopIteration as stop:
            self.ask, self.outcome = None, stop.value
            return
        self.reached = Outcome(ask.begins, ask.reached)
        if why := self._spending.excess(seconds):
            self.ask = None
            self.outcome = self.reached._replace(why=why, is_stopped=True)


def answer_of(events: list[Event]) -> Answer:
    """Summarize a page, in any order of its lines."""
    if not events:
        return Answer()
    first = min(events, key=lambda event: event.time)
    last = max(reversed(events), key=lambda event: event.time)
    return Answer(len(events), Point(first.time, first.msgid), Point(last.time, last.msgid))


def merged(one: Answer, other: Answer) -> Answer:
    """Sum up two pieces of one page."""
    if not (one.lines and other.lines):
        return other if other.lines else one
    return Answer(
        one.lines + other.lines,
        min(one.first, other.first, key=lambda point: point.time or _NEVER),
        max(other.last, one.last, key=lambda point: point.time),
        bytes=one.bytes + other.bytes,
    )


def forward(
    target: str, since: Point, until: str, terms: Terms, *, has_earlier: bool
) -> Generator[Ask, Answer, Outcome]:
    """Request page after page, from the end of coverage to the start of the next interval.

    `has_earlier` says whether the transcript has lines from before: a server
    that knows none of those has forgotten, and what lies before its first line
    is lost.
    """
    if since.msgid and terms.by_msgid:
        line = f"CHATHISTORY AFTER {target} msgid={since.msgid} {terms.page}"
        answer = yield Ask(line, since.time, since.time)
        if answer.lines:
            return (yield from _on(target, since.time, answer, until, terms))
        if answer.failure in _LOST:
            return _refused(since.time, since.time, answer)
        # Nothing new, or a message that this server does not know: some do not say which.
    after = _just_before_second(since.time)
    answer = yield Ask(
        f"CHATHISTORY BEFORE {target} timestamp={_later(since.time)} 1",
        since.time,
        since.time,
        keep=False,
    )
    if answer.failure:
        return _refused(since.time, since.time, answer)
    reaches_back = answer.lines > 0 or not has_earlier
    answer = yield Ask(
        f"CHATHISTORY AFTER {target} timestamp={after} {terms.page}", since.time, since.time
    )
    if answer.failure:
        return _refused(since.time, since.time, answer)
    begins = since.time
    if not reaches_back:
        begins = max(since.time, min(answer.first.time, until) if answer.lines else until)
    return (yield from _on(target, begins, answer, until, terms))


def _on(
    target: str, begins: str, answer: Answer, until: str, terms: Terms
) -> Generator[Ask, Answer, Outcome]:
    """Ask for page after page, until one is empty or lies behind `until`."""
    reached, why = begins, ""
    while answer.lines and answer.last.time < until:
        last = answer.last
        if not last.time:
            return Outcome(begins, reached, _UNDATED, is_stopped=True)
        reached = max(reached, last.time)
        line, by_msgid = _next(target, last, terms)
        answer = yield Ask(line, reached, begins)
        if by_msgid and answer.failure in _NO_REFERENCE:
            terms = terms._replace(by_msgid=False)
            line, by_msgid = _next(target, last, terms)
            answer = yield Ask(line, reached, begins)
        if answer.lines and not _is_further(last, answer.last, by_msgid=by_msgid):
            why = why or (_CROWDED if answer.lines >= terms.page else "")
            line = f"CHATHISTORY AFTER {target} timestamp={last.time} {terms.page}"
            answer = yield Ask(line, reached, begins)
            if answer.lines and answer.last.time <= last.time:
                return Outcome(begins, reached, _AGAIN, is_stopped=True)
        if answer.failure:
            return _refused(begins, reached, answer)
    return Outcome(begins, max(begins, until), why)


def _next(target: str, last: Point, terms: Terms) -> tuple[str, bool]:
    by_msgid = bool(terms.by_msgid and last.msgid)
    place = f"msgid={last.msgid}" if by_msgid else f"timestamp={_earlier(last.time)}"
    return f"CHATHISTORY AFTER {target} {place} {terms.page}", by_msgid


def _is_further(before: Point, now: Point, *, by_msgid: bool) -> bool:
    if by_msgid:
        return now.msgid != before.msgid and now.time >= before.time
    return now.time > before.time


def oldest(target: str) -> Generator[Ask, Answer, Outcome]:
    """Find where the history begins, and keep nothing; `begins` is "" where there is none."""
    answer = yield Ask(f"CHATHISTORY AFTER {target} timestamp={BEGINNING} 1", "", "", keep=False)
    why = _UNDATED if answer.lines and not answer.first.time else ""
    why = _refusal(answer) if answer.failure else why
    return Outcome(answer.first.time, answer.first.time, why)


def backward(target: str, count: int, terms: Terms) -> Generator[Ask, Answer, Outcome]:
    """Find the start of the last N lines, without keeping the lines.

    The outcome's `begins` is the time of the first; "" where there is none.
    """
    found, begins = 0, ""
    page = min(count, terms.page)
    line = f"CHATHISTORY LATEST {target} * {page}"
    while True:
        answer = yield Ask(line, begins, begins, keep=False)
        if answer.failure:
            return Outcome(begins, begins, _refusal(answer))
        found += answer.lines
        if answer.lines and not answer.first.time:
            return Outcome(begins, begins, _UNDATED)
        if not answer.lines or (begins and answer.first.time >= begins):
            return Outcome(begins, begins)
        begins = answer.first.time
        if found >= count:
            return Outcome(begins, begins)
        page = min(count - found, terms.page)
        line = f"CHATHISTORY BEFORE {target} timestamp={begins} {page}"


def _refused(begins: str, reached: str, answer: Answer) -> Outcome:
    """Return the outcome of a walk that a failure ends."""
    return Outcome(begins, reached, _refusal(answer), is_stopped=answer.failure == "ENDLESS")


def _refusal(answer: Answer) -> str:
    return _REFUSALS.get(answer.failure) or f"the server refused: {answer.failure}"


_REFUSALS: Final = {
    "INVALID_TARGET": "the server does not give the history of this channel to us",
    "TIMEOUT": "the server did not answer in time",
    "ENDLESS": "the server's answer did not end",
}


def _earlier(time: str) -> str:
    return shifted(time, -1)


def _later(time: str) -> str:
    return shifted(time, 1)


def _just_before_second(time: str) -> str:
    # Some servers keep whole seconds: what was said later in this one is dated at its beginning.
    return shifted(time, -(parse_time(time) % _SECOND) - 1)
