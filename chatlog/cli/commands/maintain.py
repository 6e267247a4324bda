"""`chatlog maintain`: seal, compress and remove segments that are due, from cron."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatlog import clock
from chatlog.archive.locks import Locks
from chatlog.archive.system import System
from chatlog.archive.targets import Targets
from chatlog.archive.version import expect_known_version
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.recording import archive_option, keeping_options
from chatlog.cli.options.storage import storage_config_option, typed_storage
from chatlog.cli.repeated_exports import repeat_exports
from chatlog.cli.show.maintenance import tended_lines
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.nothing_found import no_archive
from chatlog.cli.show.progress import progress
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import TranscriptError, UsageError
from chatlog.formats.wording import many
from chatlog.upkeep.holding import holding_of
from chatlog.upkeep.retention import empties
from chatlog.upkeep.tending import Tended, tender_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.upkeep.holding import Holding
    from chatlog.upkeep.tending import Tender


@click.command(cls=HelpCommand)
@archive_option
@storage_config_option
@keeping_options
@click.option("--dry-run", is_flag=True, help="Print the actions, and do nothing.")
@click.option(
    "--export",
    "exports",
    is_flag=True,
    help="Then make all exports of the archive again, as `chatlog export` made them first.",
)
@click.option(
    "--empty",
    is_flag=True,
    help="Allow the removal of every segment, which a wrong clock would cause as well.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    dry_run: bool,
    exports: bool,
    empty: bool,
    as_json: bool,
    quiet: bool,
    **_: Any,
) -> None:
    """Seal the segments whose period is over, and remove those that are too old.

    A running recorder seals its own segments; this command removes the old ones
    there too. Both may run at the same time.

    \b
      chatlog maintain --archive /var/lib/chatlog --quiet
      chatlog maintain --config chatlog.toml --keep 90d --dry-run
      chatlog maintain --export --quiet
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    if exports and dry_run:
        raise UsageError("--dry-run cannot list exports; leave out --export")
    storage, moment = typed_storage(ctx), clock.now()
    if not storage.root.is_dir():
        raise no_archive(storage.root).error()
    expect_known_version(storage.root)
    locks = Locks(storage.root)
    try:
        holding = holding_of(locks)
        tender = tender_of(storage, System(), locks).bounded(holding, moment)
        if not empty and empties(tender.retention, tender.all(), holding, moment):
            raise UsageError(
                f"this would remove every segment of {tender.root}, as the clock says {moment};"
                " add --empty if that is intended"
            )
        done = _tend(tender, holding, moment, dry_run=dry_run, shown=not (quiet or as_json))
    finally:
        locks.close()
    _show(storage.root, done, dry_run=dry_run, as_json=as_json, quiet=quiet)
    failed = _export(storage.root, as_json=as_json, quiet=quiet) if exports else 0
    _expect_done(len(done.failed), failed)


def _tend(
    tender: Tender,
    holding: Callable[[Path], Holding],
    moment: str,
    *,
    dry_run: bool,
    shown: bool,
) -> Tended:
    targets, done = Targets(tender.root), Tended()
    directories = [Path(target.path) for target in targets.all()]
    tend = tender.foresee if dry_run else tender.tend
    with progress("tending", len(directories), shown=shown) as advance:
        for done in tend(directories, holding, moment):  # noqa: B007 - the last one counts
            advance(1)
    done.failed += targets.refused.values()
    return done


def _show(root: Path, done: Tended, *, dry_run: bool, as_json: bool, quiet: bool) -> None:
    for error in done.failed:
        write_message(str(error))
    if as_json:
        from chatlog.cli.show.json_views import tended_records

        write(b"".join(map(json_line, tended_records(root, done, dry_run=dry_run))))
    elif not quiet:
        for line in tended_lines(done, dry_run=dry_run):
            click.echo(line)
    sys.stdout.flush()


def _export(root: Path, *, as_json: bool, quiet: bool) -> int:
    """Bring the exports of an archive up to date; return the number that failed."""
    flags = [*(["--json"] if as_json else []), *(["--quiet"] if quiet else [])]

    def left_out(line: str) -> None:
        if not quiet:
            click.echo(line, err=as_json)

    return sum(1 for _ in repeat_exports(root, flags, left_out))


def _expect_done(targets: int, exports: int) -> None:
    """Raise TranscriptError if some targets or exports failed; each was reported before."""
    failed = [
        *([f"{many(targets, 'target')} could not be maintained"] if targets else []),
        *([f"{many(exports, 'export')} could not be made"] if exports else []),
    ]
    if failed:
        raise TranscriptError(f"{' and '.join(failed)}; see above, and run this again")
