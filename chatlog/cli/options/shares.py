"""The share of a recorder: the channels of a configuration that are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatlog.errors import UsageError
from chatlog.record.placement import Placement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chatlog.settings.config import Config
    from chatlog.settings.network import NetworkConfig


def placement_of(loaded: Config, typed: Mapping[str, Any]) -> Placement:
    """Return the place of this recorder, from the options over the configuration."""
    shard = typed.get("shard") or loaded.shard
    replicas = typed.get("replicas") or loaded.replicas
    if shard is None:
        return Placement()
    if replicas > shard.count:
        raise UsageError(
            f"{replicas} replicas need as many shards, and there are {shard.count}; say --replicas"
            f" {shard.count}, or start more"
        )
    return Placement(shard.number, shard.count, replicas)


def share_of(
    networks: Mapping[str, NetworkConfig], place: Placement, path: Path
) -> dict[str, NetworkConfig]:
    """Return the networks of which this recorder has channels, with these channels alone.

    Invitations of a network are followed by the shard that holds its name. Raise UsageError if
    nothing is left.
    """
    found = {}
    for name, network in networks.items():
        listed = {each.name: each for each in network.channels}
        own = tuple(listed[channel] for channel in place.share_of(name, listed))
        follows = network.accept_invites and place.holds(name, "")
        if own or follows:
            found[name] = msgspec.structs.replace(network, channels=own, accept_invites=follows)
    if networks and not found:
        raise UsageError(
            f"{path} has too few channels for shard {place.number}/{place.shards}: none is its own"
        )
    return found
