"""Verifications and repairs as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.visible import visible

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
    segments = f"{checked.segments:,} segments of {checked.targets:,} targets"
    return [
        f"{segments}, {checked.lines:,} lines, {checked.bytes:,} bytes",
        f"digest of all manifests: {inspection.digest}",
    ]


def verdict(inspection: Inspection) -> str:
    """Return the number of findings, and the command that repairs some or all of them."""
    found, repairable = len(inspection.findings), inspection.repairable
    things = "1 thing is" if found == 1 else f"{found} things are"
    right = "that" if repairable == found else f"{repairable} of them"
    advice = f"; `chatlog verify --repair` puts {right} right" if repairable else ""
    return f"{things} not as it should be{advice}"
