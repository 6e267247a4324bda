"""`chatlog stats`: who said how much, and when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chatlog import clock
from chatlog.cli.options.query import (
    match_option,
    parsed,
    places,
    query_options,
    terms_of,
    with_followed,
)
from chatlog.cli.options.reading import archive_root, network_option, output_option, tz_option
from chatlog.errors import NothingFoundError
from chatlog.settings import parsers

if TYPE_CHECKING:
    from datetime import tzinfo

    from chatlog.archive.targets import Target
    from chatlog.cli.options.query import Wanted
    from chatlog.cli.show.sheet import About
    from chatlog.coverage.fold import Coverage
    from chatlog.query.selection import Query
    from chatlog.read.reader import Reader
    from chatlog.report.counts import Counts

_HOURLY, _QUARTERLY = 60, 15


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]…")
@click.option(
    "-n", "--top", default=20, show_default=True, metavar="N", type=click.IntRange(1),
    help="How many people.",
)  # fmt: skip
@click.option("--each", is_flag=True, help="Each channel for itself.")
@click.option(
    "--by", "period", type=click.Choice(["year", "month", "day"]), default="month",
    show_default=True, help="How long the periods are.",
)  # fmt: skip
@click.option("--join/--no-join", default=True, help="Take nicks of one person together.")
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Default: all cores.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@match_option
@query_options
@tz_option
@network_option
@output_option
def command(
    *, wanted: Wanted, targets: tuple[str, ...], match: str, tz: str | None,
    network: str | None, output: str | None, jobs: int | None, each: bool, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Show who said how much in channels, and when; all of them where none is named.

    Nicks count as one person where they share an account, or were changed into
    one another. Beside the counts stands how much of the time was heard: a gap
    is no silence.

    \b
      chatlog stats python
      chatlog stats --since 2026-01 --by day --each
      chatlog stats --json | jq 'select(.type == "person") | [.nick, .lines]'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.cli.show.damage import Damage  # noqa: PLC0415 - --help does not pay for these
    from chatlog.cli.show.sheet import Sheet  # noqa: PLC0415
    from chatlog.query.selection import query_for  # noqa: PLC0415
    from chatlog.read.reader import Reader  # noqa: PLC0415

    root = archive_root(output)
    query = query_for(*terms_of(wanted, tz), parsed(match, tz), *places(targets, [network]))
    reader = Reader(root, query.places, query.networks)
    query = with_followed(query, wanted, reader, jobs or 0)
    zone = parsers.parse_zone(tz) if tz else None
    changes = _changes(reader, query, jobs or 0) if options["join"] else {}
    counted = _count(reader, query, zone, jobs or 0)
    for target in counted.keys() & changes.keys():
        counted[target].changes |= changes[target]
    Damage(reader).report()
    if not counted:
        raise NothingFoundError(
            f"nothing to count in {root}; record with `chatlog record`,"
            " or say where the archive is with --output"
        )
    sheet = Sheet(zone, **options)
    heard = _heard(Path(root), list(counted))
    shown = [[target] for target in counted] if each else [list(counted)]
    sheet.show((_about(some, counted, heard, query, zone) for some in shown), as_json=as_json)


def _changes(reader: Reader, query: Query, jobs: int) -> dict[Target, set[tuple[str, str]]]:
    """Look up who was called what, where the query itself leaves changes of nick out."""
    from chatlog.event import EventType  # noqa: PLC0415 - --help does not pay for these
    from chatlog.query.predicates import Type  # noqa: PLC0415

    if query.is_everything:
        return {}
    found = _count(reader, query._replace(term=Type(EventType.NICK)), None, jobs)
    reader.damaged.clear()  # the count itself meets it again, and is to tell it once
    return {target: counts.changes for target, counts in found.items()}


def _count(reader: Reader, query: Query, zone: tzinfo | None, jobs: int) -> dict[Target, Counts]:
    """Count what is found of each target, on every core."""
    import msgspec  # noqa: PLC0415 - --help does not pay for these

    from chatlog.archive.targets import spelled  # noqa: PLC0415
    from chatlog.report import counts, hours  # noqa: PLC0415
    from chatlog.search.search import Search  # noqa: PLC0415

    grain = hours.grain_for(zone)
    found: dict[Target, Counts] = {}
    decoder = msgspec.msgpack.Decoder(counts.Counts)
    for target, data in Search(reader, query, jobs=jobs).folded(
        lambda target, batches: msgspec.msgpack.encode(
            counts.count(batches, reader.names(spelled(target.network)), grain)
        )
    ):
        found.setdefault(target, counts.Counts()).add(decoder.decode(data))
    return {target: found[target] for target in sorted(found) if found[target].events}


def _heard(root: Path, targets: list[Target]) -> dict[Target, Coverage]:
    from chatlog.cli.show.damage import say_unread  # noqa: PLC0415
    from chatlog.report.gaps import coverages  # noqa: PLC0415 - --help does not pay for it

    return dict(coverages(root, targets, clock.now(), unread=say_unread))


def _about(
    targets: list[Target],
    counted: dict[Target, Counts],
    heard: dict[Target, Coverage],
    query: Query,
    zone: tzinfo | None,
) -> About:
    """Put together what is known of some targets."""
    from chatlog.archive.targets import spelled  # noqa: PLC0415
    from chatlog.cli.show.sheet import About  # noqa: PLC0415
    from chatlog.coverage.by_hour import attention_to  # noqa: PLC0415
    from chatlog.report import counts, hours  # noqa: PLC0415 - --help does not pay for these

    total = counts.Counts()
    for target in targets:
        total.add(counted[target])
    known = [heard[target] for target in targets if target in heard]
    minutes = _HOURLY if hours.grain_for(zone) == hours.HOUR else _QUARTERLY
    return About(
        [f"{spelled(target.network)}/{spelled(target.name)}" for target in targets],
        total,
        len(known),
        attention_to(known, query.since, query.until or clock.now(), minutes),
    )
