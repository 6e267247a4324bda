"""A hook: the events of `tail`, or of a pipe, go to a command instead of the screen."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING, Final, Protocol

from chatlog.cli.show.damage import Damage
from chatlog.cli.show.matching import Matching
from chatlog.cli.show.messages import write_message
from chatlog.cli.signals import Stopping
from chatlog.hook import pipe
from chatlog.hook.delivery import RETRIES, TIMEOUT, Delivery, Hook, Stops
from chatlog.hook.feed import Feed
from chatlog.hook.lines import archive_variable
from chatlog.read.cursor import Cursor
from chatlog.search.last_matches import last_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from chatlog.cli.options.hook import Hooked
    from chatlog.query.noise import Shown
    from chatlog.query.selection import Query
    from chatlog.read.reader import Entry, Reader

_MOST: Final = {"--exec": 1, "--exec-batch": 10_000, "--exec-pipe": pipe.MOST}
# A terminal that is closed: the command has a group of its own, and would stay.
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stops(Stops, Protocol):
    """Requests to stop that are taken in a block."""

    def listening(self) -> AbstractContextManager[None]:
        """Take the requests inside the block."""


def run_hook(
    hooked: Hooked,
    reader: Reader,
    query: Query | None,
    shown: Shown | None,
    *,
    cursor: str | None,
    count: int | None,
    wait: Callable[[], object] | None,
) -> None:
    """Give the last `count` events, all for None, and those that come, to the command typed.

    A cursor that has a position begins there. Without `wait`, return when there are no more.
    """
    hook = _hook_of(hooked, is_endless=bool(cursor) and wait is not None)
    stops = Stopping(_SIGNALS)
    give(hook, reader, query, shown, cursor=cursor, count=count, wait=wait, stops=stops)


def give(
    hook: Hook,
    reader: Reader,
    query: Query | None,
    shown: Shown | None,
    *,
    cursor: str | None,
    count: int | None,
    wait: Callable[[], object] | None,
    stops: _Stops,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Give events to the command of a hook as `run_hook` does; `sleep` waits between its runs."""
    damage = Damage(reader.damaged)
    position = Cursor(reader, cursor) if cursor else None
    matching = Matching(query, shown, reader.names)

    def new(entries: list[Entry]) -> list[Entry]:
        damage.report()
        return matching(entries)

    with stops.listening(), contextlib.ExitStack() as closing:
        is_new = position is None or not position.restore()
        last: Iterator[Entry] = iter(())
        if is_new and count is not None:
            reader.mark()
            last = _last(reader, query, shown, matching, count) if count else last
        if is_new and position is not None and not count:
            with stops.whole():
                position.keep()  # a file that cannot be written is reported at once
        delivery: Delivery | pipe.CommandPipe
        if hook.goes_on:
            variables = archive_variable(str(reader.selected.root))
            delivery = pipe.CommandPipe(hook, variables, stops, write_message, sleep)
            closing.callback(delivery.close)
        else:
            delivery = Delivery(hook, stops, write_message, sleep)
        feed = Feed(reader, new, delivery, stops, write_message, most=hook.most, cursor=position)
        feed.run(last, None if wait is None else _waiting(matching, wait))
    damage.end()


def _hook_of(hooked: Hooked, *, is_endless: bool) -> Hook:
    retries = hooked.retries
    if retries is None and not is_endless:
        retries = RETRIES
    return Hook(
        hooked.text,
        most=_MOST[hooked.option],
        timeout=TIMEOUT if hooked.timeout is None else hooked.timeout,
        interval=hooked.interval or 0.0,
        retries=retries,
        option=hooked.option,
        goes_on=hooked.pipe_command is not None,
    )


def _last(
    reader: Reader, query: Query | None, shown: Shown | None, matching: Matching, count: int
) -> Iterator[Entry]:
    """Yield the last matches, and remember them: they may come as new ones too."""
    for entry in last_matches(reader, query, count, shown):
        matching.found([entry])
        yield entry


def _waiting(matching: Matching, wait: Callable[[], object]) -> Callable[[], object]:
    def settle_and_wait() -> None:
        matching.settled()
        wait()

    return settle_and_wait
