"""`chatlog status`: what the recorders of an archive are doing, and how the last ones ended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from chatlog import clock
from chatlog.cli.options.reading import archive_root, output_option
from chatlog.cli.show.screen import write
from chatlog.cli.show.tables import safe, show
from chatlog.cli.show.wording import span
from chatlog.errors import NothingFoundError
from chatlog.event import parse_time
from chatlog.health.runs import is_alive, read_runs
from chatlog.health.status import NetworkStatus, RunStatus, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

_SHOWN: Final = 20
_RUNS: Final = 3
_STALE: Final = 60


class Found(NamedTuple):
    """The status of a run, and whether that run lives."""

    status: RunStatus
    alive: bool


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each run.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="All channels and all runs, not just the busiest and the last.",
)
@output_option
def command(*, as_json: bool, everything: bool, output: str | None) -> None:
    """Show what the recorders of an archive are doing.

    The exit status is 0 where one runs and is connected to all its networks.

    \b
      chatlog status
      chatlog status --output /var/lib/chatlog --all
      chatlog status --json | jq '.networks[].lag'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    root = Path(archive_root(output))
    found, moment = _find(root), clock.now()
    if as_json:
        lines = [encode(status, alive=alive) for status, alive in found]
        write(b"".join(lines))
    else:
        show(_tables(found, moment, everything=everything))
    sys.stdout.flush()
    _judge(root, [status for status, alive in found if alive], moment)


def _find(root: Path) -> list[Found]:
    found = []
    for path, data in read_runs(root):
        try:
            found.append(Found(decode(data), is_alive(path)))
        except ValueError:
            click.echo(f"chatlog: {path} is damaged; when no recorder runs, remove it", err=True)
    return found


def _judge(root: Path, living: list[RunStatus], moment: str) -> None:
    if not living:
        raise NothingFoundError(
            f"no recorder runs in {root}; start one with"
            " `chatlog record --server HOST --channel NAME`,"
            " or say where the archive is with --output"
        )
    wrong = [trouble for status in living for trouble in _troubles(status, moment)]
    if wrong:
        raise NothingFoundError(f"{'; '.join(wrong)}; its diagnostics on stderr say why")


def _troubles(status: RunStatus, moment: str) -> Iterator[str]:
    if _seconds(status.updated, moment) > _STALE:
        age = span(_seconds(status.updated, moment))
        yield f"the recorder with pid {status.pid} has said nothing for {age}"
    if status.waiting:
        yield f"{status.waiting} lines wait for a disk that refuses them"
    for network in status.networks:
        if not network.connected:
            yield safe(f"{network.name} is not connected ({network.state})")


# -- what is shown -----------------------------------------------------------


def _tables(found: list[Found], moment: str, *, everything: bool) -> list[Table]:
    living = [_living(status, moment, everything) for status, alive in found if alive]
    over = [status for status, alive in found if not alive]
    if not everything:
        over = over[:_RUNS]
    return [*living, _past(over, moment)] if over else living


def _past(over: list[RunStatus], moment: str) -> Table:
    rows = [("○", _past_run(status, moment), "") for status in over]
    return _grid(rows)


def _past_run(status: RunStatus, moment: str) -> str:
    run = f"pid {status.pid}, started {_ago(status.started, moment)}"
    if status.ended:
        return f"{run}, ended {_ago(status.ended, moment)}: {status.reason}"
    return f"{run}, died without a word, last seen {_ago(status.updated, moment)}"


def _living(status: RunStatus, moment: str, everything: bool) -> Table:  # noqa: FBT001 - private
    rows = [("●", f"{status.root}: {_run(status, moment)}", "")]
    rows.append(("", _machine(status, moment), ""))
    for network in status.networks:
        rows += _network(network, moment, len(network.events) if everything else _SHOWN)
    return _grid(rows)


def _run(status: RunStatus, moment: str) -> str:
    age = span(_seconds(status.started, moment))
    return f"pid {status.pid}, chatlog {status.version}, running for {age}"


def _machine(status: RunStatus, moment: str) -> str:
    errors = "1 error" if status.errors == 1 else f"{status.errors} errors"
    waiting = f", {status.waiting:,} lines waiting for the disk" if status.waiting else ""
    return (
        f"seen {_ago(status.updated, moment)}, loop lag {status.loop_lag:.2f} s,"
        f" {status.disk_free // 1_000_000:,} MB free, {errors}{waiting}"
    )


def _network(network: NetworkStatus, moment: str, most: int) -> Iterator[tuple[str, str, str]]:
    yield network.name, network.state, ""
    if network.connected:
        lag = "" if network.lag is None else f", lag {network.lag:.1f} s"
        since = _ago(network.since, moment)
        yield "", f"{network.server} as {network.nick}{lag}, welcomed {since}", ""
    yield "", _counts(network, moment), ""
    yield from (("", f"! {problem}", "") for problem in network.problems)
    channels = sorted(network.events.items(), key=lambda pair: (-pair[1], pair[0]))
    yield from (("", channel, f"{count:,}") for channel, count in channels[:most])
    if len(channels) > most:
        yield "", f"and {len(channels) - most} more (--all)", ""


def _counts(network: NetworkStatus, moment: str) -> str:
    extras = (
        (network.reconnects, "reconnects"),
        (network.off_record, "off the record"),
        (network.ignored, "ignored"),
        (network.not_understood, "not understood"),
    )
    return ", ".join(
        [
            f"{network.joined} of {network.wanted} channels",
            f"last event {_ago(network.last_event, moment)}",
            *(f"{what} {count:,}" for count, what in extras if count),
        ]
    )


def _grid(rows: list[tuple[str, str, str]]) -> Table:
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415

    grid = Table.grid(padding=(0, 2))
    for head, text, count in rows:
        style = "dim" if head == "○" else "yellow" if text.startswith("! ") else ""
        grid.add_row(
            Text(safe(head), style="bold"),
            Text(safe(text), style=style),
            Text(count, justify="right"),
        )
    return grid


# -- times -------------------------------------------------------------------


def _seconds(then: str, moment: str) -> int:
    return max(0, parse_time(moment) - parse_time(then)) // 1000


def _ago(then: str, moment: str) -> str:
    return f"{span(_seconds(then, moment))} ago" if then else "never"
