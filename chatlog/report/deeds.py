"""The fields of events that are counted, which both an Event and a Brief have. Pure."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, cast

import msgspec

from chatlog.relay_heads import text_behind_head

AnyDeed = TypeVar("AnyDeed", bound="Deed")


class Deed(Protocol):
    """The fields of an event that are counted."""

    @property
    def time(self) -> str:
        """When it was done, as in an Event."""

    @property
    def type(self) -> str:
        """The type of the event."""

    @property
    def nick(self) -> str:
        """Who did it."""

    @property
    def account(self) -> str:
        """As whom they were logged in."""

    @property
    def text(self) -> str:
        """The text of the event."""

    @property
    def split(self) -> str:
        """The two servers of the netsplit that did it."""

    @property
    def relayed_nick(self) -> str:
        """The nick of a person who did it through a relay."""

    @property
    def subject(self) -> str:
        """To whom it was done."""


def as_spoken(deed: AnyDeed) -> AnyDeed:
    """Return a relayed deed as one of the speaker: without the relay's account and head."""
    nick, text = deed.relayed_nick, text_behind_head(deed.text)
    record = cast("Any", deed)  # an Event or a Brief, both of which are Structs
    return cast("AnyDeed", msgspec.structs.replace(record, nick=nick, account="", text=text))
