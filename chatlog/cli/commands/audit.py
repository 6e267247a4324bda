"""`chatlog audit`: does the transcript have what the server's history has."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog import clock
from chatlog.cli.options.moments import event_time
from chatlog.cli.options.reading import archive_root
from chatlog.cli.options.recording import connection_options, output_option
from chatlog.cli.options.types import Checked
from chatlog.errors import NothingFoundError
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.audit.compare import Findings, Stretch
    from chatlog.event import Event
    from chatlog.record.supervisor import Plan

_SHOWN: Final = 10


@click.command()
@connection_options
@output_option
@click.option("--since", metavar="WHEN", help="From then on. Default: since it is recorded.")
@click.option("--until", metavar="WHEN", help="Before then. Default: a minute ago.")
@click.option("--tz", metavar="ZONE", help="Time zone of --since and --until. Default: local.")
@click.option(
    "--within",
    default="1h",
    type=Checked(parsers.parse_duration),
    metavar="DURATION",
    show_default=True,
    help="Leave after so long.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each channel.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless something differs.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Ask the server's history again, and compare it with the transcript.

    Nothing is written, and a recorder may go on meanwhile: it has another nick.
    The exit status is 1 where a line is missing, or only in the transcript.

    \b
      chatlog audit --server irc.example.org --channel python --nick auditor
      chatlog audit --config chatlog.toml --since -1d --json
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.audit.visit import audit  # noqa: PLC0415 - --help does not pay for the network
    from chatlog.cli.options import plans  # noqa: PLC0415
    from chatlog.cli.show import live  # noqa: PLC0415

    live.set_up_diagnostics(quiet=True, verbose=False, look_on=False)
    settings = plans.settings_of(ctx)
    root = Path(archive_root(options["output"]))
    low, high = (event_time(options[name], clock.now(), options["tz"]) for name in _RANGE)
    found: list[tuple[str, Findings]] = []
    for plan in map(_silent, plans.plans_of(settings)):
        stretches = _stretches(root, plan, low, high)
        result = audit(plan, now=clock.now, stretches=stretches, within=options["within"])
        network = plan.session.network
        found += [(network, findings) for findings in asyncio.run(result)]
    _say(found, as_json=options["as_json"], quiet=options["quiet"])
    _judge(root, found)


_RANGE: Final = ("since", "until")


def _silent(plan: Plan) -> Plan:
    """Plan one visit, on which nobody is answered."""
    import msgspec  # noqa: PLC0415 - as above

    from chatlog.protocol.manners import MannersSettings  # noqa: PLC0415

    silent = MannersSettings(whisper=False, addressed=False, ctcp=False)
    session = msgspec.structs.replace(plan.session, manners=silent)
    return msgspec.structs.replace(plan, session=session, retry=False)


def _stretches(root: Path, plan: Plan, low: str, high: str) -> Callable[[str], Stretch | None]:
    """Say what of each channel of a network was recorded, and is to be compared."""
    from chatlog.archive.layout import target_directory  # noqa: PLC0415
    from chatlog.archive.networks import read_casemapping  # noqa: PLC0415
    from chatlog.audit.compare import Stretch  # noqa: PLC0415 - as above
    from chatlog.coverage import ledger  # noqa: PLC0415
    from chatlog.coverage.fold import coverage_of  # noqa: PLC0415
    from chatlog.coverage.last_heard import LastHeard  # noqa: PLC0415
    from chatlog.event import format_time, parse_time  # noqa: PLC0415

    network = plan.session.network
    casemapping, last_heard = read_casemapping(root, network), LastHeard(root)

    def stretch(target: str) -> Stretch | None:
        if casemapping is None:
            return None
        directory = target_directory(root, network, target, casemapping)
        bounds = last_heard.bounds(directory, network)
        coverage = coverage_of(ledger.read(directory), heard=bounds)
        if coverage is None:
            return None
        # What was said just now may still be on its way to the recorder.
        just_now = format_time(parse_time(clock.now()) - 60_000)
        until = min(coverage.until, high or just_now)
        return Stretch(directory, max(coverage.since, low), until)

    return stretch


def _say(found: list[tuple[str, Findings]], *, as_json: bool, quiet: bool) -> None:
    for network, findings in found:
        if as_json:
            click.echo(json.dumps(_fields(network, findings)))
        elif not quiet or _differs(findings):
            _show(network, findings)
    sys.stdout.flush()


def _differs(findings: Findings) -> bool:
    return bool(findings.missing or findings.extra or findings.why)


def _fields(network: str, findings: Findings) -> dict[str, object]:
    return {
        "type": "audit",
        "network": network,
        "target": findings.target,
        "since": findings.since,
        "until": findings.until,
        "asked": findings.asked,
        "present": findings.present,
        "missing": [_line(event) for event in findings.missing],
        "extra": [_line(event) for event in findings.extra],
        "why": findings.why,
    }


def _line(event: Event) -> dict[str, str]:
    fields = {"time": event.time, "nick": event.nick, "text": event.text, "msgid": event.msgid}
    return {key: value for key, value in fields.items() if value}


def _show(network: str, findings: Findings) -> None:
    from chatlog.formats.visible import visible, visible_word  # noqa: PLC0415 - as above

    name = f"{visible_word(network)}/{visible_word(findings.target)}"
    counts = f"{findings.present:,} of {findings.asked:,} present"
    bounds = f"{findings.since} to {findings.until}" if findings.asked else "nothing to compare"
    why = f"; {findings.why}" if findings.why else ""
    click.echo(f"{name}  {counts}, {len(findings.extra):,} extra ({bounds}){why}")
    for what, events in (("missing", findings.missing), ("extra", findings.extra)):
        for event in events[:_SHOWN]:
            click.echo(f"  {what} {event.time} <{visible_word(event.nick)}> {visible(event.text)}")
        if len(events) > _SHOWN:
            click.echo(f"  and {len(events) - _SHOWN:,} more {what}")


def _judge(root: Path, found: list[tuple[str, Findings]]) -> None:
    if not found:
        raise NothingFoundError(f"nothing of these channels is recorded in {root}")
    wrong = [findings for _, findings in found if _differs(findings)]
    if wrong:
        missing = sum(len(findings.missing) for findings in wrong)
        extra = sum(len(findings.extra) for findings in wrong)
        unasked = sum(bool(findings.why) for findings in wrong)
        raise NothingFoundError(
            f"{missing} lines are missing, {extra} are only in the transcript,"
            f" and {unasked} channels could not be compared to the end"
        )
