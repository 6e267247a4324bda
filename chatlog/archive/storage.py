"""The settings by which an archive is written, and the encoding of each of its formats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from chatlog.archive.layout import Rotate
from chatlog.archive.manifest_entries import TextEntry
from chatlog.archive.rules import ALL, Rules
from chatlog.archive.system import FILE_MODE
from chatlog.formats.format import Style
from chatlog.formats.table import NAMES, format_named, is_copy

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.formats.format import Encode, Format


class Sync(StrEnum):
    """When lines are synced, so that a power cut loses none; a killed process never loses any.

    `INTERVAL` syncs every few seconds, `ALWAYS` after every read or, while a
    sync takes longer, after that. `NEVER` leaves it to the system.
    """

    INTERVAL = "interval"
    ALWAYS = "always"
    NEVER = "never"


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """The settings by which an archive is written.

    `rotate_size` is in bytes: no segment gets longer, unless by a single line.
    `tz` names the zone whose midnight ends the segments of local formats.
    `file_mode` is less the umask. `sync_interval` is in seconds. `spool_size`
    is how many bytes may wait for a disk that refuses them, in memory or in
    `spool_dir`, before reading pauses; at less than `min_free` bytes of room a
    warning is given. `compress` names the compression of sealed segments. They
    are kept for `keep` seconds after their period, and `keep_bytes` in all;
    None keeps all of them for ever. `rules` choose the classes of events that are recorded,
    and keep some for another time.
    """

    root: Path
    formats: tuple[str, ...] = NAMES[:1]
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
    rules: Rules = Rules()

    @property
    def keeping(self) -> Rules:
        """The rules, with `keep` for the classes that they leave open."""
        return msgspec.structs.replace(self.rules, keep={ALL: self.keep, **self.rules.keep})


@dataclass(frozen=True, slots=True)
class Encoding:
    """One format in the style of an archive.

    Its periods are in `tz`. `entry` is the manifest's description of each
    segment; None if the format needs none.
    """

    format: Format
    tz: tzinfo
    encode: Encode
    entry: TextEntry | None = None

    @property
    def suffix(self) -> str:
        """The ending of its files, without the dot."""
        return self.format.suffix


def encodings_of(storage: Storage) -> tuple[Encoding, ...]:
    """Return the encoding of each format of an archive."""
    return tuple(_encoding(storage, name) for name in dict.fromkeys(storage.formats))


def _encoding(storage: Storage, name: str) -> Encoding:
    made_in = format_named(name)
    zone = storage.tz if made_in.is_local else "UTC"
    tz = UTC if zone == "UTC" else ZoneInfo(zone)
    stamp = "time" if storage.rotate in {Rotate.HOURLY, Rotate.DAILY} else "datetime"
    encode = made_in.codec().encoder(Style(stamp, tz, storage.keep_formatting))
    if not made_in.is_described:
        return Encoding(made_in, tz, encode)
    copy = is_copy(name, storage.formats)
    entry = TextEntry(stamp=stamp, tz=zone, copy=copy, segment="")
    return Encoding(made_in, tz, encode, entry)
