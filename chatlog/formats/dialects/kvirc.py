"""KVIrc: lines begin with the number of their kind, unless it is left out; `32` is an action."""

from __future__ import annotations

import re
from typing import Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_SECONDS,
    CLOSED,
    ISO_DATE,
    MASK,
    NICK,
    NOISE,
    OPENED,
    SUBJECT,
    TARGET,
    TEXT,
    Form,
    form,
)
from chatlog.formats.dialects.mode_words import mode_pattern, mode_refine
from chatlog.formats.dialects.text_dialect import TextTable

_LINK: Final = re.compile(r"\r![^\r]*\r([^\r]*)(?:\r|$)")
"""A nick, host or channel that can be clicked."""
_KIND: Final = re.compile(r"(\d{1,3}) (\[\d\d:\d\d:\d\d\] |\d{4}-\d\d-\d\dT[\d:.]+ )")
_MODES: Final = {
    "has set channel key to": "+k",
    "has unset the channel key": "-k",
    "has set channel limit to": "+l",
    "has unset the channel limit": "-l",
}
_BY: Final = rf"{NICK} \[(?:\*@\*|{MASK})\]"
"""A nick with its mask; that of a server is `*@*`."""


def _behind_stamp(line: str) -> str:
    """Return a line with the number of its kind behind the stamp, and without links."""
    if "\r" in line:
        line = _LINK.sub(r"\1", line)
    return _KIND.sub(r"\2\1 ", line, count=1) if line[:1].isdigit() else line


def _event(kind: str, pattern: str) -> Form:
    """Return the form of an event, with the number of its kind or without."""
    return form(kind, "", rf"(?:(?!32 )\d{{1,3}} )?{pattern}")


TABLE: Final = TextTable(
    name="kvirc",
    stamps=(
        rf"\[{CLOCK_SECONDS}\] ",
        rf"{ISO_DATE}T{CLOCK_SECONDS}(?:\.(?P<fraction>\d{{3}}))? ",
    ),
    forms=(
        form(
            EventType.MESSAGE,
            "",
            rf"(?:\d{{1,3}} )?<\x02?[~&@%+!]*(?P<nick>[^>\s\x02]+)\x02?> {TEXT}",
        ),
        form(EventType.ACTION, "32 ", rf"{NICK} {TEXT}"),
        form(EventType.NOTICE, "77 *", rf"\x02?[~&@%+!]*(?P<nick>[^\s\x02]+?)\x02?\* {TEXT}"),
        _event(OPENED, "### Log session started ###"),
        _event(CLOSED, "### Log session terminated ###"),
        _event(NOISE, r"### (?:Existing data buffer:|End of existing data buffer\.)"),
        _event(EventType.JOIN, rf"{_BY} has joined {TARGET}(?: \[implicit .*\])?"),
        _event(EventType.PART, rf"{_BY} has left (?P<target>\S+?)(?:: {TEXT})?"),
        _event(EventType.QUIT, rf"{_BY} has quit IRC: {TEXT}"),
        _event(
            EventType.KICK,
            rf"{SUBJECT} \[\S*\] has been kicked from {TARGET} by {_BY}: {TEXT}",
        ),
        _event(EventType.TOPIC, rf'{_BY} has changed topic to "(?P<text>.*?)\x0f?"'),
        _event(EventType.NICK, rf"{_BY} is now known as {SUBJECT}"),
        _event(EventType.MODE, rf"{_BY} has set (?:channel )?mode (?P<params>[+-].*)"),
        form(
            EventType.MODE,
            "",
            rf'(?:(?!32 )\d{{1,3}} )?{_BY} {mode_pattern(_MODES)}(?: "?(?P<to>[^\s"]+)"?)?',
            mode_refine(_MODES),
        ),
        form(
            EventType.KICK,
            "",
            rf"(?:(?!32 )\d{{1,3}} )?You have been kicked from {TARGET} by {_BY}: {TEXT}",
            is_own=True,
        ),
        _event(NOISE, r"(?:Channel topic is: .*|Topic was set by \S+ on .*)"),
    ),
    clean=_behind_stamp,
)

DIALECT: Final = Dialect(
    name="kvirc",
    title="KVIrc",
    proven="run",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=(
        "log/channel_{quoted}.{network}_{date}.log",
        "log/query_{quoted}.{network}_{date}.log",
    ),
    loss=Loss(),
    lacks="the date (but in the name of the file), the zone, hosts of speakers, bytes;"
    " actions if the numbers of kinds are left out",
)
