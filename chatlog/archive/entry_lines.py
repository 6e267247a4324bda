"""Files of JSON lines whose objects are entries of a tagged union: LEDGER and MANIFEST.

Every line is one of three: an entry, an entry of a later version, or damage. A
well-formed object whose `entry` is a kind that this version does not know was
written by a later version: it is counted, and claims nothing. If only some of
its keys are unknown, those claim nothing, and the rest stands. Everything else
that does not decode is damage. It is counted as well, and costs no neighbour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, get_args

import msgspec
from msgspec.structs import replace

from chatlog.archive.bounded_lines import BoundedLines
from chatlog.archive.files import OddFileError, blocks_of
from chatlog.event import is_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST: Final = 16 * 1024 * 1024
"""How many bytes a line may have; a longer one is damage, and is not kept in memory."""

_SHOWN: Final = 40
_NOT_DECODED: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class TaggedEntry(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,  # an entry holds no other that could hold it
    forbid_unknown_fields=True,
    tag_field="entry",
):
    """One line of a LEDGER or MANIFEST; a key that has its default is absent from it.

    A kind of entry is a subclass with a `tag` and the fields of that kind alone.
    """

    @property
    def entry(self) -> str:
        """The kind of the entry, as the line names it."""
        return str(self.__struct_config__.tag)


_E = TypeVar("_E", bound=TaggedEntry)


class Damaged(msgspec.Struct, frozen=True):
    """Damage: a line that is no entry, or several in a row.

    `line` is the number of the first, from 1, and `reason` concerns that one; 0 is
    the whole file, which is no regular one.
    `entry` is the kind that it names, "" if it names none that is known.
    """

    line: int
    reason: str
    entry: str = ""
    lines: int = 1


class Later(msgspec.Struct, Generic[_E], frozen=True):
    """A line of a later version; `known` is the entry without unknown keys, None if its kind is."""

    known: _E | None = None


class EntryLines(list[_E | Damaged | Later[_E]], Generic[_E]):
    """The lines of a file in the order of writing.

    `damaged` counts the lines that are no entry, `later` those of a later
    version. Neighbours that claim nothing in the same way are one item, so that
    a file of garbage takes no memory.
    """

    damaged: int = 0
    later: int = 0

    def add_damaged(self, item: Damaged) -> None:
        """Append damage, or widen that of the line before it."""
        self.damaged += item.lines
        before = self[-1] if self else None
        if isinstance(before, Damaged) and before.entry == item.entry:
            self[-1] = replace(before, lines=before.lines + item.lines)
        else:
            self.append(item)

    def add_later(self, item: Later[_E]) -> None:
        """Append a line of a later version; of a known kind the entry without unknown keys."""
        self.later += 1
        if item.known is not None:
            self.append(item.known)
        elif not (self and self[-1] == item):
            self.append(item)


class LineReader(BoundedLines):
    """The whole lines of a file, without their newlines; None for one that is too long.

    A file that is not there has no lines. Raise TranscriptError if it cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(blocks_of(path, missing_ok=True), LONGEST)


class EntryReader(Generic[_E]):
    """Decode lines into the entries of a tagged union of several `TaggedEntry`."""

    def __init__(self, union: object) -> None:
        self._decoder: msgspec.json.Decoder[_E] = msgspec.json.Decoder(union)
        self._kinds: dict[str, type[_E]] = {
            str(kind.__struct_config__.tag): kind for kind in get_args(union)
        }

    def each(self, path: str | Path, *, with_rest: bool) -> Iterator[_E | Damaged | Later[_E]]:
        """Yield every line of a file in turn; one without its newline only `with_rest`."""
        number, lines = 0, LineReader(path)
        try:
            for number, line in enumerate(lines, 1):
                yield self.decode(number, line)
        except OddFileError as error:
            yield Damaged(0, str(error))
            return
        if with_rest and lines.rest != b"":
            yield self.decode(number + 1, lines.rest)

    def read(self, path: str | Path, *, with_rest: bool) -> EntryLines[_E]:
        """Read all lines of a file."""
        lines: EntryLines[_E] = EntryLines()
        for item in self.each(path, with_rest=with_rest):
            if isinstance(item, Damaged):
                lines.add_damaged(item)
            elif isinstance(item, Later):
                lines.add_later(item)
            else:
                lines.append(item)
        return lines

    def decode(self, number: int, line: bytes | None) -> _E | Damaged | Later[_E]:
        """Decode the line of a number; None is one that is too long."""
        if line is None:
            return Damaged(number, f"it is longer than {LONGEST} bytes")
        try:
            return self._decoder.decode(line)
        except _NOT_DECODED as error:
            return self._unusual(number, line, str(error))

    def _unusual(self, number: int, line: bytes, reason: str) -> _E | Damaged | Later[_E]:
        """Decode a line that is no entry of this version as it stands."""
        try:
            fields = msgspec.json.decode(line, type=dict[str, Any])
        except _NOT_DECODED:
            return Damaged(number, reason)
        name = fields.get("entry")
        if not isinstance(name, str) or not name:
            return Damaged(number, "it names no kind of entry")
        kind = self._kinds.get(name)
        if kind is None:
            return Later()
        known = {key: value for key, value in fields.items() if key in _keys_of(kind)}
        try:
            return Later(msgspec.convert(known, type=kind))
        except msgspec.ValidationError as error:
            return Damaged(number, str(error), name)


def _keys_of(kind: type[TaggedEntry]) -> tuple[str, ...]:
    return (*kind.__struct_fields__, "entry")


def check_time(name: str, text: str) -> None:
    """Raise ValueError if the time that a key of this name has is none."""
    if not is_time(text):
        raise ValueError(f"its `{name}` is no time: {text[:_SHOWN]!r}")
