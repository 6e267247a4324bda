"""The records that commands print with `--json`: one object a line.

docs/json.md describes them, and docs/json.schema.json is made from them. A record
has all its keys, in this order; a value that is not known or does not apply is null.
The events of `tail`, `search` and `audit` are transcript lines instead: an empty
field is absent from them.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chatlog.event import Event  # noqa: TC001 - the schema is made from annotations
from chatlog.report import json_keys as key  # noqa: TC001 - as above


class Record(Struct, kw_only=True):
    """A record of JSON, or a part of one."""


# -- search, channels and who ------------------------------------------------------


class CountRecord(Record, tag="count"):
    """The number of events of one target that match."""

    network: key.Network
    target: key.Target
    events: key.Events


class MatchRecord(Record, tag="match"):
    """One part of a text that matches."""

    network: key.Network
    target: key.Target
    time: key.Time
    nick: key.Nick | None
    match: key.Match


class TargetRecord(Record, tag="target"):
    """One target in numbers; `since` and `until` are the times of its first and last event."""

    network: key.Network
    target: key.Target
    since: key.Since | None
    until: key.Until | None
    events: key.Events
    bytes: key.Bytes
    share: key.Share | None
    recorded: key.Recorded
    pid: key.Pid | None


class RelayedRecord(Record):
    """A speaker behind a relay."""

    nick: key.Nick
    platform: key.Platform | None
    relay: key.Relay


class MembersRecord(Record, tag="members"):
    """The members of a channel at one moment; `since` is when they began to be known."""

    network: key.Network
    target: key.Target
    at: key.At
    since: key.Since
    nicks: key.Nicks
    prefixes: key.Prefixes
    relayed: Annotated[
        list[RelayedRecord], Meta(description="People who spoke through a relay in the day before.")
    ]


# -- gaps, sync and audit ----------------------------------------------------------


class GapRecord(Record, tag="gap"):
    """One gap of a target."""

    network: key.Network
    target: key.Target
    since: key.Since
    until: key.Until
    seconds: key.Seconds
    state: key.State
    cause: key.Cause | None
    why: key.Why | None
    via: key.Via | None
    kinds: key.Kinds | None
    fetched: key.Fetched


class CoverageRecord(Record, tag="coverage"):
    """The coverage of a target, and its gaps by state; all but names is null without a ledger."""

    network: key.Network
    target: key.Target
    since: key.Since | None
    until: key.Until | None
    share: key.Share | None
    classes: key.Classes | None
    open: key.OpenGaps | None
    unfillable: key.UnfillableGaps | None
    planned: key.PlannedGaps | None
    filled: key.FilledGaps | None
    damaged: key.DamagedLines | None


class SyncGap(Record):
    """An object of `gaps`: an open gap."""

    since: key.Since
    until: key.Until
    seconds: key.Seconds
    cause: key.Cause | None
    why: key.Why | None


class SyncRecord(Record, tag="sync"):
    """The result of a batch for one channel."""

    network: key.Network
    target: key.Target
    fetched: key.Fetched
    gaps: Annotated[list[SyncGap], Meta(description="Open gaps.")]


class AuditRecord(Record, tag="audit"):
    """The comparison of one channel with the server's history; times are null without any."""

    network: key.Network
    target: key.Target
    since: key.Since | None
    until: key.Until | None
    asked: key.Asked
    present: key.Present
    missing: Annotated[list[Event], Meta(description="Events that the transcript lacks.")]
    extra: Annotated[list[Event], Meta(description="Events that only the transcript has.")]
    why: key.Why | None


class ConflictRecord(Record):
    """An object of `conflicts`: events that one archive lacks although it was listening."""

    lacking: key.Lacking | None
    missing: Annotated[list[Event], Meta(description="Events that the transcript lacks.")]


class ComparisonRecord(Record, tag="comparison"):
    """The comparison of one target with another archive; `why` is the reason if there is none."""

    network: key.Network
    target: key.Target
    since: key.Since | None
    until: key.Until | None
    shared: key.Shared
    reordered: key.Reordered
    by_clock: key.ByClock
    missing_lines: Annotated[
        int, Meta(ge=0, description="Number of lines that only the other archive has.")
    ]
    extra_lines: Annotated[
        int, Meta(ge=0, description="Number of lines that the other archive lacks.")
    ]
    conflicting: key.Conflicting
    missing: Annotated[list[Event], Meta(description="Events that the transcript lacks.")]
    extra: Annotated[list[Event], Meta(description="Events that only the transcript has.")]
    conflicts: Annotated[
        list[ConflictRecord],
        Meta(description="Conflicts by archive, with the first thousand events."),
    ]
    why: key.Why | None


class MergeRecord(Record, tag="merge"):
    """The merge of one target; `why` is the reason if it was not merged."""

    network: key.Network
    target: key.Target
    added: key.Added
    left: key.Left
    known: key.Known
    shared: key.Shared
    reordered: key.Reordered
    by_clock: key.ByClock
    conflicting: key.Conflicting
    conflicts: Annotated[
        list[ConflictRecord],
        Meta(description="Conflicts by archive, with the first thousand events."),
    ]
    why: key.Why | None


# -- import ------------------------------------------------------------------------


class OddLineRecord(Record):
    """An object of `odd`: a line that is not understood, or may be something else."""

    number: Annotated[int, Meta(ge=1, description="Number of the line in its log, from 1.")]
    text: Annotated[str, Meta(description="Line as it stands, at most 300 characters.")]
    why: key.Why
    imported: Annotated[bool, Meta(description="Whether it was imported, as one of two meanings.")]


class LogRecord(Record, tag="log"):
    """One file of an import: each of its lines is in one of the four numbers."""

    log: Annotated[str, Meta(description="Path of the log, or of what lies among logs.")]
    dialect: Annotated[str | None, Meta(description="Dialect; null if none is sure.")]
    read: Annotated[int, Meta(ge=0, description="Lines of the log, or records of a database.")]
    understood: Annotated[int, Meta(ge=0, description="Lines that tell an event or a time.")]
    noise: Annotated[int, Meta(ge=0, description="Remarks of the program itself.")]
    ambiguous: Annotated[int, Meta(ge=0, description="Lines that may be something else.")]
    unknown: Annotated[int, Meta(ge=0, description="Lines that are not understood.")]
    given: Annotated[int, Meta(ge=0, description="Number of events that the lines gave.")]
    odd: Annotated[
        list[OddLineRecord],
        Meta(description="Ambiguous lines and those not understood, the first thousand."),
    ]
    notes: Annotated[
        dict[str, int], Meta(description="Numbers of lines that a note in words is about.")
    ]
    why: key.Why | None


class PassedOverRecord(Record, tag="passed-over"):
    """A path of an import that is no file: a link, a pipe, a device."""

    log: Annotated[str, Meta(description="Path of the log, or of what lies among logs.")]
    why: key.Why


# -- stats -------------------------------------------------------------------------


class CountedTarget(Record):
    """An object of `targets`: a target that is counted."""

    network: key.Network
    target: key.Target


class TotalRecord(Record, tag="total"):
    """The sums of some targets together; `since` and `until` are the first and last event."""

    network: key.Network | None
    target: key.Target | None
    targets: Annotated[list[CountedTarget], Meta(description="Targets of the object.")]
    since: key.Since | None
    until: key.Until | None
    events: key.Events
    types: key.Types
    netsplits: key.Netsplits
    people: key.People
    lines: key.Lines
    words: key.Words
    letters: key.Letters
    questions: key.Questions
    links: key.Links
    share: key.Share | None


class HourRecord(Record, tag="hour"):
    """The lines of one of the 24 hours of a day, and its covered share."""

    network: key.Network | None
    target: key.Target | None
    hour: key.Hour
    lines: key.Lines
    share: key.Share | None


class WeekdayRecord(Record, tag="weekday"):
    """The lines of one weekday, and its covered share."""

    network: key.Network | None
    target: key.Target | None
    weekday: key.Weekday
    lines: key.Lines
    share: key.Share | None


class PeriodRecord(Record, tag="period"):
    """The lines of one year, month or day, and its covered share."""

    network: key.Network | None
    target: key.Target | None
    period: key.Period
    lines: key.Lines
    share: key.Share | None


class PersonRecord(Record, tag="person"):
    """The counts of one person; `since` and `until` are the first and last line."""

    network: key.Network | None
    target: key.Target | None
    nick: key.Nick
    nicks: key.Nicks
    account: key.Account | None
    since: key.Since
    until: key.Until
    lines: key.Lines
    words: key.Words
    letters: key.Letters
    questions: key.Questions
    links: key.Links


# -- status ------------------------------------------------------------------------


class TargetStatus(Record):
    """An object of `targets`: a target, and its events since the run began."""

    target: key.Target
    events: key.Events


class HeldTarget(Record):
    """An object of `holds` and `awaits`: a target, and whether the run hears it at that moment."""

    target: key.Target
    heard: key.Heard


class DeafTarget(Record):
    """An object of `deaf`: a target that is not heard; `last_proof` is null if it never was."""

    target: key.Target
    last_proof: key.LastProof | None


class InvitationRecord(Record):
    """An object of `invitations`: a channel joined on invitation, and who invited when."""

    target: key.Target
    by: key.By
    at: key.At
    kicks: key.Kicks
    why: key.Why | None
    over: key.Over


class NetworkRecord(Record):
    """An object of `networks`: a network; `since` is when the server welcomed the recorder."""

    network: key.Network
    connection: key.Connection
    connected: key.Connected
    server: key.Server | None
    nick: key.Nick | None
    since: key.Since | None
    last_heard: key.LastHeard | None
    last_event: key.LastEvent | None
    lag_seconds: key.LagSeconds | None
    clock_offset_seconds: key.ClockOffsetSeconds | None
    reconnects: key.Reconnects
    joined: key.Joined
    wanted: key.Wanted
    targets: Annotated[list[TargetStatus], Meta(description="Targets of the object.")]
    invitations: Annotated[
        list[InvitationRecord], Meta(description="Channels of invitations, of this run or earlier.")
    ]
    problems: key.Problems
    off_record: key.OffRecord
    ignored: key.Ignored
    not_understood: key.NotUnderstood
    holds: Annotated[
        list[HeldTarget] | None,
        Meta(description="Targets that the run records; null for versions without hand-over."),
    ]
    awaits: Annotated[
        list[HeldTarget], Meta(description="Targets that the run takes over from another run.")
    ]
    deaf: Annotated[
        list[DeafTarget], Meta(description="Targets of `holds` and `awaits` that are not heard.")
    ]
    gaps_waiting: key.GapsWaiting


class RunRecord(Record, tag="run"):
    """A run from `since` to `until`, as it reported itself at `at`; `why` is why it ended."""

    archive: key.Archive
    pid: key.Pid
    version: key.Version
    alive: key.Alive
    since: key.Since
    at: key.At
    until: key.Until | None
    why: key.Why | None
    networks: Annotated[list[NetworkRecord], Meta(description="Networks of the object.")]
    loop_lag_seconds: key.LoopLagSeconds
    errors: key.Errors
    disk_free_bytes: key.DiskFreeBytes
    waiting_lines: key.WaitingLines
    waiting_bytes: key.WaitingBytes
    piped: key.Piped | None
    shipped: key.Shipped | None


# -- verify and maintain -----------------------------------------------------------


class FindingRecord(Record, tag="finding"):
    """One finding of a verification; without `line` it is about the whole file."""

    network: key.Network | None
    target: key.Target | None
    path: key.Path
    line: key.Line | None
    why: key.Why
    repairable: key.Repairable


class VerifiedTarget(Record):
    """An object of `targets`: a target that was verified; `sha256` is null without a MANIFEST."""

    network: key.Network
    target: key.Target
    path: key.Path
    sha256: key.Sha256 | None


class SummaryRecord(Record, tag="summary"):
    """The amount that was verified, and the ends of all manifests."""

    segments: key.Segments
    lines_read: key.LinesRead
    bytes_read: key.BytesRead
    findings: key.FindingCount
    repairable_findings: key.RepairableFindings
    later_entries: key.LaterEntries
    targets: Annotated[list[VerifiedTarget], Meta(description="Targets of the object.")]
    digest: key.Digest


class TendedRecord(Record):
    """A file that was tended, or would be; `busy` is a target that another process tends."""

    type: key.Deed
    network: key.Network
    target: key.Target
    path: key.Path


class ShipRecord(Record, tag="ship"):
    """A run of a shipper; `witness` is the name of the archive on the bus."""

    witness: key.BusWitness
    messages: Annotated[int, Meta(ge=0, description="Number of messages that were published.")]


class LostRecord(Record):
    """Messages that a collector lacks, by their numbers."""

    witness: key.BusWitness
    first: Annotated[int, Meta(ge=1, description="Number of the first of them.")]
    last: Annotated[int, Meta(ge=1, description="Number of the last of them.")]


class CollectRecord(Record, tag="collect"):
    """A run of a collector."""

    added: key.Added
    added_targets: Annotated[int, Meta(ge=0, description="Number of targets with added lines.")]
    repeated_messages: Annotated[
        int, Meta(ge=0, description="Number of messages that had come before.")
    ]
    damaged_messages: Annotated[
        int, Meta(ge=0, description="Number of messages that could not be read.")
    ]
    lost: Annotated[list[LostRecord], Meta(description="Messages that are lost so far.")]


class BackupRecord(Record, tag="backup"):
    """A snapshot of the archive that was made, or would be; `why` is the reason if it was not."""

    snapshot: Annotated[str, Meta(description="Path of the snapshot.")]
    target_count: Annotated[int, Meta(ge=0, description="Number of targets of the archive.")]
    copied_files: Annotated[int, Meta(ge=0, description="Number of files that were copied.")]
    copied_bytes: Annotated[int, Meta(ge=0, description="Size of the copied files, in bytes.")]
    linked_files: Annotated[
        int, Meta(ge=0, description="Number of files that are those of the snapshot before.")
    ]
    linked_bytes: Annotated[int, Meta(ge=0, description="Size of those files, in bytes.")]
    unknown_files: Annotated[
        list[str], Meta(description="Files that chatlog did not write, which are left out.")
    ]
    archive_problems: Annotated[list[str], Meta(description="Problems of the archive, for people.")]
    failed: Annotated[
        list[str], Meta(description="Targets and files that could not be copied, for people.")
    ]
    removed: Annotated[list[str], Meta(description="Names of the old snapshots that were removed.")]
    why: key.Why | None


class ExportRecord(Record, tag="export"):
    """An export to one destination: its format, and the number of files of each fate."""

    format: Annotated[str, Meta(description="Format of the files.")]
    destination: Annotated[str, Meta(description="Path of the files, with its tokens.")]
    written_files: Annotated[int, Meta(ge=0, description="Number of files with new content.")]
    unchanged_files: Annotated[int, Meta(ge=0, description="Number of files left as they were.")]
    removed_files: Annotated[
        int, Meta(ge=0, description="Number of files removed, as no line is left for them.")
    ]
    exported_lines: Annotated[int, Meta(ge=0, description="Number of lines in all files.")]
    exported_bytes: Annotated[int, Meta(ge=0, description="Size of all files, in bytes.")]


# -- config check ------------------------------------------------------------------


class ConfiguredNetwork(Record):
    """An object of `networks`: a network of the configuration, without secrets."""

    network: key.Network
    preset: key.Preset | None
    servers: key.Servers
    channels: key.Channels


class ExplainedRecord(Record, tag="explained"):
    """The rule that matches a channel, the classes to record there, and for how long."""

    network: key.Network
    target: key.Target
    rule: key.Rule | None
    classes: key.Classes
    keep: key.KeepSeconds
    apart: key.ApartClasses


class ConfigRecord(Record, tag="config"):
    """A configuration that is valid."""

    file: key.File
    networks: Annotated[list[ConfiguredNetwork], Meta(description="Networks of the object.")]
    warnings: key.Warnings
