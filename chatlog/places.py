"""Places: names of networks and targets, and the patterns by which people choose among them.

A pattern is a channel or a nick in any case that the network holds to be the same
(`#python`, or a bare `python`), the same with `*` and `?`, or either behind the name of
a network and a slash. `@server` is matched by its own name alone.
"""

from __future__ import annotations

from typing import Final

from chatlog.casemapping import Casemapping, is_wild, pattern_of, spellings
from chatlog.event import SERVER

ASCII: Final = Casemapping("ascii")
"""The fold of the names of networks and accounts."""


def is_named(pattern: str, name: str, folds: Casemapping) -> bool:
    """Return whether a name matches a pattern; the empty name matches none."""
    if not name:
        return False
    folded = folds[pattern]
    if is_wild(pattern):
        return pattern_of(folded).fullmatch(folds[name]) is not None
    return folds[name] == folded


def is_place(pattern: str, network: str, target: str, folds: Casemapping) -> bool:
    """Return whether a target of a network matches a pattern; `folds` are those of the network."""
    place, slash, name = pattern.partition("/")
    return _is_target(pattern, target, folds) or (
        bool(slash) and is_named(place, network, ASCII) and _is_target(name, target, folds)
    )


def _is_target(pattern: str, target: str, folds: Casemapping) -> bool:
    if SERVER in (pattern, target):
        return pattern == target
    return any(is_named(each, target, folds) for each in spellings(pattern))
