"""`chatlog maintain`: seal, compress and remove what is due, from cron."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog.cli.options.recording import keeping_options, output_option
from chatlog.cli.options.types import given
from chatlog.errors import NothingFoundError, TranscriptError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.archive.locks import Locks
    from chatlog.archive.storage import Storage
    from chatlog.upkeep.holding import Holding
    from chatlog.upkeep.tending import Tended, Tender

_WORDS: Final = {"sealed": "seal", "removed": "remove", "mended": "mend"}


@click.command()
@output_option
@click.option(
    "--config",
    envvar="CHATLOG_CONFIG",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the settings of [storage] from there.",
)
@keeping_options
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--empty",
    is_flag=True,
    help="Remove even everything: refused otherwise, as a wrong clock would ask for it.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless a human is needed.")
@click.pass_context
def command(
    ctx: click.Context, /, *, dry_run: bool, empty: bool, as_json: bool, quiet: bool, **_: Any
) -> None:
    """Seal the segments whose period is over, and remove those that are too old.

    What a running recorder holds it seals itself; this removes there what is
    due. Both may run at the same time.

    \b
      chatlog maintain --output /var/lib/chatlog --quiet
      chatlog maintain --config chatlog.toml --keep 90d --dry-run
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.archive.locks import Locks  # noqa: PLC0415
    from chatlog.archive.system import System  # noqa: PLC0415
    from chatlog.archive.version import expect_known_version  # noqa: PLC0415
    from chatlog.clock import now  # noqa: PLC0415 - --help does not pay for it
    from chatlog.upkeep.tending import tender_of  # noqa: PLC0415

    storage = _storage(ctx)
    if not storage.root.is_dir():
        raise NothingFoundError(
            f"there is no archive in {storage.root}; say where it is with --output"
        )
    expect_known_version(storage.root)
    locks = Locks(storage.root)
    try:
        holding, moment = _holding(locks), now()
        tender = tender_of(storage, System(), locks).bounded(holding, moment)
        if not empty:
            _expect_something_left(tender, holding, moment)
        done = _do(tender, holding, moment, dry_run=dry_run, shown=not (quiet or as_json))
    finally:
        locks.close()
    _say(done, dry_run=dry_run, as_json=as_json, quiet=quiet)


def _storage(ctx: click.Context) -> Storage:
    from chatlog.cli.options.storage import storage_of, typed_over  # noqa: PLC0415 - as above
    from chatlog.settings.file import load  # noqa: PLC0415
    from chatlog.settings.storage import StorageConfig  # noqa: PLC0415

    typed = given(ctx)
    path = typed.get("config")
    kept = StorageConfig() if path is None else load(path).storage
    return storage_of(typed_over(kept, typed))


def _holding(locks: Locks) -> Callable[[Path], Holding]:
    """Say of each target who records it."""
    from chatlog.archive.targets import is_cut, spelled  # noqa: PLC0415 - as above
    from chatlog.upkeep.holding import ELSEWHERE, NOBODY  # noqa: PLC0415

    def holding(directory: Path) -> Holding:
        network, target = directory.parent.name, directory.name
        # Of a name too long for a path no lock can be told; its recorder seals it.
        unknown = is_cut(network) or is_cut(target)
        if unknown or locks.is_held(spelled(network), spelled(target)):
            return ELSEWHERE
        return NOBODY

    return holding


def _expect_something_left(tender: Tender, holding: Callable[[Path], Holding], moment: str) -> None:
    from chatlog.upkeep.retention import empties  # noqa: PLC0415 - as above

    if empties(tender.retention, tender.all(), holding, moment):
        raise UsageError(
            f"that would remove every segment of {tender.root}, going by a clock that says"
            f" {moment}; if that is meant, say --empty"
        )


def _do(
    tender: Tender,
    holding: Callable[[Path], Holding],
    moment: str,
    *,
    dry_run: bool,
    shown: bool,
) -> Tended:
    from chatlog.cli.show.progress import progress  # noqa: PLC0415 - as above
    from chatlog.upkeep.tending import Tended  # noqa: PLC0415

    directories, done = tender.all(), Tended()
    tend = tender.foresee if dry_run else tender.tend
    with progress("tending", len(directories), shown=shown) as advance:
        for done in tend(directories, holding, moment):  # noqa: B007 - the last one counts
            advance(1)
    return done


def _say(done: Tended, *, dry_run: bool, as_json: bool, quiet: bool) -> None:
    for error in done.failed:
        click.echo(f"chatlog: {error}", err=True)
    if as_json:
        _say_json(done)
    elif not quiet:
        _say_plainly(done, dry_run=dry_run)
    sys.stdout.flush()
    if done.failed:
        count = len(done.failed)
        raise TranscriptError(
            f"{count} target{'s' if count > 1 else ''} could not be tended; see above,"
            " and run this again"
        )


def _say_json(done: Tended) -> None:
    for what in _WORDS:
        for path in getattr(done, what):
            click.echo(json.dumps({"type": what, "path": str(path)}))
    for path in done.busy:
        click.echo(json.dumps({"type": "busy", "path": str(path)}))


def _say_plainly(done: Tended, *, dry_run: bool) -> None:
    from chatlog.formats.visible import visible_word  # noqa: PLC0415 - as above

    for what, infinitive in _WORDS.items():
        for path in getattr(done, what):
            click.echo(f"{'would ' + infinitive if dry_run else what} {visible_word(str(path))}")
    for path in done.busy:
        click.echo(f"left {visible_word(str(path))} to another chatlog that tends it now")
    if not any(getattr(done, what) for what in _WORDS):
        click.echo("nothing is due")
