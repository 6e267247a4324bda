"""The messages of a consumer, batch after batch, while the batch before is handled.

The request for the next batch is sent before the last one is handed out. nats-py's own `fetch`
starts two tasks for each message, which costs more than everything else that is done with it.

https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.errors import NetworkError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

_AT_ONCE: Final = 2000  # messages
_MOST: Final = 16 * 1024 * 1024  # bytes of them
_WAIT: Final = 0.5  # seconds, after which the server ends a request
_LOOK: Final = 1.0  # seconds, after which the connection is looked at
_LOOKS: Final = 10  # without any message
_OVER: Final = {"404", "408"}
"""The statuses by which the server ends a request: no messages, or its time is over."""
_FULL: Final = "409"
"""Among others, the status of a batch that has so many bytes that the next message is too much."""
_PLACES: Final = {9: 5, 11: 7, 12: 7}
"""Where the sequence stands in a reply subject, by the number of its tokens."""


class BusDelivery(NamedTuple):
    """A message of the stream, by the id that its sender gave it, and its sequence there."""

    subject: str
    name: str
    data: bytes
    sequence: int


class _Request(msgspec.Struct):
    batch: int
    max_bytes: int
    expires: int  # nanoseconds


class Pull:
    """The batches of a new consumer, over one connection.

    `left` counts the messages of the stream behind the last one that came. If it `ends`, a batch
    is over at the end of the stream, else half a second later.
    """

    def __init__(self, client: Client, stream: str, consumer: str, *, ends: bool) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = client.new_inbox()
        self._ends = ends
        self._most = max(_MOST, 2 * client.max_payload)
        self._came: list[BusDelivery] = []
        self._open = 0  # messages that the open request may still bring
        self._delivered = 0
        self._trouble = ""
        self._moved = asyncio.Event()
        self.left = 0

    async def start(self) -> None:
        """Begin to take messages."""
        await self._client.subscribe(
            self._inbox,
            cb=self._take,
            pending_msgs_limit=2 * _AT_ONCE,
            pending_bytes_limit=2 * self._most,
        )

    async def batch(self) -> list[BusDelivery]:
        """Return the next messages in order, none if none came for half a second.

        Raise NetworkError if messages were lost on the way, or if there is no connection.
        """
        await self._request()
        looks = 0
        while self._open and not self._trouble and not self._is_at_end:
            if self._client.is_closed:
                raise NetworkError("the connection to the bus broke")
            count = len(self._came)
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), _LOOK)
            except TimeoutError:
                looks = looks + 1 if len(self._came) == count else 0
            if looks == _LOOKS:
                raise NetworkError("the bus does not answer")
        if self._trouble:
            raise NetworkError(self._trouble)
        found, self._came = self._came, []
        self.left = self.left if found else 0
        await self._request()
        return found

    @property
    def _is_at_end(self) -> bool:
        return self._ends and bool(self._came) and not self.left

    async def _request(self) -> None:
        """Ask for the next batch, unless a request is open."""
        if not self._open and not self._came:
            request = _Request(_AT_ONCE, self._most, int(_WAIT * 1e9))
            self._open = _AT_ONCE
            await self._client.publish(
                self._subject, msgspec.json.encode(request), reply=self._inbox
            )

    async def _take(self, message: Msg) -> None:
        if message.subject == self._inbox:
            self._take_status(message.headers or {})
            return
        tokens = message.reply.split(".")
        place = _PLACES.get(len(tokens), 0)
        if not place:
            return  # no message of a stream: somebody else's
        self._delivered += 1
        if int(tokens[place + 1]) != self._delivered:
            self._trouble = "messages were lost on the way from the bus"
        self.left = int(tokens[place + 3])
        name = (message.headers or {}).get("Nats-Msg-Id", "")
        self._came.append(BusDelivery(message.subject, name, message.data, int(tokens[place])))
        self._open -= 1
        if not self._open or self._trouble or self._is_at_end:
            self._moved.set()

    def _take_status(self, headers: dict[str, str]) -> None:
        """Take the end of a request. One that brought nothing may not be asked again at once."""
        status = headers.get("Status", "")
        is_over = status in _OVER or (status == _FULL and self._open < _AT_ONCE)
        if not is_over:
            text = headers.get("Description", "no consumer")
            self._trouble = f"the bus refuses to deliver: {status} {text}"
        self._open = 0
        self._moved.set()
