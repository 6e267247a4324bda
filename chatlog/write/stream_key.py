"""The stream that a part belongs to, and the archive that all parts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.locks import Locks
    from chatlog.archive.storage import Storage
    from chatlog.archive.syncing import Exposed
    from chatlog.archive.system import System
    from chatlog.archive.version_file import VersionFile
    from chatlog.write.existing_parts import PartNames


class StreamKey(NamedTuple):
    """A target, and whether its live events or its history.

    `of_class` is the class of events that has parts of its own, "" for all others.
    """

    directory: Path
    network: str
    target: str
    history: bool
    of_class: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as its parts share it: settings, system calls, locks, files to sync.

    `active` are the files to which a line may still be appended; any thread may
    look. `ended` are the directories in which a segment ended for its size. `version` is
    to allow classes before one of them gets a segment of its own. If `is_beside`, a recorder
    may write the same targets: every part is a new one, as for history, and `names` has those
    that are there.
    """

    storage: Storage
    system: System
    locks: Locks
    exposed: Exposed
    active: set[Path]
    ended: set[Path]
    version: VersionFile
    is_beside: bool
    names: PartNames
