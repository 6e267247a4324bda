"""The events of a copy that a damaged segment lacks.

Text beside JSONL holds the same events with fewer fields, in the order in which
they came: those that were read from both are found by the fields of both.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from chatlog.formats.visible import unformatted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.event import Event

_SECOND = len("2026-11-23T18:20:01")

_Key = tuple[str, str, str, str]


def lacking(read: Iterable[Event], copied: Iterable[Event]) -> Iterator[Event]:
    """Yield the copied events that were not read, in the order of the copy.

    Each event that was read stands for one of the copy. One that the copy
    spells in another way is yielded as well: rather twice than never.
    """
    known = Counter(map(_key, read))
    for event in copied:
        key = _key(event)
        if known[key] > 0:
            known[key] -= 1
        else:
            yield event


def _key(event: Event) -> _Key:
    return event.time[:_SECOND], event.type, event.nick, unformatted(event.text)
