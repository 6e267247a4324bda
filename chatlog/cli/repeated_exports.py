"""The exports that an archive remembers, made again as their command lines say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from chatlog.cli.show.messages import write_message
from chatlog.errors import ChatlogError, NothingFoundError
from chatlog.export.past_exports import expect_own, read_exports
from chatlog.formats.visible import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chatlog.export.past_exports import ExportEntry


def repeat_exports(
    root: Path, flags: Sequence[str], left_out: Callable[[str], object]
) -> Iterator[str]:
    """Make each export of an archive again; yield the destinations of those that failed.

    `flags` are further options of `chatlog export`. `left_out` gets a line for each export that is
    not made because all its files are gone: somebody removed them, or a disk is not mounted. A
    failure is reported on stderr, and the next export is made all the same. Raise TranscriptError
    if another user can have written the list of exports.
    """
    expect_own(root)
    for entries in _by_command(read_exports(root)):
        entry = entries[0]
        shown = printable(entry.destination)
        if not entry.arguments:
            left_out(f"left out {shown}: its options are not known; export it by hand once more")
        elif all(each.is_gone(root) for each in entries):
            left_out(f"left out {shown}: its files are gone; export it by hand to have them back")
        elif problem := _problem_of([*entry.arguments], [f"--archive={root}", *flags]):
            write_message(f"{shown}: {problem}")
            yield entry.destination


def _by_command(entries: Sequence[ExportEntry]) -> list[list[ExportEntry]]:
    """Return the entries of each command line, which may have two destinations."""
    found: dict[tuple[str, ...], list[ExportEntry]] = {}
    for entry in entries:
        found.setdefault(tuple(entry.arguments) or (entry.id,), []).append(entry)
    return [*found.values()]


def _problem_of(arguments: Sequence[str], flags: Sequence[str]) -> str:
    """Run an export within this process; return why it failed, "" if it did not."""
    commands = click.get_current_context().find_root().command
    try:
        commands.main(["export", *flags, *arguments], prog_name="chatlog", standalone_mode=False)
    except NothingFoundError:  # the files of lines that are gone were removed: that is no failure
        return ""
    except click.ClickException as error:
        from chatlog.cli.mistakes import sentence

        return sentence(error)
    except ChatlogError as error:
        return str(error)
    return ""
