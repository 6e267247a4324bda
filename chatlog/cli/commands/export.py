"""`chatlog export`: an archive or a query as files in another format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from chatlog import clock
from chatlog.archive.targets import Targets
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.arguments import arguments_of
from chatlog.cli.options.exporting import ExportOptions, export_options
from chatlog.cli.options.query import FILTERS, match_option, query_options
from chatlog.cli.options.reading import archive_options, network_option, target_options
from chatlog.cli.options.site import SITE_OPTIONS, SiteOptions, site_options
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.exports import export_line
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.nothing_found import nothing_found, warn_of_unknown
from chatlog.cli.show.progress import progress, progress_until_output
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import UsageError
from chatlog.export.past_exports import NAME, SITE, remembered
from chatlog.export.run import Exported
from chatlog.search.workers import count as core_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.cli.options.query import Wanted
    from chatlog.errors import TranscriptError
    from chatlog.export.past_exports import ExportEntry
    from chatlog.export.pieces import ExportPiece
    from chatlog.export.run import Export
    from chatlog.read.reader import Reader

_SECTIONS: Final = {
    "Files": ("--to", "--dest", "--partition", "--tz"),
    "Site": SITE_OPTIONS,
    "Filters": ("--match", *FILTERS),
    "Withheld": ("--redact", "--optout", "--hide-hosts", "--pseudonyms", "--delay"),
    "Output": ("--json", "--quiet"),
    "Archive": ("--archive", "--config"),
}
_OF_ONE_RUN: Final = ("archive", "config", "as_json", "quiet")
"""The parameters that do not belong to an export that is made again."""


@click.command(cls=HelpCommand, sections=_SECTIONS)
@target_options
@export_options
@site_options
@match_option
@query_options
@network_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="Print problems and errors only.")
@archive_options(former=("--output",))
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    root: str,
    wanted: Wanted,
    exporting: ExportOptions,
    publishing: SiteOptions,
    as_json: bool,
    quiet: bool,
    **chosen: Any,
) -> None:
    """Export channels and queries to files, or the whole archive.

    Nothing is left out unless asked. A second export with the same options writes only the
    files that have changed, and removes those that have no lines any more.

    \b
      chatlog export '#python' --to csv -o python.csv
      chatlog export --to jsonl -o 'logs/{network}/{target}/{date}.jsonl'
      chatlog export --since 2026-11 --to text -o logs/
      chatlog export '#python' --to markdown -o - | less
      chatlog export '#python' --to site -o public/ --title 'Logs of #python'

    In -o, {network}, {target}, {date}, {month}, {year} and {part} stand for what their names
    say; docs/exporting.md describes the formats.
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    if as_json and exporting.is_piped:
        raise UsageError("--json tells of files, and -o - writes none; leave out one of them")
    shown = not (quiet or as_json)
    arguments = arguments_of(ctx, without=_OF_ONE_RUN)
    if exporting.to == SITE:
        reader = publishing.reader(root, wanted, chosen)
        entry = replace(publishing.entry(exporting, reader), arguments=arguments)
        done = _build(reader, exporting, publishing, entry, shown=shown)
    else:
        publishing.expect_none()
        done, reader = _export(root, wanted, exporting, chosen, arguments, shown=shown)
    if not exporting.is_piped:
        _tell(done, exporting, as_json=as_json, quiet=quiet)
    sys.stdout.flush()
    Damage(reader.damaged).end()
    if not done.lines:
        raise nothing_found(reader.selected).error()


def _export(
    root: str,
    wanted: Wanted,
    exporting: ExportOptions,
    chosen: dict[str, Any],
    arguments: list[str],
    *,
    shown: bool,
) -> tuple[Exported, Reader]:
    """Write the lines of a query to files or to stdout."""
    exports = exporting.exports(root, wanted, chosen, clock.now())
    reader = exports[0].reader
    warn_of_unknown(Targets(root, chosen["targets"], reader.selected.networks))
    done = Exported()
    for number, export in enumerate(exports):
        pieces = _pieces(export)
        if exporting.is_piped:
            done.add(_pipe(export, pieces))
        else:
            entry = replace(exporting.entry(wanted, chosen, number), arguments=arguments)
            done.add(_write(export, pieces, entry, Path(root), shown=shown))
    return done, reader


def _build(
    reader: Reader,
    exporting: ExportOptions,
    publishing: SiteOptions,
    entry: ExportEntry,
    *,
    shown: bool,
) -> Exported:
    """Build the pages of a site."""
    from chatlog.export.site.build import Site

    root, now = Path(reader.selected.root), clock.now()
    settings = publishing.settings(exporting, str(root), now)
    with remembered(root, entry, now, _tell_unrecorded) as past:
        state = past.beside("site") if past is not None else None
        site = Site(reader, Path(exporting.dest), settings, now, state)
        with progress("building", site.size(), shown=shown) as advance:
            return site.build(core_count(), advance)


def _pieces(export: Export) -> list[ExportPiece]:
    """Return the pieces of an export; raise the error of an archive without such targets."""
    pieces = export.pieces()
    if not pieces and not export.reader.targets():
        Damage(export.reader.damaged).end()
        raise nothing_found(export.reader.selected).error()
    return pieces


def _pipe(export: Export, pieces: Sequence[ExportPiece]) -> Exported:
    total = sum(piece.size for piece in pieces)
    with progress_until_output("exporting", total, write) as (advance, write_through):
        return export.advancing(advance).pipe(pieces, write_through)


def _write(
    export: Export, pieces: Sequence[ExportPiece], entry: ExportEntry, root: Path, *, shown: bool
) -> Exported:
    total = sum(piece.size for piece in pieces) if shown else 0
    with (
        remembered(root, entry, clock.now(), _tell_unrecorded) as past,
        progress("exporting", total, shown=shown) as advance,
    ):
        return export.advancing(advance).run(pieces, past)


def _tell_unrecorded(error: TranscriptError) -> None:
    write_message(f"{error}; so {NAME} does not name this export, which writes all files anew")


def _tell(done: Exported, exporting: ExportOptions, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        from chatlog.cli.show.json_views import export_record

        write(json_line(export_record(done, exporting.to, exporting.destination)))
    elif not quiet:
        click.echo(export_line(done, exporting.dest))
