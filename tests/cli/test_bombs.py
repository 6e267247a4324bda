"""Files that are made to fill the memory of a reader: bounded memory, a result, and a message.

Each command is a process of its own, whose peak memory the kernel tells.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import zlib

import pytest

from tests.support.waiting import PATIENCE

MOST = 256  # MiB
LONG = 320 * 1024 * 1024
# Prints the peak of the process and of its workers, in KiB, behind what the command prints.
MEASURED = """
import pathlib, re, resource, sys
from chatlog.cli import run
status = run(sys.argv[1:])
ours = re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]
print("peak", ours, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def event(at, text=b"hi"):
    return (
        b'{"time":"2025-01-01T00:%02d:%02d.000Z","network":"n","target":"#c",'
        b'"type":"message","nick":"ann","text":"%s"}\n' % (at // 60, at % 60, text)
    )


def sparse(path, before=b"", behind=b"\n"):
    with path.open("wb") as file:
        file.write(before)
        file.seek(LONG, os.SEEK_CUR)
        file.write(behind)


def deflated(path, before, behind):
    """Write a gzip of a third of a MiB that holds one line of a third of a GiB."""
    packer, block = zlib.compressobj(9, zlib.DEFLATED, 31), b"a" * (1024 * 1024)
    with path.open("wb") as file:
        file.write(packer.compress(before))
        for _ in range(LONG // len(block)):
            file.write(packer.compress(block))
        file.write(packer.compress(behind) + packer.flush())


def one_line_in_gzip(target):
    deflated(target / "2025-01-01_001.jsonl.gz", event(1), b"\n" + event(2))


def one_event_in_gzip(target):
    deflated(target / "2025-01-01_001.jsonl.gz", event(1) + event(2)[:-3], b'"}\n' + event(3))


def no_newline_in_gzip(target):
    deflated(target / "2025-01-01_001.jsonl.gz", event(1), b"")


def one_line_of_text_in_gzip(target):
    deflated(target / "2025-01-01_001.log.gz", b"", b"\n[00:00:01] <ann> hi\n")


def one_line_in_zstd(target):
    zstd = pytest.importorskip("backports.zstd")
    packer, block = zstd.ZstdCompressor(), b"a" * (1024 * 1024)
    with (target / "2025-01-01_001.jsonl.zst").open("wb") as file:
        file.write(packer.compress(event(1)))
        for _ in range(LONG // len(block)):
            file.write(packer.compress(block))
        file.write(packer.compress(b"\n" + event(2)) + packer.flush())


def one_line(target):
    sparse(target / "2025-01-01_001.jsonl", event(1), b"\n" + event(2))


def one_line_of_text(target):
    sparse(target / "2025-01-01_001.log", b"[00:00:01] <ann> hi\n", b"\n[00:00:02] <ann> hi\n")


def no_newline(target):
    sparse(target / "2025-01-01_001.jsonl", event(1), b"a")


def large_events(target):
    with gzip.open(target / "2025-01-01_001.jsonl.gz", "wb", compresslevel=1) as file:
        for at in range(300):
            file.write(event(at, b"a" * 1_000_000))


def beside(path):
    """Write a sparse file beside a segment of one event."""

    def write(target):
        (target / "2025-01-01_001.jsonl").write_bytes(event(1))
        (target / path).parent.mkdir(exist_ok=True)
        sparse(target / path)

    return write


LINES = {
    "a line in gzip": one_line_in_gzip,
    "an event in gzip": one_event_in_gzip,
    "no newline in gzip": no_newline_in_gzip,
    "a line of text in gzip": one_line_of_text_in_gzip,
    "a line in zstd": one_line_in_zstd,
    "a line": one_line,
    "a line of text": one_line_of_text,
    "no newline": no_newline,
    "events of 1 MB": large_events,
}
FILES = {
    "MANIFEST": beside("MANIFEST"),
    "LEDGER": beside("LEDGER"),
    "SHA256SUMS": beside("SHA256SUMS"),
    "network.json": beside("../network.json"),
    "a run": beside("../../.runs/2026-11-23T182001.123Z-12.json"),
    "FORMAT": beside("../../FORMAT"),
}
READING = {
    "tail": ("tail",),
    "tail -n": ("tail", "-n", "1000000"),
    "search": ("search", "hi"),
    "stats": ("stats",),
    "who": ("who", "c"),
    "channels": ("channels",),
}
TENDING = {
    "gaps": ("gaps",),
    "verify": ("verify",),
    "repair": ("verify", "--repair"),
    "maintain": ("maintain",),
    "status": ("status",),
}
CASES = [
    *((bomb, command) for bomb in LINES for command in (*READING, "verify", "repair", "maintain")),
    *((bomb, command) for bomb in FILES for command in ("tail", *TENDING)),
]


@pytest.mark.parametrize(("bomb", "command"), CASES)
def test_no_file_makes_a_command_take_more_memory_than_its_bound(bomb, command, tmp_path, chatlog):
    target = tmp_path / "n" / "#c"
    target.mkdir(parents=True)
    (LINES | FILES)[bomb](target)
    program = [sys.executable, "-c", MEASURED, *(READING | TENDING)[command], "--archive", tmp_path]
    finished = subprocess.run(
        program, env=chatlog.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, encoding="utf-8", timeout=4 * PATIENCE, check=False,
    )  # fmt: skip
    peaks = re.search(r"^peak (\d+) (\d+)$", finished.stderr, re.MULTILINE)
    assert max(map(int, peaks.groups())) < MOST * 1024
    assert finished.returncode in {0, 1, 3}, finished.stderr
    if command == "verify":
        assert finished.returncode, "nothing was found"
    if command in READING and bomb in LINES and bomb != "events of 1 MB":
        assert re.search(r"\d lines? of \S+ could not be read", finished.stderr)
