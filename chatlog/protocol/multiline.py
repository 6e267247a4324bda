"""Messages of several lines: the parts of a batch, joined into the one message that they are.

A batch of `draft/multiline` is one PRIVMSG or NOTICE with line breaks. Its parts wait in
memory until the batch ends, for `LONGEST_WAIT` seconds at most. What is no such message,
takes longer or exceeds a bound is kept as its parts, as a client without the capability
gets them: no part is lost, and none is kept twice.
See https://ircv3.net/specs/extensions/multiline
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.protocol.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CAPABILITY: Final = "draft/multiline"
CONCAT: Final = "draft/multiline-concat"
"""The tag of a part that goes on in the line of the part before it."""

MAX_OPEN: Final = 32
"""Batches that wait at a time; the parts of further ones are kept as they come."""

MAX_PARTS: Final = 1000
"""Parts of one message; servers allow about 100."""

MAX_BYTES: Final = 64 * 1024
"""UTF-8 bytes of one message; servers allow 4,096 to 40,000."""

MAX_WAITING: Final = 512 * 1024
"""Estimated bytes of everything that waits; beyond it the batch that grew is kept as its parts."""

MAX_ANSWERS: Final = 16
"""Answers that wait with the parts; further ones are sent at once."""

LONGEST_WAIT: Final = 2.0
"""Seconds that a part waits for the end of its batch: a killed process loses what waits."""

_KINDS: Final = frozenset({CAPABILITY, "multiline"})
_COMMANDS: Final = frozenset({"PRIVMSG", "NOTICE"})
_WEIGHT: Final = 200
_MESSAGE_PARAMS: Final = 2


class Arrived(NamedTuple):
    """A message, and our clock at the read that brought it."""

    message: Message
    received: str
    is_off_record: bool = False
    """Whether it is a part of a message of which another line is off the record."""


class _Batch(msgspec.Struct):
    """An open batch; once it `is_apart`, its parts do not wait any more.

    `author` is the source of its first part.
    """

    opener: Message
    target: str
    outer: str
    parts: list[Arrived] = []
    size: int = 0
    weight: int = 0
    deadline: float | None = None
    author: str = ""
    is_first: bool = True
    is_apart: bool = False
    is_off_record: bool = False


class Multiline:
    """The open batches of one connection whose parts make one message each.

    `changed` tells that a batch has begun to wait since the last `expire`. `is_off_record`
    tells of a text whether it is off the record.
    """

    def __init__(self, is_off_record: Callable[[str], bool] = lambda _text: False) -> None:
        self.changed = False
        self._is_off_record = is_off_record
        self._open: dict[str, _Batch] = {}
        self._weight = 0
        self._answers: list[str] = []

    @property
    def is_open(self) -> bool:
        """Whether a batch is open, so that messages may be parts."""
        return bool(self._open)

    @property
    def is_waiting(self) -> bool:
        """Whether parts are in memory alone."""
        return any(batch.parts for batch in self._open.values())

    def hold(self, answer: str) -> bool:
        """Keep an answer that must not be sent while parts wait; return whether it was kept."""
        is_kept = self.is_waiting and len(self._answers) < MAX_ANSWERS
        if is_kept:
            self._answers.append(answer)
        return is_kept

    def answers(self) -> list[str]:
        """Return the answers that were kept, once nothing waits; each is returned once."""
        if not self._answers or self.is_waiting:
            return []
        answers, self._answers = self._answers, []
        return answers

    def take(self, message: Message, received: str) -> Sequence[Arrived]:
        """Return the messages to act on now: usually the one that came.

        The parts of an open batch are returned with its end, as one message.
        """
        if message.command == "BATCH":
            return self._take_batch(message, received)
        if self._open and (reference := _tag(message.tag_text, "batch")):
            batch = self._open.get(reference)
            if batch is not None:
                return self._take_part(batch, Arrived(message, received))
        return (Arrived(message, received),)

    def expire(self, now: float) -> list[Arrived]:
        """Return the parts that have waited too long by now, in seconds of a steady clock."""
        self.changed = False
        released: list[Arrived] = []
        for batch in self._open.values():
            if batch.is_apart:
                continue
            if batch.deadline is None:
                batch.deadline = now + LONGEST_WAIT
            elif batch.deadline <= now:
                released += self._part_with(batch)
        return released

    @property
    def next_at(self) -> float | None:
        """When `expire` has something to do if nothing comes before."""
        moments = [each.deadline for each in self._open.values() if not each.is_apart]
        return min((moment for moment in moments if moment is not None), default=None)

    def close(self) -> list[Arrived]:
        """Return the parts of the batches that the end of the connection cut off."""
        released = [part for batch in self._open.values() for part in self._part_with(batch)]
        self._open.clear()
        return released

    def _take_batch(self, message: Message, received: str) -> Sequence[Arrived]:
        arrived = Arrived(message, received)
        sign_and_reference, kind, target = [*message.params, "", "", ""][:3]
        reference = sign_and_reference[1:]
        if sign_and_reference[:1] == "-":
            if (batch := self._open.pop(reference, None)) is not None:
                return self._joined(batch, received)
            # The parts of a batch within it belong there, so they come before its end.
            return [*self._part_with_inner(reference), arrived] if self._open else (arrived,)
        if kind not in _KINDS or not reference or not target:
            return (arrived,)
        before = self._open.pop(reference, None)
        released = self._part_with(before) if before is not None else []
        if len(self._open) >= MAX_OPEN and not self._forget_one():
            return [*released, arrived]
        outer = _tag(message.tag_text, "batch")
        self._open[reference] = _Batch(message, target, outer)
        self.changed = True
        return released

    def _forget_one(self) -> bool:
        """Forget the first batch of which nothing waits any more; return whether there was one."""
        apart = next((each for each, batch in self._open.items() if batch.is_apart), "")
        return self._open.pop(apart, None) is not None

    def _take_part(self, batch: _Batch, part: Arrived) -> Sequence[Arrived]:
        if batch.is_first and not batch.parts:
            batch.author = part.message.source
        if not batch.is_apart and self._belongs(batch, part.message):
            text = part.message.params[1]
            size = len(text.encode("utf-8", "surrogatepass")) + 1
            weight = size + len(part.message.tag_text) + _WEIGHT
            batch.parts.append(part)
            batch.size += size
            batch.weight += weight
            self._weight += weight
            if (
                len(batch.parts) <= MAX_PARTS
                and batch.size <= MAX_BYTES
                and self._weight <= MAX_WAITING
            ):
                return ()
            return self._part_with(batch)
        return [*self._part_with(batch), self._apart(batch, part)]

    def _belongs(self, batch: _Batch, message: Message) -> bool:
        """Return whether a message is a part like those before: to the same, by the same."""
        first = batch.parts[0].message if batch.parts else message
        return (
            message.command in _COMMANDS
            and message.command == first.command
            and message.source == first.source
            and len(message.params) == _MESSAGE_PARAMS
            and message.params[0].lower() == batch.target.lower()
            and not message.raw
        )

    def _joined(self, batch: _Batch, received: str) -> Sequence[Arrived]:
        """Return the one message of a batch that ended; its parts if they cannot be joined."""
        encoding = _common_encoding(batch.parts)
        if not batch.parts or encoding is None:
            return self._part_with(batch)
        self._weight -= batch.weight
        first = batch.parts[0].message
        return (
            Arrived(
                Message(
                    first.command,
                    [first.params[0], _text_of(batch.parts)],
                    first.source or batch.opener.source,
                    _merged(_without(first.tag_text, "batch", CONCAT), batch.opener.tag_text),
                    encoding,
                ),
                received,
            ),
        )

    def _part_with(self, batch: _Batch) -> list[Arrived]:
        """Return the parts that wait, each as a message of its own; no later one waits."""
        parts, batch.parts = batch.parts, []
        if parts:
            self._judge(batch, _text_of(parts))
        self._weight -= batch.weight
        batch.weight, batch.is_apart = 0, True
        return [self._apart(batch, part) for part in parts]

    def _part_with_inner(self, reference: str) -> list[Arrived]:
        inner = [batch for batch in self._open.values() if batch.outer == reference]
        return [part for batch in inner for part in self._part_with(batch)]

    def _apart(self, batch: _Batch, part: Arrived) -> Arrived:
        """Return a part with the tags of its batch; those that name the message only once.

        See https://ircv3.net/specs/extensions/multiline#fallback
        """
        message, received, _ = part
        is_said = message.source == batch.author and len(message.params) == _MESSAGE_PARAMS
        if is_said:
            self._judge(batch, message.params[1])
        names = ("label",) if batch.is_first else ("label", "msgid")
        batch.is_first = False
        opener = _without(batch.opener.tag_text, *names)
        tags = _merged(opener, _without(message.tag_text, "batch"))
        params = list(message.params)
        return Arrived(
            Message(message.command, params, message.source, tags, message.encoding, message.raw),
            received,
            is_said and batch.is_off_record,
        )

    def _judge(self, batch: _Batch, text: str) -> None:
        """Note that lines of a batch are off the record: then those behind them are, too."""
        batch.is_off_record = batch.is_off_record or self._is_off_record(text)


def _text_of(parts: Sequence[Arrived]) -> str:
    """Return the text of a message by its parts."""
    pieces = [parts[0].message.params[1]]
    for part in parts[1:]:
        joint = "" if _has(part.message.tag_text, CONCAT) else "\n"
        pieces += (joint, part.message.params[1])
    return "".join(pieces)


def _common_encoding(parts: Iterable[Arrived]) -> str | None:
    """Return the one codec that turns all texts back into the bytes received; None if none."""
    messages = [part.message for part in parts]
    found = {each.encoding for each in messages if each.encoding or not each.params[1].isascii()}
    return None if len(found) > 1 else "".join(found)


def _merged(*tag_texts: str) -> str:
    """Return tags of several lines as those of one; the last of equal keys counts."""
    return ";".join(filter(None, tag_texts))


def _without(tag_text: str, *names: str) -> str:
    pairs = tag_text.split(";") if tag_text else []
    return ";".join(pair for pair in pairs if pair.partition("=")[0] not in names)


def _has(tag_text: str, name: str) -> bool:
    return any(pair.partition("=")[0] == name for pair in tag_text.split(";"))


def _tag(tag_text: str, name: str) -> str:
    """Return the value of a tag that needs no unescaping, the last one; "" if it is not there."""
    if name not in tag_text:
        return ""
    value = ""
    for pair in tag_text.split(";"):
        key, _, found = pair.partition("=")
        if key == name:
            value = found
    return value
