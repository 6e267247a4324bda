"""Keeping: how long the classes of events of each target are kept, by the rules of an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.archive.networks import read_casemapping
from chatlog.archive.targets import is_cut, spelled
from chatlog.casemapping import Casemapping
from chatlog.errors import TranscriptError
from chatlog.event import SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.rules import Rules, Ruling


class Keeping:
    """The times for which the segments of an archive are kept, by directory and class.

    A target whose name or CASEMAPPING cannot be told, as its path is too long for the
    name or `network.json` is damaged, is kept for the longest time of any rule.
    """

    def __init__(self, root: Path, rules: Rules) -> None:
        self._root = root
        self._rules = rules
        self._known: dict[Path, Ruling] = {}
        self._folds: dict[str, Casemapping | None] = {}

    @property
    def ends(self) -> bool:
        """Whether some class of some target is not kept for ever."""
        rules = self._rules
        times = (each.values() for each in (rules.keep, *(rule.keep for rule in rules.rules)))
        return any(seconds is not None for some in times for seconds in some)

    def of(self, directory: Path, of_class: str) -> int | None:
        """Return the milliseconds for a segment of a class; None for ever.

        A segment of no class may hold events of each, and is kept as long as any.
        """
        ruling = self._known.get(directory)
        if ruling is None:
            ruling = self._known[directory] = self._ruling(directory)
        seconds = ruling.keep[of_class] if of_class else ruling.longest
        return None if seconds is None else int(seconds * 1000)

    def _ruling(self, directory: Path) -> Ruling:
        network, target = directory.parent.name, directory.name
        folds = self._casemapping(network, target)
        if folds is None or is_cut(network) or is_cut(target):
            return self._rules.for_unknown()
        name = SERVER if target == SERVER else spelled(target)
        return self._rules.of(spelled(network), name, folds)

    def _casemapping(self, network: str, target: str) -> Casemapping | None:
        """Return the CASEMAPPING of a network; None if it cannot be told."""
        if target == SERVER:
            return Casemapping()
        if network not in self._folds:
            try:
                self._folds[network] = read_casemapping(self._root, spelled(network))
            except TranscriptError:
                self._folds[network] = None
        return self._folds[network]
