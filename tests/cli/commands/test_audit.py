"""`chatlog audit` as people type it, against a server in the test's own process."""

from __future__ import annotations

import json
import sys

import pytest

from chatlog.demo.state import CAPABILITIES
from chatlog.event import EventType
from chatlog.formats import jsonl
from tests.support.embedded import EmbeddedServer
from tests.support.process import Chatlog
from tests.support.terminal import run_program

TALK = [f"line {number}" for number in range(250)]


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def server():
    with EmbeddedServer() as running:
        for text in TALK:
            running.say("ada", "#c", text)
        yield running


@pytest.fixture
def run(chatlog, archive):
    def run(command, port, *options):
        return chatlog.run(
            command, "--server", f"irc://127.0.0.1:{port}/#c", "--network", "net",
            "--archive", archive, *options,
        )  # fmt: skip

    return run


@pytest.fixture
def audit(run):
    return lambda port, *options: run("audit", port, "--until", "now", *options)


@pytest.fixture
def recorded(run, server, archive):
    assert run("sync", server.port).returncode == 0
    [path] = [path for path in archive.glob("net/#c/*.jsonl") if b"line 7" in path.read_bytes()]
    return path


def edit(path, change):
    """Let somebody change the events of a segment."""
    events = [jsonl.decode(line) for line in path.read_bytes().splitlines()]
    path.write_bytes(jsonl.encode(change(events)))


def test_a_transcript_that_has_everything_ends_with_0(audit, server, recorded):
    done = audit(server.port)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("net/#c  250 of 250 present, 0 extra (")


WITH_BAR = """
from chatlog.cli.show import progress
progress._AFTER = progress._EVERY = {after}
from chatlog.cli import main
main()
"""


@pytest.mark.parametrize("columns", [80, 200])
def test_a_long_audit_shows_its_stage_on_a_terminal_and_leaves_only_its_result(
    server, recorded, archive, tmp_path, columns
):
    def audit(after):
        command = [
            sys.executable, "-c", WITH_BAR.format(after=after), "audit", "--server",
            f"irc://127.0.0.1:{server.port}/#c", "--network", "net", "--archive", str(archive),
            "--until", "now",
        ]  # fmt: skip
        environment = Chatlog(tmp_path).environment(TERM="xterm-256color")
        return run_program(command, columns=columns, environment=environment, cwd=tmp_path)

    slow, fast = audit(0), audit(3600)
    assert b"net: connecting to 127.0.0.1" in slow.data
    assert b"\x1b" not in fast.data
    for done in (slow, fast):
        assert done.status == 0
        assert done.picture.startswith("net/#c  250 of 250 present, 0 extra (")


def test_what_is_missing_is_told_and_ends_with_1(audit, server, recorded):
    edit(recorded, lambda events: [each for each in events if each.text != "line 77"])
    done = audit(server.port)
    assert done.returncode == 1
    head, line = done.stdout.splitlines()
    assert head.startswith("net/#c  249 of 250 present, 0 extra (")
    assert line.startswith("  missing ")
    assert line.endswith("<ada> line 77")


def test_what_only_the_transcript_has_is_told_and_ends_with_1(audit, server, recorded):
    def forge(events):
        [model] = [each for each in events if each.text == "line 77"]
        forged = jsonl.decode(jsonl.encode([model]).replace(b"line 77", b"I resign"))
        at = events.index(model)
        msgid = forged.msgid + "x"
        fields = {name: getattr(forged, name) for name in forged.__struct_fields__}
        return [*events[:at], type(forged)(**{**fields, "msgid": msgid}), *events[at:]]

    edit(recorded, forge)
    done = audit(server.port, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["asked"], found["present"], found["missing"]) == (250, 250, [])
    assert [line["text"] for line in found["extra"]] == ["I resign"]


def test_nothing_is_written_and_what_the_recorder_holds_is_compared(
    chatlog, audit, server, archive, recorded
):
    recorder = chatlog.start(
        "record", "--server", f"irc://127.0.0.1:{server.port}/#c", "--network", "net",
        "--archive", archive,
    )  # fmt: skip
    recorder.wait_for("net: in 1 of 1 channels")
    done = audit(server.port, "--nick", "auditor", "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    recorder.terminate()
    assert recorder.finish() == 0
    kinds = {jsonl.decode(line).type for line in recorded.read_bytes().splitlines()}
    assert EventType.OTHER not in kinds


def test_a_range_can_be_chosen(audit, server, recorded):
    done = audit(server.port, "--since", "2030-01-01", "--json")
    assert json.loads(done.stdout)["asked"] == 0
    assert audit(server.port, "--since", "nonsense").returncode == 2


def test_a_server_without_history_cannot_be_asked(audit, recorded):
    capabilities = [name for name in CAPABILITIES if "history" not in name]
    with EmbeddedServer(capabilities=capabilities) as forgetful:
        done = audit(forgetful.port)
    assert done.returncode == 1
    assert "the server offers no history" in done.stdout


def test_what_was_never_recorded_cannot_be_compared(audit, server, archive):
    done = audit(server.port)
    assert done.returncode == 1
    assert f"no archive in {archive}" in done.stderr
    assert not archive.exists()
