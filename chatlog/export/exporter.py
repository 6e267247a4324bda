"""An exporter: a row of the table of export formats, and the records that it gives and takes."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from pathlib import Path

    from chatlog.export.line_blocks import LineBlock


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a file that all its lines share.

    `network` and `target` are as paths spell them, "" if the file has lines of several.
    `period` is the day, month or year of its lines, "" if it may have those of any time.
    Local times are in `tz`. `title` names the content for people.
    """

    network: str = ""
    target: str = ""
    period: str = ""
    tz: tzinfo = UTC
    title: str = ""

    @property
    def is_of_one_day(self) -> bool:
        """Whether all lines are of one local day, which `period` then is."""
        return len(self.period) == len("2026-11-23")


class StreamEncoder(Protocol):
    """An encoder of one file that is written from its beginning to its end."""

    def begin(self) -> bytes:
        """Return the bytes before all lines."""

    def encode(self, lines: LineBlock) -> bytes:
        """Return some lines in this format; they are called for in order."""


class FileBuilder(Protocol):
    """A builder of one file that an engine writes: a database, a file of columns."""

    def add(self, lines: LineBlock) -> None:
        """Add some lines; they are called for in order."""

    def finish(self) -> None:
        """Complete the file, and close it."""

    def abandon(self) -> None:
        """Close the file, which is removed next, and remove others that belong to it."""


class Exporter(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One format in which archives are exported: either a stream or a built file."""

    name: str
    """The name that `--to` takes."""

    suffix: str
    """The ending of its files, without the dot."""

    stream: Callable[[FileFacts], StreamEncoder] | None = None
    """Returns the encoder of a file that can go to a pipe as well."""

    build: Callable[[Path, FileFacts], FileBuilder] | None = None
    """Returns the builder of a file at a path; None for a stream."""

    needs_events: bool = True
    """Whether it asks for decoded events, and not for lines of JSONL alone."""

    partition: str = "none"
    """The partition if none is asked for: `none`, `day` or `month`."""

    needs_days: bool = False
    """Whether a file can hold the lines of one day only, as its stamps have no date."""

    needs_one_target: bool = False
    """Whether a file can hold the lines of one target only, as its lines do not name it."""

    is_lossless: bool = False
    """Whether each line of the archive can be had back from it, byte for byte."""

    check: Callable[[], None] | None = None
    """Raises UsageError if a library that it needs is not installed."""

    layout: str = "{network}/{target}"
    """The files in a directory, before the token of the partition."""
