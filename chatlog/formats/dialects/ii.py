"""ii (irc it): a file `out` for each channel, and one for the server.

Messages are `1795462263 <ann> text`, events `1795462263 -!- ann(user@host) has joined #c`. Who
quits, and who changes nicks, stands in the file of the server alone; the files of the channels
tell who had come there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.alignment.losses import Loss
from chatlog.event import SERVER, EventType
from chatlog.formats.dialects.dialect import MINUTE, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_TIME,
    ISO_DATE,
    MASK,
    NICK,
    NOISE,
    SUBJECT,
    TARGET,
    TEXT,
    form,
)
from chatlog.formats.dialects.text_dialect import TextDecoder, TextTable

if TYPE_CHECKING:
    from chatlog.formats.dialects.dialect import LogFacts

_WHO: Final = rf"(?P<nick>[^\s(]+)\({MASK}\)"

TABLE: Final = TextTable(
    name="ii",
    stamps=(r"(?P<epoch>\d{9,11}) ", rf"{ISO_DATE} {CLOCK_TIME} "),
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> (?!\x01ACTION ){TEXT}"),
        form(EventType.ACTION, "<", r"(?P<nick>[^> ]+)> \x01ACTION (?P<text>.*?)\x01?"),
        form(EventType.JOIN, "-!- ", rf"{_WHO} has joined {TARGET}"),
        form(EventType.PART, "-!- ", rf"{_WHO} has left {TARGET}"),
        form(EventType.QUIT, "-!- ", rf'{_WHO} has quit "{TEXT}"'),
        form(EventType.KICK, "-!- ", rf'{NICK} kicked {SUBJECT}\s+\("{TEXT}"\)'),
        form(EventType.MODE, "-!- ", rf"{NICK} changed mode/{TARGET} -> (?P<params>.*)"),
        form(EventType.NICK, "-!- ", rf"{NICK} changed nick to {SUBJECT}"),
        form(EventType.NICK, "-!- ", rf'changed nick to "{SUBJECT}"', is_own=True),
        form(EventType.TOPIC, "-!- ", rf'{NICK} changed topic to "{TEXT}"'),
        form(EventType.AWAY, "-!- ", rf'{NICK} is away "{TEXT}"'),
        form(
            EventType.NOTICE,
            "-!- ",
            rf'"{TEXT}"\)',
            note="notices whose sender the log leaves out",
        ),
        form(NOISE, "-!- ", r"(?:ii |error ).*"),
    ),
    has_bytes=True,
    homeless=frozenset({EventType.QUIT, EventType.NICK, EventType.AWAY}),
)

_SERVER_TABLE: Final = msgspec.structs.replace(TABLE, forms=(*TABLE.forms, form(NOISE, "", ".*")))
"""The table of the server's own file, which holds its greeting and replies too."""


def decoder(facts: LogFacts) -> TextDecoder:
    """Return the decoder of the log of a channel, or of the server if none is known."""
    return (_SERVER_TABLE if facts.target in {"", SERVER} else TABLE).decoder(facts)


DIALECT: Final = Dialect(
    name="ii",
    title="ii",
    proven="run",
    decoder=decoder,
    grain=MINUTE,
    paths=("irc/{network}/{channel}/out", "irc/{network}/out", "{network}/{channel}/out"),
    channel_logs="*/out",
    loss=Loss(texts=frozenset({EventType.PART}), nicks=frozenset({EventType.NOTICE})),
    lacks="reasons of parts, senders of notices, hosts of speakers; channels of quits and nicks,"
    " but for people who came after the log began",
)
