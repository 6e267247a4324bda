"""`chatlog import`: other programs' logs into the archive."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from chatlog import clock
from chatlog.archive.version import expect_known_version
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.recording import archive_option
from chatlog.cli.options.storage import storage_config_option, typed_storage
from chatlog.cli.options.types import PathType
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.imports import import_lines
from chatlog.cli.show.progress import stages
from chatlog.cli.show.screen import json_line, write
from chatlog.cli.signals import Stopping
from chatlog.errors import HeldError, NothingFoundError, TranscriptError, UsageError
from chatlog.formats.wording import many
from chatlog.ingest.dialects import NAMES, dialect_named
from chatlog.ingest.log_files import find_logs
from chatlog.ingest.log_import import LogImport, size_of_all
from chatlog.ingest.options import ImportOptions
from chatlog.ingest.path_patterns import PathPattern
from chatlog.search.workers import count as core_count
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command("import", cls=HelpCommand)
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=PathType())
@archive_option
@storage_config_option
@click.option(
    "--dialect",
    type=click.Choice(NAMES),
    metavar="NAME",
    help="Program that wrote the logs. Default: found out from each file.",
)
@click.option("--network", metavar="NAME", help="Network of logs that do not tell theirs.")
@click.option("--channel", metavar="NAME", help="Channel of logs that do not tell theirs.")
@click.option(
    "--into-network",
    metavar="NAME",
    help="Network in the archive, whatever the logs call it; for one that was renamed.",
)
@click.option(
    "--path-pattern",
    metavar="PATTERN",
    help="Where paths tell network, channel and date: '{network}/{channel}/{date}.log'.",
)
@click.option(
    "--tz",
    metavar="ZONE",
    help="Time zone of stamps without one, such as Europe/Berlin. Default: UTC.",
)
@click.option("--date", metavar="DATE", help="Day of the first line, if nothing tells it.")
@click.option(
    "--own-nick",
    metavar="NICK",
    help="Nick of the person who kept the logs; their joins and parts prove coverage.",
)
@click.option(
    "--encoding", metavar="CODEC", help="Encoding of lines that are not UTF-8. Default: cp1252."
)
@click.option(
    "--relay",
    multiple=True,
    metavar="MASK",
    help="Relay or bridge, by nick or nick!user@host: its `<ada> hi` counts as ada's. Repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Print the result, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a log and a target.")
@click.option("-q", "--quiet", is_flag=True, help="Print problems and errors only.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    paths: Sequence[str],
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Import files of logs that other programs wrote, or directories of files: each line once.

    The program is found out from each file, the network, the channel and the date from its
    lines and its path. Lines that are in the archive already are not added again, so an
    import that was interrupted is simply run again. Every line is accounted for: those
    that are not understood are printed, and the exit status is 1.

    \b
      chatlog import ~/irclogs --tz Europe/Berlin --dry-run
      chatlog import ~/.weechat/logs --tz Europe/Berlin
      chatlog import bot.log.gz --network libera --channel '#python'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    storage = typed_storage(ctx)
    expect_known_version(storage.root)
    files = [*find_logs(paths)]
    work = LogImport(
        _options(options), storage, clock.now(), writes=not dry_run, workers=core_count()
    )
    shown = not (quiet or as_json)
    with Stopping().listening(), stages(size_of_all(files), shown=shown) as show:
        work.run(files, show or _ignored)  # which removes its stage also if SIGTERM ends it
    if as_json:
        from chatlog.cli.show.json_views import import_records

        write(b"".join(json_line(each) for each in import_records(work)))
    else:
        for line in import_lines(work, quiet=quiet, dry_run=dry_run):
            click.echo(line)
    sys.stdout.flush()
    _end(work)


def _ignored(_what: str, _done: int) -> None:
    """Ignore progress that is not shown."""


def _options(typed: dict[str, Any]) -> ImportOptions:
    """Return the facts that the user tells of all logs; UsageError for an impossible one."""
    for name, value in typed.items():
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):  # a path may have any bytes
                _expect_utf8(name, text)
    pattern = typed["path_pattern"]
    encoding = typed["encoding"] or ""
    try:
        "".encode(encoding or "utf-8")
    except LookupError:
        raise UsageError(f"--encoding: no encoding is called {encoding!r}") from None
    zone = typed["tz"] or "UTC"
    parsers.parse_zone(zone)
    return ImportOptions(
        dialect=dialect_named(typed["dialect"]) if typed["dialect"] else None,
        pattern=PathPattern(pattern) if pattern else None,
        network=typed["network"] or "",
        channel=typed["channel"] or "",
        into_network=typed["into_network"] or "",
        date=_date(typed["date"] or ""),
        tz=ZoneInfo(zone),
        own_nick=typed["own_nick"] or "",
        encoding=encoding,
        relays=tuple(map(parsers.parse_mask, typed["relay"])),
    )


def _expect_utf8(name: str, value: str) -> None:
    """Raise UsageError for a text that no event can hold, as its bytes are no UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        option = f"--{name.replace('_', '-')}"
        raise UsageError(f"{option}: {value!r} is no UTF-8; type it in UTF-8") from None


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise UsageError(f"--date: {text!r} is no date such as 2026-11-23") from None


def _end(work: LogImport) -> None:
    """Report damage, and raise the error of the worst that happened."""
    for each in work.known:
        Damage(each.damaged).report()
    failed = [each for each in work.targets.values() if each.error]
    if failed:
        kind = HeldError if all(each.is_held for each in failed) else TranscriptError
        raise kind(f"{many(len(failed), 'target')} could not be imported; see above")
    if unread := sum(each.is_unreadable for each in work.logs):
        raise TranscriptError(f"{many(unread, 'file')} could not be read; see above")
    odd = sum(each.tally.ambiguous + each.tally.unknown for each in work.logs)
    problems = sum(bool(each.problem) for each in work.logs)
    if not work.logs:
        raise NothingFoundError("no log lies there; name a file, or a directory of files")
    if odd or problems:
        parts = [many(problems, "file")] * bool(problems) + [many(odd, "line")] * bool(odd)
        raise NothingFoundError(f"{' and '.join(parts)} not wholly understood; see above")
    if future := sum(each.future for each in work.logs):
        raise NothingFoundError(
            f"{many(future, 'event')} of the future left out; check --date, --tz and the clock"
        )
