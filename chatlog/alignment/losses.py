"""Losses: the fields that a record of a conversation cannot hold, as those of a dialect.

Two records of one conversation are compared by the fields that both can hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.alignment.words import type_others_see
from chatlog.event import EventType
from chatlog.netsplit import split_in_reason

if TYPE_CHECKING:
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event

_CONTROLS: Final = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    r"|[\x00-\x1f\x7f-\x9f]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}"
)
"""Formatting, and controls that some programs drop, also as other programs write them out."""


class Loss(msgspec.Struct, frozen=True):
    """The fields that a kind of record cannot hold.

    `texts` are the types of event whose text is lost, `nicks` those whose nick is, `subjects`
    those whose subject is. `same` are types that it writes in one form: each is compared as
    the value beside it. `splits` means that the servers of a netsplit are lost.
    """

    texts: frozenset[str] = frozenset()
    nicks: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    same: tuple[tuple[str, str], ...] = ()
    splits: bool = False

    def __or__(self, other: Loss) -> Loss:
        """Return the fields that one of two kinds of record cannot hold."""
        return Loss(
            self.texts | other.texts,
            self.nicks | other.nicks,
            self.subjects | other.subjects,
            tuple(dict.fromkeys(self.same + other.same)),
            self.splits or other.splits,
        )

    def key_of(self, event: Event, casemapping: Casemapping) -> str:
        """Return the fields of an event that records of this kind have, as one text.

        Formatting, control characters and spaces at the end are left out: programs differ.
        The text of coming is left out, as it is a real name to some.
        """
        kind = type_others_see(event)
        nick = "" if kind in self.nicks else casemapping[event.nick]
        subject = "" if kind in self.subjects else casemapping[event.subject]
        text = event.text
        if kind == EventType.JOIN or kind in self.texts:
            text = ""
        elif not text.isprintable() or "\\" in text:
            text = _CONTROLS.sub("", text)
        elif self.splits and kind == EventType.QUIT and split_in_reason(text):
            text = ""
        for each, other in self.same:
            if kind == each:
                kind = other
        done = " ".join((event.command, *event.params)).strip() if event.command else ""
        return f"{kind}\n{nick}\n{text.rstrip()}\n{subject}\n{done}"
