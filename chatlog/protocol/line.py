"""A line of the general lane: a message with its source, times, tags and batch worked out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatlog.event import Event, Source
from chatlog.protocol.message import Message  # noqa: TC001 - a field of a Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.protocol.facts import Turn

    Handler = Callable[["Line", Turn], None]
    """Acts on one line: it changes state, and appends replies and facts to the turn."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """A message in the light of its connection, and the maker of its events.

    `time`, `received`, `account`, `msgid` and `via` are those of its events; `now` is our
    clock at the read. `rare` holds the other fields that all its events have in common,
    None for nearly every line. A line of a history batch names the batch's target in
    `history_of`, and changes no state.
    """

    message: Message
    params: list[str]
    source: Source
    network: str
    now: str
    time: str
    received: str = ""
    account: str = ""
    msgid: str = ""
    via: str = ""
    tags: dict[str, str] = {}
    history_of: str = ""
    batch: str = ""
    rare: dict[str, Any] | None = None

    def event(
        self,
        kind: str,
        target: str,
        text: str = "",
        subject: str = "",
        *,
        command: str = "",
        params: tuple[str, ...] = (),
        account: str | None = None,
    ) -> Event:
        """Return an event of the line; its account is that of the line unless one is given."""
        source = self.source
        account = self.account if account is None else account
        if self.rare is None:
            # Python calls with more than fifteen keywords at a quarter of the speed.
            return Event(
                time=self.time,
                received=self.received,
                network=self.network,
                target=target,
                type=kind,
                nick=source.nick,
                user=source.user,
                host=source.host,
                account=account,
                text=text,
                subject=subject,
                command=command,
                params=params,
                msgid=self.msgid,
            )
        return self.event_with(
            type=kind,
            target=target,
            text=text,
            subject=subject,
            command=command,
            params=params,
            account=account,
        )

    def events(
        self, kind: str, targets: Iterable[str], text: str = "", subject: str = ""
    ) -> list[Event]:
        """Return an event in each target, as `event`; a person may be in thousands."""
        if self.rare is not None:
            return [self.event(kind, target, text, subject) for target in targets]
        time, received, network, account = self.time, self.received, self.network, self.account
        source, msgid = self.source, self.msgid
        nick, user, host = source.nick, source.user, source.host
        return [
            Event(
                time=time,
                received=received,
                network=network,
                target=target,
                type=kind,
                nick=nick,
                user=user,
                host=host,
                account=account,
                text=text,
                subject=subject,
                msgid=msgid,
            )
            for target in targets
        ]

    def event_with(self, **fields: Any) -> Event:
        """Return an event of the line with any fields, as `event` makes few, but more slowly."""
        source = self.source
        common = {
            "time": self.time,
            "received": self.received,
            "network": self.network,
            "nick": source.nick,
            "user": source.user,
            "host": source.host,
            "account": self.account,
            "msgid": self.msgid,
        }
        return Event(**(common | (self.rare or {}) | fields))
