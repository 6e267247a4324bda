"""The table of formats: a row for each format in which segments are written.

To add a format, write its codec in a module of its own and add a row here.
Nothing outside this package asks which format it has before it: it asks the row
for a property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.formats import jsonl
from chatlog.formats.format import Format, Spelling

if TYPE_CHECKING:
    from chatlog.formats.format import Codec


def _plain() -> Codec:
    from chatlog.formats import plain

    return plain


FORMATS: Final = (
    Format(
        name="jsonl",
        suffix=jsonl.SUFFIX,
        codec=lambda: jsonl,
        grain=1,
        is_described=False,
        decode_line=jsonl.decode,
        decode_block=jsonl.decode_briefly,
        decode_lines=jsonl.decode_lines,
        head=jsonl.HEAD,
        spelling=Spelling.JSON,
    ),
    Format(
        name="text",
        suffix="log",
        codec=_plain,
        grain=1000,
        is_local=True,
        continued=b"\t",
        spelling=Spelling.TEXT,
    ),
)
"""Every format, the preferred one first: of two that hold the same events it is the one read."""

NAMES: Final = tuple(each.name for each in FORMATS)
"""The names of all formats, in the order of `FORMATS`."""

_BY_NAME: Final = {each.name: each for each in FORMATS}
_BY_SUFFIX: Final = {each.suffix: each for each in FORMATS}


def format_named(name: str) -> Format:
    """Return the format with a name of `NAMES`."""
    return _BY_NAME[name]


def format_of(suffix: str) -> Format:
    """Return the format of files with a suffix, which must be one of the table."""
    return _BY_SUFFIX[suffix]


def is_copy(name: str, names: tuple[str, ...]) -> bool:
    """Return whether a preferred format among `names` holds the same events."""
    return any(NAMES.index(other) < NAMES.index(name) for other in names)
