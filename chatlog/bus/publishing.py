"""Messages to a stream, batch after batch, each acknowledged before the next one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.bus.subjects import MessageId
from chatlog.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from chatlog.bus.messages import BusMessage

_LOOK: Final = 1.0  # seconds, after which it is seen whether there is a connection still
_LOOKS: Final = 10  # without any answer
_NO_STREAM: Final = "no stream takes the lines; `chatlog collect --create` makes one"


class _Refusal(msgspec.Struct):
    description: str = ""


class _Answer(msgspec.Struct):
    """The answer of JetStream to a message, of which only a refusal matters."""

    stream: str = ""
    error: _Refusal | None = None


class Publisher:
    """The messages of one witness over one connection."""

    def __init__(self, client: Client, witness: str) -> None:
        self._client = client
        self._witness = witness
        self._inbox = ""
        self._waiting: set[str] = set()
        self._refusal = ""
        self._moved = asyncio.Event()

    async def start(self) -> None:
        """Begin to hear answers."""
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(f"{self._inbox}.*", cb=self._take)

    async def _take(self, message: Msg) -> None:
        number = message.subject.rpartition(".")[2]
        if message.headers and message.headers.get("Status") == "503":
            self._refusal = self._refusal or _NO_STREAM
        else:
            try:
                answer = msgspec.json.decode(message.data, type=_Answer)
            except msgspec.MsgspecError:
                answer = _Answer(error=_Refusal("an answer that is none"))
            if answer.error is not None:
                self._refusal = self._refusal or answer.error.description
        self._waiting.discard(number)
        self._moved.set()

    async def publish(self, first: int, messages: Sequence[BusMessage]) -> None:
        """Return when all messages are in the stream; they are numbered from `first` on.

        Raise NetworkError if they are not, or if nothing is known of some: then publish all
        of them once more.
        """
        self._refusal = ""
        self._waiting = {str(number) for number in range(first, first + len(messages))}
        try:
            for number, message in enumerate(messages, first):
                name = MessageId(self._witness, number, message.is_again)
                await self._client.publish(
                    message.subject,
                    message.data,
                    reply=f"{self._inbox}.{number}",
                    headers={"Nats-Msg-Id": str(name)},
                )
        except Exception as error:
            raise NetworkError(f"the connection broke: {error!r}") from error
        looks = 0
        while self._waiting and not self._refusal:
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), _LOOK)
            except TimeoutError:
                looks += 1
            else:
                looks = 0
            if self._client.is_closed:
                raise NetworkError("the connection to the bus broke")
            if looks == _LOOKS:
                raise NetworkError("the bus does not answer")
        if self._refusal:
            raise NetworkError(f"the bus refuses: {self._refusal}")
