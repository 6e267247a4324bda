"""A hook in the place of the screen: the events of `tail` go to a command."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from chatlog.cli.show.damage import Damage
from chatlog.cli.show.matching import Matching
from chatlog.cli.show.messages import write_message
from chatlog.cli.signals import Stopping
from chatlog.hook.delivery import RETRIES, TIMEOUT, Delivery, Hook
from chatlog.hook.feed import Feed
from chatlog.read.cursor import Cursor
from chatlog.search.last_matches import last_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatlog.cli.options.hook import Hooked
    from chatlog.query.noise import Shown
    from chatlog.query.selection import Query
    from chatlog.read.reader import Entry, Reader

_MOST: Final = 10_000  # lines of a batch
# A terminal that is closed: the command has a group of its own, and would stay.
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    """Give the last `count` events, all for None, and those that come, to a command.

    A cursor that has a position begins there. Without `wait`, return when there are no more.
    """
    stops = Stopping(_SIGNALS)
    damage = Damage(reader.damaged)
    hook = _hook_of(hooked, goes_on=bool(cursor) and wait is not None)
    position = Cursor(reader, cursor) if cursor else None
    matching = Matching(query, shown, reader.names)

    def new(entries: list[Entry]) -> list[Entry]:
        damage.report()
        return matching(entries)

    with stops.listening():
        is_new = position is None or not position.restore()
        last: Iterator[Entry] = iter(())
        if is_new and count is not None:
            reader.mark()
            last = _last(reader, query, shown, matching, count) if count else last
        if is_new and position is not None and not count:
            with stops.whole():
                position.keep()  # a file that cannot be written is reported at once
        delivery = Delivery(hook, stops, write_message)
        feed = Feed(reader, new, delivery, stops, write_message, most=hook.most, cursor=position)
        feed.run(last, None if wait is None else _waiting(matching, wait))
    damage.end()


def _hook_of(hooked: Hooked, *, goes_on: bool) -> Hook:
    retries = hooked.retries
    if retries is None and not goes_on:
        retries = RETRIES
    return Hook(
        hooked.command or hooked.batch_command or "",
        most=1 if hooked.command else _MOST,
        timeout=TIMEOUT if hooked.timeout is None else hooked.timeout,
        interval=hooked.interval or 0.0,
        retries=retries,
        option="--exec" if hooked.command else "--exec-batch",
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
