"""The commands that read every golden archive: shared by their maker and their tests."""

from __future__ import annotations

import json
from pathlib import Path

ARCHIVES = Path(__file__).parent / "archives"
NAMES = sorted(path.parent.name for path in ARCHIVES.glob("*/archive"))

NOW = "2025-11-01T12:00:00Z"
"""The time at which they read."""

_EVERYWHERE = {
    "tail": ("tail", "--json", "-n", "1000"),
    "search": ("search", "--json", "--tz", "UTC", "lol OR said OR past OR room"),
    "stats": ("stats", "--json", "--tz", "UTC"),
    "gaps": ("gaps", "--json", "--strict"),
    "verify": ("verify", "--json"),
}
_SERVER = {"tail-server": ("tail", "--json", "-n", "1000", "@server")}
_RUNS = {"status": ("status", "--json", "--all")}
_MORE = {
    "jsonl": {
        **_SERVER,
        **_RUNS,
        "who": ("who", "libera/#python", "--at", "2025-10-26T10:00:01Z", "--json"),
    },
    "text": _SERVER,
    "batches": {"who": ("who", "#python", "--at", "2025-10-25T03:10:01Z", "--json")},
    "killed": _RUNS,
}


def questions_of(name):
    """Return the arguments of each command that reads an archive."""
    return {**_EVERYWHERE, **_MORE.get(name, {})}


def files_in(archives):
    """List the files that must never change: all but the answers."""
    paths = (path.relative_to(archives) for path in archives.glob("*/*/**/*") if path.is_file())
    return sorted(str(path) for path in paths if path.parts[1] != "answers")


def answer(name, question):
    """Return what the earlier chatlog answered: its status and output."""
    answers = ARCHIVES / name / "answers"
    statuses = json.loads((answers / "statuses.json").read_bytes())
    return statuses[question], (answers / f"{question}.jsonl").read_bytes()


def objects(output):
    """Decode lines of JSON, without the words that are for people."""
    found = [json.loads(line) for line in output.splitlines()]
    for each in found:
        if each.get("type") == "finding":
            del each["why"]
    return found


def events_of(name):
    return objects(answer(name, "tail")[1])
