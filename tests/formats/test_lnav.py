"""lnav, as Debian has it, reads transcripts with the format file in contrib/lnav."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from datetime import UTC
from pathlib import Path

import pytest

from chatlog.event import Event, EventType
from chatlog.formats import jsonl
from chatlog.formats.plain import Plain
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
FORMAT = ROOT / "contrib/lnav/chatlog.json"
SAID = [
    ("message", {"nick": "ada", "text": "hello"}),
    ("action", {"nick": "grace", "text": "waves"}),
    ("notice", {"nick": "[a-b]-c", "text": "the build- is green"}),
    ("message", {"nick": "ada", "text": "for the operators", "statusmsg": "@"}),
    ("message", {"nick": "ada", "text": "café ☕ \x1b[31m\u202e ERROR"}),
    ("message", {"nick": "[alan]^", "text": '[2020-01-01T00:00:00] *** <bob> {"time": 1}'}),
    ("message", {"nick": "ada", "text": ""}),
    ("message", {"nick": "ada", "text": "x" * 5000}),
]
"""What people say, some of it to look like something else."""
DONE = [
    ("join", {"nick": "alan", "user": "~alan", "host": "tape.example"}, "debug"),
    ("nick", {"nick": "alan", "subject": "turing"}, "debug"),
    ("mode", {"nick": "ada", "command": "+o", "params": ("grace",)}, "debug"),
    ("kick", {"nick": "ada", "subject": "mallory", "text": "enough"}, "warning"),
    ("topic", {"nick": "ada", "text": "Notes"}, "info"),
    ("other", {"command": "421", "params": ("chatlog", "NONSENSE")}, "debug"),
    ("joined", {"nick": "chatlog", "text": "irc.example"}, "notice"),
    ("parted", {"nick": "chatlog", "text": "Ping timeout"}, "warning"),
    ("stars", {"nick": "ada", "text": "of a later version"}, "info"),
]


def events(rows):
    return [
        Event(
            time=f"2026-11-23T18:20:{second:02d}.123Z",
            network="libera", target="#python", type=kind, **fields,
        )
        for second, (kind, fields, *_) in enumerate(rows)
    ]  # fmt: skip


@pytest.fixture
def run(program, tmp_path):
    """Run lnav in a home of its own, with our formats installed; return its output."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}

    def run(*arguments):
        done = subprocess.run(
            [program("lnav"), *map(str, arguments)],
            env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout.decode(), done.stderr.decode()

    assert "installed" in "".join(run("-i", FORMAT))
    return run


@pytest.fixture
def lnav(run):
    """Return the rows of a query in SQL on a file."""

    def query(sql, path):
        shown, errors = run("-n", "-c", f";{sql}", "-c", ":write-json-to -", path)
        assert errors == ""
        return json.loads(shown)

    return query


def test_the_commands_of_the_document_read_an_archive(run, tmp_path):
    for channel, rows in (("#python", SAID), ("#c", DONE)):
        path = tmp_path / "archive" / "libera" / channel / "2026-11-23_001.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(jsonl.encode(events(rows)))
        (path.parent / "LEDGER").write_text('{"entry":"opened"}\n')
    text = (ROOT / "docs/reading.md").read_text()
    install, show, count = re.findall(r"^\$ lnav (.*)$", text, re.MULTILINE)
    assert install == "-i contrib/lnav/chatlog.json"
    assert "libera/#python message <ada>" in run("-n", *shlex.split(show))[0]
    shown, errors = run(*shlex.split(count))
    assert errors == ""
    assert re.search(r"^\W*ada\W+9\W*$", shown, re.MULTILINE)


def test_every_event_of_jsonl_has_its_time_nick_level_and_body(lnav, tmp_path):
    path = tmp_path / "2026-11-23_001.jsonl"
    rows = [*SAID, *DONE]
    path.write_bytes(jsonl.encode(events(rows)))
    found = lnav(
        "SELECT log_time, log_opid, log_level, log_body, target, type FROM chatlog_jsonl", path
    )
    assert found == [
        {
            "log_time": f"2026-11-23 18:20:{second:02d}.123",
            "log_opid": fields.get("nick"),
            "log_level": level[0] if level else "info",
            "log_body": fields.get("text") or None,
            "target": "#python",
            "type": kind,
        }
        for second, (kind, fields, *level) in enumerate(rows)
    ]


def test_every_type_of_event_has_its_level():
    levels = json.loads(FORMAT.read_text())["chatlog_jsonl"]["level"]
    named = [kind for level in levels.values() for kind in level[2:-2].split("|")]
    assert sorted(named) == sorted(EventType)


def test_a_line_of_text_with_a_date_has_its_time_nick_level_and_body(lnav, tmp_path):
    path = tmp_path / "2026-W48_001.log"
    path.write_bytes(Plain("datetime", UTC).encode(events([*SAID, *DONE[:-1]])))
    found = lnav("SELECT log_time, log_opid, log_level, log_body FROM chatlog_text", path)
    assert [each["log_time"] for each in found] == [
        f"2026-11-23 18:20:{second:02d}.000" for second in range(len(SAID) + len(DONE) - 1)
    ]
    said, done = found[: len(SAID)], found[len(SAID) :]
    assert [each["log_opid"] for each in said] == [fields["nick"] for _, fields in SAID]
    assert {each["log_level"] for each in said} == {"info"}
    bodies = [each["log_body"] for each in said]
    assert bodies[:4] == [fields["text"] for _, fields in SAID[:4]]
    assert bodies[4] == "café ☕ \\x1b[31m\\u202e ERROR"
    assert bodies[5:] == [fields["text"] for _, fields in SAID[5:]]
    assert {(each["log_opid"], each["log_level"]) for each in done} == {(None, "debug")}
    assert done[0]["log_body"] == "alan (~alan@tape.example) joined #python"
