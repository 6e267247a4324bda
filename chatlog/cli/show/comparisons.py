"""Comparisons of two archives as text: the numbers of lines, and the lines that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.cli.show.merges import place_text
from chatlog.formats.visible import printable, visible, visible_word
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chatlog.upkeep.witness import TargetPlace
    from chatlog.upkeep.witness_audit import LoneLine, TargetComparison

_SHOWN: Final = 10


def comparison_lines(
    done: Mapping[TargetPlace, TargetComparison], other: str, *, quiet: bool
) -> Iterator[str]:
    """Yield a line for each target, with its first missing and extra lines.

    With `quiet`, only of targets that differ.
    """
    other = printable(other)
    for place, found in done.items():
        name = place_text(place)
        if found.error:
            yield f"{name}  not compared: {printable(found.error)}"
        elif found.differs or not quiet:
            yield f"{name}  {_numbers(found, other)}"
            here, there = "the archive was listening", f"{other} was listening"
            yield from _lines("missing", found.missing_lines, found.missing, here)
            yield from _lines("extra", found.extra_lines, found.extra, there)


def _numbers(found: TargetComparison, other: str) -> str:
    parts = [
        f"{many(found.shared, 'line')} in both",
        f"{found.missing:,} only in {other}",
        f"{found.extra:,} only here",
    ]
    if found.conflicting:
        parts.append(many(found.conflicting, "conflict"))
    if found.reordered:
        parts.append(f"{found.reordered:,} in another order")
    if found.by_clock:
        parts.append(f"{found.by_clock:,} placed by the clock alone")
    return ", ".join(parts)


def _lines(what: str, lines: Sequence[LoneLine], count: int, heard: str) -> Iterator[str]:
    """Yield the first lines of a kind; `heard` is the mark of a conflict."""
    for event, is_conflict in lines[:_SHOWN]:
        said = f"{event.time} <{visible_word(event.nick)}> {event.type}: {visible(event.text)}"
        yield f"  {what} {said}{f' ({heard})' if is_conflict else ''}"
    if count > _SHOWN:
        yield f"  and {count - _SHOWN:,} more {what}"


def comparison_verdict(differing: Sequence[TargetComparison]) -> str:
    """Return the numbers of missing lines and conflicts."""
    missing = sum(each.missing for each in differing)
    conflicting = sum(each.conflicting for each in differing)
    return f"{many(missing, 'missing line')}, {many(conflicting, 'conflict')}; see above"
