"""The sentences for an archive, a target or a line that is not there: one for each situation."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.near_targets import near_networks, near_targets
from chatlog.archive.targets import spelled
from chatlog.cli.show.messages import write_message
from chatlog.errors import NothingFoundError
from chatlog.formats.visible import printable
from chatlog.query.noise import Talk
from chatlog.read.catalog import Catalog
from chatlog.read.damaged_lines import DamagedLines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chatlog.archive.targets import Target, Targets
    from chatlog.query.noise import Shown

_BEGIN: Final = (
    "record with `chatlog record --server HOST --channel NAME`, or name the archive with --archive"
)
_LIST: Final = "`chatlog channels` lists all"
_FEW: Final = 5


class Nothing(NamedTuple):
    """A situation in words, the next step, and the names near those that were asked for."""

    problem: str
    advice: str = ""
    near: tuple[str, ...] = ()

    def error(self) -> NothingFoundError:
        """Return the error that ends a command."""
        advice = self._guess or self.advice
        return NothingFoundError(f"{self.problem}; {advice}" if advice else self.problem)

    def waiting(self) -> str:
        """Return the line that a command prints which waits for the first line."""
        guess = f" ({self._guess})" if self.near else ""
        return f"{self.problem} yet; waiting{guess}"

    @property
    def _guess(self) -> str:
        return f"did you mean {_listed(self.near)}?" if self.near else ""


def no_archive(root: str | Path) -> Nothing:
    """Return the sentence for a directory that is not there."""
    return Nothing(f"no archive in {printable(os.fspath(root))}", _BEGIN)


def no_other_archive(root: str | Path) -> Nothing:
    """Return the sentence for an archive to compare or merge that is not there."""
    return Nothing(no_archive(root).problem, "name the directory that its recorder writes to")


def nothing_found(selected: Targets) -> Nothing:
    """Return why a selection of targets holds nothing: no archive, no target, no line, no match."""
    found = selected.find()
    if not found:
        return _no_target(selected)
    catalog = Catalog(DamagedLines())
    if any(catalog.of(target) for target in found):
        return Nothing("no line matches")
    names = [f"{spelled(each.network)}/{spelled(each.name)}" for each in found]
    return Nothing(f"no line of {_listed(names, 'and')} is recorded", "`chatlog gaps` shows why")


def hidden_matches(shown: Shown) -> Nothing:
    """Return the sentence for lines that match, of which none is shown."""
    if isinstance(shown, Talk):
        return Nothing("only lines that are no talk are there", "leave out --talk to see them")
    return Nothing("only the recorder's own lines are there", "show them with --all")


def warn_of_unknown(selected: Targets, *, at_least: int = 2) -> None:
    """Write one line to stderr if some of several patterns match no target.

    With fewer than `at_least` patterns, the caller reports that nothing was found.
    """
    if len(selected.patterns) >= at_least and (unknown := selected.without_match()):
        write_message(str(_unknown_target(selected, unknown, selected.all()).error()))


def _no_target(selected: Targets) -> Nothing:
    where = printable(selected.root)
    if not os.path.isdir(selected.root):  # noqa: PTH112 - reading does without pathlib
        return no_archive(selected.root)
    present = selected.all()
    if not present or not (selected.patterns or selected.networks):
        return Nothing(f"no channel is recorded in {where}", _BEGIN)
    if unknown := selected.unknown_networks():
        return _unknown_network(where, unknown, present)
    if unknown := selected.without_match():
        return _unknown_target(selected, unknown, present)
    return Nothing(f"no channel of {_listed(selected.networks)} is recorded in {where}", _LIST)


def _unknown_network(where: str, unknown: Sequence[str], present: Sequence[Target]) -> Nothing:
    there = sorted({spelled(each.network) for each in present})
    near = dict.fromkeys(name for each in unknown for name in near_networks(each, there))
    problem = f"no network in {where} matches {_listed(unknown)}"
    return Nothing(problem, f"it has {_listed(there, 'and')}", (*near,))


def _unknown_target(
    selected: Targets, unknown: Sequence[str], present: Sequence[Target]
) -> Nothing:
    near = dict.fromkeys(name for each in unknown for name in near_targets(each, present))
    problem = f"no channel or query in {printable(selected.root)} matches {_listed(unknown)}"
    return Nothing(problem, _LIST, (*near,))


def _listed(names: Sequence[str], last: str = "or") -> str:
    """Return some names in quotes: `'#a', '#b' or '#c'`."""
    quoted = [f"'{printable(each)}'" for each in names[:_FEW]]
    if len(names) > _FEW:
        quoted.append(f"{len(names) - _FEW:,} more")
    return f" {last} ".join([", ".join(quoted[:-1]), quoted[-1]]) if quoted[1:] else quoted[0]
