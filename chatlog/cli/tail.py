"""`chatlog tail`: the last events of the archive, and those that follow."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from chatlog import config
from chatlog.cli.options import network_option, output_option
from chatlog.cli.painting import Painter
from chatlog.errors import NothingFoundError
from chatlog.formats import jsonl
from chatlog.formats.terminal import Manner, render
from chatlog.transcript.reader import Entry, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_POLL: Final = 0.25
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
@click.option(
    "--color",
    default="auto",
    type=click.Choice(["auto", "always", "never"]),
    show_default=True,
    help="Colours; auto is where stdout is a terminal and NO_COLOR is not set.",
)
@click.option("--tz", metavar="ZONE", help="Time zone of the times shown. Default: local.")
@output_option
@network_option
def command(  # noqa: PLR0913 - one for each option
    *,
    targets: tuple[str, ...],
    count: int,
    follow: bool,
    as_json: bool,
    color: str,
    tz: str | None,
    output: Path | None,
    network: str | None,
) -> None:
    """Show the last events of channels and queries; all of them where none is named.

    \b
      chatlog tail python
      chatlog tail -f '#python' libera/chatlog
      chatlog tail --json -n 1000 | jq -r .nick
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    root = config.archive_root(output, os.environ)
    reader = Reader(root, targets, network or "")
    found = reader.targets()
    if not found and not follow:
        raise NothingFoundError(_nothing(root, targets))
    width = max((len(each.name) for each in found), default=0) if len(found) != 1 else 0
    zone = config.parse_zone(tz) if tz else None
    manner = Manner(zone, target_width=min(width, _MAX_TARGET_WIDTH))
    show: Callable[[Entry], str] = _show_json
    if not as_json:
        show = Lines(manner, Painter(color))
    _show_all(reader.last(count), show)
    sys.stdout.flush()
    if follow:
        _follow(reader, show)
    for path, lines in reader.damaged.items():
        click.echo(f"chatlog: {lines} lines of {path} could not be read", err=True)


def _nothing(root: Path, targets: tuple[str, ...]) -> str:
    what = f"nothing of {' '.join(targets)}" if targets else "nothing"
    return (
        f"{what} in {root}; record with `chatlog record --server HOST --channel NAME`,"
        " or say where the archive is with --output"
    )


def _follow(reader: Reader, show: Callable[[Entry], str]) -> None:
    for entry in reader.follow(lambda: time.sleep(_POLL)):
        _show_all([entry], show)
        sys.stdout.flush()


def _show_all(entries: Iterable[Entry], show: Callable[[Entry], str]) -> None:
    sys.stdout.write("".join(show(entry) + "\n" for entry in entries))


def _show_json(entry: Entry) -> str:
    line = entry.line if entry.suffix == jsonl.SUFFIX else jsonl.encode([entry.event])[:-1]
    return line.decode("utf-8", "replace")


class Lines(NamedTuple):
    """Events as coloured lines."""

    manner: Manner
    paint: Painter

    def __call__(self, entry: Entry) -> str:
        """Return the line of one event, without its newline."""
        return "".join(self.paint(span) for span in render(entry.event, self.manner))
