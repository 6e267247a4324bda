"""`chatlog backup`: a snapshot of the archive while it is recorded, from cron."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from chatlog import clock
from chatlog.archive.system import TreeSystem
from chatlog.archive.targets import Targets
from chatlog.archive.version import expect_known_version
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.recording import archive_option
from chatlog.cli.options.storage import storage_config_option, typed_storage
from chatlog.cli.options.types import PathType
from chatlog.cli.show.backups import backup_line
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.nothing_found import no_archive
from chatlog.cli.show.progress import progress
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import NothingFoundError, TranscriptError
from chatlog.formats.wording import many
from chatlog.upkeep.backup import Backup, back_up
from chatlog.upkeep.inspection import total_size
from chatlog.upkeep.snapshots import LATEST, Snapshots


@click.command(cls=HelpCommand)
@click.argument("dest", metavar="DEST", type=PathType(path_type=Path))
@archive_option
@storage_config_option
@click.option(
    "--keep-snapshots",
    type=click.IntRange(min=1),
    metavar="N",
    help="Remove the oldest snapshots, so that N are left. Default: keep all.",
)
@click.option("--dry-run", is_flag=True, help="Print the result, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="Print problems and errors only.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    dest: Path,
    keep_snapshots: int | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **_: Any,
) -> None:
    """Copy the archive, also while it is recorded, into a new snapshot in DEST.

    A snapshot is an archive: every command reads it, and DEST/latest is the newest one.
    Sealed segments that the snapshot before has as well are hard links, and take no
    room. A backup that was interrupted is simply run again; earlier snapshots stay whole.

    \b
      chatlog backup /mnt/backup/chatlog
      chatlog backup /mnt/backup/chatlog --quiet --keep-snapshots 30
      chatlog backup /mnt/backup/chatlog --dry-run
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    root = typed_storage(ctx).root
    snapshots = Snapshots(dest, TreeSystem())
    directories = _directories(root)
    snapshots.expect_place(root)
    shown = not (quiet or as_json)
    with progress("copying", total_size(directories) if shown else 0, shown=shown) as advance:
        system = None if dry_run else TreeSystem()
        done = back_up(root, snapshots, system, clock.now(), keep=keep_snapshots, advance=advance)
    for problem in (*done.problems, *map(str, done.failed)):
        write_message(problem)
    if not done.has_latest:
        write_message(f"{dest / LATEST} could not be made; use {done.path}")
    if as_json:
        from chatlog.cli.show.json_views import backup_record

        write(json_line(backup_record(done)))
    elif not quiet:
        click.echo(backup_line(done, dry_run=dry_run))
    sys.stdout.flush()
    _end(done)


def _directories(root: Path) -> list[Path]:
    """Return the directories of all targets; raise the error of an archive without any."""
    if not root.is_dir():
        raise no_archive(root).error()
    expect_known_version(root)
    targets = Targets(root)
    found = [Path(target.path) for target in targets.all()]
    if not found and not targets.refused:
        raise NothingFoundError(f"{root} holds nothing yet; no snapshot is made of it")
    return found


def _end(done: Backup) -> None:
    if not done.is_made:
        raise TranscriptError("nothing could be copied, and no snapshot is made; see above")
    if done.failed:
        lacking = many(len(done.failed), "channel or file", "channels or files")
        raise TranscriptError(f"the snapshot lacks {lacking}; see above, and run this again")
    if done.problems:
        raise NothingFoundError(
            f"the archive has {many(len(done.problems), 'problem')}; see above, and restore"
            " those segments from an earlier snapshot"
        )
