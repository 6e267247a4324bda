"""A netsplit on the screen: who left, or came back, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import EventType
from chatlog.formats.visible import visible, visible_word

if TYPE_CHECKING:
    from chatlog.report.split_runs import SplitRun

_FEW: Final = 3
"""Nicks that are shown of many."""

_ALL: Final = 5
"""Nicks that are all shown."""


def split_sentence(run: SplitRun, *, short: bool) -> str:
    """Return the sentence of a netsplit; with `short`, the nicks of many people are cut."""
    nicks = [visible_word(event.nick) for event in run.events]
    names = ", ".join(nicks)
    if short and len(nicks) > _ALL:
        names = f"{', '.join(nicks[:_FEW])}, … and {len(nicks) - _FEW:,} more"
    did = "left" if run.events[0].type == EventType.QUIT else "came back"
    return f"*** netsplit {visible(run.split)}: {len(nicks):,} {did} ({names})"
