"""The filters of an export, from its options and the archive: redactions, and ROOT/OPTOUT."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import opened
from chatlog.errors import UsageError
from chatlog.event import EventType
from chatlog.export.filters import OptOut, without_hosts, without_people, without_redacted
from chatlog.formats import jsonl
from chatlog.query.predicates import Type
from chatlog.query.selection import Query
from chatlog.read.lines import blocks_in
from chatlog.read.reader import Reader
from chatlog.search.search import Search

if TYPE_CHECKING:
    from chatlog.export.filters import Filter

OPTOUT: Final = "OPTOUT"
HIDE: Final = "hide"
MARK: Final = "mark"


class Withheld(msgspec.Struct, frozen=True):
    """The options of withholding: `redact` is `HIDE`, `MARK`, or "" to show redacted messages."""

    redact: str = ""
    optout: bool = False
    hide_hosts: bool = False


class Withholding(msgspec.Struct, frozen=True):
    """The filters of an export; `told` is another text for each other result of theirs."""

    filters: tuple[Filter, ...] = ()
    told: str = ""


def withholding_of(withheld: Withheld, reader: Reader, query: Query) -> Withholding:
    """Return the filters for the targets of a query.

    Raise UsageError if a line of OPTOUT makes no sense, TranscriptError if it cannot be read.
    """
    filters: list[Filter] = []
    told: list[object] = []
    if withheld.redact:
        ids = _redacted(reader, query)
        filters.append(without_redacted(ids, marks=withheld.redact == MARK))
        told += [withheld.redact, hashlib.sha256(repr(sorted(ids)).encode()).hexdigest()]
    if withheld.optout and not (people := read_optout(reader.selected.root)).is_nobody:
        filters.append(without_people(people, reader.names))
        told.append(people)
    if withheld.hide_hosts:
        filters.append(without_hosts)
        told.append("hosts")
    return Withholding(tuple(filters), repr(told))


def read_optout(root: str) -> OptOut:
    """Return the people of ROOT/OPTOUT; an empty list if there is no such file."""
    path = os.path.join(root, OPTOUT)  # noqa: PTH118 - the root is a text
    with opened(path) as fd:
        data = b"" if fd is None else b"".join(blocks_in(fd))
    try:
        return OptOut.parse(data.decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8") from error
    except UsageError as error:
        raise UsageError(f"{path}, {error}") from error


def _redacted(reader: Reader, query: Query) -> frozenset[tuple[str, str]]:
    """Return the networks and ids of messages that were taken back, at any time."""
    every = Reader(reader.selected.root, query.places, query.networks)
    redacting = Query(Type(EventType.REDACT), places=query.places, networks=query.networks)
    events = (jsonl.decode(hit.line) for hit in Search(every, redacting).hits())
    return frozenset((event.network, event.reply_to) for event in events if event.reply_to)
