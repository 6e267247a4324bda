"""The filters of an export, from its options and the archive: redactions, and ROOT/OPTOUT."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.optout import read_optout
from chatlog.archive.targets import spelled
from chatlog.event import SERVER, EventType
from chatlog.export.archive_key import key_of
from chatlog.export.filters import without_hosts, without_people, without_redacted
from chatlog.export.pseudonyms import with_pseudonyms
from chatlog.export.survey import nicks_of_accounts, people_of
from chatlog.formats import jsonl
from chatlog.places import ASCII, is_named
from chatlog.query.predicates import Type
from chatlog.query.selection import Query
from chatlog.read.reader import Reader
from chatlog.search.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.archive.optout import OptOut
    from chatlog.export.filters import Filter
    from chatlog.read.segment_reader import SegmentReader

HIDE: Final = "hide"
MARK: Final = "mark"
SHOW: Final = "show"
_EVERYTHING: Final = ("*", SERVER)
_NO_ACCOUNT: Final = "*"
"""The account of somebody who logs out."""


class Withheld(msgspec.Struct, frozen=True):
    """The options of withholding: `redact` is `HIDE`, `MARK`, or "" to show redacted messages."""

    redact: str = ""
    optout: bool = False
    hide_hosts: bool = False
    pseudonyms: bool = False


class Withholding(msgspec.Struct, frozen=True):
    """The filters of an export; `told` is another text for each other result of theirs."""

    filters: tuple[Filter, ...] = ()
    told: str = ""


class Redactions(msgspec.Struct, frozen=True):
    """The networks and ids of messages that were taken back; `told` is another text for others."""

    ids: frozenset[tuple[str, str]] = frozenset()
    told: str = ""


def withholding_of(withheld: Withheld, reader: Reader, query: Query) -> Withholding:
    """Return the filters for the targets of a query.

    Raise UsageError if a line of OPTOUT makes no sense, TranscriptError if it, or the key of the
    archive, cannot be read.
    """
    redactions = _redactions(reader, query) if withheld.redact else Redactions()
    return withholding(withheld, reader, redactions)


def withholding(withheld: Withheld, reader: Reader, redactions: Redactions) -> Withholding:
    """Return the filters for these redactions; raise errors as `withholding_of`."""
    filters: list[Filter] = []
    told: list[object] = []
    root = reader.selected.root
    if withheld.redact:
        filters.append(without_redacted(redactions.ids, marks=withheld.redact == MARK))
        told += [withheld.redact, redactions.told]
    if withheld.optout and not (people := read_optout(root)).is_nobody:
        people = _with_nicks(people, reader)
        filters.append(without_people(people, reader.names))
        told.append(people)
    if withheld.hide_hosts or withheld.pseudonyms:
        filters.append(without_hosts)
        told.append("hosts")
    if withheld.pseudonyms:
        every = Reader(root, _EVERYTHING)
        named = people_of(each.source for each in every.segments(Query(places=_EVERYTHING)))
        filters.append(with_pseudonyms(key_of(Path(root)), named, reader.names))
        told += ["pseudonyms", digest_of(named)]
    return Withholding(tuple(filters), repr(told))


def _with_nicks(people: OptOut, reader: Reader) -> OptOut:
    """Return people who opt out with the nicks that their accounts used, anywhere in the archive.

    A nick that another account used as well is not theirs alone, and left out.
    """
    by_network: dict[str, list[SegmentReader]] = {}
    every = Reader(reader.selected.root, _EVERYTHING)
    for each in every.segments(Query(places=_EVERYTHING)):
        by_network.setdefault(spelled(each.target.network), []).append(each.source)
    found: list[tuple[str, str]] = []
    for network, sources in by_network.items():
        _, accounts = people.names_on(network)
        theirs: set[str] = set()
        of_others: set[str] = set()
        for nick, account in nicks_of_accounts(sources) if accounts else ():
            if account == _NO_ACCOUNT:
                continue
            is_theirs = any(is_named(each, account, ASCII) for each in accounts)
            (theirs if is_theirs else of_others).add(reader.names(network).fold(nick))
        found += ((network, nick) for nick in sorted(theirs - of_others - {""}))
    return msgspec.structs.replace(people, nicks=(*people.nicks, *found))


def digest_of(values: Iterable[object]) -> str:
    """Return the digest of some values in order."""
    return hashlib.sha256(repr([*values]).encode("utf-8", "backslashreplace")).hexdigest()


def _redactions(reader: Reader, query: Query) -> Redactions:
    """Return the redactions of the targets of a query, at any time."""
    every = Reader(reader.selected.root, query.places, query.networks)
    redacting = Query(Type(EventType.REDACT), places=query.places, networks=query.networks)
    events = (jsonl.decode(hit.line) for hit in Search(every, redacting).hits())
    ids = frozenset((event.network, event.reply_to) for event in events if event.reply_to)
    return Redactions(ids, digest_of(sorted(ids)))
