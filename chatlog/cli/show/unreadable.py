"""Reports on stderr of ledgers and run files that could not be read."""

from __future__ import annotations

from typing import Final

from chatlog.cli.show.damage import say_damaged_run, say_unread
from chatlog.report.gaps import Unreadable

UNREADABLE: Final = Unreadable(say_unread, say_damaged_run)
"""For the functions of `report` that fold ledgers."""
