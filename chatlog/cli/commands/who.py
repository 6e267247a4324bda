"""`chatlog who`: the members of a channel at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from chatlog import clock
from chatlog.archive.targets import spelled
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.moments import event_time
from chatlog.cli.options.reading import archive_options, network_option, target_options, tz_option
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.nothing_found import nothing_found
from chatlog.cli.show.progress import watched_last_hits
from chatlog.cli.show.screen import encoded, json_line, write
from chatlog.cli.show.unreadable import reported_by
from chatlog.errors import NothingFoundError, UsageError
from chatlog.formats.visible import printable, visible
from chatlog.read.reader import Reader
from chatlog.report.members import channels_of, presence_at, relayed_in, why_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.archive.targets import Target
    from chatlog.report.members import RelayedSpeaker
    from chatlog.report.presence import Presence

_FEW: Final = 5


@click.command(cls=HelpCommand)
@target_options
@click.option(
    "--at",
    metavar="TIME",
    help="Time to look at: 2026-11-23, 'yesterday 18:00', 2h. Default: now.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@tz_option
@network_option
@archive_options()
def command(
    *, targets: tuple[str, ...], at: str | None, as_json: bool, tz: str | None,
    network: str | None, root: str,
) -> None:  # fmt: skip
    """List the members of a channel, by its joins, parts, nicks and lists of names.

    Before a nick stands its status: @ for an operator, + for a voice. "ada via telegram"
    spoke through a relay in the day before.

    \b
      chatlog who python --at 'yesterday 18:00'
      chatlog who '#chan' --at 2026-11-23T18:20:01Z --json
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    if len(targets) != 1:
        raise UsageError("name one channel, a # in quotes: `chatlog who '#python'`")
    [target] = targets
    now = clock.now()
    time = event_time(at, now, tz) or now
    reader = Reader(root, [target], [network] if network else [], joins_renamed=False)
    channels, damage = channels_of(reader), Damage(reader.damaged)
    if not channels:
        damage.end()
        raise nothing_found(reader.selected).error()
    channel = _only_one(channels, target)
    presence = presence_at(reader, channel, time, watched_last_hits)
    relayed = relayed_in(reader, channel, time, watched_last_hits)
    damage.report()
    why = why_unknown(
        root, channel, presence.since, min(time, now), now, unreadable=reported_by(damage)
    )
    if why:
        damage.end()
        raise NothingFoundError(f"{printable(target)} {why}")
    if as_json:
        from chatlog.report.json_views import members_record

        write(json_line(members_record(channel, time, presence, relayed)))
    else:
        write(encoded("".join(f"{line}\n" for line in _lines(presence, relayed))))
    damage.end()


def _lines(presence: Presence, relayed: Iterable[RelayedSpeaker]) -> Iterator[str]:
    """Yield the members, each with the status, and then those who spoke through a relay."""
    prefixes = presence.prefixes
    for nick in presence.members:
        yield prefixes.get(nick, "") + visible(nick)
    for each in relayed:
        yield f"{visible(each.nick)} via {visible(each.platform or each.relay)}"


def _only_one(channels: list[Target], name: str) -> Target:
    """Return the only channel; raise UsageError if there are several."""
    if len(channels) > 1:
        names = [printable(f"{spelled(each.network)}/{spelled(each.name)}") for each in channels]
        more = ", …" if names[_FEW:] else ""
        listed = ", ".join(names[:_FEW])
        raise UsageError(f"{printable(name)} matches several: {listed}{more}; name one")
    return channels[0]
