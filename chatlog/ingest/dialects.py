"""The dialects that an import reads: those of the table, and those that need the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.formats.dialects import table
from chatlog.ingest import raw_irc

if TYPE_CHECKING:
    from chatlog.formats.dialects.dialect import Dialect

DIALECTS: Final[tuple[Dialect, ...]] = (*table.DIALECTS, raw_irc.DIALECT)
"""Every dialect. Of two that explain a log equally well, the first is taken."""

_BY_NAME: Final = {name: each for each in DIALECTS for name in (each.name, *each.aliases)}

NAMES: Final = tuple(sorted(_BY_NAME))
"""The names that `--dialect` takes."""


def dialect_named(name: str) -> Dialect | None:
    """Return the dialect with a name, None if there is none."""
    return _BY_NAME.get(name)
