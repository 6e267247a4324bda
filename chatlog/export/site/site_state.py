"""The files of a site in the archive: the channels as they were built, and the key of anchors."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog import __version__
from chatlog.archive.system import FILE_MODE, System, replace_file
from chatlog.errors import TranscriptError
from chatlog.export.site.anchors import KEY_BYTES
from chatlog.export.site.site_days import BuiltChannel  # noqa: TC001 - msgspec reads it
from chatlog.export.site.templates import OWN

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.export.site.settings import SiteSettings

KEY: Final = "SITEKEY"
"""The file of the key of anchors, in the archive."""


class SiteState(msgspec.Struct):
    """The channels of a site as they were built, by network and name.

    `unfinished` are the periods of the search whose files a run began to write: they are not to
    be trusted until it has ended.
    """

    channels: dict[str, BuiltChannel] = {}
    unfinished: list[str] = []

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
    told = [__version__, repr(msgspec.structs.replace(settings, tz=None)), settings.zone]
    for directory in (OWN, settings.templates):
        found = sorted(directory.glob("*")) if directory is not None else []
        told += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in found]
    return "\n".join(told)


def key_of(root: Path) -> bytes:
    """Return the key of anchors, which is made by the first site of an archive."""
    path = root / KEY
    with suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        raise TranscriptError(f"{path} is damaged; restore it, or remove it for new anchors")
    key = secrets.token_bytes(KEY_BYTES)
    replace_file(path, key, system=System(), mode=FILE_MODE & ~0o077)
    return key
