"""The columns of an event in tables, and the lines that columns alone do not give back. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import Event
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatlog.export.line_blocks import LineBlock

COLUMNS: Final = Event.__struct_fields__
"""The columns: the keys of JSONL, in their order. Behind them comes `extra`."""

EXTRA: Final = "extra"
"""The column of the line itself, where the others do not give it back byte for byte.

That is a line with keys of a later version, or one that another program wrote; it is null
for every other line.
"""


def with_extras(
    lines: LineBlock, holds: Callable[[Event, bytes], bool] | None = None
) -> Iterator[tuple[Event, bytes]]:
    """Yield each event with its `extra`, without a newline, empty if it has none.

    `holds` tells whether columns can hold all values of an event and its line; None if any can.
    """
    encoded = jsonl.encode(lines.events)
    if encoded == lines.block and holds is None:
        for event in lines.events:
            yield event, b""
        return
    alone = encoded.splitlines(keepends=True)
    for event, own, line in zip(lines.events, alone, lines.single(), strict=True):
        is_given_back = own == line and (holds is None or holds(event, line))
        yield event, b"" if is_given_back else line[:-1]
