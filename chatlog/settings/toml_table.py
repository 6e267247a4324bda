"""Tables of chatlog.toml: their keys from the rows of settings, read into fields.

A secret has two keys: `password`, and `password-file` for a file that holds it.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from chatlog.settings.key_path import typed
from chatlog.settings.kinds import SecretText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from chatlog.settings.key_path import KeyPath
    from chatlog.settings.setting import Setting


class Key(NamedTuple):
    """A key of a table: the field that it fills, and the reader of its value.

    `renamed` is the key that took its place, if it is a former name.
    """

    field: str
    read: Callable[[Any, KeyPath], Any]
    renamed: str = ""


def keys_of(settings: Iterable[Setting]) -> dict[str, Key]:
    """Return the keys of a table by their names."""
    return dict(_keys(settings))


def _keys(settings: Iterable[Setting]) -> Iterator[tuple[str, Key]]:
    for setting in settings:
        yield setting.name, Key(setting.field, setting.kind.read)
        if setting.former:
            yield setting.former, Key(setting.field, setting.kind.read, setting.name)
        if isinstance(setting.kind, SecretText):
            yield f"{setting.name}-file", Key(setting.field, setting.kind.read_file)


def read_table(value: object, keys: Mapping[str, Key], place: KeyPath) -> dict[str, Any]:
    """Read a table into the values of fields; a field whose key is missing is absent."""
    found: dict[str, Any] = {}
    for name, each in typed(value, dict, place).items():
        key = known(name, keys, place)
        if key.field in found:
            names = " or ".join(each for each, other in keys.items() if other.field == key.field)
            raise place.at(name).refuse(f"say {names}, and not both")
        found[key.field] = key.read(each, place.at(name))
    return found


def former_names(table: Mapping[str, object], keys: Mapping[str, Key]) -> Iterator[tuple[str, str]]:
    """Yield each former name of a key in a table, with the name of today."""
    for name in table:
        if (key := keys.get(name)) and key.renamed:
            yield name, key.renamed


def known(name: str, keys: Mapping[str, Any], place: KeyPath) -> Any:
    """Return the value of a key in a mapping; refuse an unknown key, with a near one as a hint."""
    if name in keys:
        return keys[name]
    close = get_close_matches(name.lower().replace("_", "-"), keys, 1)
    hint = f"did you mean {close[0]}?" if close else "`chatlog config init -` shows all that are"
    raise place.at(name).refuse(f"there is no such key; {hint}")
