"""Gaps in words: a line between events, and the cause and the outcome for a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.archive.targets import spelled
from chatlog.coverage.causes import cause_text
from chatlog.formats.terminal import local_time
from chatlog.formats.wording import many, span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from chatlog.coverage.gap import Gap
    from chatlog.report.gap_runs import GapRun

_FEW: Final = 2  # causes that are named
_OUTCOMES: Final = {
    "open": "not recovered",
    "unfillable": "not recoverable",
    "planned": "left to the next run",
}


def gap_line(gap: Gap, zone: tzinfo | None, *, dated: bool) -> str:
    """Return the times of a gap, its cause and its outcome; `dated` adds the day.

    A gap over midnight always has its days.
    """
    outcome = _recovered([gap]) if gap.state == "filled" else _OUTCOMES[gap.state]
    why = f": {gap.why}" if gap.why and gap.state != "filled" else ""
    return f"gap {_times(gap, zone, dated=dated)}, {gap_cause(gap)}; {outcome}{why}"


def gap_run_line(run: GapRun, zone: tzinfo | None, *, dated: bool, names_target: bool) -> str:
    """Return a run of gaps as one line: its network, times, causes and outcomes.

    `names_target` adds the target if the run has only one.
    """
    targets = dict.fromkeys(spelled(each.name) for each in run.targets)
    network, name = spelled(run.targets[0].network), next(iter(targets))
    place = f"{network}/{name}" if names_target and len(targets) == 1 else network
    if len(run.gaps) == 1:
        return f"{place}: {gap_line(run.gaps[0], zone, dated=dated)}"
    of = f" in {many(len(targets), 'channel')}" if len(targets) > 1 else ""
    begin, dash, end = _ends(run.start, run.end, zone, dated=dated)
    if run.is_one_break:
        what = f"gap {begin}{dash}{end}{of}"
    else:
        length = span(run.milliseconds / 1000)
        what = f"{len(run.gaps):,} gaps{of} between {begin} and {end}, {length} in all"
    return f"{place}: {what}, {_causes(run)}; {_outcomes(run)}"


def _causes(run: GapRun) -> str:
    causes = list(dict.fromkeys(map(gap_cause, run.gaps)))
    return " or ".join(causes) if len(causes) <= _FEW else f"{len(causes)} causes"


def _outcomes(run: GapRun) -> str:
    """Return the outcome of all gaps, or how many have each outcome."""
    by_state: dict[str, list[Gap]] = {}
    for gap in run.gaps:
        by_state.setdefault(gap.state, []).append(gap)
    if by_state.keys() == {"filled"}:
        return _recovered(run.gaps)
    parts = []
    for state, gaps in by_state.items():
        number = f"{len(gaps):,} " if len(by_state) > 1 else ""
        if state == "filled":
            lines = sum(gap.lines for gap in gaps)
            parts.append(f"{number}recovered ({many(lines, 'line')})")
            continue
        reasons = {gap.why for gap in gaps}
        why = f": {reasons.pop()}" if len(reasons) == 1 and reasons != {""} else ""
        parts.append(f"{number}{_OUTCOMES[state]}{why}")
    return ", ".join(parts)


def gap_cause(gap: Gap) -> str:
    """Return the cause of a gap."""
    return cause_text(gap.cause)


def gap_details(gap: Gap) -> str:
    """Return the source of the lines that filled a gap, or the reason that none did."""
    return _recovered([gap], by=f" by {gap.via}") if gap.state == "filled" else gap.why


def _recovered(gaps: Sequence[Gap], *, by: str = "") -> str:
    only = " (messages only)" if all(gap.kinds == "messages" for gap in gaps) else ""
    return f"{many(sum(gap.lines for gap in gaps), 'line')} recovered{by}{only}"


def _times(gap: Gap, zone: tzinfo | None, *, dated: bool) -> str:
    return "".join(_ends(gap.start.time, gap.end, zone, dated=dated))


def _ends(start: str, end: str, zone: tzinfo | None, *, dated: bool) -> tuple[str, str, str]:
    """Return two times and the dash between them; times of several days with their days."""
    try:
        low, high = (local_time(time, zone) for time in (start, end))
    except ValueError:  # outside the years that a clock can show
        return start, "–", end
    if low.date() != high.date():
        return f"{low.date()} {low:%H:%M:%S}", " – ", f"{high.date()} {high:%H:%M:%S}"
    day = f"{low.date()} " if dated else ""
    return f"{day}{low:%H:%M:%S}", "–", f"{high:%H:%M:%S}"
