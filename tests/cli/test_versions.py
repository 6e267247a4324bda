"""Every command before an archive whose FORMAT says something: one sentence, and no guess."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from chatlog import cli
from tests.support.format_files import DAMAGED, IN_THE_WAY, KNOWN, LATER

_NETWORK = ("--server", "irc://127.0.0.1:1/#c", "--network", "net")  # where nobody listens
READERS = {
    "tail": (),
    "search": ("hello",),
    "stats": (),
    "who": ("#c",),
    "channels": (),
    "gaps": (),
    "status": (),
    "handover": (),
    "verify": (),
    "audit": _NETWORK,
    "export": ("--to", "jsonl", "-o", "-"),
}
WRITERS = {
    "record": _NETWORK,
    "sync": _NETWORK,
    "maintain": (),
    "merge": (
        str(Path(__file__).parents[1] / "golden" / "archives" / "jsonl" / "archive"),
        "--dry-run",
    ),
    "import": (str(Path(__file__).parents[1] / "golden" / "import" / "irclogs"), "--dry-run"),
    "backup": ("/dev/null",),
    "ship": ("nats://127.0.0.1:1", "--once"),
    "collect": ("nats://127.0.0.1:1", "--once"),
    "verify --repair": (),
    "demo": (),
}
WITHOUT_ARCHIVE = {"config", "help", "completion"}
COMMANDS = {**READERS, **WRITERS}
OTHERS = {
    "damaged": lambda path: path.write_bytes(DAMAGED[0]),
    "not utf-8": lambda path: path.write_bytes(b"\xff\xfe"),
    **IN_THE_WAY,
}


@pytest.fixture
def run(archive, capfd):
    def run(command):
        status = cli.run([*command.split(), *COMMANDS[command], "--archive", str(archive)])
        said = capfd.readouterr()
        return status, said.out, said.err

    return run


def state_of(root):
    """Digest every file of an archive."""
    paths = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_every_command_is_in_these_tables_unless_it_has_nothing_to_do_with_an_archive():
    assert {each.split()[0] for each in COMMANDS} == set(cli.COMMANDS) - WITHOUT_ARCHIVE


@pytest.mark.parametrize(("content", "number"), LATER)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_refuses_an_archive_of_a_later_version(archive, run, command, content, number):
    (archive / "FORMAT").write_bytes(content)
    before = state_of(archive)
    status, out, err = run(command)
    assert status == 3
    assert err.splitlines()[-1].startswith(
        f"chatlog: {archive} has format version {number}, and chatlog "
    )
    assert err.endswith(" knows none later than 2; upgrade chatlog\n")
    assert "Traceback" not in err
    assert out == ""
    assert state_of(archive) == before


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("command", [each for each in COMMANDS if each != "verify"])
def test_a_command_refuses_an_archive_that_does_not_state_its_version(archive, run, command, other):
    OTHERS[other](archive / "FORMAT")
    before = state_of(archive)
    status, out, err = run(command)
    assert status == 3
    reason = "is not a regular file; move it away" if other in IN_THE_WAY else "states no version"
    assert f"{archive}/FORMAT {reason}" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert out == ""
    assert state_of(archive) == before


@pytest.mark.parametrize("other", OTHERS)
def test_verify_finds_that_a_version_is_not_stated_and_looks_at_all_the_rest(archive, run, other):
    OTHERS[other](archive / "FORMAT")
    (archive / "net" / "#c" / "unknown").touch()
    status, out, _ = run("verify")
    assert status == 1
    assert [line.partition(":")[0] for line in out.splitlines()][:2] == [
        "FORMAT",
        "net/#c/unknown",
    ]


def test_verify_of_one_target_finds_that_a_version_is_not_stated(archive, capfd):
    (archive / "FORMAT").touch()
    assert cli.run(["verify", "--json", "#c", "--archive", str(archive)]) == 1
    finding, summary = map(json.loads, capfd.readouterr().out.splitlines())
    assert (finding["path"], finding["line"], finding["repairable"]) == ("FORMAT", None, False)
    assert summary["findings"] == 1


@pytest.mark.parametrize("content", [None, *KNOWN])
@pytest.mark.parametrize("command", ["tail", "search", "stats", "verify"])
def test_a_command_reads_an_archive_of_a_known_version(archive, run, command, content):
    if content is not None:
        (archive / "FORMAT").write_bytes(content)
    assert run(command)[0] == 0


@pytest.mark.parametrize("command", [each for each in READERS if each != "audit"])
def test_a_reader_opens_the_file_once(archive, run, monkeypatch, command):
    (archive / "FORMAT").write_bytes(KNOWN[0])
    opened, real = [], os.open

    def noted(path, *arguments, **named):
        opened.append(os.fspath(path))
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "open", noted)
    run(command)
    assert [path for path in opened if path.endswith("FORMAT")] == [f"{archive}/FORMAT"]


def test_a_reader_writes_no_file(archive, run):
    for command in READERS:
        run(command)
    assert not (archive / "FORMAT").exists()
