"""Imports of click and msgspec without modules that only their rarer features need.

Half of the time in which click is imported goes into `inspect` and `uuid`. Of msgspec's, nearly
half goes into `typing_extensions` if somebody installed it, and most of the rest into types and
features that chatlog does not use. Both get a `LateModule` for each instead, in their own
modules alone: every other importer gets the real module.
"""

from __future__ import annotations

import _thread
import importlib
import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class LateModule(ModuleType):
    """A module that is imported when a name is asked for that is not among `names`."""

    def __init__(self, name: str, **names: Any) -> None:
        super().__init__(name)
        vars(self).update(names)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks for some that a module may lack
            raise AttributeError(name)
        self.withdraw()
        return getattr(importlib.import_module(self.__name__), name)

    def withdraw(self) -> None:
        """Make later imports of this name find the real module."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


@contextmanager
def lean_click() -> Iterator[None]:
    """Import click in this context, for the first time in this process, at half its cost.

    `inspect` cleans our help texts and is asked for nothing else. `uuid` has the type of
    a parameter that no command has. Of `threading` click takes one class, which is built in.
    `gettext` would translate click's words, and only those, by the catalogue of some other
    program; ours are English.
    """
    late = [
        LateModule("inspect", cleandoc=cleandoc),
        uuid := LateModule("uuid", UUID=object),
        LateModule("threading", local=_thread._local),  # noqa: SLF001 - as `threading` does
        LateModule("gettext", gettext=_untranslated, ngettext=_one_or_many),
    ]
    with _standing_in(late):
        yield
    del uuid.UUID  # click named its own type after it: from now on the real one is asked for


@contextmanager
def lean_parsing() -> Iterator[None]:
    """Parse arguments in this context without a search for names near a mistyped option.

    Click searches at each `-n` as well, before it finds the option. `cli.mistakes` makes the
    suggestions.
    """
    with _standing_in([LateModule("difflib", get_close_matches=_none_near)]):
        yield


@contextmanager
def _standing_in(late: Iterable[LateModule]) -> Iterator[None]:
    """Put modules in the place of those that are not imported yet, in this context."""
    used = [each for each in late if sys.modules.setdefault(each.__name__, each) is each]
    try:
        yield
    finally:
        for each in used:
            each.withdraw()


def import_msgspec() -> None:
    """Import msgspec, for the first time in this process, at a third of its cost.

    `typing` of Python 3.11 suffices for it without `typing_extensions`. The other modules
    are for types that no record of chatlog has (UUID, Decimal), and for features that it
    never asks for; they are imported if they are asked for.
    """
    if "msgspec" in sys.modules or "typing_extensions" in sys.modules:
        return
    # Its import fails, as if it were not installed.
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]
    late = [
        LateModule("uuid", UUID=type("UUID", (), {}), SafeUUID=SimpleNamespace(unknown=None)),
        LateModule("decimal", Decimal=type("Decimal", (), {})),
        *(LateModule(f"msgspec.{name}") for name in ("inspect", "toml", "yaml")),
        LateModule("msgspec._json_schema", schema=_schema, schema_components=_schema_components),
    ]
    try:
        with _standing_in(late):
            importlib.import_module("msgspec")
    finally:
        del sys.modules["typing_extensions"]


def cleandoc(text: str) -> str:
    """Return a docstring without its common indentation and its outer empty lines.

    It does the same as `inspect.cleandoc`, which takes a fifth of the start to import.
    """
    first, *rest = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    lines = [first.lstrip(), *(line[margin:] for line in rest)]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        del lines[0]
    return "\n".join(lines)


def _none_near(_name: str, _known: Iterable[str]) -> list[str]:
    return []


def _untranslated(message: str) -> str:
    return message


def _one_or_many(one: str, many: str, number: int) -> str:
    return one if number == 1 else many


def _schema(*arguments: Any, **named: Any) -> Any:
    return importlib.import_module("msgspec._json_schema").schema(*arguments, **named)


def _schema_components(*arguments: Any, **named: Any) -> Any:
    module = importlib.import_module("msgspec._json_schema")
    return module.schema_components(*arguments, **named)
