"""The targets of an archive, and the patterns by which people name them.

Nothing here writes. A pattern is a channel or a nick in any case that the
network holds to be the same (`#python`, or a bare `python`), the same with `*`
and `?`, or either of them behind the name of a network and a slash.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import reported
from chatlog.archive.layout import directory_name
from chatlog.casemapping import Casemapping, is_wild, pattern_of, spellings
from chatlog.errors import ChatlogError, TranscriptError
from chatlog.event import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ASCII: Final = Casemapping("ascii")


class Target(msgspec.Struct, frozen=True, order=True):
    """A target's directory; network and name are as its path spells them."""

    network: str
    name: str
    path: str


class Targets:
    """The targets of an archive that match one of the patterns, now and later.

    No pattern means everything but `@server`, which must be named. `refused` has
    the error of each network whose directory, or list of renamed channels, could not be
    read. `root`, `patterns` and `networks` are those of the call. With `joins_renamed`, a
    name without `*` and `?` stands for the former names of that channel as well.
    """

    def __init__(
        self,
        root: str | Path,
        patterns: Iterable[str] = (),
        networks: Iterable[str] = (),
        *,
        joins_renamed: bool = False,
    ) -> None:
        self.root = os.fspath(root)
        self.patterns = tuple(patterns)
        self.networks = tuple(networks)
        self.refused: dict[str, TranscriptError] = {}
        self._casemappings: dict[str, Casemapping] = {}
        self._exact = [each for each in self.patterns if joins_renamed and not is_wild(each)]
        self._present_names: dict[str, dict[str, str]] = {}
        self._wanted: dict[tuple[str, str], bool] = {}

    def all(self) -> list[Target]:
        """List every present target of the archive, `@server` too, regardless of the patterns."""
        return [
            Target(network.name, target.name, target.path)
            for network in _directories(self.root)
            for target in self._targets_in(network.path)
        ]

    def _targets_in(self, network: str) -> list[os.DirEntry[str]]:
        try:
            return _directories(network)
        except TranscriptError as error:
            self.refused[network] = error
            return []

    def find(self) -> list[Target]:
        """List those that there are by now, in the order of their paths."""
        return [each for each in self.all() if self._is_wanted(each.network, each.name)]

    def without_match(self) -> list[str]:
        """Return the patterns that match no present target of the networks."""
        present = [each for each in self.all() if self._is_of_networks(each.network)]
        return [
            pattern
            for pattern in self.patterns
            if not any(self._matches_one(pattern, each.network, each.name) for each in present)
        ]

    def unknown_networks(self) -> list[str]:
        """Return the names of networks that match no network with a present target."""
        present = {each.network for each in self.all()}
        return [
            name for name in self.networks if not any(_is_network(each, name) for each in present)
        ]

    def _is_wanted(self, network: str, target: str) -> bool:
        wanted = self._wanted.get((network, target))
        if wanted is None:
            wanted = self._wanted[network, target] = self._matches(network, target)
        return wanted

    def _matches(self, network: str, target: str) -> bool:
        if not self._is_of_networks(network):
            return False
        if not self.patterns:
            return target != SERVER
        if any(self._matches_one(pattern, network, target) for pattern in self.patterns):
            return True
        present = self._present_name(network, target) if self._exact else ""
        return bool(present) and any(
            self._matches_one(pattern, network, present) for pattern in self._exact
        )

    def _present_name(self, network: str, target: str) -> str:
        """Return the present name of a channel that was renamed, "" of any other."""
        if network not in self._present_names:
            self._present_names[network] = self._read_present_names(network)
        return self._present_names[network].get(target, "")

    def _read_present_names(self, network: str) -> dict[str, str]:
        directory = f"{self.root}/{network}"
        # Nearly no network has the file: without it, what reads it is not imported.
        if not os.path.lexists(f"{directory}/.rooms.json"):
            return {}
        from chatlog.archive.rooms import present_names, read_rooms

        try:
            return present_names(read_rooms(directory))
        except TranscriptError as error:
            self.refused[directory] = error
            return {}

    def _is_of_networks(self, network: str) -> bool:
        return not self.networks or any(_is_network(network, each) for each in self.networks)

    def _matches_one(self, pattern: str, network: str, target: str) -> bool:
        casemapping = self._casemapping(network)
        place, slash, name = pattern.partition("/")
        return _is_target(target, pattern, casemapping) or (
            bool(slash) and _is_network(network, place) and _is_target(target, name, casemapping)
        )

    def names(self, network: str) -> Casemapping:
        """Return the CASEMAPPING of a network, named as in events."""
        return self._casemapping(directory_name(_ASCII[network]))

    def _casemapping(self, network: str) -> Casemapping:
        if network not in self._casemappings:
            self._casemappings[network] = self._read_casemapping(network)
        return self._casemappings[network]

    def _read_casemapping(self, network: str) -> Casemapping:
        # Who names no target does not pay for what else comes with these.
        from pathlib import Path

        from chatlog.archive.networks import read_casemapping

        try:
            return read_casemapping(Path(self.root), spelled(network)) or Casemapping()
        except ChatlogError:
            return Casemapping()  # who reads an archive need not have it whole


def is_cut(component: str) -> bool:
    """Return whether a name was too long for its path, which then holds only its beginning."""
    return "%-" in component


def spelled(component: str) -> str:
    """Return the folded name that a component of a path was made of."""
    octets = re.sub(
        rb"%([0-9A-F]{2})",
        lambda match: bytes([int(match[1], 16)]),
        component.encode("utf-8", "surrogateescape"),
    )
    return octets.decode("utf-8", "surrogateescape")


def _is_network(component: str, name: str) -> bool:
    return _is_any_of(component, [_ASCII[name]])


def _is_target(component: str, name: str, casemapping: Casemapping) -> bool:
    if SERVER in (component, name):
        return component == name
    return _is_any_of(component, spellings(casemapping[name]))


def _is_any_of(component: str, names: list[str]) -> bool:
    if component in map(directory_name, names):
        return True
    wild = [each for each in names if is_wild(each)]
    return any(pattern_of(each).fullmatch(spelled(component)) for each in wild)


def _directories(path: str) -> list[os.DirEntry[str]]:
    return [item for item in scan(path) if not item.name.startswith(".") and _is_directory(item)]


def _is_directory(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link that leads to itself
        return False


def scan(path: str) -> list[os.DirEntry[str]]:
    """List a directory by name; one that is gone or was none has nothing in it."""
    with reported(path, doing="read"):
        try:
            with os.scandir(path) as items:
                return sorted(items, key=lambda item: item.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
