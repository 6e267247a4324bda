"""Candidates for a value that is being typed, from the archive of that command line.

Only names of directories are read, and for nicks the last lines of a few targets.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from click.core import ParameterSource
from click.shell_completion import CompletionItem

from chatlog.archive.targets import Target, Targets, is_cut, spelled
from chatlog.casemapping import CHANTYPES
from chatlog.errors import UsageError
from chatlog.event import CLASSES, SERVER, EventType
from chatlog.read.reader import Reader
from chatlog.settings.locations import archive_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import click

    Provider = Callable[[click.Context, str], Iterable[CompletionItem]]

_LINES: Final = 200
_BYTES: Final = 1 << 20
_PLACES: Final = 8
"""The most targets whose last lines are read for nicks."""


def targets(ctx: click.Context, typed: str) -> Iterator[CompletionItem]:
    """Yield targets, a bare `python` for `#python` too, then networks with a slash."""
    found = _targets(_root(ctx))
    place, slash, name = typed.partition("/")
    if slash and typed[:1] not in CHANTYPES:
        inside = {each.name for each in found if spelled(each.network) == place.lower()}
        yield from (CompletionItem(f"{place}/{each}") for each in _named(inside, name))
        return
    yield from map(CompletionItem, _named({each.name for each in found}, typed))
    networks = {spelled(each.network) for each in found}
    if typed or len(networks) > 1:
        yield from (CompletionItem(f"{each}/", type="part") for each in _beginning(networks, typed))


def networks(ctx: click.Context, typed: str) -> Iterator[CompletionItem]:
    """Yield the networks of the archive."""
    found = {spelled(each.network) for each in _targets(_root(ctx))}
    return map(CompletionItem, _beginning(found, typed))


def nicks(ctx: click.Context, typed: str) -> Iterator[CompletionItem]:
    """Yield the nicks of the last lines of the targets that are named, else of some."""
    root = _root(ctx)
    named = [*(ctx.params.get("targets") or ()), *(ctx.params.get("channels") or ())]
    reader = Reader(root, named or _latest(root))
    events = [entry.event for entry in reader.last(_LINES, _BYTES)]
    found = {event.relayed_nick or event.nick for event in events} - {""}
    return map(CompletionItem, _beginning(found, typed))


def types(_ctx: click.Context, typed: str) -> Iterator[CompletionItem]:
    """Yield the types of events, and their classes."""
    return map(CompletionItem, _beginning({*CLASSES, *map(str, EventType)}, typed))


def query(ctx: click.Context, typed: str) -> Iterator[CompletionItem]:
    """Yield the values of `in:`, `from:` and `type:` in a query."""
    key, colon, value = typed.partition(":")
    for item in _OF_KEYS[key](ctx, value) if colon and key in _OF_KEYS else ():
        yield CompletionItem(f"{key}:{item.value}", type=item.type)


def commands(ctx: click.Context, typed: str) -> Iterable[CompletionItem]:
    """Return the commands of chatlog."""
    root = ctx.find_root()
    return root.command.shell_complete(root, typed) if not typed.startswith("-") else ()


_OF_KEYS: Final[dict[str, Provider]] = {"in": targets, "from": nicks, "type": types}
PROVIDERS: Final[dict[str, Provider]] = {
    "targets": targets, "networks": networks, "nicks": nicks, "types": types, "query": query,
    "commands": commands,
}  # fmt: skip
"""The function that finds the candidates for each kind of value."""


def _root(ctx: click.Context) -> Path:
    """Return the archive that a command with this line would take.

    Raise UsageError if the line names one that no command takes: click leaves it out.
    """
    archive, config = (_typed_path(ctx, name) for name in ("archive", "config"))
    return archive or archive_of(config)


def _typed_path(ctx: click.Context, name: str) -> Path | None:
    value = ctx.params.get(name)
    if value is None and ctx.get_parameter_source(name) not in {None, ParameterSource.DEFAULT}:
        raise UsageError(f"--{name} is refused")
    return Path(value) if value else None


def _targets(root: Path) -> list[Target]:
    return [each for each in Targets(root).all() if not is_cut(each.name)]


def _named(components: Iterable[str], typed: str) -> list[str]:
    """Return the names that begin as typed; a bare `py` begins `python`, for `#python`."""
    names = {spelled(each) for each in components}
    if not typed.startswith("@"):
        names.discard(SERVER)
    found = _beginning(names, typed)
    if typed and typed[0] not in CHANTYPES:
        found += _beginning((name[1:] for name in names if name[0] == "#"), typed)
    return sorted({*found})


def _beginning(names: Iterable[str], typed: str) -> list[str]:
    """Return the names that begin as typed, in any case; the typed letters are kept."""
    folded = typed.lower()
    return sorted(typed + name[len(typed) :] for name in names if name.lower().startswith(folded))


def _latest(root: Path) -> list[str]:
    """Return patterns of the targets with the newest segments, as their directories tell."""
    found = sorted(_targets(root), key=lambda each: os.stat(each.path).st_mtime, reverse=True)  # noqa: PTH116 - a path is a string here
    return [f"{spelled(each.network)}/{spelled(each.name)}" for each in found[:_PLACES]]
