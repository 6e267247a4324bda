"""Where the configuration and the archive are, if neither an option nor a variable names them.

Every command looks in the same places, so that `record` and the commands that
read find one archive. Little is imported here, as reading starts quickly.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from chatlog.errors import UsageError
from chatlog.settings.key_path import KeyPath, path_at, typed

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM_CONFIG: Final = "/etc/chatlog/chatlog.toml"
"""The configuration of the system, which a service reads."""


def user_config() -> Path:
    """Return the path of the user's own configuration, which need not exist."""
    import platformdirs

    return platformdirs.user_config_path("chatlog") / "chatlog.toml"


def data_directory() -> Path:
    """Return the archive in the user's data directory, which need not exist."""
    import platformdirs

    return platformdirs.user_data_path("chatlog")


def has_config() -> bool:
    """Return whether the user has a configuration, or may read the system's."""
    return os.path.lexists(user_config()) or os.access(SYSTEM_CONFIG, os.R_OK)


def found_config() -> Path | None:
    """Return the user's configuration, else the system's; None if neither exists.

    The system's is passed over if this user may not read it: it holds secrets, and
    is not meant for everybody. Raise UsageError if the user's is no file: nobody
    named it, so nobody writes into a pipe that lies there.
    """
    from pathlib import Path

    own = user_config()
    if os.path.lexists(own):
        if own.exists() and not own.is_file():
            raise UsageError(f"{own} is no file; move it, or name a configuration with --config")
        return own
    return Path(SYSTEM_CONFIG) if os.access(SYSTEM_CONFIG, os.R_OK) else None


def archive_in(config: Path) -> Path | None:
    """Return the archive that a configuration names; None if it names none.

    Only that key is read: `chatlog config check` finds the faults of the others.
    Raise UsageError if the file cannot be read.
    """
    from chatlog.settings.document import read_document

    place = KeyPath(config)
    document, _ = read_document(place)
    storage = typed(document.get("storage", {}), dict, place.at("storage"))
    key = "archive" if "archive" in storage else "output"  # its former name
    where = place.at("storage").at(key)
    named = typed(storage.get(key, ""), str, where)
    return path_at(named, where) if named else None


def archive_of(config: Path | None) -> Path:
    """Return the archive of a configuration, None for the one that is found.

    Without either it is the archive in the user's data directory.
    """
    used = config or found_config()
    return (archive_in(used) if used else None) or data_directory()
