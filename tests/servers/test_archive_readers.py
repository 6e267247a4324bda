"""Other people's programs read what we write, while it is being written."""

from __future__ import annotations

import json
import subprocess

import duckdb
import pytest

from tests.support.embedded import EmbeddedServer

pytestmark = pytest.mark.server

SAID = [
    "hello",
    "caf\xe9 \N{HOT BEVERAGE} お茶",
    'quotes " and \\ backslash',
    "\x1b[2J\x9b31m\u2028",
]


@pytest.fixture
def live_segment(chatlog, tmp_path):
    """A segment that a recorder has open, with what ada said so far."""
    with EmbeddedServer() as server:
        running = chatlog.start(
            "record", "--server", f"127.0.0.1:{server.port}", "--no-tls", "--network", "net",
            "--channel", "demo", "--output", tmp_path,
        )  # fmt: skip
        server.joined("chatlog", "#demo")
        for text in SAID:
            server.say("ada", "#demo", text)
        server.answered()
        yield next((tmp_path / "net" / "#demo").glob("*.jsonl"))
        running.terminate()
        assert running.finish() == 0


def test_jq_reads_the_live_segment(live_segment, program):
    done = subprocess.run(
        [program("jq"), "-c", 'select(.type == "message") | .text', live_segment],
        capture_output=True,
        check=True,
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == SAID


def test_duckdb_reads_the_live_segment(live_segment):
    query = "select text, nick from read_json(?, format='newline_delimited') where type = 'message'"
    rows = duckdb.execute(query, [str(live_segment)]).fetchall()
    assert rows == [(text, "ada") for text in SAID]
