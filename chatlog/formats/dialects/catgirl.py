"""catgirl: stamps with the zone, events in words of its own: `ann arrives in #c`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.alignment.losses import Loss
from chatlog.event import EventType
from chatlog.formats.dialects.dialect import SECOND, Dialect
from chatlog.formats.dialects.forms import (
    CLOCK_SECONDS,
    ISO_DATE,
    NICK,
    NOISE,
    SUBJECT,
    TARGET,
    TEXT,
    Form,
    form,
)
from chatlog.formats.dialects.text_dialect import TextTable

if TYPE_CHECKING:
    from chatlog.formats.dialects.forms import Found

_NAMES: Final = (
    "client limit",
    "invite-only",
    "key",
    "moderated",
    "no external messages",
    "protected topic",
    "secret",
)
"""The names of modes that stand behind their letters."""


def _mode(found: Found) -> Found:
    """Return the fields with `params` of the mode, its person or mask, and its argument."""
    mode, to, rest = found.pop("mode"), found.pop("to", ""), found.pop("rest", "")
    for name in _NAMES:
        if rest == name or rest.startswith(f"{name} "):
            rest = rest[len(name) :].strip()
    return {**found, "params": f"{mode} {to} {rest}".strip()}


def _event(kind: str, pattern: str) -> Form:
    """Return the form of an event that begins with a nick."""
    return form(kind, "", rf"{NICK} {pattern}", _mode if kind == EventType.MODE else None)


TABLE: Final = TextTable(
    name="catgirl",
    stamps=(rf"\[{ISO_DATE}T{CLOCK_SECONDS}(?P<zone>Z|[+-]\d\d:?\d\d)\] ",),
    has_bytes=True,
    forms=(
        form(EventType.MESSAGE, "<", rf"(?P<nick>[^> ]+)> {TEXT}"),
        form(EventType.ACTION, "* ", rf"{NICK} {TEXT}"),
        form(EventType.NOTICE, "-", rf"(?P<nick>\S+?)- {TEXT}"),
        form(NOISE, "The sign in ", r"\S+ reads: .*"),
        _event(EventType.JOIN, rf"arrives in {TARGET}"),
        _event(EventType.PART, rf"leaves (?P<target>\S+?)(?:: {TEXT})?"),
        _event(EventType.QUIT, rf"leaves(?:: {TEXT})?"),
        _event(EventType.KICK, rf"kicks {SUBJECT} out of (?P<target>\S+?)(?:: {TEXT})?"),
        _event(EventType.NICK, rf"is now known as {SUBJECT}"),
        _event(EventType.TOPIC, rf"places a new sign in (?P<target>\S+?): {TEXT}"),
        _event(EventType.TOPIC, rf"removes the sign in {TARGET}"),
        _event(EventType.INVITE, rf"invites {SUBJECT} to {TARGET}"),
        _event(EventType.AWAY, rf"is away: {TEXT}"),
        _event(
            EventType.MODE,
            rf"(?:un)?sets [^\w\s#\[\]\\`^{{}}|-](?P<to>\S+) (?P<mode>[+-]\S)(?: \w+)? in {TARGET}",
        ),
        _event(EventType.MODE, rf"(?:un)?bans (?P<mode>[+-]b) (?P<to>\S+) from {TARGET}"),
        _event(
            EventType.MODE,
            r"(?:adds|removes) (?P<to>\S+) (?:to|from) the (?P<target>\S+) (?P<mode>[+-]\S)"
            r"(?: \w+)? list",
        ),
        _event(EventType.MODE, rf"(?:un)?sets {TARGET} (?P<mode>[+-]\S) ?(?P<rest>.*)"),
    ),
)

DIALECT: Final = Dialect(
    name="catgirl",
    title="catgirl",
    proven="run",
    decoder=TABLE.decoder,
    grain=SECOND,
    paths=("catgirl/log/{network}/{channel}/{date}.log",),
    loss=Loss(),
    lacks="hosts, several modes at once",
)
