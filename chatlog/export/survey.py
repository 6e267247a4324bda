"""Surveys of segments before their export: the messages that were taken back, the people."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.casemapping import PREFIXES
from chatlog.event import EventType
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.event import Event
    from chatlog.read.segment_reader import SegmentReader

_REDACT: Final = b'"redact"'


class Survey(msgspec.Struct):
    """The ids of messages that were taken back, sorted.

    `elsewhere` are those ids whose messages are not in the segments.
    """

    redacted: list[str] = []
    elsewhere: list[str] = []


def surveyed(sources: Iterable[SegmentReader]) -> Survey:
    """Return the survey of segments.

    Only JSONL has ids. Lines that do not decode are left to those who read all of them.
    """
    sources = [*sources]
    redacted = {event.reply_to for source in sources for event in _redactions(source)} - {""}
    missing = set(redacted)
    for source in sources if redacted else ():
        for block in source.blocks():
            missing = {each for each in missing if _msgid(each) not in block}
    return Survey(sorted(redacted), sorted(missing))


def people_of(sources: Iterable[SegmentReader]) -> list[str]:
    """Return the names of all people in segments, sorted."""
    return sorted({name for source in sources for name in _people(source)})


def _msgid(value: str) -> bytes:
    return f'"msgid":"{value}"'.encode("utf-8", "replace")


def _redactions(source: SegmentReader) -> Iterator[Event]:
    if not source.format.is_json:
        return
    for block in source.blocks():
        if _REDACT not in block:
            continue
        for line in block.split(b"\n"):
            if _REDACT in line:
                with suppress(ValueError):
                    event = jsonl.decode(line)
                    if event.type == EventType.REDACT:
                        yield event


def _people(source: SegmentReader) -> Iterator[str]:
    for block in source.decoded_blocks():
        for event in block.events:
            names = [event.nick, event.relayed_nick, event.account, event.subject]
            if event.type == EventType.NAMES:
                names += [each.lstrip(PREFIXES).partition("!")[0] for each in event.text.split()]
            # "*" is no account, and no nick lacks letters.
            yield from (name for name in names if any(map(str.isalnum, name)))
