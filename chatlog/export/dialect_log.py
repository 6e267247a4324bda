"""Export as logs of other programs, so that tools which read those read them.

A dialect is exported if its row of `formats.dialects` has forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.export.exporter import Exporter
from chatlog.formats.dialects.log_forms import LogEncoder

if TYPE_CHECKING:
    from chatlog.export.exporter import FileFacts, StreamEncoder
    from chatlog.export.line_blocks import LineBlock
    from chatlog.formats.dialects.dialect import Dialect
    from chatlog.formats.dialects.log_forms import LogForms


class _Log:
    """The encoder of a file."""

    def __init__(self, forms: LogForms, facts: FileFacts) -> None:
        self._log = LogEncoder(forms, facts.tz)

    def begin(self) -> bytes:
        return b""

    def encode(self, lines: LineBlock) -> bytes:
        return self._log.encode(lines.events)


def exporter_of(dialect: Dialect, suffix: str) -> Exporter:
    """Return the exporter of a dialect that has forms; files end in `suffix`."""
    forms = dialect.forms
    assert forms is not None  # noqa: S101 - the table names those that have

    def encoder(facts: FileFacts) -> StreamEncoder:
        return _Log(forms, facts)

    return Exporter(
        name=dialect.name,
        suffix=suffix,
        stream=encoder,
        partition="none" if forms.tells_days else "day",
        needs_days=not forms.tells_days,
        needs_one_target=True,
    )
