"""A small live view of a recorder on stderr, with the log lines above it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter, defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from chatlog.clock import now
from chatlog.event import SERVER
from chatlog.formats.visible import printable
from chatlog.formats.wording import ago

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from chatlog.health.status import NetworkStatus
    from chatlog.record.recorder import Recorder

_REFRESH: Final = 0.25
_RATE_OVER: Final = 5.0
_SHOWN: Final = 15
_console: Final = Console(stderr=True, highlight=False)


class ConsoleHandler(logging.Handler):
    """A handler of log lines that prints them above the live view."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record as one line, which only the terminal itself may break."""
        _console.print(Text(self.format(record)), soft_wrap=True)


@contextlib.asynccontextmanager
async def view(recorder: Recorder) -> AsyncIterator[None]:
    """Show a recorder's progress on stderr until the block ends."""
    with Live(console=_console, auto_refresh=False, transient=True) as shown:
        task = asyncio.create_task(_refresh(shown.update, recorder))
        try:
            yield
        finally:
            task.cancel()


async def _refresh(update: object, recorder: Recorder) -> None:
    rates: dict[str, Rate] = defaultdict(Rate)
    while True:
        statuses = recorder.statuses()
        for status in statuses:
            rates[status.name].note(time.monotonic(), sum(status.events.values()))
        update(table(statuses, rates, now()), refresh=True)  # type: ignore[operator]
        await asyncio.sleep(_REFRESH)


class Rate:
    """Events a second over the last few seconds."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def note(self, moment: float, total: int) -> None:
        """Take note of a total at a moment, in seconds of any clock that only advances."""
        self._seen.append((moment, total))
        while self._seen[0][0] < moment - _RATE_OVER:
            del self._seen[0]

    def __float__(self) -> float:
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        return (after - before) / (last - first) if last > first else 0.0


def table(statuses: Sequence[NetworkStatus], rates: Mapping[str, Rate], moment: str) -> Table:
    """Lay out each network's state and rate, and the busiest channels of all."""
    shown = Table.grid(padding=(0, 2))
    for status in statuses:
        style = "bold green" if status.connected else "yellow"
        age = ago(status.last_event, moment)
        shown.add_row(
            Text(printable(f"● {status.name}"), style=style),
            Text(printable(status.state)),
            Text(f"{float(rates[status.name]):.1f}/s  last line {age}", style="dim"),
        )
        for channel, count in _busiest(status, max(1, _SHOWN // len(statuses))):
            shown.add_row("", Text(printable(channel)), Text(f"{count:,}", justify="right"))
    return shown


def _busiest(status: NetworkStatus, most: int) -> list[tuple[str, int]]:
    channels = Counter({name: count for name, count in status.events.items() if name != SERVER})
    rest = list(islice(channels.most_common(), most, None))
    more = [(f"and {len(rest)} more", sum(count for _, count in rest))] if rest else []
    return [*channels.most_common(most), *more]
