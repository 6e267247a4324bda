"""People followed through their changes of nick.

Pure. Somebody who is called as asked for is followed to the next nick and from
the one before, until they quit; whoever has that nick later is somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import EventType
from chatlog.query.predicates import Nick, Then

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatlog.event import Event
    from chatlog.query.predicates import Names

_END: Final = "~"
"""Behind every time, and behind a time the first that is later."""


def follow(wanted: Sequence[Nick], changes: Sequence[Event], names: Names) -> list[Then]:
    """Return the stretches in which other nicks belonged to the wanted people.

    `changes` are the events of nick and quit, in order of time; one that
    stands in several channels may come several times.
    """
    return [
        *_walk(changes, wanted, names, forward=True),
        *_walk(reversed(changes), wanted, names, forward=False),
    ]


def _walk(
    changes: Iterable[Event], wanted: Sequence[Nick], names: Names, *, forward: bool
) -> Iterable[Then]:
    held: dict[tuple[str, str], str] = {}
    last = "" if not forward else _END
    for event in changes:
        folds, network = names(event.network), event.network
        before, after = folds[event.nick], folds[event.subject]
        come, gone = (before, after) if forward else (after, before)
        edge = event.time + _END
        if event.type == EventType.QUIT:
            if since := held.pop((network, before), ""):
                yield _then(network, before, since, edge, forward=forward)
            continue
        mine = (network, come) in held or _is_wanted(event, come, wanted, names)
        if since := held.pop((network, come), ""):
            yield _then(network, come, since, edge if forward else event.time, forward=forward)
        if mine and not _is_wanted(event, gone, wanted, names):
            held.setdefault((network, gone), event.time if forward else edge)
    for (network, nick), since in held.items():
        yield _then(network, nick, since, last, forward=forward)


def _then(network: str, nick: str, one: str, other: str, *, forward: bool) -> Then:
    return Then(network, nick, one, other) if forward else Then(network, nick, other, one)


def _is_wanted(event: Event, nick: str, wanted: Sequence[Nick], names: Names) -> bool:
    return any(each.is_called(nick, event.network, names) for each in wanted)
