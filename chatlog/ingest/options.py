"""The options of an import, and the facts about a log by them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import msgspec

from chatlog.event import SERVER
from chatlog.formats.dialects.dialect import LogFacts
from chatlog.ingest.detection import path_fields
from chatlog.ingest.path_patterns import PathFields

if TYPE_CHECKING:
    from datetime import tzinfo

    from chatlog.formats.dialects.dialect import Dialect
    from chatlog.ingest.path_patterns import PathPattern


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that a user tells of all logs: "" and None for those that are left open.

    `network` and `channel` fill what neither the lines nor the path tell; `into_network` is
    the network's name in the archive whatever a log calls it. `relays` are masks of those who speak
    for people of another platform.
    """

    dialect: Dialect | None = None
    pattern: PathPattern | None = None
    network: str = ""
    channel: str = ""
    into_network: str = ""
    date: str = ""
    tz: tzinfo = UTC
    own_nick: str = ""
    encoding: str = ""
    relays: tuple[str, ...] = ()

    def facts(self, dialect: Dialect, name: str, told: str, received: str) -> LogFacts:
        """Return the facts about a log of a dialect; `told` is the channel in its own lines.

        `received` is the moment of the import.
        """
        by_path = self._of_path(dialect, name)
        target = by_path.channel or self.channel
        is_of_server = told == SERVER and not self.channel
        if not target or is_of_server or target.lower() == told.lower():
            target = told or target  # the lines spell it as the network does
        return LogFacts(
            network=self.into_network or by_path.network or self.network,
            target=target,
            date=by_path.date or self.date,
            tz=self.tz,
            own_nick=self.own_nick,
            encoding=self.encoding,
            name=name,
            received=received,
        )

    def _of_path(self, dialect: Dialect, name: str) -> PathFields:
        if self.pattern is not None:
            return self.pattern.match(name) or PathFields()
        return path_fields(dialect, name) or PathFields()
