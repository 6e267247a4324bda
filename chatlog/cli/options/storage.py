"""Settings of the archive: options over the environment over chatlog.toml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from chatlog.archive.compression import COMPRESSIONS
from chatlog.archive.layout import Rotate
from chatlog.archive.storage import Storage, Sync
from chatlog.settings import parsers
from chatlog.settings.storage import StorageConfig


def typed_over(kept: StorageConfig, typed: dict[str, Any]) -> StorageConfig:
    """Return the settings of a file with options and environment over them."""
    fields = {name: typed[name] for name in StorageConfig.__struct_fields__ if name in typed}
    return msgspec.structs.replace(kept, **fields)


def storage_of(kept: StorageConfig) -> Storage:
    """Return where and how transcripts are kept; raise UsageError for a bad setting."""
    parsers.parse_zone(kept.tz or "UTC")
    COMPRESSIONS[kept.compress].require()
    named = Path(kept.archive) if kept.archive else None
    return Storage(
        root=Path(parsers.archive_root(named, os.environ)),
        formats=tuple(dict.fromkeys(kept.format)),
        rotate=Rotate(kept.rotate),
        rotate_size=kept.rotate_size,
        tz=kept.tz or "UTC",
        keep_formatting=kept.keep_formatting,
        file_mode=kept.file_mode,
        sync=Sync(kept.sync),
        sync_interval=kept.sync_interval,
        spool_dir=Path(kept.spool_dir).absolute() if kept.spool_dir else None,
        spool_size=kept.spool_size,
        min_free=kept.min_free,
        compress=kept.compress,
        keep=kept.keep,
        keep_bytes=kept.keep_bytes,
    )
