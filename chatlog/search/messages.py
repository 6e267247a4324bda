"""Messages of workers to the process that started them: one union, many in a batch."""

from __future__ import annotations

from typing import Final

import msgspec


class Matches(msgspec.Struct, frozen=True, array_like=True, tag=True):
    r"""Matches as lines of JSONL in order of time, joined by `\n`."""

    data: bytes


class Folded(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The result of a fold over some events."""

    data: bytes


class UnreadableLines(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The number of lines of a file that could not be read, or an estimate.

    `copy` is the path of the copy that was read instead, if there is one.
    `refusal` is the reason if the file could not be opened.
    """

    path: bytes
    lines: int
    is_estimate: bool = False
    copy: bytes = b""
    refusal: bytes = b""


class Done(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The end of a task."""


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The error that ended a task: its exit status and its text."""

    exit_status: int
    text: bytes


Result = Matches | Folded | UnreadableLines
"""A part of the result of a task."""
Batch = list[tuple[int, Matches | Folded | UnreadableLines | Done | Failed]]
"""Messages, each behind the number of its task."""

encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(Batch).decode


def bytes_of(text: str) -> bytes:
    """Return a text as bytes, halves of surrogate pairs too: paths may have them."""
    return text.encode("utf-8", "surrogatepass")


def text_of(data: bytes) -> str:
    """Return the text of `bytes_of`."""
    return data.decode("utf-8", "surrogatepass")


def size_of(message: Result) -> int:
    """Return about how many bytes a message takes."""
    return len(message.path) if isinstance(message, UnreadableLines) else len(message.data)
