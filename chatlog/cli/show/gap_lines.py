"""Gaps as lines between events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.wording import many, span

if TYPE_CHECKING:
    from chatlog.coverage.fold import Gap


def gap_line(gap: Gap) -> str:
    """Return the length of a gap, its cause and its outcome."""
    length = span(max(1, gap.milliseconds // 1000))
    if gap.state == "filled":
        outcome = f"{many(gap.lines, 'line')} fetched back"
    else:
        outcome = f"{gap.state}{f': {gap.why}' if gap.why else ''}"
    return f"not heard for {length} ({gap.cause}): {outcome}"
