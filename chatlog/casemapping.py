"""Names of channels and nicks: how a network folds them, and patterns with `*` and `?`.

Never Unicode folding: to a server `#straße` and `#strasse` are two channels.
See https://modern.ircdocs.horse/#casemapping-parameter. Not fnmatch: brackets
are letters in IRC names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

WILD: Final = {"*": ".*", "?": "."}
CHANTYPES: Final = frozenset("#&+!")
PREFIXES: Final = "!\"$%&'()*+-./;<=>?@~"
"""The characters that may stand before a nick for a status: no nick begins with one."""

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TABLES: Final = {
    "ascii": str.maketrans(_UPPER, _UPPER.lower()),
    "rfc1459-strict": str.maketrans(_UPPER + "[]\\", _UPPER.lower() + "{}|"),
    "rfc1459": str.maketrans(_UPPER + "[]\\~", _UPPER.lower() + "{}|^"),
}
_REMEMBERED: Final = 16_384
_LONGEST: Final = 256  # characters of a name whose fold is remembered


class Casemapping(dict[str, str]):
    """Fold names as one network does: `casemapping["#Chan"] == "#chan"`.

    The rules are those of the CASEMAPPING token; an unknown one folds as
    `ascii` does, which can part what the server holds to be one but never
    joins what it holds to be two. Folds are remembered, in bounded number and length.
    """

    def __init__(self, name: str = "rfc1459") -> None:
        super().__init__()
        self.name = name.lower() if name.lower() in _TABLES else "ascii"
        self._table = _TABLES[self.name]

    def __bool__(self) -> bool:
        """Return True, also while no fold is remembered yet."""
        return True

    def __missing__(self, name: str) -> str:
        folded = name.translate(self._table)
        if folded == name:
            folded = name  # one string instead of two equal ones
        if len(name) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[name] = folded
        return folded

    def fold(self, text: str) -> str:
        """Return the fold of a text that is no name, so that it takes no name's place here."""
        return text.translate(self._table)

    def equal(self, one: str, other: str) -> bool:
        """Return whether the server takes two names for one."""
        return self[one] == self[other]


def is_wild(name: str) -> bool:
    """Return whether a name is a pattern that may match several names."""
    return not WILD.keys().isdisjoint(name)


@lru_cache(1024)
def pattern_of(wild: str) -> re.Pattern[str]:
    """Compile a folded name with wildcards; use it with `fullmatch`."""
    return re.compile("".join(WILD.get(each) or re.escape(each) for each in wild), re.DOTALL)


def spellings(name: str) -> list[str]:
    """List the targets that a typed name may mean: a bare `python` is `#python` as well."""
    return [name] if name[:1] in CHANTYPES else [name, f"#{name}"]
