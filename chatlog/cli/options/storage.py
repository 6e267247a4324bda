"""Settings of the archive: options over the environment over chatlog.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from chatlog.archive.compression import COMPRESSIONS
from chatlog.archive.layout import Rotate
from chatlog.archive.storage import Storage, Sync
from chatlog.settings import parsers
from chatlog.settings.file import load_storage
from chatlog.settings.locations import data_directory, found_config
from chatlog.settings.storage import StorageConfig


def typed_over(kept: StorageConfig, typed: dict[str, Any]) -> StorageConfig:
    """Return the settings of a file with options and environment over them."""
    fields = {name: typed[name] for name in StorageConfig.__struct_fields__ if name in typed}
    return msgspec.structs.replace(kept, **fields)


def storage_beside(config: Path | None, typed: dict[str, Any]) -> StorageConfig:
    """Return the settings of the archive in a file; None for the one that is found.

    A file that was only found speaks of its own archive: its retention must not
    remove what is in another one, which an option or a variable names.
    """
    if config is not None:
        return load_storage(config)
    found = found_config()
    kept = StorageConfig() if found is None else load_storage(found)
    own = Path(kept.archive) if kept.archive else data_directory()
    named = Path(typed.get("archive", own))
    return kept if named.absolute() == own.absolute() else StorageConfig()


def storage_of(kept: StorageConfig) -> Storage:
    """Return where and how transcripts are kept; raise UsageError for a bad setting."""
    parsers.parse_zone(kept.tz or "UTC")
    COMPRESSIONS[kept.compress].require()
    return Storage(
        root=Path(kept.archive) if kept.archive else data_directory(),
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
