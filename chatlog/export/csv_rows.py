"""Export as CSV, for spreadsheets and data frames: a row an event, a column a field.

RFC 4180: UTF-8, a header, commas, CRLF; fields with commas, quotes or line breaks are quoted.
Formatting codes of mIRC are left out, and other control characters are written out.

A spreadsheet takes a field that begins with `=`, `+`, `-`, `@` or a tab for a formula, and a
formula can send the sheet to a stranger. Such a field gets an apostrophe before it, and so does
one that begins with an apostrophe: without its first apostrophe, each field is what was said.
See https://www.rfc-editor.org/rfc/rfc4180 and
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog.event import SERVER
from chatlog.formats.visible import visible

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.export.exporter import FileFacts, StreamEncoder
    from chatlog.export.line_blocks import LineBlock

COLUMNS: Final = (
    *("time", "network", "target", "type", "nick", "user", "host", "account"),
    *("subject", "command", "params", "reply_to", "msgid", "via", "text"),
)
"""The columns, in order; `params` are joined by spaces."""

_FORMULAS: Final = frozenset("=+-@\t\r'")
_UNLIKE: Final = ('"', "=", "+", "@", "'", ",-")
"""Texts that a row may hold only if one of its fields needs quoting or a sign against formulas."""

_COMMAS: Final = len(COLUMNS) - 1
_QUOTE: Final = '"'
_QUOTED: Final = re.compile('[,"\r\n]')


class _Rows:
    """The encoder of a file."""

    def begin(self) -> bytes:
        return f"{','.join(COLUMNS)}\r\n".encode()

    def encode(self, lines: LineBlock) -> bytes:
        events = lines.events
        heads = [*map(_head, events)]
        # Nearly all rows are plain; a look at each field would take three times as long.
        if not _are_plain("".join(heads), len(heads)):
            heads = [
                head if _are_plain(head, 1) else ",".join(map(_field, _fields(event)))
                for head, event in zip(heads, events, strict=True)
            ]
        rows = [head + _text(event.text) for head, event in zip(heads, events, strict=True)]
        return "\r\n".join([*rows, ""]).encode("utf-8", "replace")


def encoder(_facts: FileFacts) -> StreamEncoder:
    """Return the encoder of a file."""
    return _Rows()


def _head(event: Event) -> str:
    """Return the fields of an event before its text, as they stand, each with its comma."""
    return ",".join(_fields(event))


def _fields(event: Event) -> tuple[str, ...]:
    """Return the fields of an event before its text, and an empty one."""
    return (
        *(event.time, event.network, event.target, event.type, event.nick, event.user),
        *(event.host, event.account, event.subject, event.command, " ".join(event.params)),
        *(event.reply_to, event.msgid, event.via, ""),
    )


def _are_plain(heads: str, number: int) -> bool:
    """Return whether joined heads have no field that must change; `number` is their count."""
    has_commas = heads.count(",") != number * _COMMAS
    return not has_commas and heads.isprintable() and not any(map(heads.__contains__, _UNLIKE))


def _text(text: str) -> str:
    """Return the text of an event as a field."""
    if text.isprintable() and "," not in text and '"' not in text and text[:1] not in _FORMULAS:
        return text
    return _field(text)


def _field(field: str) -> str:
    """Return a field that shows all, that no spreadsheet takes for a formula, quoted if need be."""
    if not field.isprintable():
        field = "\n".join(map(visible, field.split("\n")))
    if field[:1] in _FORMULAS and field != SERVER:
        field = f"'{field}"
    return f'"{field.replace(_QUOTE, _QUOTE * 2)}"' if _QUOTED.search(field) else field
