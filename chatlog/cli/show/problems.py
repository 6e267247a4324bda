"""Problems of a run in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.visible import printable
from chatlog.formats.wording import many, span
from chatlog.report.runs import DiskRefuses, NotConnected, Silent

if TYPE_CHECKING:
    from chatlog.report.runs import Problem


def problem_text(problem: Problem) -> str:
    """Return a problem of a run in words."""
    match problem:
        case Silent(pid, seconds):
            return f"the recorder with pid {pid} has not reported for {span(seconds)}"
        case DiskRefuses(lines):
            return f"{many(lines, 'line')} waiting for the disk"
        case NotConnected(network, state):
            return printable(f"{network} is not connected ({state})")
