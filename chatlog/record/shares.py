"""Shares of a network's channels: one for each connection, if one cannot carry them all. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.record.supervisor import Plan

    Channels = tuple[str, ...]


def assign(
    shares: Sequence[Channels], wanted: Channels, most: int | None, connections: int
) -> list[Channels]:
    """Return the channels of each connection, of which one carries `most`.

    Channels stay in their share unless it has more than it may carry; others go to
    the first connection with room. If `connections` do not suffice, the last has the rest,
    and the server refuses what is too many.
    """
    if most is None:
        return [wanted]
    names = set(wanted)
    kept = [[name for name in share if name in names][:most] for share in shares] or [[]]
    held = {name for share in kept for name in share}
    at = 0
    for name in [name for name in wanted if name not in held]:
        while at < len(kept) and len(kept[at]) >= most:
            at += 1
        if at == len(kept) < connections:
            kept.append([])
        kept[min(at, len(kept) - 1)].append(name)
    return [tuple(share) for share in kept]


def with_channels(plan: Plan, channels: Channels) -> Plan:
    """Return a plan with other channels."""
    session = msgspec.structs.replace(plan.session, channels=channels)
    return msgspec.structs.replace(plan, session=session)


def share_of(plan: Plan, number: int, channels: Channels) -> Plan:
    """Return the plan of a connection by its number, from 0.

    Only the first takes invitations and private messages. The others have a nick with their
    number, unless the network lets several connections have one nick.
    """
    if number == 0:
        return with_channels(plan, channels)
    identity = plan.session.identity
    if not plan.shares_nick:
        alternates = tuple(f"{nick}{number + 1}" for nick in identity.alternates)
        nick = f"{identity.nick}{number + 1}"
        identity = msgspec.structs.replace(identity, nick=nick, alternates=alternates)
    session = msgspec.structs.replace(
        plan.session, channels=channels, identity=identity, queries=False, accept_invites=False
    )
    return msgspec.structs.replace(plan, session=session)
