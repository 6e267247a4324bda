"""Quits and joins in a row that one netsplit made, as one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import EventType
from chatlog.netsplit import split_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.event import Event

_LEAST: Final = 2
"""Events that are folded; a single one is shown as it is."""

_MOVES: Final = frozenset({EventType.QUIT, EventType.JOIN})


class SplitRun(msgspec.Struct, frozen=True):
    """Quits, or joins, of one netsplit in one target, with nothing between them."""

    split: str
    events: list[Event]


def folded(events: Iterable[Event]) -> Iterator[Event | SplitRun]:
    """Yield events in order, those of a netsplit folded at the place of the first one.

    In the row of several targets, a run may go on behind the events of others of the
    same netsplit.
    """
    key: tuple[str, str] = ("", "")
    groups: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        split = _split_of(event)
        if groups and (split, event.type) != key:
            yield from _runs(key[0], groups)
            groups = {}
        if split:
            key = (split, event.type)
            groups.setdefault((event.network, event.target), []).append(event)
        else:
            yield event
    yield from _runs(key[0], groups)


def goes_on(events: Sequence[Event]) -> list[bool]:
    """Return for each event whether it is folded into an earlier one."""
    found: list[bool] = []
    key: tuple[str, str] = ("", "")
    targets: set[tuple[str, str]] = set()
    for event in events:
        split = _split_of(event)
        if (split, event.type) != key:
            key, targets = (split, event.type), set()
        target = (event.network, event.target)
        found.append(bool(split) and target in targets)
        targets.add(target)
    return found


def _split_of(event: Event) -> str:
    return split_of(event) if event.type in _MOVES else ""


def _runs(split: str, groups: dict[tuple[str, str], list[Event]]) -> Iterator[Event | SplitRun]:
    for events in groups.values():
        if len(events) >= _LEAST:
            yield SplitRun(split, events)
        else:
            yield from events
