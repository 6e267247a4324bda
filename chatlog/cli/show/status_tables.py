"""Runs as tables: state, channels and problems of each network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from chatlog.cli.show.tables import show
from chatlog.formats.visible import printable
from chatlog.formats.wording import ago, many, seconds_between, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.health.status import NetworkStatus, RunStatus
    from chatlog.report.runs import ObservedRun

_SHOWN: Final = 20
_RUNS: Final = 3


def show_runs(observed: list[ObservedRun], now: str, *, everything: bool) -> None:
    """Write a table for each run that is alive, and one for those that ended.

    Unless `everything`, only the busiest channels and the last runs are in them.
    """
    living = [_living(status, now, everything=everything) for status, alive in observed if alive]
    over = [status for status, alive in observed if not alive]
    if not everything:
        over = over[:_RUNS]
    show([*living, _past(over, now)] if over else living)


def _past(over: list[RunStatus], now: str) -> Table:
    rows = [("○", _past_run(status, now), "") for status in over]
    return _grid(rows)


def _past_run(status: RunStatus, now: str) -> str:
    run = f"pid {status.pid}, started {ago(status.started, now)}"
    if status.ended:
        return f"{run}, ended {ago(status.ended, now)}: {status.reason}"
    return f"{run}, died without notice, last report {ago(status.updated, now)}"


def _living(status: RunStatus, now: str, *, everything: bool) -> Table:
    rows = [("●", f"{status.root}: {_run(status, now)}", "")]
    rows.append(("", _machine(status, now), ""))
    for network in status.networks:
        every = max(len(network.events), len(network.invitations))
        rows += _network(network, now, every if everything else _SHOWN)
    return _grid(rows)


def _run(status: RunStatus, now: str) -> str:
    age = span(seconds_between(status.started, now))
    return f"pid {status.pid}, chatlog {status.version}, running for {age}"


def _machine(status: RunStatus, now: str) -> str:
    errors = many(status.errors, "error")
    waiting = f", {many(status.waiting, 'line')} waiting for the disk" if status.waiting else ""
    return (
        f"last report {ago(status.updated, now)}, loop lag {status.loop_lag:.2f} s,"
        f" {status.disk_free // 1_000_000:,} MB free, {errors}{waiting}"
    )


def _network(network: NetworkStatus, now: str, most: int) -> Iterator[tuple[str, str, str]]:
    yield network.name, network.state, ""
    if network.connected:
        lag = "" if network.lag is None else f", lag {network.lag:.1f} s"
        since = ago(network.since, now)
        yield "", f"{network.server} as {network.nick}{lag}, connected {since}", ""
    yield "", _counts(network, now), ""
    yield from (("", f"! {problem}", "") for problem in network.problems)
    yield from _invitations(network, now, most)
    channels = sorted(network.events.items(), key=lambda pair: (-pair[1], pair[0]))
    yield from (("", channel, f"{count:,}") for channel, count in channels[:most])
    if len(channels) > most:
        yield "", f"and {len(channels) - most} more (--all)", ""


def _invitations(network: NetworkStatus, now: str, most: int) -> Iterator[tuple[str, str, str]]:
    """Yield the channels of invitations, those that were left for good first."""
    invitations = sorted(network.invitations, key=lambda each: (not each.over, each.channel))
    for each in invitations[:most]:
        kicks = f"; {many(each.kicks, 'kick')}, the last: {each.reason}" if each.kicks else ""
        end = ", left for good" if each.over else ""
        yield "", f"{each.channel}: invited by {each.by} {ago(each.at, now)}{end}{kicks}", ""
    if len(invitations) > most:
        yield "", f"and {len(invitations) - most} more invitations (--all)", ""


def _counts(network: NetworkStatus, now: str) -> str:
    extras = (
        (network.reconnects, many(network.reconnects, "reconnection")),
        (network.off_record, f"{network.off_record:,} off the record"),
        (network.ignored, f"{network.ignored:,} ignored"),
        (network.not_understood, f"{network.not_understood:,} not understood"),
    )
    return ", ".join(
        [
            f"{network.joined} of {network.wanted} channels",
            f"last event {ago(network.last_event, now)}",
            *(text for count, text in extras if count),
        ]
    )


def _grid(rows: list[tuple[str, str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for head, text, count in rows:
        style = "dim" if head == "○" else "yellow" if text.startswith("! ") else ""
        grid.add_row(
            Text(printable(head), style="bold"),
            Text(printable(text), style=style),
            Text(count, justify="right"),
        )
    return grid
