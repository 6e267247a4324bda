"""Benchmarks: `python -m tests.bench [NAME]`.

NAME is all, flood, paced, small, crowds, reading, exporting, merging, importing, bus, shards,
replicas, startup or profile.

docs/benchmarks.md says how each one measures. What is measured is printed, never judged: the
exit status is 0 unless something could not run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING

import click

from tests.bench import crowds, flooding, small_machine, startup
from tests.bench.archive import Size
from tests.bench.contenders import CONTENDERS
from tests.bench.flooding import Task
from tests.bench.measure import FailedError
from tests.bench.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


_TABLES = (
    *("flood", "paced", "small", "crowds", "reading", "exporting", "merging", "importing", "bus"),
    *("shards", "replicas", "startup"),
)
_NAMES = [contender.name for contender in CONTENDERS]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except FailedError as error:
        click.echo(f"could not run: {error}", err=True)
        return 1
    return 0


def _all(options: argparse.Namespace) -> None:
    """Print every table; a program that could not run costs its rows alone."""
    begin, failures = time.monotonic(), []
    for name in _TABLES:
        click.echo(f"== {name}, after {(time.monotonic() - begin) / 60:.0f} minutes", err=True)
        rounds = ["--rounds", f"{options.rounds}"]
        few = ["--channels", "2000", "--seconds", "20"]  # of 10,000 it takes ten minutes
        others = {"startup": ["--runs", f"{5 * options.rounds}"], "shards": [], "replicas": few}
        one = _parser().parse_args([name, *others.get(name, rounds)])
        try:
            one.run(one)
        except FailedError as error:
            failures.append(str(error))
    click.echo(f"== all, in {(time.monotonic() - begin) / 60:.0f} minutes", err=True)
    if failures:
        raise FailedError("\n".join(failures))


def _flood(options: argparse.Namespace) -> None:
    _compare(options, "A flood", 0, flooding.COLUMNS)


def _paced(options: argparse.Namespace) -> None:
    if not shutil.which("strace"):
        click.echo("without strace, system calls are not counted", err=True)
    if not shutil.which("openssl") and "tls" in options.kinds:
        click.echo("without openssl there are no certificates, and so no lines by TLS", err=True)
        options.kinds = [kind for kind in options.kinds if kind != "tls"]
    title = f"The pace: {options.rate:,} lines a second"
    _compare(options, title, options.rate, flooding.PACED_COLUMNS)


def _compare(
    options: argparse.Namespace, title: str, rate: int, columns: Mapping[str, str]
) -> None:
    if missing := flooding.not_installed(paced=bool(rate)):
        click.echo(f"not installed, and left out: {', '.join(missing)}", err=True)
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
        _print_table(title, flooding.as_table(rows, columns))
    if failures:
        raise FailedError("\n".join(dict.fromkeys(failures)))


def _small(options: argparse.Namespace) -> None:
    loads = options.lines, options.flood, options.rate
    _print_table("A small machine", small_machine.compare(*loads, options.rounds))


def _reading(options: argparse.Namespace) -> None:
    from tests.bench import reading

    size = Size(events=options.events)
    with reading.somewhere(options.archive) as place:
        table, sentences = reading.compare(place, size, options.rounds)
    _print_table(f"Reading {size.events:,} events", table)
    click.echo("\n".join(["", *sentences]))


def _exporting(options: argparse.Namespace) -> None:
    from tests.bench import exporting, reading

    size = Size(events=options.events)
    with reading.somewhere(options.archive) as place:
        if "formats" in options.only or not options.only:
            _print_table("Exporting", exporting.compare(place, size, options.rounds))
        if not shutil.which("irclog2html"):
            click.echo("irclog2html is not installed, so no site is beside it", err=True)
        elif "site" in options.only or not options.only:
            table = exporting.compare_sites(place, options.events, options.rounds)
            _print_table("A site", table)


def _merging(options: argparse.Namespace) -> None:
    from tests.bench import merging, reading

    with reading.somewhere(options.archive) as place:
        _print_table("Merging", merging.compare(place, options.lines, options.rounds))


def _bus(options: argparse.Namespace) -> None:
    from tests.bench import bus, reading

    if not bus.server():
        raise FailedError("nats-server is not installed")
    with reading.somewhere(options.archive) as place:
        _print_table("Ship and collect", bus.compare(place, options.lines, options.rounds))
        table = bus.compare_recorders(place, options.lines, options.rounds)
        _print_table("A recorder that ships", table)


def _importing(options: argparse.Namespace) -> None:
    from tests.bench import importing, reading

    if not shutil.which("irclog2html"):
        raise FailedError("irclog2html is not installed, and there is nothing to compare with")
    with reading.somewhere(options.archive) as place:
        table = importing.compare(place, options.lines, options.files, options.rounds)
    _print_table("Importing", table)


def _crowds(options: argparse.Namespace) -> None:
    _print_table("Crowds", crowds.compare(options.lines, options.channels, options.rounds))


def _startup(options: argparse.Namespace) -> None:
    _print_table("Starts", startup.compare(options.runs))


def _shards(options: argparse.Namespace) -> None:
    from tests.bench import shards

    _print_table("Shards", shards.compare(options.channels, options.shards))
    click.echo(f"\n{shards.ASSUMPTIONS}")


def _replicas(options: argparse.Namespace) -> None:
    from tests.bench import bus, replicas

    if not bus.server():
        raise FailedError("nats-server is not installed")
    size = replicas.Size(options.channels, options.shards, options.rate, options.seconds)
    table, sentences = replicas.measure(size)
    _print_table("Shards with replicas", table)
    click.echo(f"\n{sentences}")


def _profile(options: argparse.Namespace) -> None:
    from tests.bench import stages  # the others need not import what they measure

    for kind, channels in product(options.kinds, options.channels):
        title = f"{kind}, {channels} channel(s)"
        if options.profile:
            click.echo(f"\n{title}")
            stages.profile(options.lines, channels, kind)
        else:
            _print_table(title, stages.compare(options.lines, channels, kind, options.rounds))


def _print_table(title: str, table: Sequence[Sequence[str]]) -> None:
    """Print a table that is also Markdown's: words to the left, the rest to the right."""
    click.echo(f"\n{title}\n")
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for row in (table[0], rule, *table[1:]):
        first, *rest = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        click.echo(f"| {' | '.join(cells)} |")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    commands = parser.add_subparsers(required=True)
    every = _add(commands, "all", _all, "all tables but the profile, for half an hour")
    every.add_argument("--rounds", type=_count, default=3)
    flood = _add(commands, "flood", _flood, "compare the loggers (the default)")
    _add_only(flood, _NAMES)
    _add_flood(flood, lines=200_000, rounds=3, channels="1,10,100")
    paced = _add(commands, "paced", _paced, "compare the loggers and other programs at a pace")
    _add_only(paced, [*_NAMES, *(peer.name for peer in PEERS)])
    paced.add_argument("--rate", type=_count, default=1000, help="lines a second")
    _add_flood(paced, lines=5000, rounds=3, channels="1,10", kinds="plain,tls")
    small = _add(commands, "small", _small, "the recorder on one core, with little memory")
    small.add_argument("--lines", type=_count, default=10_000, help="at a pace")
    small.add_argument("--rate", type=_count, default=1000, help="lines a second")
    small.add_argument("--flood", type=_count, default=100_000, help="lines of a flood")
    small.add_argument("--rounds", type=_count, default=3)
    reading = _add(commands, "reading", _reading, "search, stats and tail beside other tools")
    reading.add_argument("--events", type=_count, default=10_000_000, help="of the archive")
    reading.add_argument("--rounds", type=_count, default=3)
    reading.add_argument("--archive", metavar="DIR", help="make it there and leave it for the next")
    export = _add(commands, "exporting", _exporting, "an export to each format, and once more")
    export.add_argument("--events", type=_count, default=1_000_000, help="of the archive")
    export.add_argument("--rounds", type=_count, default=3)
    export.add_argument("--only", type=_some_of("formats", "site"), default=[], help="formats,site")
    export.add_argument("--archive", metavar="DIR", help="make it there and leave it for the next")
    merged = _add(commands, "merging", _merging, "a merge of three recorders' archives")
    merged.add_argument("--lines", type=_count, default=10_000_000, help="of all archives")
    merged.add_argument("--rounds", type=_count, default=3)
    merged.add_argument("--archive", metavar="DIR", help="make them there and leave them")
    shipped = _add(commands, "bus", _bus, "an archive shipped over NATS and collected")
    shipped.add_argument("--lines", type=_count, default=200_000, help="of one recorder")
    shipped.add_argument("--rounds", type=_count, default=3)
    shipped.add_argument("--archive", metavar="DIR", help="make it there and leave it for the next")
    imported = _add(commands, "importing", _importing, "an import of logs, and irclog2html")
    imported.add_argument("--lines", type=_count, default=1_000_000, help="of irssi, all files")
    imported.add_argument("--files", type=_count, default=50_000, help="small ones, of ZNC")
    imported.add_argument("--rounds", type=_count, default=3)
    imported.add_argument("--archive", metavar="DIR", help="make them there and leave them")
    _add_many_channels(commands)
    start = _add(commands, "startup", _startup, "start-up against a bare interpreter's")
    start.add_argument("--runs", type=_count, default=15)
    profile = _add(commands, "profile", _profile, "the recorder's path stage by stage")
    profile.add_argument("--profile", action="store_true", help="what cProfile says instead")
    _add_flood(profile, lines=100_000, rounds=5, channels="10")
    return parser


def _add_many_channels(commands):
    many = _add(commands, "crowds", _crowds, "the recorder's memory among thousands of channels")
    many.add_argument("--lines", type=_count, default=20_000)
    many.add_argument("--channels", type=_count, default=5000)
    many.add_argument("--rounds", type=_count, default=3)
    sharded = _add(commands, "shards", _shards, "a simulation of shards on Twitch")
    sharded.add_argument("--channels", type=_count, default=10_000)
    sharded.add_argument("--shards", type=_count, default=20)
    heard = _add(commands, "replicas", _replicas, "shards on a scripted Twitch, and their bus")
    heard.add_argument("--channels", type=_count, default=10_000)
    heard.add_argument("--shards", type=_count, default=5)
    heard.add_argument("--rate", type=_count, default=500, help="lines a second, of all channels")
    heard.add_argument("--seconds", type=_count, default=40, help="of talk")


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
    every = _some_of("plain", "tagged", "tls")
    parser.add_argument("--kinds", type=every, default=kinds)


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
