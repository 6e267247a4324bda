"""The lines that a merge adds to an archive, as bytes of JSON.

Pure. A line is the bytes of its witness, with `via` and `witness` added, where that is all that
changes. So keys of a later version stay, and a line costs no encoding.
"""

from __future__ import annotations

from itertools import islice
from operator import le
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.coverage.union import VIA
from chatlog.event import format_time, parse_times, redated, shifted
from chatlog.formats import jsonl
from chatlog.formats.verbatim import begin_alike, encoded_as, with_witness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.alignment.columns import Columns
    from chatlog.event import Event
    from chatlog.upkeep.line_mark import LineMark
    from chatlog.upkeep.witness_names import TargetNames
    from chatlog.upkeep.witness_returning import Testimony

_EPOCH: Final = format_time(0)
_NEVER: Final = -(1 << 63)  # before any stamp


class AddedLines:
    """The added lines of one target, dated one after another.

    A stamp that does not tell more than a minute is of any moment of that minute: it is not
    before `latest`, the stamp of the line that it follows, known or added. `stamp` is that of
    the last line that was added.
    """

    def __init__(self, testimonies: Sequence[Testimony], names: TargetNames) -> None:
        self._testimonies = testimonies
        self._names = names
        self.latest = self.stamp = _NEVER

    def encoded(self, lines: Columns) -> bytes:
        """Return lines that all have one mark, each with its newline."""
        block = self._as_they_stand(lines)
        if block is None:
            rows = zip(lines.values, lines.texts, lines.times, strict=True)
            block = b"".join([self._one(*row, lines.marks[0]) for row in rows])
        return block

    def _as_they_stand(self, lines: Columns) -> bytes | None:
        """Return lines with no more than `via` and `witness` added, None if that is impossible."""
        mark, events = lines.marks[0], lines.values
        testimony = self._testimonies[mark.owner]
        if None in lines.texts:
            return None
        is_whole = all(each.via and (each.witness or not testimony.signature) for each in events)
        if not is_whole and any(map(_end_of, events)):
            return None  # keys that stand behind `via` and `witness`
        if self._names.filed(events[0]) is not events[0] or not begin_alike(lines.texts, events):
            return None
        if not self._are_dated(lines, testimony.record.grain):
            return None
        self.latest, self.stamp = max(self.latest, *lines.times), lines.times[-1]
        if is_whole:
            return jsonl.escaped(b"\n".join([*lines.texts, b""]))
        return with_witness(lines.texts, VIA, testimony.signature)

    def _are_dated(self, lines: Columns, grain: int) -> bool:
        """Return whether lines stay with the stamps that they bear."""
        times = lines.times
        try:
            if times != parse_times([event.time for event in lines.values]):
                return False
        except ValueError:
            return False
        if grain == 1:
            return True
        return times[0] >= self.latest and all(map(le, times, islice(times, 1, None)))

    def _one(self, event: Event, text: bytes | None, stamp: int, mark: LineMark) -> bytes:
        dated = self._dated(event, mark, stamp)
        added = msgspec.structs.replace(
            self._names.filed(dated),
            via=event.via or VIA,
            witness=event.witness or self._testimonies[mark.owner].signature,
        )
        return jsonl.encode([added]) if text is None else encoded_as(added, text)

    def _dated(self, event: Event, mark: LineMark, time: int) -> Event:
        """Return an event with the stamp by which it was placed.

        The time that its own witness gave stays in `tags`.
        """
        if 0 < self.latest - time < self._testimonies[mark.owner].record.grain:
            time = self.latest
        self.latest, self.stamp = max(self.latest, time), time
        return redated(event, shifted(_EPOCH, time))


def _end_of(event: Event) -> str:
    """Return a value that stands behind or in place of an added `via`, "" if there is none."""
    return event.via or event.witness or event.encoding or event.raw
