"""What stands in an archive that a recorder writes, read in the plainest way."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from chatlog.archive.compression import compression_of
from chatlog.archive.layout import parse_segment
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def living(listed: Callable[[], Iterable[Path]]) -> dict[Path, bytes]:
    """Read files of an archive that somebody writes: list them anew if one is gone meanwhile.

    A part that is sealed has another name from then on, and one that is too old has none.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            paths = sorted(listed())
            found = {path: path.read_bytes() for path in paths if path.is_file()}
            if sorted(listed()) == paths:
                return found
        except FileNotFoundError:
            continue
    raise AssertionError("the files of the archive were never there long enough to be read")


def parts(directory, suffix="jsonl"):
    """Read the parts of a target in one format, in their order, sealed or not.

    Return the bytes of each by its name when it was live: a part that was sealed just now
    has both its files for a moment.
    """
    found = {}
    for path, data in living(lambda: directory.glob("*_*")).items():
        segment = parse_segment(path.name)
        if segment is not None and segment.suffix == suffix:
            way = compression_of(segment.compression)
            found[replace(segment, compression="")] = b"".join(way.decompressed([data]))
    return {segment: found[segment] for segment in sorted(found)}


def events(root, target, network="net"):
    """Read the JSONL of a target, in the order of its parts.

    A last line without its newline is one that is still being written.
    """
    found = parts(root / network / target).values()
    lines = [line for data in found for line in data.split(b"\n")[:-1]]
    return [json.loads(line) for line in lines]


def texts(root, target, kind="message", network="net"):
    """Read the texts of one kind of event."""
    return [
        event.get("text", "") for event in events(root, target, network) if event["type"] == kind
    ]


def all_bytes(root):
    """Read every file there is, of whatever kind."""
    return b"".join(living(lambda: root.rglob("*")).values())
