"""The file of a site in the archive: the channels as they were built."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING

import msgspec

from chatlog import __version__
from chatlog.archive.system import System, replace_file
from chatlog.export.site.site_days import BuiltChannel  # noqa: TC001 - msgspec reads it
from chatlog.export.site.templates import OWN

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.export.site.settings import SiteSettings


class SiteState(msgspec.Struct):
    """The channels of a site as they were built, by network and name.

    `unfinished` are the periods of the search whose files a run began to write: they are not to
    be trusted until it has ended. `search` has the sizes of the files of each period.
    """

    channels: dict[str, BuiltChannel] = {}
    unfinished: list[str] = []
    search: dict[str, dict[str, int]] = {}

    def keep(self, path: Path | None) -> None:
        """Write the state for the next run; nothing is kept without a path."""
        if path is not None:
            replace_file(path, msgspec.json.encode(self), system=System(), durable=False)


def read_state(path: Path | None) -> SiteState:
    """Return the state of the last run, an empty one if no file tells: all is built anew then."""
    if path is None:
        return SiteState()
    with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=SiteState)
    return SiteState()


def options_of(settings: SiteSettings) -> str:
    """Return all settings that decide the bytes of pages, and the templates."""
    # The end and the redactions are compared month by month; texts of channels are on pages that
    # every run makes.
    some = msgspec.structs.replace(settings, tz=UTC, until="", texts={})
    told = [__version__, repr(some), settings.zone]
    for directory in (OWN, settings.templates):
        found = sorted(directory.glob("*")) if directory is not None else []
        told += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in found]
    return "\n".join(told)
