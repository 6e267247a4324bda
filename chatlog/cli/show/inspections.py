"""Verifications and repairs as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.visible import visible
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.upkeep.inspection import Inspection, Repair


def repair_lines(root: Path, repair: Repair) -> list[str]:
    """Return a line for each mended file."""
    mended = repair.mended or ()
    return [f"mended {visible(str(path.relative_to(root)))}" for path in mended]


def finding_lines(inspection: Inspection) -> Iterator[str]:
    """Yield a line for each finding: its place and its reason."""
    for finding in inspection.findings:
        place = f"{finding.path}:{finding.line}" if finding.line else finding.path
        yield visible(f"{place}: {finding.reason}")


def summary_lines(inspection: Inspection) -> list[str]:
    """Return the amount that was verified, and the digest."""
    checked = inspection.checked
    segments = f"{many(checked.segments, 'segment')} of {many(len(checked.targets), 'target')}"
    entries = many(checked.later, "entry", "entries")
    later = [f"{entries} of a later version of chatlog, kept as they are"] if checked.later else []
    return [
        f"{segments}, {many(checked.lines, 'line')}, {many(checked.bytes, 'byte')}",
        *later,
        f"digest of all manifests: {inspection.digest}",
    ]


def verdict(inspection: Inspection) -> str:
    """Return the number of findings, and the command that repairs them if any can be."""
    found, repairable = len(inspection.findings), inspection.repairable
    which = "it" if found == 1 else "all" if repairable == found else f"{repairable:,} of them"
    advice = f"; `chatlog verify --repair` can repair {which}" if repairable else ""
    return f"{many(found, 'finding')}{advice}"
