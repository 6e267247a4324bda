"""Documents of TOML: the file at a place, parsed, before anything is known about its keys."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from chatlog.settings.key_path import read_file

if TYPE_CHECKING:
    from chatlog.settings.key_path import KeyPath

_LARGEST: Final = 16 * 1024 * 1024


def read_document(place: KeyPath) -> tuple[dict[str, Any], int]:
    """Return the document of a file, and the file's permissions.

    At most 16 MiB are read. Raise UsageError if that is no TOML in UTF-8.
    """
    data, mode = read_file(place.file, _LARGEST, place)
    try:
        return tomllib.loads(data.decode("utf-8-sig")), mode
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise place.refuse(f"line {number} is not UTF-8; save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise place.refuse(f"this is not TOML: {error}") from error
