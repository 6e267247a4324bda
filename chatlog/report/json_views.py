"""Reports as records of JSON: gaps, targets, members, statistics and runs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.archive.targets import spelled
from chatlog.coverage.gap import GapState
from chatlog.event import CLASSES
from chatlog.report.json_records import (
    CountedTarget,
    CoverageRecord,
    DeafTarget,
    GapRecord,
    HeldTarget,
    HourRecord,
    InvitationRecord,
    MembersRecord,
    NetworkRecord,
    PeriodRecord,
    PersonRecord,
    RelayedRecord,
    RunRecord,
    TargetRecord,
    TargetStatus,
    TotalRecord,
    WeekdayRecord,
)
from chatlog.report.people import people_in
from chatlog.report.statistics import hour_rows, period_rows, sums_of, weekday_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from chatlog.archive.targets import Target
    from chatlog.coverage.gap import Gap
    from chatlog.health.status import NetworkStatus
    from chatlog.report.channels import TargetSummary
    from chatlog.report.gaps import TargetGaps
    from chatlog.report.json_records import Record
    from chatlog.report.members import RelayedSpeaker
    from chatlog.report.people import Somebody
    from chatlog.report.presence import Presence
    from chatlog.report.runs import ObservedRun
    from chatlog.report.statistics import Statistics

_DECIMALS: Final = 6  # of a share


def rounded(share: float | None) -> float | None:
    """Return a share with six decimals; None stays None."""
    return None if share is None else round(share, _DECIMALS)


# -- targets and their members -----------------------------------------------------


def target_record(summary: TargetSummary) -> TargetRecord:
    """Return the record of a target; a time, share or pid that is not known is None."""
    return TargetRecord(
        network=summary.network,
        target=summary.target,
        since=summary.since or None,
        until=summary.until or None,
        events=summary.lines,
        bytes=summary.bytes,
        share=rounded(summary.share),
        recorded=summary.pid is not None,
        pid=summary.pid or None,
    )


def members_record(
    channel: Target, at: str, presence: Presence, relayed: Iterable[RelayedSpeaker]
) -> MembersRecord:
    """Return the record of the members of a channel at a time."""
    return MembersRecord(
        network=spelled(channel.network),
        target=spelled(channel.name),
        at=at,
        since=presence.since,
        nicks=presence.members,
        prefixes=presence.prefixes,
        relayed=[
            RelayedRecord(nick=each.nick, platform=each.platform or None, relay=each.relay)
            for each in relayed
        ],
    )


# -- gaps --------------------------------------------------------------------------


def gap_records(found: TargetGaps) -> Iterator[Record]:
    """Yield the record of each gap of a target, and that of its coverage."""
    for gap in found.gaps:
        yield _gap_record(found, gap)
    yield _coverage_record(found)


def _gap_record(found: TargetGaps, gap: Gap) -> GapRecord:
    return GapRecord(
        network=found.network,
        target=found.target,
        since=gap.start.time,
        until=gap.end,
        seconds=gap.milliseconds / 1000,
        state=gap.state.value,
        cause=gap.cause or None,
        why=gap.why or None,
        via=gap.via or None,
        kinds=gap.kinds or None,
        fetched=gap.lines,
    )


def _coverage_record(found: TargetGaps) -> CoverageRecord:
    counts = {state: sum(gap.state is state for gap in found.gaps) for state in GapState}
    return CoverageRecord(
        network=found.network,
        target=found.target,
        since=found.since,
        until=found.until,
        share=rounded(found.share),
        classes=[each for each in CLASSES if each in found.classes],
        open=counts[GapState.OPEN],
        unfillable=counts[GapState.UNFILLABLE],
        planned=counts[GapState.PLANNED],
        filled=counts[GapState.FILLED],
        damaged=found.damaged,
    )


def unknown_record(target: Target) -> CoverageRecord:
    """Return the coverage of a channel without a ledger: all but its name is None."""
    return CoverageRecord(
        network=spelled(target.network),
        target=spelled(target.name),
        since=None,
        until=None,
        share=None,
        classes=None,
        open=None,
        unfillable=None,
        planned=None,
        filled=None,
        damaged=None,
    )


# -- statistics --------------------------------------------------------------------


def statistics_records(
    statistics: Statistics, zone: tzinfo | None, *, period: str, join: bool
) -> Iterator[Record]:
    """Yield the total, then each row of time, then each person, who said most first."""
    # Repeating thousands of names in each row would drown the numbers.
    networks = {each.network for each in statistics.targets}
    network = networks.pop() if len(networks) == 1 else None
    target = statistics.targets[0].target if len(statistics.targets) == 1 else None
    people = people_in(statistics.counts, join=join)
    yield _total_record(statistics, network, target, len(people))
    for row in hour_rows(statistics, zone):
        yield HourRecord(
            network=network, target=target, hour=row.name, lines=row.lines, share=rounded(row.heard)
        )
    for row in weekday_rows(statistics, zone):
        yield WeekdayRecord(
            network=network,
            target=target,
            weekday=row.name,
            lines=row.lines,
            share=rounded(row.heard),
        )
    for row in period_rows(statistics, zone, period):
        yield PeriodRecord(
            network=network,
            target=target,
            period=row.name,
            lines=row.lines,
            share=rounded(row.heard),
        )
    for somebody in people:
        yield _person_record(somebody, target)


def _total_record(
    statistics: Statistics, network: str | None, target: str | None, people: int
) -> TotalRecord:
    counts = statistics.counts
    return TotalRecord(
        network=network,
        target=target,
        targets=[
            CountedTarget(network=each.network, target=each.target) for each in statistics.targets
        ],
        since=counts.first or None,
        until=counts.last or None,
        events=counts.events,
        types=counts.types,
        netsplits=counts.netsplits,
        people=people,
        lines=counts.said,
        **sums_of(counts),
        share=rounded(statistics.attention.share),
    )


def _person_record(somebody: Somebody, target: str | None) -> PersonRecord:
    total = somebody.total
    return PersonRecord(
        network=somebody.network or None,
        target=target,
        nick=total.nick,
        nicks=somebody.nicks,
        account=somebody.account or None,
        since=total.first,
        until=total.last,
        lines=total.lines,
        words=total.words,
        letters=total.letters,
        questions=total.questions,
        links=total.links,
    )


# -- runs --------------------------------------------------------------------------


def run_record(run: ObservedRun) -> RunRecord:
    """Return the record of a run: its last status, and whether it is alive."""
    status = run.status
    return RunRecord(
        archive=status.root,
        pid=status.pid,
        version=status.version,
        alive=run.alive,
        since=status.started,
        at=status.updated,
        until=status.ended or None,
        why=status.reason or None,
        networks=[_network_record(each) for each in status.networks],
        loop_lag_seconds=status.loop_lag,
        errors=status.errors,
        disk_free_bytes=status.disk_free,
        waiting_lines=status.waiting,
        waiting_bytes=status.waiting_bytes,
        piped=status.piped or None,
        shipped=status.shipped or None,
    )


def _network_record(status: NetworkStatus) -> NetworkRecord:
    offset = status.offset
    return NetworkRecord(
        network=status.name,
        connection=status.state,
        connected=status.connected,
        server=status.server or None,
        nick=status.nick or None,
        since=status.since or None,
        last_heard=status.heard or None,
        last_event=status.last_event or None,
        lag_seconds=status.lag,
        clock_offset_seconds=None if offset is None else offset / 1000,
        reconnects=status.reconnects,
        joined=status.joined,
        wanted=status.wanted,
        targets=[
            TargetStatus(target=target, events=events) for target, events in status.events.items()
        ],
        invitations=[
            InvitationRecord(
                target=each.channel,
                by=each.by,
                at=each.at,
                kicks=each.kicks,
                why=each.reason or None,
                over=each.over,
            )
            for each in status.invitations
        ],
        problems=[*status.problems],
        off_record=status.off_record,
        ignored=status.ignored,
        not_understood=status.not_understood,
        holds=None if status.holds is None else _held_targets(status.holds),
        awaits=_held_targets(status.awaits),
        deaf=[
            DeafTarget(target=target, last_proof=proof or None)
            for target, proof in status.deaf.items()
        ],
        gaps_waiting=status.gaps,
    )


def _held_targets(heard: dict[str, bool]) -> list[HeldTarget]:
    return [HeldTarget(target=target, heard=is_heard) for target, is_heard in heard.items()]
