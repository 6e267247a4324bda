"""Names that people look for: the same to the network in any case, with `*` and `?` in them.

Pure. Not fnmatch: brackets are letters in the names of IRC.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

WILD: Final = {"*": ".*", "?": "."}
CHANTYPES: Final = frozenset("#&+!")


def is_wild(name: str) -> bool:
    """Say whether a name stands for several."""
    return not WILD.keys().isdisjoint(name)


@lru_cache(1024)
def pattern_of(wild: str) -> re.Pattern[str]:
    """Make the pattern of a folded name that is to be matched as a whole."""
    return re.compile("".join(WILD.get(each) or re.escape(each) for each in wild), re.DOTALL)


def spellings(name: str) -> list[str]:
    """List what a target may be called: a bare `python` is `#python` as well."""
    return [name] if name[:1] in CHANTYPES else [name, f"#{name}"]
