"""How an archive is written: the settings, and what each format makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from chatlog.archive.layout import Rotate
from chatlog.archive.system import FILE_MODE
from chatlog.formats import jsonl, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from chatlog.event import Event


class Sync(StrEnum):
    """When what was written is made to outlive a power cut; a killed process loses it never.

    `INTERVAL` does so every so many seconds, `ALWAYS` after every read, for
    whatever came while the disk was at the one before, `NEVER` leaves it to the
    system.
    """

    INTERVAL = "interval"
    ALWAYS = "always"
    NEVER = "never"


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """How an archive is written.

    `rotate_size` is in bytes: no segment gets longer, unless by a single line.
    `tz` names the zone whose midnight ends the segments of plain text; JSONL
    keeps UTC. `file_mode` is less the umask. `sync_interval` is in seconds.
    `spool_size` is how many bytes may wait for a disk that refuses them, in
    memory or in `spool_dir`, before nothing more is read from the network; at
    less than `min_free` bytes of room a warning is given. `compress` says how
    segments are sealed. They are kept for `keep` seconds after their period,
    and `keep_bytes` of all of them; None is for ever, and all.
    """

    root: Path
    formats: tuple[str, ...] = ("jsonl",)
    rotate: Rotate = Rotate.DAILY
    rotate_size: int | None = None
    tz: str = "UTC"
    keep_formatting: bool = False
    file_mode: int = FILE_MODE
    sync: Sync = Sync.INTERVAL
    sync_interval: float = 1.0
    spool_dir: Path | None = None
    spool_size: int = 64 * 1024 * 1024
    min_free: int = 100 * 1024 * 1024
    compress: str = "gzip"
    keep: float | None = None
    keep_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one format is recorded.

    `entry` is what the manifest must say of a segment that cannot say it itself.
    """

    suffix: str
    tz: tzinfo
    encode: Callable[[Sequence[Event]], bytes]
    entry: dict[str, Any] | None = None


def _record_jsonl(_storage: Storage) -> Encoding:
    return Encoding(jsonl.SUFFIX, UTC, jsonl.encode)


def _record_text(storage: Storage) -> Encoding:
    tz = UTC if storage.tz == "UTC" else ZoneInfo(storage.tz)
    stamp = "time" if storage.rotate in {Rotate.HOURLY, Rotate.DAILY} else "datetime"
    text = plain.Plain(stamp=stamp, tz=tz, keep_formatting=storage.keep_formatting)
    copy = "jsonl" in storage.formats
    entry = {"entry": "text", "stamp": stamp, "tz": storage.tz, "copy": copy}
    return Encoding(plain.SUFFIX, tz, text.encode, entry)


_RECORDINGS: Final = {"jsonl": _record_jsonl, "text": _record_text}
FORMATS: Final = tuple(_RECORDINGS)
"""The names of the formats in which transcripts are recorded."""


def recordings_of(storage: Storage) -> tuple[Encoding, ...]:
    """List how each format of an archive is recorded."""
    return tuple(_RECORDINGS[name](storage) for name in dict.fromkeys(storage.formats))
