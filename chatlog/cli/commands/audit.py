"""`chatlog audit`: compare the transcript with the server's history, or with another archive."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog import clock
from chatlog.archive.targets import Targets
from chatlog.archive.version import expect_known_version
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.moments import event_time
from chatlog.cli.options.recording import CONNECTION_SECTIONS, archive_option, connection_options
from chatlog.cli.options.storage import typed_storage
from chatlog.cli.options.types import ParserType, PathType, is_typed, words_typed
from chatlog.cli.show.audits import finding_lines, verdict
from chatlog.cli.show.comparisons import comparison_lines, comparison_verdict
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.diagnostics import set_up_diagnostics
from chatlog.cli.show.nothing_found import no_archive, no_other_archive, nothing_found
from chatlog.cli.show.progress import counted, stages
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import NothingFoundError, TranscriptError, UsageError
from chatlog.formats.wording import many
from chatlog.settings import parsers
from chatlog.upkeep.witness import Witness
from chatlog.upkeep.witness_audit import ArchiveComparison, TargetComparison

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chatlog.audit.compare import Findings
    from chatlog.audit.visit import Watch
    from chatlog.record.supervisor import Plan
    from chatlog.upkeep.witness import TargetPlace

_SECTIONS: Final = {
    "Comparison": ("--archive", "--with", "--since", "--until", "--tz", "--within"),
    **CONNECTION_SECTIONS,
    "Messages": ("--json", "--quiet"),
}
_MAIN: Final = ("--server", "--channel", "--archive", "--config", "--with", "--since")
_OF_ARCHIVES: Final = frozenset(
    {"archive", "other", "config", "network", "channels", "since", "until", "tz"}
    | {"as_json", "quiet"}
)
"""The parameters that mean something beside `--with`."""


@click.command(cls=HelpCommand, sections=_SECTIONS, main=_MAIN)
@connection_options
@archive_option
@click.option(
    "--with",
    "other",
    type=PathType(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Compare with this archive instead, and connect nowhere.",
)
@click.option(
    "--since",
    metavar="WHEN",
    help="Start of the range to compare. Default: start of the recording.",
)
@click.option("--until", metavar="WHEN", help="End of the range to compare. Default: a minute ago.")
@click.option("--tz", metavar="ZONE", help="Time zone of --since and --until. Default: local.")
@click.option(
    "--within",
    default="1h",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    show_default=True,
    help="Stop after this long.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each channel.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing if the exit status is 0.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Fetch the server's history again, and compare it with the transcript.

    Nothing is written, and a recorder may run meanwhile: choose a --nick that it
    does not use.
    The exit status is 1 if a line is missing, or is only in the transcript.

    With --with, the transcript is compared with another archive. The exit status is 1 if
    a line is only in the other one, or if one archive lacks a line although it was listening.

    \b
      chatlog audit --server irc.example.org --channel python --nick auditor
      chatlog audit --config chatlog.toml --since -1d --json
      chatlog audit --with /mnt/backup/chatlog -c python --since 7d
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.cli.options import plans

    set_up_diagnostics(quiet=True, verbose=False, look_on=False)
    if options["other"] is not None:
        _compare(ctx, options)
        return
    settings = plans.settings_of(ctx)
    root = plans.storage_of(settings).root
    expect_known_version(root)
    low, high = _bounds(options)
    planned = plans.plans_of(settings)
    found: list[tuple[str, Findings]] = []
    channels = sum(len(plan.session.channels) for plan in planned)
    with stages(channels, shown=not options["quiet"]) as show:
        for plan in planned:
            watch = partial(_show_stage, show, len(found)) if show else None
            found += _audit(root, plan, low, high, within=options["within"], watch=watch)
    _show(found, as_json=options["as_json"], quiet=options["quiet"])
    if not found:
        raise _nothing_recorded(root, planned)
    wrong = [findings for _, findings in found if findings.differs]
    if wrong:
        raise NothingFoundError(verdict(wrong))


def _compare(ctx: click.Context, options: Mapping[str, Any]) -> None:
    """Compare the archive with that of `--with`."""
    _refuse_connection(ctx)
    root = typed_storage(ctx).root
    bounds = _bounds(options)
    here, there = archives = _witnesses(root, words_typed(ctx, "channels"), options)
    comparison = ArchiveComparison(here, there, *bounds)
    as_json, quiet = options["as_json"], options["quiet"]
    done = _compare_all(comparison, shown=not quiet)
    if not done and not any(each.damaged.refused for each in archives):
        raise nothing_found(here.selected).error()
    if as_json:
        from chatlog.cli.show.json_views import comparison_record

        records = (comparison_record(*each, there.name, bounds) for each in done.items())
        write(b"".join(map(json_line, records)))
    else:
        for line in comparison_lines(done, there.name, quiet=quiet):
            click.echo(line)
    sys.stdout.flush()
    _end(done, archives)


def _refuse_connection(ctx: click.Context) -> None:
    """Raise UsageError if an option was typed that means nothing beside `--with`."""
    for param in ctx.command.params:
        name = param.name or ""
        if name not in _OF_ARCHIVES and is_typed(ctx, name):
            is_off = ctx.params[name] is False
            option = max((is_off and param.secondary_opts) or param.opts, key=len)
            raise UsageError(f"{option} does not go with --with, which connects nowhere")


def _bounds(options: Mapping[str, Any]) -> tuple[str, str]:
    """Return the times of `--since` and `--until`, "" for one that is not given."""
    low, high = (
        event_time(options[name], clock.now(), options["tz"]) for name in ("since", "until")
    )
    return low, high


def _witnesses(
    root: Path, targets: Sequence[str], options: Mapping[str, Any]
) -> tuple[Witness, Witness]:
    """Return both archives as witnesses; raise an error unless both can be compared."""
    other = options["other"].resolve()
    if other == root.resolve():
        raise UsageError(f"{root} is the archive itself; --with takes another one")
    for each, missing in ((root, no_archive), (other, no_other_archive)):
        if not each.is_dir():
            raise missing(each).error()
        expect_known_version(each)
    chosen = targets, (options["network"],) if options["network"] else ()
    return Witness("", root, *chosen), Witness(other.name, other, *chosen)


def _compare_all(
    comparison: ArchiveComparison, *, shown: bool
) -> dict[TargetPlace, TargetComparison]:
    """Compare each target; one that cannot be compared keeps none of the others from it."""
    done = {}
    for place in counted(comparison.places(), "comparing", shown=shown):
        try:
            done[place] = comparison.compare(place)
        except TranscriptError as error:
            done[place] = TargetComparison(error=str(error))
    return done


def _end(done: Mapping[TargetPlace, TargetComparison], archives: Sequence[Witness]) -> None:
    """Report damage, and raise the error of the worst that was found."""
    for each in archives:
        Damage(each.damaged).report()
    if failed := [each for each in done.values() if each.error]:
        raise TranscriptError(f"{many(len(failed), 'target')} could not be compared; see above")
    if refused := sum(len(each.damaged.refused) for each in archives):
        raise TranscriptError(f"{many(refused, 'file')} could not be read; see above")
    if differing := [each for each in done.values() if each.differs]:
        raise NothingFoundError(comparison_verdict(differing))


def _show_stage(show: Watch, before: int, stage: str, done: int) -> None:
    """Show a stage of one network, after the channels of those before it."""
    show(stage, before + done)


def _audit(
    root: Path, plan: Plan, low: str, high: str, *, within: float, watch: Watch | None
) -> Iterator[tuple[str, Findings]]:
    """Yield the findings of each channel of a network, with the network's name."""
    from chatlog.audit.visit import audit, silent, stretches_of

    network = plan.session.network
    stretches = stretches_of(root, network, low, high, clock.now)
    findings = audit(silent(plan), now=clock.now, stretches=stretches, within=within, watch=watch)
    yield from ((network, each) for each in findings)


def _nothing_recorded(root: Path, planned: Sequence[Plan]) -> NothingFoundError:
    """Return the error for channels that have no recorded range, or are not in the archive."""
    names = [f"{plan.session.network}/{each}" for plan in planned for each in plan.session.channels]
    selected = Targets(root, names)
    if not selected.find():
        return nothing_found(selected).error()
    return NothingFoundError(f"none of these channels is recorded in {root}")


def _show(found: list[tuple[str, Findings]], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        from chatlog.cli.show.json_views import audit_record

        write(b"".join(json_line(audit_record(*each)) for each in found))
        return
    for network, findings in found:
        if not quiet or findings.differs:
            for line in finding_lines(network, findings):
                click.echo(line)
    sys.stdout.flush()
