"""The live view of a run as a table: networks, channels in a steady order, and sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from chatlog.cli.show.live_talk import TargetTalk
from chatlog.formats.visible import printable, unformatted
from chatlog.formats.wording import many, size
from chatlog.relay_heads import text_behind_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatlog.cli.show.live_talk import TalkCounts
    from chatlog.health.status import NetworkStatus

_BESIDE: Final = 3  # rows beside those of channels: the heads, the number of the others, the sums
_LONGEST: Final = 300  # characters of a last line


class Watched(NamedTuple):
    """A network of the view: its status, its channels, and why some do not let us in."""

    status: NetworkStatus
    channels: Sequence[str]
    refused: Mapping[str, str]


class _Row(NamedTuple):
    """A channel of a network; `refused` is the reason if it does not let us in."""

    name: str
    talk: TargetTalk
    refused: str


def live_table(
    watched: Sequence[Watched],
    talk: TalkCounts,
    moment: float,
    *,
    seconds: float,
    written: int,
    rows: int,
) -> Group:
    """Lay the view out in at most some rows.

    `moment` is that of the clock of `talk`, `seconds` the age of the run, and `written`
    the number of bytes.
    """
    told = [_network_line(each.status) for each in watched]
    names = [row for each in watched for row in _rows(each, talk, several=len(watched) > 1)]
    most = max(1, rows - len(told) - _BESIDE)
    shown = _fitting(names, most)
    parts: list[Text | Table] = [*told, _channels(shown, moment)]
    if len(names) > len(shown):
        parts.append(Text(f"and {many(len(names) - len(shown), 'other')}", style="dim"))
    sums = f"{_clock(seconds)}, {many(talk.lines, 'line')} said, {size(written)} written"
    return Group(*parts, Text(sums, style="dim", no_wrap=True, overflow="ellipsis"))


def _network_line(status: NetworkStatus) -> Text:
    style = "bold green" if status.connected else "yellow"
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(printable(f"● {status.name}"), style=style)
    line.append(printable(f"  {status.state}"))
    if status.connected:
        line.append(f", in {status.joined:,} of {status.wanted:,} channels", style="dim")
    return line


def _rows(watched: Watched, talk: TalkCounts, *, several: bool) -> Iterator[_Row]:
    """Yield the channels of the configuration in its order, then others as they came."""
    network = watched.status.name
    said = {place.target: each for place, each in talk.targets.items() if place.network == network}
    by_fold = {name.lower(): each for name, each in said.items()}
    planned = {name.lower() for name in watched.channels}
    others = [name for name in said if name.lower() not in planned]
    for name in (*watched.channels, *others):
        shown = f"{network}/{name}" if several else name
        counted = said.get(name) or by_fold.get(name.lower()) or TargetTalk()
        yield _Row(shown, counted, watched.refused.get(name, ""))


def _fitting(rows: Sequence[_Row], most: int) -> list[_Row]:
    """Return the rows for which there is room, in their order: refusals, and the first others."""
    by_need = sorted(range(len(rows)), key=lambda number: (not rows[number].refused, number))
    return [rows[number] for number in sorted(by_need[:most])]


def _channels(rows: Iterable[_Row], moment: float) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), expand=True, header_style="dim")
    table.add_column("channel", no_wrap=True, overflow="ellipsis", max_width=24)
    table.add_column("lines", justify="right", no_wrap=True)
    table.add_column("a minute", justify="right", no_wrap=True)
    table.add_column("last line", no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(
            Text(printable(row.name), style="yellow" if row.refused else ""),
            f"{row.talk.lines:,}",
            f"{row.talk.rate(moment):,}",
            _last(row),
        )
    return table


def _last(row: _Row) -> Text:
    if row.refused:
        return Text(printable(f"refused: {row.refused}"), style="yellow")
    event = row.talk.last
    if event is None:
        return Text()
    nick, text = event.relayed_nick or event.nick, event.text
    if event.relayed_nick:
        text = text_behind_head(text)
    line = " ".join(unformatted(text[:_LONGEST]).split("\n"))  # a row has room for one
    return Text(printable(f"<{nick}> {line}"), style="dim")


def _clock(seconds: float) -> str:
    """Return an age as `3:07`, or `1:03:07` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
