"""The new lines of one target by the order of its recorders, where that tells all.

It does on a network without times and ids of the server, if all clocks are right within seconds.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final

from chatlog.alignment.clocks import MOST_JITTER
from chatlog.alignment.words import is_told_by_server
from chatlog.bus.conversation import Conversation
from chatlog.bus.rows import heard_line
from chatlog.event import format_time, parse_time, redated
from chatlog.formats import jsonl
from chatlog.upkeep.witness import LineKeys
from chatlog.upkeep.witness_comparison import clock_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatlog.bus.arrivals import Arrival
    from chatlog.bus.rows import HeardLine
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.upkeep.witness import WitnessRecord

_stamp_of: Final = itemgetter(0)


class OrderError(ValueError):
    """Lines of which the order does not tell all."""


def new_arrivals(
    conversation: Conversation, arrived: Mapping[str, Sequence[Arrival]], casemapping: Casemapping
) -> Iterator[tuple[str, list[Arrival], list[int]]]:
    """Yield the arrived lines of each recorder that no other one had told, and their times.

    Times are in milliseconds. Raise OrderError before anything is taken.
    """
    heard = {
        recorder: _heard(recorder, some, casemapping, may_return=False)
        for recorder, some in arrived.items()
    }
    for recorder, lines in heard.items():
        rows = conversation.add(recorder, lines)
        new = [each for each, row in zip(arrived[recorder], rows, strict=True) if row is not None]
        if new:
            yield recorder, new, [row.time for row in rows if row is not None]


def recalled(
    known: WitnessRecord | None, context: Mapping[str, Sequence[Arrival]], casemapping: Casemapping
) -> Conversation:
    """Return the conversation of the archive, with the places of recorders by their last lines.

    Raise OrderError if the archive has fewer fields than an event, or a time or an id of the
    server.
    """
    conversation = Conversation()
    for stamp, event in sorted(_stamped(known), key=_stamp_of):
        line = heard_line(event, stamp, casemapping, event.witness)
        conversation.add_known(line, event.witness)
    for recorder, some in context.items():
        conversation.recall(recorder, _heard(recorder, some, casemapping, may_return=True))
    return conversation


def _stamped(known: WitnessRecord | None) -> Iterator[tuple[int, Event]]:
    if known is None:
        return
    if not known.tells_all or known.loss is not None:
        raise OrderError
    for block, stamps in known.stamped_blocks():
        if any(map(is_told_by_server, block.events)):
            raise OrderError
        yield from zip(stamps, block.events, strict=True)


def _heard(
    recorder: str, lines: Iterable[Arrival], casemapping: Casemapping, *, may_return: bool
) -> list[HeardLine]:
    """Return lines as a recorder heard them; raise OrderError for fetched ones.

    So it does for lines that came again, unless these `may_return`.
    """
    found = []
    for each in lines:
        event = jsonl.decode(each.line)
        is_late = each.is_again and not may_return
        if is_told_by_server(event) or is_late or not each.is_live:
            raise OrderError
        found.append(heard_line(event, parse_time(event.time), casemapping, recorder))
    return found


def has_another_clock(
    known: WitnessRecord, record: WitnessRecord, casemapping: Casemapping
) -> bool:
    """Return whether the clock of a recorder differs from that of the archive by many seconds.

    Raise WrongZoneError if it was in another time zone.
    """
    clock = clock_of(known, record, LineKeys([known, record], casemapping))
    return clock is not None and abs(clock.offset) > MOST_JITTER


def dated(line: bytes, time: int) -> bytes:
    """Return a line of JSON with another time; that of its recorder stays in `tags`."""
    stamp = format_time(time)
    if line[jsonl.TIME] == stamp.encode():
        return line
    return jsonl.encode([redated(jsonl.decode(line[:-1]), stamp)])
