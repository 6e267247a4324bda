"""The collector: a stream into one archive, for as long as both are there.

Its consumer is made anew for each connection, from the position in the archive on, and
acknowledges nothing: a durable one, of which the server knows how far it came, loses the lines
that were delivered to a process that died.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from chatlog import __version__, clock
from chatlog.bus.messages import encode
from chatlog.bus.outage import BusOutage
from chatlog.bus.pull import Pull
from chatlog.bus.server import connect, create_stream, disconnect
from chatlog.bus.subjects import EVERYTHING, ask_subject
from chatlog.errors import NetworkError, NothingFoundError
from chatlog.health.collector_metrics import CollectorStatus, prometheus_of_collector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from nats.aio.client import Client

    from chatlog.bus.collection import Collection
    from chatlog.bus.pull import BusDelivery
    from chatlog.bus.server import BusServer, StreamLimits

logger = logging.getLogger(__name__)

_ROUND: Final = 2.0  # seconds between two rounds
_SHARE: Final = 2
"""So many times as long as a round took there is none."""
_MOST: Final = 32 * 1024 * 1024  # bytes of lines that wait for a round
_COVERAGE: Final = 3600.0  # seconds between two looks at all ledgers
_ASK: Final = 15.0  # seconds between two requests for lost messages
_IDLE: Final = 60.0  # seconds after which the server drops a consumer that nobody reads


class Collector:
    """Collects one stream until `stop`; if `create`, it makes the stream if there is none."""

    def __init__(
        self, collection: Collection, server: BusServer, stream: str, create: StreamLimits | None
    ) -> None:
        self._collection = collection
        self._server = server
        self._stream = stream
        self._create = create
        self._stopping = asyncio.Event()
        self._outage = BusOutage("the lines wait with their recorders")
        self._round_due = 0.0
        self._coverage_due = time.monotonic() + _COVERAGE
        self._ask_due = 0.0
        self._started = clock.now()
        self._left: int | None = None
        self._caught_up = ""

    def stop(self) -> None:
        """End after a last round."""
        self._stopping.set()

    def metrics(self) -> str:
        """Return the figures of this moment in the format of Prometheus."""
        collection = self._collection
        status = CollectorStatus(
            version=__version__,
            started=self._started,
            updated=clock.now(),
            left=self._left,
            caught_up=self._caught_up,
            lines=collection.lines.total(),
            damaged=collection.damaged,
            repeated=collection.repeated,
            lost=sum(ask.last - ask.first + 1 for _, ask in collection.lost()),
            disk_free=collection.room(),
            heard=collection.heard(),
        )
        return prometheus_of_collector(status)

    async def run(self, *, once: bool = False) -> None:
        """Collect; with `once`, end at the end of the stream.

        Raise NetworkError if there is no bus and it runs `once`, RefusedError if the bus refuses
        us, NothingFoundError if it has no such stream, TranscriptError if the archive cannot be
        written, HeldError if a recorder writes to it.
        """
        housekeeping = self._collection.housekeeping(clock.now)
        housekeeping.start(asyncio.get_running_loop())
        try:
            await self._collect(once=once)
            self._collection.settle(clock.now(), everything=True)
        finally:
            housekeeping.stop(is_batch=once)

    async def _collect(self, *, once: bool) -> None:
        """Collect over one connection after another."""
        while not self._stopping.is_set():
            try:
                await self._connected(once=once)
            except NetworkError as error:
                if once:
                    raise
                pause = self._outage.note(str(error))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
            else:
                return

    async def _connected(self, *, once: bool) -> None:
        """Collect over one connection, until the end or a NetworkError."""
        client = await connect(self._server)
        try:
            async for deliveries, left in self._batches(client, once=once):
                self._outage.end()
                for each in deliveries:
                    self._collection.take(*each)
                is_end = once and not left
                self._left = left
                self._settle(is_due=is_end)
                if not left and not self._collection.has_news:
                    self._caught_up = clock.now()
                await self._ask(client, is_due=is_end)
                if is_end or self._stopping.is_set():
                    return
        finally:
            self._left = None
            await disconnect(client)

    def _settle(self, *, is_due: bool) -> None:
        now = time.monotonic()
        if is_due or now >= self._round_due or self._collection.size > _MOST:
            everything = now >= self._coverage_due
            self._collection.settle(clock.now(), everything=everything)
            end = time.monotonic()
            self._round_due = end + max(_ROUND, _SHARE * (end - now))
            if everything:
                self._coverage_due = end + _COVERAGE

    async def _ask(self, client: Client, *, is_due: bool) -> None:
        """Ask the shippers for lost messages; one that is not there is asked again."""
        now = time.monotonic()
        lost = self._collection.lost() if is_due or now >= self._ask_due else []
        if not lost:
            return
        self._ask_due = now + _ASK
        for witness, ask in lost:
            logger.info(
                "messages %d to %d of %s are lost; asking for them", ask.first, ask.last, witness
            )
            await _published(client, ask_subject(witness), encode(ask))

    async def _batches(
        self, client: Client, *, once: bool
    ) -> AsyncIterator[tuple[Sequence[BusDelivery], int]]:
        """Yield the next messages, also none, and how many are left in the stream."""
        from nats.errors import Error

        try:
            pull = Pull(client, self._stream, await self._consumer(client), ends=once)
            await pull.start()
            while True:
                yield await pull.batch(), pull.left
        except (Error, OSError) as error:
            raise NetworkError(f"the connection to the bus broke: {error!r}") from error

    async def _consumer(self, client: Client) -> str:
        """Make a consumer of the stream from the position of the archive on; return its name."""
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
        from nats.js.errors import NotFoundError

        streams = client.jetstream()
        if self._create is not None:
            await create_stream(streams, self._stream, self._create)
        try:
            info = await streams.stream_info(self._stream)
        except NotFoundError:
            raise NothingFoundError(
                f"{self._server.shown} has no stream {self._stream}; --create makes it"
            ) from None
        begin = self._collection.begin(str(info.created), info.state.last_seq)
        consumer = await streams.add_consumer(
            self._stream,
            ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=begin,
                filter_subject=EVERYTHING,
                inactive_threshold=_IDLE,
            ),
        )
        return consumer.name


async def _published(client: Client, subject: str, data: bytes) -> None:
    from nats.errors import Error

    try:
        await client.publish(subject, data)
    except Error as error:
        raise NetworkError(f"the connection to the bus broke: {error!r}") from error
