"""chatlog's own JSON lines, from an archive or an export: see docs/transcript-format.md.

Each line keeps its keys but two: `received` is the moment of the import, by which retention
counts, and `via` tells the import if the line was heard live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.event import Event, is_time
from chatlog.formats import jsonl
from chatlog.formats.dialects.dialect import MILLISECOND, Dialect
from chatlog.formats.dialects.record_dialect import (
    OTHER_FORM,
    RecordDecoder,
    RecordReader,
    UnknownRecordError,
    rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NAME: Final = "chatlog-jsonl"


class _Lines(RecordReader):
    """The reader of one log of chatlog's JSON lines."""

    title = "chatlog's JSON lines"

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Sequence[bytes | None]]:
        """Yield the lines of a log, some at once; None for one that is too long."""
        return rows(blocks)

    def events_of(self, record: bytes) -> Sequence[Event]:
        """Return the event of a line; raise UnknownRecordError if it is damaged."""
        try:
            event = jsonl.decode(record)
        except ValueError as error:
            raise UnknownRecordError(OTHER_FORM) from error
        if not is_time(event.time):
            raise UnknownRecordError("no such time")
        facts = self.facts
        self.target = self.target or event.target
        return (
            replace(
                event,
                received=facts.received or event.received,
                network=event.network or facts.network,
                target=event.target or facts.target,
                via=event.via or f"import:{NAME}",
            ),
        )


DIALECT: Final = Dialect(
    name=NAME,
    title="chatlog, its JSON lines",
    proven="run",
    decoder=lambda facts: RecordDecoder(_Lines(facts)),
    grain=MILLISECOND,
    paths=("{network}/{channel}/{date}.jsonl", "{network}/{channel}/{year}-{month}.jsonl"),
)
