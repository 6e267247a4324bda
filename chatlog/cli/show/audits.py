"""Audits as text: the numbers of lines, and the lines that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.formats.visible import printable, visible, visible_word
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatlog.audit.compare import Findings

_SHOWN: Final = 10


def finding_lines(network: str, findings: Findings) -> Iterator[str]:
    """Yield a head for a channel, and its first missing and extra lines."""
    name = f"{visible_word(network)}/{visible_word(findings.target)}"
    counts = f"{findings.present:,} of {findings.asked:,} present"
    bounds = f"{findings.since} to {findings.until}" if findings.asked else "nothing to compare"
    why = f"; {printable(findings.why)}" if findings.why else ""
    yield f"{name}  {counts}, {len(findings.extra):,} extra ({bounds}){why}"
    for what, events in (("missing", findings.missing), ("extra", findings.extra)):
        for event in events[:_SHOWN]:
            yield f"  {what} {event.time} <{visible_word(event.nick)}> {visible(event.text)}"
        if len(events) > _SHOWN:
            yield f"  and {len(events) - _SHOWN:,} more {what}"


def verdict(wrong: Sequence[Findings]) -> str:
    """Return the numbers of lines and channels that differ."""
    missing = sum(len(findings.missing) for findings in wrong)
    extra = sum(len(findings.extra) for findings in wrong)
    unasked = sum(bool(findings.why) for findings in wrong)
    return (
        f"{many(missing, 'missing line')}, {many(extra, 'line')} only in the transcript,"
        f" {many(unasked, 'channel')} not compared to the end"
    )
