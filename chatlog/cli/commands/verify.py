"""`chatlog verify`: whether every segment of an archive is whole and unaltered."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatlog.archive.locks import Locks
from chatlog.archive.targets import Targets
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.reading import archive_options, network_option, target_options
from chatlog.cli.show.inspections import finding_lines, repair_lines, summary_lines, verdict
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.nothing_found import nothing_found, warn_of_unknown
from chatlog.cli.show.progress import progress
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import NothingFoundError
from chatlog.formats.visible import printable
from chatlog.upkeep.findings import Finding
from chatlog.upkeep.inspection import inspect, repair, total_size
from chatlog.upkeep.verify import version_findings

if TYPE_CHECKING:
    from chatlog.upkeep.inspection import Inspection


@click.command(cls=HelpCommand)
@target_options
@archive_options(any_version=True)
@network_option
@click.option(
    "--repair",
    "repairs",
    is_flag=True,
    help="First repair damage that can be repaired without loss.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object for each finding, and a summary."
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing if the exit status is 0.")
def command(
    *,
    targets: tuple[str, ...],
    root: str,
    network: str | None,
    repairs: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Check that every segment is whole, in its place, and as it was sealed.

    The exit status is 1 if there are findings: each is printed with its place.

    \b
      chatlog verify
      chatlog verify python --archive /var/lib/chatlog
      chatlog verify --json | jq -r 'select(.type == "finding") | .path'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    place = Path(root)
    version = version_findings(place)
    known = Targets(place, targets, (network,) if network else ())
    some = bool(targets or network)
    directories = [Path(target.path) for target in (known.find() if some else known.all())]
    found = [*version, *_refused(place, known)]
    if not (directories or found):
        raise nothing_found(known).error()
    warn_of_unknown(known)
    shown = not (as_json or quiet)
    locks = Locks(place)
    try:
        if repairs:
            _repair(place, locks, directories, shown=shown)
        with progress("verifying", total_size(directories), shown=shown) as advance:
            inspection = inspect(
                place, locks, directories, found=found, around=not some, advance=advance
            )
    finally:
        locks.close()
    if as_json:
        _write_json(place, inspection)
    else:
        _show(inspection, quiet=quiet)
    sys.stdout.flush()
    if inspection.findings:
        raise NothingFoundError(verdict(inspection))


def _refused(root: Path, targets: Targets) -> list[Finding]:
    """Return a finding for each network whose directory could not be read."""
    errors = targets.refused.items()
    return [Finding(os.path.relpath(path, root), 0, str(error)) for path, error in errors]


def _repair(root: Path, locks: Locks, directories: list[Path], *, shown: bool) -> None:
    for done in repair(root, locks, directories):
        if done.mended is None:
            write_message(f"{printable(str(done.directory))} is not repaired: a recorder holds it")
        if done.error:
            write_message(f"{printable(str(done.directory))} is not repaired: {done.error}")
        for line in repair_lines(root, done) if shown else ():
            click.echo(line)


def _show(inspection: Inspection, *, quiet: bool) -> None:
    for line in finding_lines(inspection):
        click.echo(line)
    for line in () if quiet else summary_lines(inspection):
        click.echo(line)


def _write_json(root: Path, inspection: Inspection) -> None:
    from chatlog.cli.show.json_views import inspection_records

    write(b"".join(map(json_line, inspection_records(root, inspection))))
