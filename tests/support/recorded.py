"""What stands in an archive that a recorder writes, read in the plainest way."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from msgspec.structs import replace

from chatlog.archive.layout import parse_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_MOST_LOOKS = 100


def living(listed: Callable[[], Iterable[Path]]) -> dict[Path, bytes]:
    """Read files of an archive that somebody writes: list them anew if one is gone meanwhile.

    A part that is sealed has another name from then on, and one that is too old has none.
    """
    for _ in range(_MOST_LOOKS):
        try:
            return {path: path.read_bytes() for path in sorted(listed()) if path.is_file()}
        except FileNotFoundError:
            continue
    raise AssertionError("the files of the archive were never there long enough to be read")


def events(root, target, network="net"):
    """Read the JSONL of a target, in the order of its parts, sealed by gzip or not at all."""
    directory = root / network / target
    parts = {}
    # A part that was sealed just now has both its files for a moment.
    for path, data in living(lambda: directory.glob("*.jsonl*")).items():
        if segment := parse_segment(path.name):
            parts[replace(segment, compression="")] = _opened(path, data)
    data = b"".join(parts[segment] for segment in sorted(parts))
    return [json.loads(line) for line in data.splitlines()]


def _opened(path, data):
    assert path.suffix in (".jsonl", ".gz"), path
    return gzip.decompress(data) if path.suffix == ".gz" else data


def texts(root, target, kind="message", network="net"):
    """Read the texts of one kind of event."""
    return [
        event.get("text", "") for event in events(root, target, network) if event["type"] == kind
    ]


def all_bytes(root):
    """Read every file there is, of whatever kind."""
    return b"".join(living(lambda: root.rglob("*")).values())
