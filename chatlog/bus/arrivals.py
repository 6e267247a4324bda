"""The messages of a stream as they come: which are new, which are lost, which come again. Pure.

A witness numbers its messages from 1 on without a gap. So a number tells what is missing before
it, for however long the messages were under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from chatlog.bus.collected_state import Hole, KnownWitness

if TYPE_CHECKING:
    from chatlog.bus.messages import Answered

MOST_HOLES = 1000
"""The most holes of one witness; of more, neighbours are taken for one."""


class Arrival(NamedTuple):
    """A line that came: its time, its bytes, and the sequence of its message in the stream.

    One that `is_again` there may have come before as another message. If it `may_return`, the
    archive may have it from a round that was cut off.
    """

    time: str
    is_live: bool
    line: bytes
    sequence: int
    is_again: bool = False
    may_return: bool = False


def is_new(known: KnownWitness, number: int) -> bool:
    """Take the number of a message; return whether it is new, and note the lost ones before it."""
    if number <= known.number:
        return False
    if number > known.number + 1:
        add_hole(known, Hole(known.number + 1, number - 1, known.time))
    known.number = number
    return True


def add_hole(known: KnownWitness, hole: Hole) -> None:
    """Note lost messages, behind those that were noted before."""
    last = known.holes[-1] if known.holes else None
    is_next = last is not None and last.last + 1 == hole.first
    if last is not None and (is_next or len(known.holes) >= MOST_HOLES):
        known.holes[-1] = replace(last, last=hole.last, until=hole.until)
    else:
        known.holes.append(hole)


def note_time(known: KnownWitness, time: str) -> None:
    """Take the time of a live line, at which the holes before it end."""
    known.time = max(known.time, time)
    if known.holes and not known.holes[-1].until:  # else all have ended, as for nearly all lines
        known.holes = [each if each.until else replace(each, until=time) for each in known.holes]


def take_answer(known: KnownWitness, answered: Answered) -> None:
    """Drop the holes whose messages came as the answer to a request."""
    known.holes = [
        each
        for each in known.holes
        if not answered.first <= each.first <= each.last <= answered.last
    ]
