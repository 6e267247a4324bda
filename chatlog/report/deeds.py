"""The fields of events that are counted, which both an Event and a Brief have. Pure."""

from __future__ import annotations

from typing import Protocol


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
    def subject(self) -> str:
        """To whom it was done."""
