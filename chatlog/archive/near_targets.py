"""Names of targets and networks near one that is not there. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.archive.targets import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.archive.targets import Target

_MOST: Final = 3  # names
_LIKE: Final = 0.65  # of SequenceMatcher's ratio, from which names are near each other
_PART: Final = 3  # letters, from which the part of a name is near the name
_PART_SCORE: Final = 0.8
_LONGEST: Final = 200  # letters of a pattern that are compared
_IGNORED: Final = "#&+!*?"  # the signs of channels, and those of patterns


def near_targets(pattern: str, targets: Iterable[Target]) -> list[str]:
    """Return the names of at most three targets that are near a pattern, the nearest first.

    They have their network before a slash if the targets are of several networks, or if
    the pattern holds a slash. Targets that the pattern matches count as near: they are of
    a network that was not asked for.
    """
    known = list(targets)
    several = len({each.network for each in known}) > 1
    wanted = _Wanted(pattern[:_LONGEST])
    scored = sorted(
        (-score, spelled(each.network), spelled(each.name))
        for each in known
        if (score := wanted.score(spelled(each.network), spelled(each.name))) >= _LIKE
    )
    return [
        f"{network}/{name}" if several or "/" in pattern else name
        for _, network, name in scored[:_MOST]
    ]


def near_networks(wanted: str, networks: Iterable[str]) -> list[str]:
    """Return at most three names of networks that are near a name, the nearest first."""
    name = _Name(wanted[:_LONGEST])
    scored = sorted((-score, each) for each in networks if (score := name.score(each)) >= _LIKE)
    return [each for _, each in scored[:_MOST]]


class _Wanted:
    """A pattern, and the network before its slash if it has one."""

    def __init__(self, pattern: str) -> None:
        place, slash, name = pattern.partition("/")
        self._whole = _Name(pattern)
        self._network = _Name(place) if slash else None
        self._name = _Name(name)

    def score(self, network: str, name: str) -> float:
        """Return how near a target is, from 0 to 1."""
        whole = self._whole.score(name)
        if self._network is None:
            return whole
        return max(whole, min(self._network.score(network), self._name.score(name)))


class _Name:
    """A name that others are compared with, regardless of case and of the signs of channels."""

    def __init__(self, name: str) -> None:
        self._bare = _bare(name)
        from difflib import SequenceMatcher

        self._matcher = SequenceMatcher(None, "", self._bare, autojunk=False)

    def score(self, name: str) -> float:
        """Return how near another name is, from 0 to 1."""
        bare = _bare(name)
        if bare == self._bare:
            return 1.0
        if min(len(bare), len(self._bare)) >= _PART and (bare in self._bare or self._bare in bare):
            return _PART_SCORE
        matcher = self._matcher
        matcher.set_seq1(bare)
        if matcher.real_quick_ratio() < _LIKE or matcher.quick_ratio() < _LIKE:
            return 0.0
        return matcher.ratio()


def _bare(name: str) -> str:
    return name.lower().strip(_IGNORED)
