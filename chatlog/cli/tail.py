"""`chatlog tail`: the last events of the archive, and those that follow."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from chatlog import clock, config
from chatlog.cli.painting import Painter
from chatlog.cli.reading_options import color_option, network_option, output_option, tz_option
from chatlog.cli.silences import silences_in
from chatlog.errors import NothingFoundError
from chatlog.formats import jsonl
from chatlog.formats.terminal import Manner, Span, local_time, place, render
from chatlog.formats.visible import visible
from chatlog.transcript.reader import Entry, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from chatlog.transcript.targets import Target

    Show = Callable[[Sequence[Entry]], bytes]

_POLL: Final = 0.25
_LONGEST_POLL: Final = 5.0
_MAX_TARGET_WIDTH: Final = 20


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]…")
@click.option(
    "-n",
    "--lines",
    "count",
    default=10,
    type=click.IntRange(min=0),
    show_default=True,
    metavar="N",
    help="How many events.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is recorded from now on.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as recorded.")
@color_option
@tz_option
@network_option
@output_option
def command(
    *,
    targets: tuple[str, ...],
    count: int,
    follow: bool,
    as_json: bool,
    color: str,
    tz: str | None,
    output: str | None,
    network: str | None,
) -> None:
    """Show the last events of channels and queries; all of them where none is named.

    A TARGET may have * and ? in it, and NETWORK/ before it.

    \b
      chatlog tail python
      chatlog tail -f '#python' libera/chatlog '*-ops'
      chatlog tail --json -n 1000 | jq -r .nick
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    zone = config.parse_zone(tz) if tz else None
    root = config.archive_root(output, os.environ)
    reader = Reader(root, targets, network or "")
    if follow:
        reader.mark()
    found = reader.targets()
    last = reader.last(count)
    if not found or (count and not last):
        _say_nothing_found(root, targets, follow=follow)
    lines = Lines(found, zone, Painter(color))
    show = _show_json if as_json else lines
    _write(show(last) if as_json else lines.with_silences(last))
    damage = Damage(reader)
    damage.report()
    if follow:
        for entries in reader.follow(_pauses()):
            _write(show(entries))
            damage.report()


def _say_nothing_found(root: str | Path, targets: tuple[str, ...], *, follow: bool) -> None:
    what = f"nothing of {' '.join(targets)} in {root}" if targets else f"nothing in {root}"
    if follow:
        click.echo(f"chatlog: {what} yet; waiting", err=True)
    else:
        raise NothingFoundError(
            f"{what}; record with `chatlog record --server HOST --channel NAME`,"
            " or say where the archive is with --output"
        )


def _pauses() -> Callable[[], None]:
    """Make what waits between two looks: the longer the more a look takes."""
    woke = time.monotonic()

    def wait() -> None:
        nonlocal woke
        busy = time.monotonic() - woke
        time.sleep(min(max(_POLL, 4 * busy), _LONGEST_POLL))
        woke = time.monotonic()

    return wait


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _show_json(entries: Sequence[Entry]) -> bytes:
    return b"".join(
        entry.line + b"\n" if entry.suffix == jsonl.SUFFIX else jsonl.encode([entry.event])
        for entry in entries
    )


class Lines:
    """Events as coloured lines.

    Targets and networks are shown where there is more than one, dates where
    not everything is of today.
    """

    def __init__(self, targets: Sequence[Target], tz: tzinfo | None, paint: Painter) -> None:
        self._tz = tz
        self._paint = paint
        self._all = targets
        self._targets = len(targets)
        self._networks = len({target.network for target in targets})
        self._shown: set[tuple[str, str]] = set()

    def __call__(self, entries: Sequence[Entry]) -> bytes:
        """Return the lines of some events, in the encoding of stdout."""
        return _encoded(self._text(entries, self._manner(entries)))

    def _text(self, entries: Sequence[Entry], manner: Manner) -> str:
        return "".join(
            "".join(map(self._paint, render(entry.event, manner))) + "\n" for entry in entries
        )

    def with_silences(self, entries: Sequence[Entry]) -> bytes:
        """Return the lines of some events, and between them where a target was not heard."""
        manner, shown, begin = self._manner(entries), "", 0
        for silence in silences_in(self._all, entries):
            where = f"{visible(silence.target)}: " if self._targets > 1 else ""
            shown += self._text(entries[begin : silence.position], manner)
            shown += self._paint(Span(f"--- {where}{visible(silence.text)}", "own")) + "\n"
            begin = silence.position
        return _encoded(shown + self._text(entries[begin:], manner))

    def _manner(self, entries: Sequence[Entry]) -> Manner:
        self._shown.update((entry.event.network, entry.event.target) for entry in entries)
        manner = Manner(
            self._tz,
            date=any(not self._is_of_today(entry.event.time) for entry in entries),
            network=max(self._networks, len({network for network, _ in self._shown})) > 1,
        )
        if max(self._targets, len(self._shown)) <= 1:
            return manner
        width = max((len(place(each.event, manner)) for each in entries), default=1)
        return manner._replace(target_width=min(width, _MAX_TARGET_WIDTH))

    def _is_of_today(self, time: str) -> bool:
        try:
            return local_time(time, self._tz).date() == local_time(clock.now(), self._tz).date()
        except ValueError:
            return False


def _encoded(text: str) -> bytes:
    return text.encode(sys.stdout.encoding or "utf-8", "backslashreplace")


class Damage:
    """Say on stderr which lines could not be read, each once."""

    def __init__(self, reader: Reader) -> None:
        self._found = reader.damaged
        self._told: Counter[str] = Counter()

    def report(self) -> None:
        """Report what was found since the last time."""
        for path, lines in (self._found - self._told).items():
            what = "1 line" if lines == 1 else f"{lines} lines"
            click.echo(f"chatlog: {what} of {path} could not be read", err=True)
        self._told = self._found.copy()
