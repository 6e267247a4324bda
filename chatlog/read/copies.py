"""The events of a copy that a damaged segment lacks.

Text beside JSONL holds the same events with fewer fields, in the order in which
they came: those that were read from both are found by the fields of both.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Final

from chatlog.event import TO_THE_SECOND
from chatlog.formats.format import Origin, Style
from chatlog.formats.visible import unformatted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.event import Event
    from chatlog.formats.format import Format

_DATED: Final = Style("datetime", UTC)


def lacking(read: Iterable[Event], copied: Iterable[Event], made_in: Format) -> Iterator[Event]:
    """Yield the copied events that were not read, in the order of the copy.

    `made_in` is the format of the copy. Each event that was read stands for one of
    the copy. One that the copy spells in another way than the format does is
    yielded as well: rather twice than never. An event takes about 100 bytes of memory.
    """
    known = Counter(map(_Spelling(made_in).key, read))
    for event in copied:
        key = _key(event.time, event)
        if known[key] > 0:
            known[key] -= 1
        else:
            yield event


class _Spelling:
    """The events of a format, as they are read back from their lines."""

    def __init__(self, made_in: Format) -> None:
        codec = made_in.codec()
        self._encode = codec.encoder(_DATED)
        self._decoder = codec.decoder
        self._decode = codec.decoder(_DATED, Origin())
        self._target = ""

    def key(self, event: Event) -> int:
        """Return the key of the event that a line of the format would hold."""
        if event.target != self._target:
            self._target = event.target
            self._decode = self._decoder(_DATED, Origin(event.network, event.target, ""))
        try:
            return _key(event.time, self._decode(self._encode([event])[:-1], ""))
        except ValueError:
            return _key(event.time, event)


def _key(time: str, event: Event) -> int:
    return hash((time[:TO_THE_SECOND], event.type, event.nick, unformatted(event.text)))
