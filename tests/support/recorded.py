"""What stands in an archive that a recorder writes, read in the plainest way."""

from __future__ import annotations

import json


def events(root, target, network="net"):
    """Read the JSONL of a target, in the order of its files."""
    directory = root / network / target
    data = b"".join(path.read_bytes() for path in sorted(directory.glob("*.jsonl")))
    return [json.loads(line) for line in data.splitlines()]


def texts(root, target, kind="message", network="net"):
    """Read the texts of one kind of event."""
    return [
        event.get("text", "") for event in events(root, target, network) if event["type"] == kind
    ]


def all_bytes(root):
    """Read every file there is, of whatever kind."""
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())
