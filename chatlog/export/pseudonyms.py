"""Other names of people, made with the key of an archive, which keeps it. Pure."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.casemapping import CHANTYPES
from chatlog.event import SERVER, EventType
from chatlog.export.mentions import Mentions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.export.filters import Filter
    from chatlog.query.predicates import Names

_LETTERS: Final = 10
_WITH_REALNAME: Final = frozenset({EventType.JOIN, EventType.SETNAME})


def pseudonym(key: bytes, name: str) -> str:
    """Return the pseudonym of a folded name: the same with the same key, and not to be undone."""
    digest = hashlib.blake2b(
        name.encode("utf-8", "surrogatepass"), key=key, person=b"pseudonym", digest_size=8
    )
    return f"anon-{base64.b32encode(digest.digest()).decode().lower()[:_LETTERS]}"


def with_pseudonyms(key: bytes, people: Collection[str], names: Names) -> Filter:
    """Return the filter that gives people pseudonyms, also where others mention them.

    `people` are the names of all people that events may have. Realnames are left out, and so are
    queries, whose targets are people.
    """
    known: dict[str, Mentions] = {}

    def mentions(folds: Casemapping) -> Mentions:
        found = known.get(folds.name)
        if found is None:
            others = {name: pseudonym(key, folds.fold(name).casefold()) for name in people}
            found = known[folds.name] = Mentions(folds, others)
        return found

    def take(events: Sequence[Event]) -> Sequence[Event]:
        found = []
        for event in events:
            if event.target != SERVER and not event.target.startswith(tuple(CHANTYPES)):
                continue
            told = replace(event, text="") if event.type in _WITH_REALNAME else event
            found.append(mentions(names(event.network)).in_event(told))
        return found

    return take
