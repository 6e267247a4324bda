"""How an archive is written: the settings, and what each format makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from chatlog.formats import jsonl, plain
from chatlog.transcript.layout import Rotate
from chatlog.transcript.segment import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from chatlog.event import Event


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """How an archive is written.

    `rotate_size` is in bytes: no segment gets longer, unless by a single line.
    `tz` names the zone whose midnight ends the segments of plain text; JSONL
    keeps UTC. `file_mode` is less the umask.
    """

    root: Path
    formats: tuple[str, ...] = ("jsonl",)
    rotate: Rotate = Rotate.DAILY
    rotate_size: int | None = None
    tz: str = "UTC"
    keep_formatting: bool = False
    file_mode: int = FILE_MODE


@dataclass(frozen=True, slots=True)
class Recording:
    """How one format is recorded.

    `entry` is what the manifest must say of a segment that cannot say it itself.
    """

    suffix: str
    tz: tzinfo
    encode: Callable[[Sequence[Event]], bytes]
    entry: dict[str, Any] | None = None


def _record_jsonl(_storage: Storage) -> Recording:
    return Recording(jsonl.SUFFIX, UTC, jsonl.encode)


def _record_text(storage: Storage) -> Recording:
    tz = UTC if storage.tz == "UTC" else ZoneInfo(storage.tz)
    stamp = "time" if storage.rotate in {Rotate.HOURLY, Rotate.DAILY} else "datetime"
    text = plain.Plain(stamp=stamp, tz=tz, keep_formatting=storage.keep_formatting)
    copy = "jsonl" in storage.formats
    entry = {"entry": "text", "stamp": stamp, "tz": storage.tz, "copy": copy}
    return Recording(plain.SUFFIX, tz, text.encode, entry)


_RECORDINGS: Final = {"jsonl": _record_jsonl, "text": _record_text}
FORMATS: Final = tuple(_RECORDINGS)
"""The names of the formats in which transcripts are recorded."""


def recordings_of(storage: Storage) -> tuple[Recording, ...]:
    """List how each format of an archive is recorded."""
    return tuple(_RECORDINGS[name](storage) for name in dict.fromkeys(storage.formats))
