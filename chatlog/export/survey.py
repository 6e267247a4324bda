"""Surveys of segments before their export: the messages that were taken back, the people."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import chain
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
_ACCOUNT: Final = b'"account":"'
_TEXT: Final = rb'"((?:[^"\\]|\\.)*)"'
_WITH_ACCOUNT: Final = re.compile(
    rb'"nick":%b(?:,"user":%b)?(?:,"host":%b)?,"account":%b' % ((_TEXT,) * 4)
)
_NICK: Final = b'"type":"nick"'


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


def nicks_of_accounts(sources: Iterable[SegmentReader]) -> set[tuple[str, str]]:
    """Return the nicks with the accounts under which people used them, in segments of a network.

    Only JSONL has accounts.
    """
    found: set[tuple[str, str]] = set()
    for block in chain.from_iterable(each.blocks() for each in sources if each.format.is_json):
        if _ACCOUNT not in block:
            continue
        pairs = _WITH_ACCOUNT.findall(block)
        if len(pairs) == block.count(_ACCOUNT):
            found.update((_text(nick), _text(account)) for nick, _, _, account in {*pairs})
            lines = block.split(b"\n") if _NICK in block else []
        else:  # keys in another order, as another program writes them
            lines = block.split(b"\n")
            found.update(_nicks(lines, b""))
        found.update(_nicks(lines, _NICK))
    return found


def _nicks(lines: Iterable[bytes], sign: bytes) -> Iterator[tuple[str, str]]:
    """Yield the nicks and accounts of events whose lines have a sign, with a new nick."""
    for line in lines:
        if _ACCOUNT in line and sign in line:
            with suppress(ValueError):
                event = jsonl.decode(line)
                yield event.nick, event.account
                if event.type == EventType.NICK:
                    yield event.subject, event.account


def _text(quoted: bytes) -> str:
    text: str = msgspec.json.decode(b'"%b"' % quoted)
    return text


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
