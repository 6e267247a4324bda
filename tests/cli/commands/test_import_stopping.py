"""An import that is stopped, or whose disk is full: nothing is left half done."""

import json
import signal
import subprocess
import sys

import pytest

from tests.support.waiting import PATIENCE

LINES = 10_000


@pytest.fixture
def logs(tmp_path):
    """Logs of irssi, one for each process that reads."""
    root = tmp_path / "irclogs" / "net"
    root.mkdir(parents=True)
    lines = [b"%02d:%02d <ann> line %d\n" % (n // 3600, n // 60 % 60, n) for n in range(LINES)]
    for name in ("#a", "#b"):
        content = b"--- Log opened Mon Nov 23 00:00:00 2026\n" + b"".join(lines)
        (root / f"{name}.log").write_bytes(content)
    return root.parent


def command(tmp_path, logs):
    program = [sys.executable, "-m", "chatlog", "import", "--json", logs]
    return [*map(str, program), "--archive", str(tmp_path / "archive")]


def lines_of(tmp_path):
    paths = (tmp_path / "archive" / "net").glob("#*/*.jsonl")
    return sum(path.read_bytes().count(b"\n") for path in paths)


STOPPED = """
import os, sys
from chatlog import cli
from chatlog.ingest.staging import Stage

add = Stage.add

def stopped(stage, log, at):
    add(stage, log, at)
    os.kill(os.getpid(), int(sys.argv[1]))

Stage.add = stopped
sys.exit(cli.run(sys.argv[2:]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_stopped_leaves_no_stage_and_the_next_completes_it(
    number, tmp_path, logs, chatlog
):
    program = [sys.executable, "-c", STOPPED, str(int(number)), *command(tmp_path, logs)[3:]]
    process = subprocess.Popen(
        program, env=chatlog.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, said = process.communicate(timeout=PATIENCE)  # ends when the workers' pipes are closed too
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert [*tmp_path.glob("archive/.importing-*")] == []
    again = subprocess.run(
        command(tmp_path, logs), env=chatlog.environment(), capture_output=True, check=True
    )
    records = [*map(json.loads, again.stdout.splitlines())]
    assert sum(each.get("added", 0) + each.get("known", 0) for each in records) == 2 * LINES
    assert lines_of(tmp_path) == 2 * LINES


LIMITED = """
import resource, sys
from chatlog import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.exit(cli.run(sys.argv[1:]))
"""


def test_a_disk_that_refuses_the_stage_is_one_clear_error_and_leaves_no_stage(
    tmp_path, logs, chatlog
):
    program = [sys.executable, "-c", LIMITED, *command(tmp_path, logs)[3:]]
    done = subprocess.run(
        program, env=chatlog.environment(), capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 3
    assert "File too large" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert [*tmp_path.glob("archive/.importing-*")] == []
