"""`chatlog who`: who was in a channel at some time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from chatlog import clock
from chatlog.cli.options.moments import event_time
from chatlog.cli.options.reading import archive_root, network_option, output_option, tz_option
from chatlog.cli.show.damage import Damage
from chatlog.errors import NothingFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.archive.targets import Target
    from chatlog.event import Event
    from chatlog.query.selection import Query
    from chatlog.read.reader import Reader
    from chatlog.report.presence import Presence

_FEW: Final = 5


@click.command()
@click.argument("target")
@click.option(
    "--at", metavar="TIME", help="When: 2026-11-23, 'yesterday 18:00', -2h. Default: now."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@tz_option
@network_option
@output_option
def command(
    *, target: str, at: str | None, as_json: bool, tz: str | None,
    network: str | None, output: str | None,
) -> None:  # fmt: skip
    """Say who was in a channel, as its events tell: joins, parts, names, nicks.

    \b
      chatlog who python --at 'yesterday 18:00'
      chatlog who '#chan' --at 2026-11-23T18:20:01Z --json
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.cli.show.screen import encoded, json_line, write  # noqa: PLC0415 - --help does not pay for these
    from chatlog.formats.visible import visible  # noqa: PLC0415
    from chatlog.read.reader import Reader  # noqa: PLC0415

    root = archive_root(output)
    now = clock.now()
    time = event_time(at, now, tz) or now
    reader = Reader(root, [target], [network] if network else [])
    channel = _only_one(target, root, reader)
    presence = present(reader, channel, time)
    Damage(reader).report()
    if not presence.since or _is_deaf(root, channel, presence.since, min(time, now)):
        raise NothingFoundError(
            f"nobody recorded {visible(target)} then; `chatlog gaps` says when it was heard"
        )
    if as_json:
        said = {"time": time, "since": presence.since, "nicks": presence.members}
        write(json_line(said))
    else:
        write(encoded("".join(f"{visible(nick)}\n" for nick in presence.members)))


def _only_one(name: str, root: str | Path, reader: Reader) -> Target:
    """Find the one target that is meant: a channel, where a query is called so as well."""
    from chatlog.archive.targets import spelled  # noqa: PLC0415
    from chatlog.casemapping import CHANTYPES  # noqa: PLC0415
    from chatlog.formats.visible import visible  # noqa: PLC0415 - as above

    found = reader.targets()
    channels = [each for each in found if spelled(each.name)[:1] in CHANTYPES] or found
    if not channels:
        raise NothingFoundError(
            f"no {visible(name)} in {visible(str(root))}; say where the archive is with --output"
        )
    if len(channels) > 1:
        names = [visible(f"{spelled(each.network)}/{spelled(each.name)}") for each in channels]
        more = ", …" if names[_FEW:] else ""
        listed = ", ".join(names[:_FEW])
        raise UsageError(f"{visible(name)} is more than one: {listed}{more}; name one")
    return channels[0]


def _is_deaf(root: str | Path, channel: Target, since: str, time: str) -> bool:
    """Say whether it was not heard at a time: a recorder that was killed told of no end."""
    from pathlib import Path  # noqa: PLC0415 - as above

    from chatlog.cli.show.damage import say_unread  # noqa: PLC0415
    from chatlog.report.gaps import coverages  # noqa: PLC0415

    return any(
        since <= gap.start.time < time <= gap.end
        for _, coverage in coverages(Path(root), [channel], clock.now(), unread=say_unread)
        for gap in coverage.gaps
    )


def present(reader: Reader, channel: Target, time: str) -> Presence:
    """Follow who came and went, from when the recorder last came in until a time, inclusive."""
    from chatlog.archive.targets import spelled  # noqa: PLC0415
    from chatlog.event import EventType  # noqa: PLC0415 - as above
    from chatlog.query.predicates import Between, Some, Type, Via  # noqa: PLC0415
    from chatlog.query.selection import query_for  # noqa: PLC0415
    from chatlog.report.presence import CHANGING, SPEAKING, Presence  # noqa: PLC0415

    until = Between(until=time + "~")
    begins = query_for(Some((Type(EventType.JOINED), Type(EventType.NAMES))), Via("live"), until)
    first, types = "", {*CHANGING, *SPEAKING}
    for event in _events(reader, channel, begins, newest_first=True):
        # What the server gave no time is by our clock, which may be behind its own.
        first = min(event.time, event.received or event.time)
        if event.type == EventType.JOINED:
            break
        types -= SPEAKING  # there is a list, so that nothing need be told from them
    reader.damaged.clear()  # what is read twice is counted once
    presence = Presence(reader.names(spelled(channel.network)))
    if first:
        changes = query_for(
            Some(tuple(map(Type, sorted(types)))), Via("live"), Between(since=first), until
        )
        for event in _events(reader, channel, changes):
            presence.take(event)
    return presence


def _events(
    reader: Reader, channel: Target, query: Query, *, newest_first: bool = False
) -> Iterator[Event]:
    from chatlog.formats import jsonl  # noqa: PLC0415 - as above
    from chatlog.search.search import Search  # noqa: PLC0415

    for hit in Search(reader, query, newest_first=newest_first, jobs=1).hits():
        if hit.target == channel:
            yield jsonl.decode(hit.line)
