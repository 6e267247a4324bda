"""Where the files of an export go: a path with tokens, into names that are safe.

Pure. The name of a target becomes that of a component as in an archive: injective, and never
a way out of the directory. A component that would be too long ends in a digest.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.errors import UsageError
from chatlog.export.partition import DAY, MONTH, NONE, YEAR, Partition

if TYPE_CHECKING:
    from chatlog.export.exporter import Exporter

STDOUT: Final = "-"
_LONGEST: Final = 160
_DIGEST: Final = 40
_OF_PLACES: Final = ("network", "target", "network_key", "target_key")
_OF_TIMES: Final = {"date": DAY, "month": MONTH, "year": YEAR}
_PART: Final = "part"
TOKENS: Final = (*_OF_PLACES, *_OF_TIMES, _PART)
"""The tokens of a path."""

_TOKEN: Final = re.compile(r"\{([^{}]*)\}")
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-%")


class Destination(msgspec.Struct, frozen=True):
    """The path of an export with its tokens, and the partition that it has."""

    path: str
    partition: Partition

    @property
    def base(self) -> str:
        """The part of the path before the component with the first token."""
        return self.path.partition("{")[0].rpartition("/")[0]

    def of_target(self, network: str, target: str) -> str:
        """Return the path for a target, named as its directories, with the tokens of times."""
        values = {
            "network": _bounded(network),
            "target": _bounded(target),
            "network_key": _bounded(key_of(network)),
            "target_key": _bounded(key_of(target)),
        }
        shown = {name: _without_braces(value) for name, value in values.items()}
        return _TOKEN.sub(lambda token: shown.get(token[1], token[0]), self.path)

    def has(self, token: str) -> bool:
        """Return whether the path has a token."""
        return f"{{{token}}}" in self.path


def path_at(path: str, day: str, part: int) -> str:
    """Return the path of a file from that of its target: its period begins as `day` does."""
    values = {"date": day, "month": day[:7], "year": day[:4], _PART: f"{part:04d}"}
    return _TOKEN.sub(lambda token: values[token[1]], path)


def key_of(component: str) -> str:
    """Return the name of a directory in letters, digits, `.`, `-` and `_` alone; injective.

    That is what every engine takes for the value of a partition as it stands: some read
    `%23rust` as `#rust`, and others do not.
    """
    shown = [each if each in _PLAIN else f"%{ord(each):02X}" for each in component]
    return "".join(shown).replace("%", "_")


def destination_of(
    typed: str, partition: Partition | None, exporter: Exporter, *, is_directory: bool
) -> Destination:
    """Return the destination that `-o` names; raise UsageError for one that cannot be.

    Without a partition it is that of the tokens, else the format's own for a directory.
    """
    _check_tokens(typed)
    if is_directory or typed.endswith("/"):
        return _in_directory(typed.rstrip("/") or "/", partition, exporter)
    if partition is None:
        partition = _told_by(typed)
    if typed == STDOUT:
        _check_stdout(partition, exporter)
        return Destination(typed, partition)
    destination = Destination(typed, partition)
    _check_partition(destination, exporter)
    return destination


def _check_tokens(typed: str) -> None:
    for token in _TOKEN.findall(typed):
        if token not in TOKENS:
            known = ", ".join(f"{{{each}}}" for each in TOKENS)
            raise UsageError(f"-o has no token {{{token}}}; known are {known}")
    if "{" in _TOKEN.sub("", typed) or "}" in _TOKEN.sub("", typed):
        raise UsageError("-o has a brace that is of no token; name a path without it")


def _in_directory(typed: str, partition: Partition | None, exporter: Exporter) -> Destination:
    if _TOKEN.search(typed):
        raise UsageError("-o names a directory and has tokens; let it end with the name of a file")
    partition = partition or Partition(exporter.partition)
    token = partition.token
    if "=" in exporter.layout:  # engines take the names of these directories for columns
        middle = f"{{{token}}}" if token else "all"
        named = f"/{token}={middle}" if token and token != _PART else ""
        last = f"/{middle}" if token == _PART else "/events"
        path = f"{typed}/{exporter.layout}{named}{last}.{exporter.suffix}"
    else:
        named = f"/{{{token}}}" if token else ""
        path = f"{typed}/{exporter.layout}{named}.{exporter.suffix}"
    destination = Destination(path, partition)
    _check_partition(destination, exporter)
    return destination


def _told_by(typed: str) -> Partition:
    tokens = _TOKEN.findall(typed)
    if _PART in tokens:
        raise UsageError("{part} needs --partition size:100MB or lines:100000")
    return Partition(next((grain for each, grain in _OF_TIMES.items() if each in tokens), NONE))


def _check_partition(destination: Destination, exporter: Exporter) -> None:
    partition, token = destination.partition, destination.partition.token
    if token and not destination.has(token):
        raise UsageError(
            f"this partition makes several files; put {{{token}}} into -o,"
            " or let it end with / for a directory"
        )
    finer = [each for each in (*_OF_TIMES, _PART) if destination.has(each) and each != token]
    allowed = {"date": {"month", "year"}, "month": {"year"}}.get(token, set())
    if wrong := [each for each in finer if each not in allowed]:
        raise UsageError(f"-o has {{{wrong[0]}}}, which this partition does not tell")
    if exporter.needs_days and partition.grain != DAY:
        raise UsageError(f"stamps of {exporter.name} have no date; put {{date}} into -o")


def _check_stdout(partition: Partition, exporter: Exporter) -> None:
    if exporter.stream is None:
        raise UsageError(f"{exporter.name} is a file, and cannot go to stdout; say -o FILE")
    if partition.token:
        raise UsageError("stdout is one file; leave out --partition, or say -o DIR/")


def _without_braces(component: str) -> str:
    """Return a component that has nothing like a token; injective."""
    return component.replace("{", "%7B").replace("}", "%7D")


def _bounded(component: str) -> str:
    """Return a component that leaves room for an ending within 255 bytes; injective."""
    if len(component) <= _LONGEST:
        return component
    digest = hashlib.sha256(component.encode()).hexdigest()[:_DIGEST]
    return f"{re.sub('%[0-9A-F]?$', '', component[: _LONGEST - _DIGEST])}-{digest}"
