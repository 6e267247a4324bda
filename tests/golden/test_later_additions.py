"""Golden archives with the additions that a later chatlog may make within a version.

Unknown keys everywhere, unknown entries of LEDGER and MANIFEST, unknown types of
events, more lines of FORMAT: kept byte for byte, no damage, and no answer differs.
"""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.golden.questions import answer, events_of, objects, questions_of
from tests.support.embedded import EmbeddedServer
from tests.support.tending import tend

NAMES = ["batches", "both", "jsonl", "text"]
"""The archives that no crash left half done."""
QUESTIONS = [
    (name, question)
    for name in NAMES
    for question in questions_of(name)
    if question not in {"tail", "tail-server", "search", "verify"}
]
KEY = {"mood": {"of": ["several", 1, None]}}
WEATHER = {
    "entry": "weather",
    "at": "2025-10-24T00:00:00.000Z",
    "since": "2025-10-24T00:00:00.000Z",
    "until": "2025-10-31T00:00:00.000Z",
    "cause": "kicked",
    "run": 7,  # of another type than the run of an entry that is known
}
"""An entry of LEDGER that looks like several which claim something."""
MIRRORED = {
    "entry": "mirrored",
    "segment": "2025-10-24_001.jsonl.gz",
    "sha256": "0" * 64,
    "at": "2030-01-01T00:00:00.000Z",  # later than every clock here
}
"""An entry of MANIFEST that looks like one that seals."""
STARS = {
    "time": "2025-10-31T00:00:00.000Z",
    "network": "libera",
    "target": "#python",
    "type": "stars",
    "nick": "ada",
    "text": "five",
}
"""An event of a type that is not known."""


def line_of(fields):
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def with_key(line):
    return line_of({**json.loads(line), **KEY})


def add_to(archive):
    """Add to an archive as a later chatlog would; return the lines of its ledgers and manifests."""
    (archive / "FORMAT").write_bytes(b"chatlog archive, version 1\nminor: 7\n")
    for path in archive.glob("*/network.json"):
        path.write_bytes(with_key(path.read_bytes()))
    for path in archive.glob("*/*/LEDGER"):
        known = [with_key(line) for line in path.read_bytes().splitlines()]
        lines = [each for line in known for each in (line_of(WEATHER), line)]
        path.write_bytes(b"".join([*lines, line_of(WEATHER)]))
    for path in archive.glob("*/*/MANIFEST"):
        path.write_bytes(chained(path.read_bytes().splitlines()))
    for path in archive.glob("*/*/2*.jsonl"):
        path.write_bytes(b"".join(map(with_key, path.read_bytes().splitlines())))
    return {path: path.read_bytes() for path in archive.glob("*/*/[LM]*")}


def chained(lines):
    """Chain entries anew, each with a key and behind an entry that are not known."""
    data, previous = b"", ""
    for entry in (each for line in lines for each in (MIRRORED, {**json.loads(line), **KEY})):
        line = line_of({**entry, "previous": previous})
        data, previous = data + line, hashlib.sha256(line).hexdigest()
    return data


def without_key(events):
    return [{key: value for key, value in event.items() if key not in KEY} for event in events]


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_additions_change_no_answer(name, question, copied, ask):
    add_to(copied(name))
    status, output = ask(*questions_of(name)[question])
    expected = answer(name, question)
    assert (status, objects(output)) == (expected[0], objects(expected[1]))


@pytest.mark.parametrize("name", NAMES)
def test_additions_are_shown_as_they_are_and_are_no_damage(name, copied, ask):
    lines = add_to(copied(name)).values()
    additions = sum(data.count(b"\n") for data in lines)  # each line is one, or has one
    status, output = ask("tail", "--json", "-n", "1000")
    assert (status, without_key(objects(output))) == (0, events_of(name))
    status, output = ask("verify", "--json")
    (summary,) = objects(output)
    assert (status, summary["later_entries"]) == (0, additions)


def test_an_event_of_an_unknown_type_is_shown_as_it_is_and_is_no_damage(copied, ask):
    archive = copied("batches")
    (archive / "libera/#python/2025-10-31_001.jsonl").write_bytes(line_of(STARS))
    status, output = ask("tail", "--json", "-n", "1")
    assert (status, output) == (0, line_of(STARS))
    assert ask("verify", "--json")[0] == 0
    status, output = ask("search", "--json", "five")
    assert (status, output) == (0, line_of(STARS))


@pytest.mark.parametrize("name", NAMES)
def test_additions_are_kept_when_an_archive_is_sealed(name, copied, ask):
    archive = copied(name)
    before = add_to(archive)
    _, shown = ask("tail", "--json", "-n", "1000")
    tend(archive)
    for path, data in before.items():
        assert path.read_bytes().startswith(data)
    assert ask("tail", "--json", "-n", "1000")[1] == shown
    assert ask("verify", "--json")[0] == 0


def test_additions_are_kept_when_an_archive_is_recorded_into(copied, chatlog, ask):
    archive = copied("batches", chatlog.home)
    before = add_to(archive)
    with EmbeddedServer() as server:
        server.server._messages = 1_000_000  # no msgid comes twice
        server.say("ada", "#python", "missed since then")
        done = chatlog.run(
            "sync", "--server", f"irc://127.0.0.1:{server.port}", "--channel", "python",
            "--network", "libera", "--archive", "archive", "--json",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["fetched"] == 1
    assert (archive / "FORMAT").read_bytes() == b"chatlog archive, version 1\nminor: 7\n"
    for path, data in before.items():
        assert path.read_bytes().startswith(data)
    assert ask("verify", "--json")[0] == 0
