"""`chatlog merge`: several archives of the same channels into one."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatlog import clock
from chatlog.archive.version import expect_known_version
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.completed import completed
from chatlog.cli.options.reading import network_option
from chatlog.cli.options.recording import archive_option
from chatlog.cli.options.storage import storage_config_option, typed_storage
from chatlog.cli.options.types import PathType
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.merges import merge_lines
from chatlog.cli.show.nothing_found import no_other_archive, nothing_found
from chatlog.cli.show.progress import progress
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import HeldError, NothingFoundError, TranscriptError, UsageError
from chatlog.formats.wording import many
from chatlog.search.workers import count as core_count
from chatlog.upkeep.witness import Witness
from chatlog.upkeep.witness_workers import MergesOfTargets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatlog.upkeep.witness import TargetPlace
    from chatlog.upkeep.witness_merge import MergedTarget


@click.command(cls=HelpCommand)
@click.argument(
    "archives",
    nargs=-1,
    required=True,
    metavar="ARCHIVE…",
    type=PathType(file_okay=False, path_type=Path),
)
@archive_option
@storage_config_option
@click.option(
    "-c",
    "--channel",
    "channels",
    multiple=True,
    metavar="TARGET",
    shell_complete=completed("targets"),
    help="Only this channel or query. Repeatable.",
)
@network_option
@click.option("--dry-run", is_flag=True, help="Print the result, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each target.")
@click.option("-q", "--quiet", is_flag=True, help="Print conflicts and errors only.")
@click.pass_context
def command(
    ctx: click.Context, /, *, dry_run: bool, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Merge other archives of the same channels into the archive: each line once.

    Lines of the archive stay as they are. Missing lines are added, of several copies the
    richest. A line that one archive lacks although it was listening is a conflict: it is
    printed, and the exit status is 1. Recorders of the archive may run meanwhile; the lines
    of the last minute of their channels are left to the next merge. A channel that another
    merge is writing is left out, with status 5. If a merge was interrupted, run it again.

    \b
      chatlog merge /mnt/other/chatlog
      chatlog merge laptop/chatlog server/chatlog --archive together --dry-run
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    storage = typed_storage(ctx)
    expect_known_version(storage.root)
    network = options["network"]
    chosen = options["channels"], (network,) if network else ()
    witnesses = _witnesses(options["archives"], storage.root, *chosen)
    known = Witness("", storage.root, *chosen)
    merges = MergesOfTargets(known, witnesses, None if dry_run else storage, clock.now())
    done = _merge(merges, shown=not (quiet or as_json))
    if not done and not any(each.damaged.refused for each in witnesses):
        raise nothing_found(witnesses[0].selected).error()
    if as_json:
        from chatlog.cli.show.json_views import merge_record

        write(b"".join(json_line(merge_record(*each)) for each in done.items()))
    else:
        for line in merge_lines(done, quiet=quiet, dry_run=dry_run):
            click.echo(line)
    sys.stdout.flush()
    _end(done, [known, *witnesses])


def _witnesses(
    archives: Sequence[Path], into: Path, patterns: Sequence[str], networks: Sequence[str]
) -> list[Witness]:
    """Return a witness for each archive, named as briefly as tells them apart."""
    roots = [each.resolve() for each in archives]
    if into.resolve() in roots:
        raise UsageError(f"{into} is the archive that the others are merged into (--archive)")
    if len(set(roots)) < len(roots):
        raise UsageError("an archive is named twice")
    for outer, inner in permutations([*roots, into.resolve()], 2):
        if outer in inner.parents:
            raise UsageError(f"{inner} lies in the archive {outer}, which would read it as its own")
    for root in roots:
        if not root.is_dir():
            raise no_other_archive(root).error()
        expect_known_version(root)
    last = Counter(root.name for root in roots)
    names = [root.name if last[root.name] == 1 else str(root) for root in roots]
    return [
        Witness(name, root, patterns, networks) for name, root in zip(names, roots, strict=True)
    ]


def _merge(merges: MergesOfTargets, *, shown: bool) -> dict[TargetPlace, MergedTarget]:
    """Merge all targets on all cores; return the results in order of the targets."""
    done = {}
    with progress("merging", len(merges.places), shown=shown) as advance:
        for place, result in merges.results(core_count()):
            done[place] = result
            advance(1)
    return {place: done[place] for place in merges.places}


def _end(done: Mapping[TargetPlace, MergedTarget], archives: Sequence[Witness]) -> None:
    """Report damage, and raise the error of the worst that happened."""
    for each in archives:
        Damage(each.damaged).report()
    failed = [each for each in done.values() if each.error]
    if failed:
        kind = HeldError if all(each.is_held for each in failed) else TranscriptError
        raise kind(f"{many(len(failed), 'target')} could not be merged; see above")
    if refused := sum(len(each.damaged.refused) for each in archives):
        raise TranscriptError(f"{many(refused, 'file')} could not be read; see above")
    if conflicting := sum(each.conflicting for each in done.values()):
        raise NothingFoundError(
            f"{many(conflicting, 'line')} that an archive lacks although it was listening;"
            " see above"
        )
