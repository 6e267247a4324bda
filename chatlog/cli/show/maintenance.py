"""Maintenance as text: the segments that were sealed, removed and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.formats.visible import visible
from chatlog.upkeep.tending import DEEDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.upkeep.tending import Tended

_INFINITIVES: Final = {"sealed": "seal", "removed": "remove", "folded": "fold", "mended": "mend"}


def tended_lines(done: Tended, *, dry_run: bool) -> Iterator[str]:
    """Yield a line for each segment and each busy target, or one that nothing was due."""
    for deed in DEEDS:
        verb = f"would {_INFINITIVES[deed]}" if dry_run else deed
        for path in done.paths(deed):
            yield f"{verb} {visible(str(path))}"
    for path in done.busy:
        yield f"left {visible(str(path))} to another chatlog that maintains it now"
    if not any(map(done.paths, DEEDS)):
        yield "nothing is due"
