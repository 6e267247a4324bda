"""Reports on stderr of ledgers and run files that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.cli.show.damage import say_damaged_run, say_unread
from chatlog.report.gaps import Unreadable

if TYPE_CHECKING:
    from chatlog.cli.show.damage import Damage


def reported_by(damage: Damage) -> Unreadable:
    """Return the reports for the functions of `report` that fold ledgers.

    `damage` reports a file that could not be read at all, and ends the command with 3.
    """
    return Unreadable(say_unread, say_damaged_run, damage.refuse)
