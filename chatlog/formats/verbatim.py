"""Lines of JSON as they stand: their tails for comparison, and a witness added to them.

Pure. Lines come without their newlines. A line that keeps its bytes keeps the keys of a later
version too.
"""

from __future__ import annotations

from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import Event
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Sequence

_VIA: Final = b',"via":"'
_ORIGIN: Final = (_VIA, b',"witness":"')
_MOST_ORIGINS: Final = 8  # of more, lines are known by them too
_TYPE: Final = b',"type":"'
_PLAIN: Final = len('{"time":"2026-11-23T18:20:01.123Z"')
_RECEIVED: Final = len(',"received":"')
_WITH_RECEIVED: Final = _PLAIN + len(',"received":"2026-11-23T18:20:01.123Z"')
_FORMS: Final = frozenset(
    {(_PLAIN, jsonl.HEAD, b""), (_WITH_RECEIVED, jsonl.HEAD, b',"received":"')}
)
"""The length of what stands before the names, and its keys: a time, and one of receipt."""
_KEYS: Final = frozenset(each.encode_name for each in msgspec.structs.fields(Event))
_via_of: Final = attrgetter("via")
_raw_values: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _names_of(event: Event) -> bytes:
    """Return the network and the target of an event as they stand between time and type."""
    named = Event(time="", type="", network=event.network, target=event.target)
    line = jsonl.encode([named])
    return line[len(jsonl.HEAD) + 1 : line.rindex(_TYPE)] + _TYPE


def _form_of(head: bytes) -> tuple[int, bytes, bytes]:
    """Return the length of a head, and its bytes where `_FORMS` have keys."""
    return len(head), head[: len(jsonl.HEAD)], head[_PLAIN : _PLAIN + _RECEIVED]


def _end_of_names(lines: Sequence[bytes], names: bytes) -> int:
    """Return where the names end in lines that all have one form, 0 if they have several."""
    begin = lines[0].find(names)
    form = _form_of(lines[0][: max(0, begin)])
    if form not in _FORMS:
        return 0
    key, end = form[2], begin + len(names)
    alike = {
        line[: len(jsonl.HEAD)] + line[_PLAIN : _PLAIN + len(key)] + line[begin:end]
        for line in lines
    }
    return end if alike == {jsonl.HEAD + key + names} else 0


def tails(lines: Sequence[bytes], events: Sequence[Event]) -> list[bytes]:
    """Return each line from its type on, without `via` and `witness`.

    It tells all that two records of one line have in common. b"" stands for a line that does
    not begin as chatlog writes it, with the names of the first: its keys may be in any order.
    """
    if any(map(_via_of, events)):
        lines = _without_origin(b"\n".join(lines)).split(b"\n")
    names = _names_of(events[0])
    if end := _end_of_names(lines, names):
        return [line[end:] for line in lines]
    heads, _, found = zip(*map(bytes.partition, lines, repeat(names)), strict=True)
    pairs = zip(heads, found, strict=True)
    return [tail if _form_of(head) in _FORMS else b"" for head, tail in pairs]


def begin_alike(lines: Sequence[bytes], events: Sequence[Event]) -> bool:
    """Return whether lines begin as chatlog writes them, and all with the names of the first.

    Then a line has its time where `jsonl.TIME` is.
    """
    names = _names_of(events[0])
    if not _end_of_names(lines, names):
        heads, separators, _ = zip(*map(bytes.partition, lines, repeat(names)), strict=True)
        if not all(separators) or not {*map(_form_of, heads)} <= _FORMS:
            return False
    times = "".join([event.time for event in events])
    return b"".join([line[jsonl.TIME] for line in lines]) == times.encode()


def _without_origin(block: bytes) -> bytes:
    """Return lines without `via` and `witness`."""
    for key in _ORIGIN:  # nearly all lines have the same
        for _ in range(_MOST_ORIGINS):
            begin = block.find(key)
            if begin < 0:
                break
            end = block.index(b'"', begin + len(key)) + 1
            block = block.replace(block[begin:end], b"")
    return block


def with_witness(lines: Sequence[bytes], via: str, witness: str) -> bytes:
    """Return lines with their newlines, and with `via` and `witness` as their last keys."""
    line = jsonl.encode([Event(time="", type="", via=via, witness=witness)])
    block = b"\n".join(lines) + b"\n"
    return jsonl.escaped(block.replace(b"}\n", line[line.index(_VIA) :]))


def encoded_as(event: Event, line: bytes) -> bytes:
    """Return an event as a line with its newline, and with the unknown keys of another line.

    They are those of a later version, in its order.
    """
    encoded = jsonl.encode([event])
    unknown = [
        b"," + msgspec.json.encode(key) + b":" + bytes(value)
        for key, value in _raw_values.decode(line).items()
        if key not in _KEYS
    ]
    return jsonl.escaped(b"".join([encoded[:-2], *unknown, b"}\n"])) if unknown else encoded
