"""Verifications, maintenance, batches, audits and configurations as records of JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatlog.archive.targets import spelled
from chatlog.event import CLASSES
from chatlog.report.json_records import (
    AuditRecord,
    BackupRecord,
    CollectRecord,
    ComparisonRecord,
    ConfigRecord,
    ConfiguredNetwork,
    ConflictRecord,
    ExplainedRecord,
    ExportRecord,
    FindingRecord,
    LogRecord,
    LostRecord,
    MergeRecord,
    OddLineRecord,
    PassedOverRecord,
    ShipRecord,
    SummaryRecord,
    SyncGap,
    SyncRecord,
    TendedRecord,
    VerifiedTarget,
)
from chatlog.upkeep.tending import DEEDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.audit.compare import Findings
    from chatlog.bus.collection import Collection
    from chatlog.bus.shipper import Shipped
    from chatlog.cli.show.rulings import Explained
    from chatlog.cli.show.sync_results import SyncResult
    from chatlog.export.run import Exported
    from chatlog.ingest.log_import import LogImport
    from chatlog.ingest.log_reader import ImportedLog
    from chatlog.report.json_keys import Deed
    from chatlog.report.json_records import Record
    from chatlog.settings.config import Config
    from chatlog.settings.network import NetworkConfig
    from chatlog.settings.server_names import ServerName
    from chatlog.upkeep.backup import Backup
    from chatlog.upkeep.findings import Finding
    from chatlog.upkeep.inspection import Inspection
    from chatlog.upkeep.tending import Tended
    from chatlog.upkeep.witness import TargetPlace
    from chatlog.upkeep.witness_audit import TargetComparison
    from chatlog.upkeep.witness_merge import MergedTarget

_PARTS: Final = 2  # of the path of a target: its network and itself


# -- verify ------------------------------------------------------------------------


def inspection_records(root: Path, inspection: Inspection) -> Iterator[Record]:
    """Yield the record of each finding, and the summary."""
    for finding in inspection.findings:
        yield _finding_record(root, finding)
    checked = inspection.checked
    yield SummaryRecord(
        segments=checked.segments,
        lines_read=checked.lines,
        bytes_read=checked.bytes,
        findings=len(inspection.findings),
        repairable_findings=inspection.repairable,
        later_entries=checked.later,
        targets=[_verified_target(each, checked.heads.get(each)) for each in checked.targets],
        digest=inspection.digest,
    )


def _finding_record(root: Path, finding: Finding) -> FindingRecord:
    network, target = _place_of(root, finding.path)
    return FindingRecord(
        network=network,
        target=target,
        path=finding.path,
        line=finding.line or None,
        why=finding.reason,
        repairable=finding.repairable,
    )


def _place_of(root: Path, path: str) -> tuple[str | None, str | None]:
    """Return the network and the target to which a path of the archive belongs, if to any."""
    parts = Path(path).parts
    is_directory = (root / path).is_dir()
    known = parts if is_directory else parts[:-1]
    if not known or known[0].startswith("."):  # as the files of runs
        return None, None
    return spelled(known[0]), spelled(known[1]) if len(known) >= _PARTS else None


def _verified_target(path: str, head: str | None) -> VerifiedTarget:
    network, target = Path(path).parts
    return VerifiedTarget(
        network=spelled(network), target=spelled(target), path=path, sha256=head or None
    )


# -- maintain ----------------------------------------------------------------------

_FORESEEN: Final[dict[str, Deed]] = {
    "sealed": "would_seal",
    "removed": "would_remove",
    "folded": "would_fold",
    "mended": "would_mend",
}


def tended_records(root: Path, done: Tended, *, dry_run: bool) -> Iterator[TendedRecord]:
    """Yield the record of each file that was tended, or would be, and of each busy target."""
    for deed in DEEDS:
        kind = _FORESEEN[deed] if dry_run else deed
        for path in done.paths(deed):
            yield _tended_record(root, kind, path, path.parent)
    for path in done.busy:
        yield _tended_record(root, "busy", path, path)


def _tended_record(root: Path, kind: Deed, path: Path, directory: Path) -> TendedRecord:
    return TendedRecord(
        type=kind,
        network=spelled(directory.parent.name),
        target=spelled(directory.name),
        path=str(path.relative_to(root)),
    )


def ship_record(witness: str, shipped: Shipped) -> ShipRecord:
    """Return the record of a run of a shipper."""
    return ShipRecord(witness=witness, messages=shipped.messages)


def collect_record(collection: Collection) -> CollectRecord:
    """Return the record of a run of a collector."""
    return CollectRecord(
        added=sum(collection.lines.values()),
        added_targets=len(collection.lines),
        repeated_messages=collection.repeated,
        damaged_messages=collection.damaged,
        lost=[
            LostRecord(witness=witness, first=ask.first, last=ask.last)
            for witness, ask in collection.lost()
        ],
    )


def backup_record(done: Backup) -> BackupRecord:
    """Return the record of a backup."""
    return BackupRecord(
        snapshot=str(done.path),
        target_count=done.targets,
        copied_files=done.copied_files,
        copied_bytes=done.copied_bytes,
        linked_files=done.linked_files,
        linked_bytes=done.linked_bytes,
        unknown_files=list(map(str, done.unknown)),
        archive_problems=done.problems,
        failed=list(map(str, done.failed)),
        removed=list(done.removed),
        why=None if done.is_made else "nothing could be copied",
    )


def export_record(done: Exported, to: str, destination: str) -> ExportRecord:
    """Return the record of an export."""
    return ExportRecord(
        format=to,
        destination=destination,
        written_files=done.written,
        unchanged_files=done.unchanged,
        removed_files=done.removed,
        exported_lines=done.lines,
        exported_bytes=done.size,
    )


# -- sync and audit ----------------------------------------------------------------


def sync_record(result: SyncResult) -> SyncRecord:
    """Return the record of a batch for one channel."""
    gaps = [
        SyncGap(
            since=gap.start.time,
            until=gap.end,
            seconds=gap.milliseconds / 1000,
            cause=gap.cause or None,
            why=gap.why or None,
        )
        for gap in result.open
    ]
    return SyncRecord(
        network=result.network, target=result.target, fetched=result.fetched, gaps=gaps
    )


def audit_record(network: str, findings: Findings) -> AuditRecord:
    """Return the record of an audit of one channel."""
    return AuditRecord(
        network=network,
        target=findings.target,
        since=findings.since or None,
        until=findings.until or None,
        asked=findings.asked,
        present=findings.present,
        missing=findings.missing,
        extra=findings.extra,
        why=findings.why or None,
    )


def comparison_record(
    place: TargetPlace, found: TargetComparison, other: str, bounds: tuple[str, str]
) -> ComparisonRecord:
    """Return the record of the comparison of one target with another archive in a range."""
    conflicts = ((None, found.missing_lines), (other, found.extra_lines))
    return ComparisonRecord(
        network=spelled(place.network),
        target=spelled(place.target),
        since=bounds[0] or None,
        until=bounds[1] or None,
        shared=found.shared,
        reordered=found.reordered,
        by_clock=found.by_clock,
        missing_lines=found.missing,
        extra_lines=found.extra,
        conflicting=found.conflicting,
        missing=[each.event for each in found.missing_lines],
        extra=[each.event for each in found.extra_lines],
        conflicts=[
            ConflictRecord(
                lacking=lacking, missing=[each.event for each in lines if each.is_conflict]
            )
            for lacking, lines in conflicts
            if any(each.is_conflict for each in lines)
        ],
        why=found.error or None,
    )


def import_records(work: LogImport) -> Iterator[Record]:
    """Yield the record of each log of an import, of each path passed over, and each target."""
    for each in work.logs:
        yield _log_record(each)
    for path in work.passed_over:
        yield PassedOverRecord(log=path.path, why=path.why)
    for place in sorted(work.targets):
        yield merge_record(place, work.targets[place])


def _log_record(log: ImportedLog) -> LogRecord:
    tally = log.tally
    return LogRecord(
        log=log.file.path,
        dialect=log.dialect or None,
        read=tally.lines,
        understood=tally.understood,
        noise=tally.noise,
        ambiguous=tally.ambiguous,
        unknown=tally.unknown,
        given=log.events,
        odd=[
            OddLineRecord(
                number=each.number, text=each.text, why=each.why, imported=each.is_ambiguous
            )
            for each in log.odd
        ],
        notes=tally.notes,
        why=log.problem or None,
    )


def merge_record(place: TargetPlace, merged: MergedTarget) -> MergeRecord:
    """Return the record of the merge of one target."""
    return MergeRecord(
        network=spelled(place.network),
        target=spelled(place.target),
        added=merged.added,
        left=merged.left,
        known=merged.known,
        shared=merged.shared,
        reordered=merged.reordered,
        by_clock=merged.by_clock,
        conflicting=merged.conflicting,
        conflicts=[
            ConflictRecord(
                lacking=lacking or None,
                missing=[each.event for each in merged.conflicts if each.lacking == lacking],
            )
            for lacking in dict.fromkeys(each.lacking for each in merged.conflicts)
        ],
        why=merged.error or None,
    )


# -- config check ------------------------------------------------------------------


def config_record(file: Path, config: Config) -> ConfigRecord:
    """Return the record of a configuration, without secrets."""
    return ConfigRecord(
        file=str(file),
        networks=[_configured(name, network) for name, network in config.networks.items()],
        warnings=[*config.warnings],
    )


def explained_record(found: Explained) -> ExplainedRecord:
    """Return the record of the ruling for a channel."""
    ruling = found.ruling
    recorded = frozenset() if found.nolog else ruling.record
    return ExplainedRecord(
        network=found.network,
        target=found.target,
        rule=ruling.number or None,
        classes=[each for each in CLASSES if each in recorded],
        keep={name: kept for name in CLASSES if (kept := ruling.keep[name]) is not None},
        apart=[each for each in CLASSES if each in ruling.apart],
    )


def _configured(name: str, network: NetworkConfig) -> ConfiguredNetwork:
    return ConfiguredNetwork(
        network=name,
        preset=network.preset or None,
        servers=[_server(each) for each in network.servers],
        channels=[channel.name for channel in network.channels],
    )


def _server(server: ServerName) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{host}:{server.port}" if server.port else host
