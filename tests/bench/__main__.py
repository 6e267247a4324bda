"""Benchmarks: `python -m tests.bench [flood|paced|crowds|reading|startup|profile]`.

docs/benchmarks.md says how each one measures. What is measured is printed, never judged: the
exit status is 0 unless something could not run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING

import click

from tests.bench import crowds, flooding, startup
from tests.bench.archive import Size
from tests.bench.contenders import CONTENDERS
from tests.bench.flooding import Task
from tests.bench.measure import FailedError
from tests.bench.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


_NAMES = [contender.name for contender in CONTENDERS]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except FailedError as error:
        click.echo(f"could not run: {error}", err=True)
        return 1
    return 0


def _flood(options: argparse.Namespace) -> None:
    _compare(options, 0, flooding.COLUMNS)


def _paced(options: argparse.Namespace) -> None:
    if not shutil.which("strace"):
        click.echo("without strace, system calls are not counted", err=True)
    _compare(options, options.rate, flooding.PACED_COLUMNS)


def _compare(options: argparse.Namespace, rate: int, columns: Mapping[str, str]) -> None:
    rows, failures = [], []
    for kind, channels in product(options.kinds, options.channels):
        task = Task(options.lines, channels, kind, options.rounds, rate)
        measured, failed = flooding.compare(task, options.only)
        rows += measured
        failures += failed
    if options.json:
        for row in rows:
            click.echo(json.dumps(asdict(row)))
    else:
        _print_table(flooding.as_table(rows, columns))
    if failures:
        raise FailedError("\n".join(dict.fromkeys(failures)))


def _reading(options: argparse.Namespace) -> None:
    from tests.bench import reading

    size = Size(events=options.events)
    with reading.somewhere(options.archive) as place:
        table, sentences = reading.compare(place, size, options.rounds)
    _print_table(table)
    click.echo("\n".join(["", *sentences]))


def _crowds(options: argparse.Namespace) -> None:
    _print_table(crowds.compare(options.lines, options.channels, options.rounds))


def _startup(options: argparse.Namespace) -> None:
    _print_table(startup.compare(options.runs))


def _profile(options: argparse.Namespace) -> None:
    from tests.bench import stages  # the others need not import what they measure

    for kind, channels in product(options.kinds, options.channels):
        click.echo(f"\n{kind}, {channels} channel(s)")
        if options.profile:
            stages.profile(options.lines, channels, kind)
        else:
            _print_table(stages.compare(options.lines, channels, kind, options.rounds))


def _print_table(table: Sequence[Sequence[str]]) -> None:
    """Print a table that is also Markdown's: words to the left, the rest to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for row in (table[0], rule, *table[1:]):
        first, *rest = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        click.echo(f"| {' | '.join(cells)} |")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    commands = parser.add_subparsers(required=True)
    flood = _add(commands, "flood", _flood, "compare the loggers (the default)")
    _add_only(flood, _NAMES)
    _add_flood(flood, lines=200_000, rounds=3, channels="1,10,100")
    paced = _add(commands, "paced", _paced, "compare the loggers and other programs at a pace")
    _add_only(paced, [*_NAMES, *(peer.name for peer in PEERS)])
    paced.add_argument("--rate", type=_count, default=1000, help="lines a second")
    _add_flood(paced, lines=5000, rounds=3, channels="1,10", kinds="plain")
    reading = _add(commands, "reading", _reading, "search, stats and tail beside other tools")
    reading.add_argument("--events", type=_count, default=10_000_000, help="of the archive")
    reading.add_argument("--rounds", type=_count, default=5)
    reading.add_argument("--archive", metavar="DIR", help="make it there and leave it for the next")
    many = _add(commands, "crowds", _crowds, "the recorder's memory among thousands of channels")
    many.add_argument("--lines", type=_count, default=20_000)
    many.add_argument("--channels", type=_count, default=5000)
    many.add_argument("--rounds", type=_count, default=3)
    start = _add(commands, "startup", _startup, "start-up against a bare interpreter's")
    start.add_argument("--runs", type=_count, default=15)
    profile = _add(commands, "profile", _profile, "the recorder's path stage by stage")
    profile.add_argument("--profile", action="store_true", help="what cProfile says instead")
    _add_flood(profile, lines=100_000, rounds=5, channels="10")
    return parser


def _add(commands, name, run, text):
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def _add_only(parser: argparse.ArgumentParser, names: list[str]) -> None:
    parser.add_argument("--only", type=_some_of(*names), default=[], help=",".join(names))
    parser.add_argument("--json", action="store_true", help="one object a line")


def _add_flood(
    parser: argparse.ArgumentParser,
    *,
    lines: int,
    rounds: int,
    channels: str,
    kinds: str = "plain,tagged",
) -> None:
    parser.add_argument("--lines", type=_count, default=lines)
    parser.add_argument("--rounds", type=_count, default=rounds)
    parser.add_argument("--channels", type=_counts, default=channels, help="how many, a list")
    parser.add_argument("--kinds", type=_some_of("plain", "tagged"), default=kinds)


def _some_of(*known: str) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        words = text.split(",")
        if unknown := set(words).difference(known):
            raise argparse.ArgumentTypeError(f"{min(unknown)!r} is none of {', '.join(known)}")
        return words

    return parse


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def _counts(text: str) -> list[int]:
    return [_count(word) for word in text.split(",")]


def _with_default(arguments: list[str]) -> list[str]:
    named = arguments and (not arguments[0].startswith("-") or arguments[0] in ("-h", "--help"))
    return arguments if named else ["flood", *arguments]


if __name__ == "__main__":
    sys.exit(main(_with_default(sys.argv[1:])))
