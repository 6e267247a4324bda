"""Places in chatlog.toml: the file and the dotted key, as every refusal names them.

Owns the form of a refusal: `file: key: reason` in one line. No refusal of a
type or a file shows the value, which may be a secret.
"""

from __future__ import annotations

import os
import re
import stat
from datetime import date, time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TYPES: Final = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list in [ ]",
    dict: "a table",
    time: "a time of day",
}
"""The types of TOML as a person calls them; dates have three."""


class KeyPath(NamedTuple):
    """A place: the file as it was named, and the dotted key."""

    file: Path
    key: str = ""

    def at(self, name: str) -> KeyPath:
        """Return the place of a key in the table at this place."""
        shown = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else repr(name)
        return self._replace(key=f"{self.key}.{shown}" if self.key else shown)

    def item(self, index: int) -> KeyPath:
        """Return the place of an item of the list at this place, from 0."""
        return self._replace(key=f"{self.key}[{index}]")

    def refuse(self, reason: object) -> UsageError:
        """Return the error that names file, key and reason."""
        where = f"{self.file}: {self.key}" if self.key else str(self.file)
        return UsageError(f"{where}: {' '.join(str(reason).split())}")


def typed(value: object, kind: type, place: KeyPath) -> Any:
    """Return a value of exactly this type; refuse one of another."""
    if type(value) is kind:
        return value
    given = _TYPES.get(type(value), "a date" if isinstance(value, date) else "this")
    raise place.refuse(f"{_TYPES[kind]} belongs here, not {given}")


def parse_at(parse: Callable[[Any], Any], value: object, place: KeyPath) -> Any:
    """Return a value parsed; give the parser's UsageError the place."""
    try:
        return parse(value)
    except UsageError as error:
        raise place.refuse(error) from error


def path_at(text: str, place: KeyPath) -> Path:
    """Return the path that a text names: relative to the file's directory, `~` is the home."""
    from pathlib import Path

    try:
        return place.file.parent.absolute() / Path(text).expanduser()
    except RuntimeError as error:
        raise place.refuse("the path begins with a user who is not known here") from error


def read_file(path: Path, most: int, place: KeyPath) -> tuple[bytes, int]:
    """Return at most `most` bytes of a file that is named at a place, and its permissions."""
    try:
        with path.open("rb") as stream:
            return stream.read(most), stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError) as error:  # the latter of a NUL
        # The path is not shown: a secret may stand in its place by mistake.
        reason = getattr(error, "strerror", None) or "there is no such file"
        hint = "" if place.key else f"; {_beginning(path, error)}"
        raise place.refuse(f"the file cannot be read: {reason}{hint}") from error


def _beginning(path: Path, error: Exception) -> str:
    """Return the next step for a configuration that is absent, or cannot be read."""
    from shlex import quote

    named = quote(str(path)) if isinstance(error, FileNotFoundError) else "FILE"
    return f"`chatlog config init {named}` writes an example"
