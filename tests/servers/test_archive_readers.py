"""Other people's programs read what we write, while it is being written."""

from __future__ import annotations

import json
import subprocess

import duckdb
import pytest

from chatlog.upkeep.holding import Holding
from tests.support.archive import event_at, record
from tests.support.embedded import EmbeddedServer
from tests.support.tending import age, tend

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
            "--channel", "demo", "--archive", tmp_path,
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


@pytest.fixture(params=["gzip", "zstd"])
def mixed(live_segment, request):
    """The same target, with a sealed segment of an earlier day beside the live one."""
    root = live_segment.parents[2]
    record(root, *(event_at(number, text, target="#demo") for number, text in enumerate(SAID)))
    age(live_segment.parent)
    tend(root, compress=request.param, holding=lambda _: Holding(active={live_segment}))
    (sealed,) = live_segment.parent.glob("2026-11-23_001.jsonl.*")
    return sealed, live_segment


def test_zcat_and_zstdcat_and_jq_read_sealed_segments(mixed, program):
    sealed, _ = mixed
    tool = {".gz": "zcat", ".zst": "zstdcat"}[sealed.suffix]
    lines = subprocess.run([program(tool), sealed], capture_output=True, check=True).stdout
    done = subprocess.run([program("jq"), ".text"], input=lines, capture_output=True, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == SAID


def test_duckdb_reads_sealed_and_live_segments_in_one_query(mixed):
    query = "select text from read_json(?, format='newline_delimited') where type = 'message'"
    rows = duckdb.execute(query, [[str(path) for path in mixed]]).fetchall()
    assert [text for (text,) in rows] == SAID + SAID


def test_sha256sum_checks_what_is_sealed_beside_a_live_segment(mixed, program):
    sealed, _ = mixed
    checked = subprocess.run(
        [program("sha256sum"), "--strict", "-c", "SHA256SUMS"],
        cwd=sealed.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert checked.stdout == f"{sealed.name}: OK\n"
