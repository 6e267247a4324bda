"""The table of dialects: a row for each way in which programs write logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.formats.dialects import (
    bip,
    chatlog_jsonl,
    chatlog_text,
    discord,
    eggdrop,
    energymech,
    generic,
    halloy,
    ii,
    irssi,
    limnoria,
    matrix,
    quassel,
    thelounge_sqlite,
    weechat,
    znc,
)

if TYPE_CHECKING:
    from chatlog.formats.dialects.dialect import Dialect

DIALECTS: Final[tuple[Dialect, ...]] = (
    irssi.DIALECT,
    weechat.DIALECT,
    znc.DIALECT,
    limnoria.DIALECT,
    eggdrop.DIALECT,
    ii.DIALECT,
    bip.DIALECT,
    energymech.DIALECT,
    chatlog_text.DIALECT,
    chatlog_jsonl.DIALECT,
    discord.DIALECT,
    halloy.DIALECT,
    matrix.DIALECT,
    quassel.DIALECT,
    thelounge_sqlite.DIALECT,
    generic.DIALECT,
)
"""Every dialect. Of two that explain a log equally well, the first is taken: `generic` is last."""

_BY_VIA: Final = {each.via: each for each in DIALECTS}


def dialect_of(via: str) -> Dialect | None:
    """Return the dialect of lines that came in a way, as `import:irssi`, None if it is none."""
    return _BY_VIA.get(via)
