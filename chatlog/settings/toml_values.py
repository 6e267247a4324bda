"""One value of chatlog.toml: its type, its check, and how it is refused.

Owns the wording of a refusal: file, key and reason, in one line that never
shows a secret. It knows no key by its name.
"""

from __future__ import annotations

import os
import re
import stat
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.errors import UsageError
from chatlog.secret import Secret
from chatlog.settings import parsers, secret_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reader = Callable[[Any, "KeyPath"], Any]

_FOR_EVER: Final = 1e9
_LARGEST: Final = 1024**5
_UNSENDABLE: Final = "[\0\r\n]"
_NOT_IN_A_KEY: Final = "[\0-\x20,\x7f]"
_KINDS: Final = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list in [ ]",
    dict: "a table",
    time: "a time of day",
}


class KeyPath(NamedTuple):
    """Where something stands: the file as it was named, and the dotted key."""

    file: Path
    key: str = ""

    def at(self, name: str) -> KeyPath:
        """Return the place of a key in the table here."""
        shown = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else repr(name)
        return self._replace(key=f"{self.key}.{shown}" if self.key else shown)

    def item(self, index: int) -> KeyPath:
        """Return the place of an item of the list here, from 0."""
        return self._replace(key=f"{self.key}[{index}]")

    def refuse(self, reason: object) -> UsageError:
        """Return the error that names file, key and reason."""
        where = f"{self.file}: {self.key}" if self.key else str(self.file)
        said = " ".join(str(reason).split())
        return UsageError(f"{where}: {said}")


class Key(NamedTuple):
    """The field that a key fills, and how its value is read."""

    field: str
    read: Reader


def read_table(value: object, keys: Mapping[str, Key], place: KeyPath) -> dict[str, Any]:
    """Read a table into the values of fields; what it does not say is absent."""
    found: dict[str, Any] = {}
    for name, each in typed(value, dict, place).items():
        key = known(name, keys, place)
        if key.field in found:
            one = key.field.replace("_", "-")
            raise place.at(name).refuse(f"say {one} or {one}-file, and not both")
        found[key.field] = key.read(each, place.at(name))
    return found


def known(name: str, keys: Mapping[str, Any], place: KeyPath) -> Any:
    """Return what a table of keys says of a name; refuse one that is not in it."""
    if name in keys:
        return keys[name]
    close = get_close_matches(name.lower().replace("_", "-"), keys, 1)
    hint = f"did you mean {close[0]}?" if close else "`chatlog config init -` shows all that are"
    raise place.at(name).refuse(f"there is no such key; {hint}")


def typed(value: object, kind: type, place: KeyPath) -> Any:
    """Return a value that is of that very type."""
    if type(value) is kind:
        return value
    given = _KINDS.get(type(value), "a date" if isinstance(value, date) else "this")
    raise place.refuse(f"{_KINDS[kind]} belongs here, not {given}")


def read_file(path: Path, most: int, place: KeyPath) -> tuple[bytes, int]:
    """Return at most so many bytes of a file that stands at a place, and its permissions."""
    try:
        with path.open("rb") as stream:
            return stream.read(most), stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError) as error:  # the latter of a NUL
        # The path is not shown: where a secret's is asked for, the secret may stand by mistake.
        reason = getattr(error, "strerror", None) or "there is no such file"
        hint = "" if place.key else "; `chatlog config init` writes one to begin with"
        raise place.refuse(f"the file cannot be read: {reason}{hint}") from error


# -- readers -----------------------------------------------------------------


def flag(value: object, place: KeyPath) -> Any:
    """Read true or false."""
    return typed(value, bool, place)


def line(value: object, place: KeyPath) -> str:
    """Read a text that fits into a line to a server."""
    text: str = typed(value, str, place)
    if re.search(_UNSENDABLE, text):
        raise place.refuse("a line break or NUL cannot be sent to a server")
    return text


def text_by(parse: Callable[[str], Any]) -> Reader:
    """Read a text that a function checks, which raises UsageError."""

    def read(value: object, place: KeyPath) -> Any:
        text = typed(value, str, place)
        try:
            return parse(text)
        except UsageError as error:
            raise place.refuse(error) from error

    return read


def list_of(read: Reader, *, least: int = 0) -> Reader:
    """Read each item of a list, of which at least so many must be there; equal ones once."""

    def read_all(value: object, place: KeyPath) -> tuple[Any, ...]:
        items = typed(value, list, place)
        if len(items) < least:
            raise place.refuse(f"at least {least} must be in the list")
        found = (read(item, place.item(index)) for index, item in enumerate(items))
        return tuple(dict.fromkeys(found))

    return read_all


def one_of(*choices: str, fold: Callable[[str], str] = str) -> Reader:
    """Read one of a few words."""

    def read(value: object, place: KeyPath) -> str:
        word = fold(typed(value, str, place))
        if word not in choices:
            raise place.refuse(f"{value!r} is none of {', '.join(choices)}")
        return word

    return read


def unless_empty(read: Reader) -> Reader:
    """Read a text that may be empty: then it takes a default back."""
    return lambda value, place: "" if value == "" else read(value, place)


def seconds(least: float) -> Reader:
    """Read a duration of at least so many seconds."""

    def read(value: object, place: KeyPath) -> float:
        given: Any = value
        if type(value) not in {int, float}:
            given = text_by(parsers.parse_duration)(value, place)
        if not least <= given < _FOR_EVER:
            raise place.refuse("this is no duration; say 90s, 55m, 1h30m or 7d")
        return float(given)

    return read


def size(value: object, place: KeyPath) -> int:
    """Read a size into bytes."""
    if type(value) is int and 0 < value < _LARGEST:
        return value
    return int(text_by(parsers.parse_size)(value, place))


def room(value: object, place: KeyPath) -> int:
    """Read a size into bytes, or 0 for none."""
    if type(value) is int and value == 0:
        return 0
    return 0 if value == "0" else size(value, place)


def path(value: object, place: KeyPath) -> str:
    """Read a path, which is relative to the directory of the configuration."""
    text: str = typed(value, str, place)
    try:
        named = Path(text).expanduser()
    except RuntimeError as error:
        raise place.refuse("the path begins with a user who is not known here") from error
    return str(place.file.parent.absolute() / named) if text else ""


def file(value: object, place: KeyPath) -> str:
    """Read the path of a file, which must be readable."""
    where = path(value, place)
    if where:
        read_file(Path(where), 1, place)
    return where


def secret(value: object, place: KeyPath) -> Secret:
    """Read a secret."""
    return Secret(line(value, place))


def secret_file(value: object, place: KeyPath) -> Secret:
    """Read the path of a file, and of that file the first line: a secret."""
    data, _ = read_file(Path(path(value, place)), secret_files.LONGEST_SECRET, place)
    try:
        return Secret(secret_files.secret_in(data))
    except UsageError as error:
        raise place.refuse(error) from None


def channel_key(read: Reader) -> Reader:
    """Read a secret that is to be a channel's key."""

    def read_key(value: object, place: KeyPath) -> Secret:
        key: Secret = read(value, place)
        if re.search(_NOT_IN_A_KEY, key.reveal()):
            raise place.refuse("no channel has a key with a space, a comma or a control character")
        return key

    return read_key


def zone(value: object, place: KeyPath) -> str:
    """Read the name of a time zone."""
    text_by(parsers.parse_zone)(value, place)
    return str(value)


def prefix(value: object, place: KeyPath) -> str:
    """Read how a line begins."""
    text = line(value, place).strip()
    if not text:
        raise place.refuse("an empty prefix would keep everything out of the transcript")
    return text
