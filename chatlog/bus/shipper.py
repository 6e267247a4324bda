"""The shipper: the lines of an archive to a bus, for as long as both are there.

If the bus is away, it waits, and what the archive gets meanwhile is published later: the archive
is the buffer, and its recorder never waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.bus.messages import LostRequest, decode
from chatlog.bus.outage import BusOutage
from chatlog.bus.publishing import Publisher
from chatlog.bus.server import connect, disconnect
from chatlog.bus.subjects import ask_subject
from chatlog.errors import NetworkError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from chatlog.bus.archive_feed import ArchiveFeed
    from chatlog.bus.server import BusServer

logger = logging.getLogger(__name__)

_LOOK: Final = 1.0  # seconds between two looks at an archive that is quiet
_SHARE: Final = 4
"""So many times as long as a look took of a core there is none: archives may have many targets."""
_LONGEST_LOOK: Final = 5.0
_HEAD_ROOM: Final = 512


class Shipped(msgspec.Struct):
    """The counts of one run: messages and batches."""

    messages: int = 0
    batches: int = 0


class Shipper:
    """Ships one archive until `stop`, or after `end_when_idle` until all is shipped."""

    def __init__(self, feed: ArchiveFeed, server: BusServer) -> None:
        self._feed = feed
        self._server = server
        self.shipped = Shipped()
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()
        self._ends_when_idle = False
        self._is_due = bool(feed.batch)  # a run before may have been killed while it published
        self._outage = BusOutage("the lines wait in the archive")

    def stop(self) -> None:
        """End as soon as the batch that is being published is safe, or the bus refuses it."""
        self._stopping.set()
        self._woken.set()

    def end_when_idle(self) -> None:
        """End as soon as all is shipped that the archive has."""
        self._ends_when_idle = True
        self._woken.set()

    async def run(self, *, patient: bool = True) -> None:
        """Ship; raise NetworkError for a bus that is away if not `patient`, or if it is to end.

        Raise RefusedError if the bus refuses us, and TranscriptError if the archive cannot be
        read.
        """
        while not self._stopping.is_set():
            try:
                await self._connected()
            except NetworkError as error:
                if not patient or self._ends_when_idle:
                    raise
                await self._pause(self._outage.note(str(error)))
            else:
                return

    async def _connected(self) -> None:
        """Ship over one connection, until the end or a NetworkError."""
        client = await connect(self._server)
        try:
            self._feed.longest = client.max_payload - _HEAD_ROOM
            publisher = Publisher(client, self._feed.witness)
            await publisher.start()
            await self._answer_asks(client)
            await self._ship(publisher)
        finally:
            await disconnect(client)

    async def _answer_asks(self, client: Client) -> None:
        async def take(message: Msg) -> None:
            with suppress(ValueError):
                self._feed.ask(decode(message.data, LostRequest))
                self._woken.set()

        await client.subscribe(ask_subject(self._feed.witness), cb=take)

    async def _ship(self, publisher: Publisher) -> None:
        """Publish batch after batch; the one that a run before left comes first."""
        while not self._stopping.is_set():
            begin = time.process_time()
            if self._is_due or self._feed.next_batch():
                await self._publish(publisher)
            elif self._ends_when_idle:
                return
            else:
                rest = _SHARE * (time.process_time() - begin)
                await self._pause(max(_LOOK, min(rest, _LONGEST_LOOK)))

    async def _publish(self, publisher: Publisher) -> None:
        self._is_due = True
        await publisher.publish(self._feed.first, self._feed.batch)
        self._is_due = False
        self._outage.end()
        self.shipped.batches += 1
        self.shipped.messages += len(self._feed.batch)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until something is asked or the end."""
        self._woken.clear()
        if not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), seconds)
