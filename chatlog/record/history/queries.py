"""Queries: private conversations, heard while we are connected, and caught up by history.

A query is no channel: nothing tells that we are in it. Its coverage is that of the
connection, and a server with CHATHISTORY TARGETS tells who wrote to us in between. Nothing
here is asked for unless private messages are recorded.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatlog.archive.layout import network_directory
from chatlog.archive.targets import Target, Targets, is_cut, spelled
from chatlog.coverage import ledger
from chatlog.event import SERVER, Source, shifted
from chatlog.protocol.history.chathistory import BEGINNING
from chatlog.protocol.manners import is_service
from chatlog.read.lookup import last_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.protocol.session import Session
    from chatlog.record.history.gaps import HistoryDepth
    from chatlog.record.history.requests import Requests
    from chatlog.record.intake import Intake
    from chatlog.record.intervals import Moment, NewInterval
    from chatlog.record.ledgers import Ledgers
    from chatlog.write.writer import Writer

MAX_PAGES: Final = 20
"""Lists of targets that are asked for after one connection began."""

_CHANNELS: Final = "#&+!"


def known_queries(root: Path, network: str) -> Iterator[Target]:
    """Yield the queries of a network that have a ledger."""
    directory = network_directory(root, network).name
    for target in Targets(root).all():
        if target.network == directory and _is_query(target):
            yield target


def nick_of(query: Target) -> str:
    """Return the nick of a query: as its last line spells it, else folded."""
    lines = last_lines(Path(query.path))
    return lines.event.target if lines is not None else spelled(query.name)


def _is_query(target: Target) -> bool:
    is_nick = target.name != SERVER and spelled(target.name)[:1] not in _CHANNELS
    has_ledger = (Path(target.path) / ledger.NAME).is_file()
    return is_nick and has_ledger and not is_cut(target.name)


class Queries:
    """The queries of one connection: their intervals, and the people who wrote before it."""

    def __init__(
        self,
        session: Session,
        writer: Writer,
        intake: Intake,
        ledgers: Ledgers,
        requests: Requests,
        *,
        depth: HistoryDepth | None,
    ) -> None:
        self._session = session
        self._writer = writer
        self._intake = intake
        self._ledgers = ledgers
        self._requests = requests
        self._depth = depth
        self._moment: Moment | None = None
        self._entered: set[str] = set()
        self._early: dict[str, None] = {}  # who wrote before the list of targets was there
        self._is_listed = False

    def begin(self, moment: Moment, enter: Callable[[NewInterval], None]) -> Iterator[None]:
        """Begin to hear the queries of the archive at the start of a connection.

        `enter` takes each new interval. Yield after each.
        """
        self._moment = moment
        for query in known_queries(self._writer.storage.root, self._session.settings.network):
            nick = self._session.state.query_name(nick_of(query))
            if self._session.state.admits(nick):
                yield from self._enter(nick, enter)

    def heard(self, targets: Iterable[str], enter: Callable[[NewInterval], None]) -> Iterator[None]:
        """Begin with the queries among some targets of live events; yield after each new one.

        Each costs the disk some calls, and a read may bring a thousand.
        """
        for target in targets:
            if target in self._entered or not self._is_one(target):
                continue
            if self._is_listed:
                yield from self._enter(target, enter)
                yield
            else:
                self._early[target] = None

    def _is_one(self, target: str) -> bool:
        return target != SERVER and not self._session.state.is_channel(target)

    def _enter(self, nick: str, enter: Callable[[NewInterval], None]) -> Iterator[None]:
        state = self._session.state
        self._entered.add(nick)
        yield from self._intake.claiming((nick,), state.isupport.casemapping.name)
        if self._moment is not None and self._intake.takes(nick):
            self._session.batches.know_query(nick)
            interval = self._ledgers.entered(nick, self._moment, "")
            if interval is not None:
                enter(interval)

    async def catch_up(self, enter: Callable[[NewInterval], None]) -> None:
        """Ask who wrote to us since anything was heard; begin with those queries."""
        since = self._since()
        listed = await self._listed(since) if since and not self._requests.obstacle else []
        self._is_listed = True
        for name in dict.fromkeys((*listed, *self._early)):
            nick = self._session.state.query_name(name)
            if nick in self._entered or not self._is_recorded(nick):
                continue
            if since and self._moment is not None and self._ledgers.is_unknown(nick):
                self._ledgers.note_depth(nick, min(since, self._moment.server or self._moment.at))
            for _ in self._enter(nick, enter):
                await asyncio.sleep(0)  # the loop turns, as there may be a thousand
            await asyncio.sleep(0)
        self._early.clear()

    def _is_recorded(self, nick: str) -> bool:
        """Return whether the query of a nick is recorded; people are ignored by nick here."""
        state, privacy = self._session.state, self._session.privacy
        if is_service(nick) or privacy.ignores(Source(nick), state.isupport.casemapping):
            return False
        return state.admits(nick)

    def _since(self) -> str:
        """Return since when new queries may have been missed; "" if none can be told."""
        if self._ledgers.heard_before:
            return self._ledgers.heard_before
        if self._depth is None or self._moment is None:
            return ""
        return self._depth.since(self._moment.at) or BEGINNING

    async def _listed(self, since: str) -> list[str]:
        """Return who wrote since a time, by the server's lists: one after the other."""
        if self._moment is None:
            return []
        until = shifted(self._moment.server or self._moment.at, 60_000)
        names: list[str] = []
        for _ in range(MAX_PAGES):
            page = self._requests.terms.page
            line = f"CHATHISTORY TARGETS timestamp={since} timestamp={until} {page}"
            told = await self._requests.targets(line)
            if told is None:
                break
            names += told.names
            if told.lines < page or told.last <= since:
                break
            since = told.last
        return names
