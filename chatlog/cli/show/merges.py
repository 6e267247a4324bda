"""Merges as text: the lines that each target gained, and the conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.archive.targets import spelled
from chatlog.formats.visible import printable, visible, visible_word
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chatlog.upkeep.witness import TargetPlace
    from chatlog.upkeep.witness_comparison import Conflict
    from chatlog.upkeep.witness_merge import MergedTarget

_SHOWN: Final = 10


def merge_lines(
    done: Mapping[TargetPlace, MergedTarget], *, quiet: bool, dry_run: bool
) -> Iterator[str]:
    """Yield a line for each target, with its first conflicts, and one for all."""
    for place, merged in done.items():
        name = place_text(place)
        if merged.error:
            yield f"{name}  not merged: {printable(merged.error)}"
            continue
        if not quiet or merged.conflicting:
            yield f"{name}  {_numbers(merged, dry_run=dry_run)}"
        for conflict in merged.conflicts[:_SHOWN]:
            yield f"  {_conflict(conflict)}"
        if merged.conflicting > _SHOWN:
            yield f"  and {merged.conflicting - _SHOWN:,} more"
    if len(done) > 1 and not quiet:
        added = sum(each.added for each in done.values())
        verb = "would be added" if dry_run else "added"
        yield f"{many(added, 'line')} {verb} in {many(len(done), 'target')}"


def place_text(place: TargetPlace) -> str:
    """Return a target with its network, safe to show: `libera/#python`."""
    return f"{visible_word(spelled(place.network))}/{visible_word(spelled(place.target))}"


def _numbers(merged: MergedTarget, *, dry_run: bool) -> str:
    parts = [f"{many(merged.added, 'line')} {'would be added' if dry_run else 'added'}"]
    if merged.known:
        parts.append(f"{merged.known:,} stand as they are")
    if merged.shared:
        parts.append(f"{merged.shared:,} in more than one archive")
    if merged.left:
        parts.append(f"{merged.left:,} of the last minute left to the next merge")
    if merged.conflicting:
        parts.append(many(merged.conflicting, "conflict"))
    return ", ".join(parts)


def _conflict(conflict: Conflict) -> str:
    event = conflict.event
    lacking = printable(conflict.lacking) or "the archive"
    said = f"{event.time} <{visible_word(event.nick)}> {event.type}: {visible(event.text)}"
    return f"{said} (not in {lacking}, which was listening)"
