"""`chatlog verify`: is every segment of an archive whole and unaltered."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatlog.cli.options.reading import network_option, output_option
from chatlog.errors import NothingFoundError
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.archive.locks import Locks
    from chatlog.archive.targets import Target
    from chatlog.upkeep.findings import Checked, Finding

_TRIES = 100
_PAUSE = 0.1


@click.command()
@click.argument("patterns", metavar="[TARGET]...", nargs=-1)
@output_option
@network_option
@click.option("--repair", is_flag=True, help="First put right what can be without losing anything.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each finding.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless something is found.")
def command(
    *,
    patterns: tuple[str, ...],
    output: str | None,
    network: str | None,
    repair: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Look whether every segment is whole, in its place, and as it was sealed.

    The exit status is 1 where anything is found: each is said with its place.

    \b
      chatlog verify
      chatlog verify python --output /var/lib/chatlog
      chatlog verify --json | jq -r 'select(.type == "finding") | .path'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.archive.locks import Locks  # noqa: PLC0415 - --help does not pay for it
    from chatlog.archive.targets import Targets  # noqa: PLC0415
    from chatlog.upkeep.verify import version_findings  # noqa: PLC0415

    root = Path(parsers.archive_root(output, os.environ))
    version = version_findings(root)
    known = Targets(root, patterns, (network,) if network else ())
    targets = known.find() if patterns or network else known.all()
    if not targets:
        raise NothingFoundError(f"nothing to verify in {root}; say where it is with --output")
    locks = Locks(root)
    try:
        if repair:
            _repair(root, locks, targets, said=not (as_json or quiet))
        whole = not (patterns or network)
        shown = not (as_json or quiet)
        findings, checked = _verify(root, locks, targets, whole=whole, shown=shown)
    finally:
        locks.close()
    findings = [*version, *findings]
    _say(findings, checked, as_json=as_json, quiet=quiet)
    if findings:
        raise NothingFoundError(_verdict(findings))


def _is_held(locks: Locks, target: Target) -> bool:
    from chatlog.archive.targets import is_cut, spelled  # noqa: PLC0415 - as above

    if is_cut(target.network) or is_cut(target.name):
        return True  # its lock cannot be told from its path
    return locks.is_held(spelled(target.network), spelled(target.name))


def _repair(root: Path, locks: Locks, targets: list[Target], *, said: bool) -> None:
    from chatlog.archive.storage import Storage  # noqa: PLC0415
    from chatlog.archive.system import System  # noqa: PLC0415 - as above
    from chatlog.archive.version import expect_known_version  # noqa: PLC0415
    from chatlog.upkeep.tending import tender_of  # noqa: PLC0415

    expect_known_version(root)
    tender = tender_of(Storage(root=root), System(), locks)
    for target in targets:
        if _is_held(locks, target):
            click.echo(f"chatlog: {_safe(target.path)} is left to its recorder", err=True)
            continue
        for path in tender.repair(Path(target.path)):
            if said:
                click.echo(f"mended {_safe(str(path.relative_to(root)))}")


def _verify(
    root: Path, locks: Locks, targets: list[Target], *, whole: bool, shown: bool
) -> tuple[list[Finding], Checked]:
    from chatlog.cli.show.progress import progress  # noqa: PLC0415 - as above
    from chatlog.upkeep.verify import Verifier  # noqa: PLC0415

    with progress("verifying", _size(targets), shown=shown) as advance:
        verifier = Verifier(root, advance)
        findings = list(verifier.around()) if whole else []
        for target in targets:
            directory, held = Path(target.path), _is_held(locks, target)
            with _undisturbed(locks, root, directory):
                findings += verifier.target(directory, held=held)
    return findings, verifier.checked


@contextmanager
def _undisturbed(locks: Locks, root: Path, directory: Path) -> Iterator[None]:
    """Keep others from sealing what is being looked at, as far as that needs no new file."""
    from chatlog.errors import TranscriptError  # noqa: PLC0415 - as above

    if not (root / ".lock").exists():  # nobody has ever recorded or tended here
        yield
        return
    with ExitStack() as stack:
        with suppress(TranscriptError):  # of an archive that may only be read
            for _ in range(_TRIES):
                if stack.enter_context(locks.sealing(directory)):
                    break
                time.sleep(_PAUSE)
        yield


def _size(targets: list[Target]) -> int:
    from chatlog.archive.layout import parse_segment  # noqa: PLC0415 - as above
    from chatlog.archive.targets import scan  # noqa: PLC0415

    return sum(
        item.stat().st_size
        for target in targets
        for item in scan(target.path)
        if parse_segment(item.name) and item.is_file()
    )


def _say(findings: list[Finding], checked: Checked, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        for finding in findings:
            click.echo(json.dumps({"type": "finding", **finding._asdict()}))
        click.echo(json.dumps(_summary(findings, checked)))
    else:
        for finding in findings:
            place = f"{finding.path}:{finding.line}" if finding.line else finding.path
            click.echo(_safe(f"{place}: {finding.reason}"))
        if not quiet:
            _say_summary(checked)
    sys.stdout.flush()


def _summary(findings: list[Finding], checked: Checked) -> dict[str, object]:
    from chatlog.upkeep.verify import digest_of  # noqa: PLC0415 - as above

    return {
        "type": "summary",
        "targets": checked.targets,
        "segments": checked.segments,
        "lines": checked.lines,
        "bytes": checked.bytes,
        "findings": len(findings),
        "repairable": sum(finding.repairable for finding in findings),
        "heads": checked.heads,
        "digest": digest_of(checked.heads),
    }


def _say_summary(checked: Checked) -> None:
    from chatlog.upkeep.verify import digest_of  # noqa: PLC0415 - as above

    click.echo(
        f"{checked.segments:,} segments of {checked.targets:,} targets,"
        f" {checked.lines:,} lines, {checked.bytes:,} bytes"
    )
    click.echo(f"digest of all manifests: {digest_of(checked.heads)}")


def _verdict(findings: list[Finding]) -> str:
    repairable = sum(finding.repairable for finding in findings)
    things = "1 thing is" if len(findings) == 1 else f"{len(findings)} things are"
    advice = "; `chatlog verify --repair` puts {} right".format(
        "that" if repairable == len(findings) else f"{repairable} of them"
    )
    return f"{things} not as it should be{advice if repairable else ''}"


def _safe(text: str) -> str:
    from chatlog.formats.visible import visible  # noqa: PLC0415 - as above

    return visible(text.encode("utf-8", "backslashreplace").decode())
