"""The table of dialects: a row for each way in which programs write logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.formats.dialects import (
    adium,
    bip,
    catgirl,
    chatlog_jsonl,
    chatlog_text,
    colabti,
    colloquy,
    discord,
    eggdrop,
    energymech,
    generic,
    halloy,
    hexchat,
    ii,
    irccloud,
    irssi,
    justlog_text,
    konversation,
    kvirc,
    limnoria,
    matrix,
    meetbot,
    mirc,
    overrustlelogs,
    pidgin,
    quassel,
    quassel_text,
    rrsagent,
    textual,
    thelounge,
    thelounge_sqlite,
    twisted,
    ubuntu,
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
    hexchat.DIALECT,
    mirc.DIALECT,
    textual.DIALECT,
    thelounge.DIALECT,
    kvirc.DIALECT,
    konversation.DIALECT,
    pidgin.DIALECT,
    quassel_text.DIALECT,
    catgirl.DIALECT,
    irccloud.DIALECT,
    colabti.DIALECT,
    ubuntu.DIALECT,
    rrsagent.DIALECT,
    meetbot.DIALECT,
    twisted.DIALECT,
    overrustlelogs.DIALECT,
    justlog_text.DIALECT,
    adium.DIALECT,
    colloquy.DIALECT,
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
