"""The import of a program's logs into an archive of its own, and a comparison with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog import cli
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from chatlog.event import Event


def imported(
    logs: Iterable[Path], options: Mapping[str, str], archive: Path
) -> tuple[int, list[Event]]:
    """Import logs as a user would; return the status, and all events of the archive in order."""
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    status = cli.run(["import", *map(str, logs), *given, "--archive", str(archive)])
    return status, events_of(archive)


def events_of(archive: Path) -> list[Event]:
    """Return all events of an archive in order, without the moments of their receipt."""
    segments = sorted(archive.glob("*/*/*.jsonl"))
    events = [event for path in segments for event in jsonl.decode_lines(path.read_bytes())]
    without_receipt = [msgspec.structs.replace(event, received="") for event in events]
    return sorted(without_receipt, key=_order)


def told_apart(found: Iterable[Event], truth: Iterable[Event]) -> list[str]:
    """Return the differences of two lists of events, a line each, in the words of JSONL."""
    pairs = zip(_lines(found), _lines(truth), strict=False)
    differences = [f"{one}\n  is held to be\n{other}" for one, other in pairs if one != other]
    count, wanted = len(list(found)), len(list(truth))
    return differences + ([f"{count} events, not {wanted}"] if count != wanted else [])


def _lines(events: Iterable[Event]) -> list[str]:
    return jsonl.encode(sorted(events, key=_order)).decode().splitlines()


def _order(event: Event) -> tuple[str, str]:
    return event.target, event.time
