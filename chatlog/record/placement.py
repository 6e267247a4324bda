"""Placement: the recorders of a channel among several, without a coordinator. Pure.

Every recorder computes the same from the same configuration: each pair of a channel and a
shard has a weight, and the shards with the highest weights record the channel. A further shard
takes its share from all others, and moves no channel between these (rendezvous hashing,
https://en.wikipedia.org/wiki/Rendezvous_hashing).
"""

from __future__ import annotations

from hashlib import blake2b
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.casemapping import Casemapping

if TYPE_CHECKING:
    from collections.abc import Iterable

_NETWORKS: Final = Casemapping("ascii")
_CHANNELS: Final = Casemapping("rfc1459")  # folds what any network folds: one name, one place


class Placement(msgspec.Struct, frozen=True):
    """One of `shards` recorders, by its `number` from 1, where `replicas` record each channel."""

    number: int = 1
    shards: int = 1
    replicas: int = 1

    def holds(self, network: str, channel: str) -> bool:
        """Return whether this recorder records a channel."""
        if self.shards <= self.replicas:
            return True
        return self.number in self.holders(network, channel)

    def share_of(self, network: str, channels: Iterable[str]) -> tuple[str, ...]:
        """Return the channels that this recorder records, in the order in which it is to join.

        Those of which it is the first holder come first: the replicas of a channel ask for it
        at different times, so that after a start of all of them each channel is heard earlier.
        """
        ranked = []
        for channel in channels:
            holders = self.holders(network, channel)
            if self.number in holders:
                ranked.append((holders.index(self.number), channel))
        return tuple(channel for _, channel in sorted(ranked, key=itemgetter(0)))

    def holders(self, network: str, channel: str) -> list[int]:
        """Return the numbers of the shards that record a channel, the first one first."""
        if self.shards == 1:
            return [1]
        name = f"{_NETWORKS[network]}\n{_CHANNELS[channel]}".encode("utf-8", "surrogatepass")
        numbers: Iterable[int] = range(1, self.shards + 1)
        ranked = sorted(numbers, key=lambda number: _weight(name, number), reverse=True)
        return ranked[: self.replicas]


def _weight(name: bytes, number: int) -> bytes:
    return blake2b(name, digest_size=8, salt=b"%d" % number).digest()
