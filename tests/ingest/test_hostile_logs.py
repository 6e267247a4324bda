"""Files and trees of real size that are made to harm: told, in bounded memory, and survived.

The import runs as a program of its own, which may have no more than `MEMORY`.
"""

import gzip
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from chatlog.archive.compression import compression_of
from chatlog.formats import jsonl
from chatlog.ingest.log_files import LogFile, PassedOver, find_logs

GIB = 1 << 30
MEMORY = GIB
PROGRAM = f"""
import os, resource, sys
from chatlog import cli
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
os.sched_getaffinity = lambda _pid: {{0}}
sys.exit(cli.run(sys.argv[1:]))
"""
BEGIN = b"--- Log opened Mon Nov 23 19:30:42 2026\n19:31 <ann> before\n"
END = b"19:33 <bob> behind\n"


def imported(place):
    """Import `irclogs` in bounded memory; return the status, the output, and the texts."""
    command = ["import", "irclogs", "--archive", "archive"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    segments = sorted(place.glob("archive/net/#c/*.jsonl"))
    events = [each for path in segments for each in jsonl.decode_lines(path.read_bytes())]
    return done.returncode, done.stdout, [each.text for each in events]


@pytest.fixture
def memory():
    """A directory that is no disk, if there is one: disks take minutes for some of this."""
    shared = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as place:
        yield Path(place)


@pytest.fixture
def log(memory):
    """The path of a log of irssi, yet to be written."""
    path = memory / "irclogs/net/#c.log"
    path.parent.mkdir(parents=True)
    return path


def test_a_line_of_2_gb_costs_neither_memory_nor_its_neighbours(memory, log):
    with log.open("wb") as file:
        file.write(BEGIN + b"19:32 <mal> ")
        file.seek(2 * GIB)  # a hole: the file takes no room
        file.write(b"\n" + END)
    status, out, texts = imported(memory)
    assert (status, texts) == (1, ["before", "behind"])
    assert f"{log.relative_to(memory)}:3: longer than any message" in out
    assert "4 lines: 3 understood, 0 remarks, 0 ambiguous, 1 not understood" in out


@pytest.mark.parametrize(
    ("pack", "size"),
    [
        (gzip.compress, 5 * GIB),
        (lambda data: lzma.compress(data, preset=0), 10 * GIB),
        (lambda data: b"".join(compression_of("zst").compressed([data])), 10 * GIB),
    ],
    ids=["gzip", "xz", "zstd"],
)
def test_a_bomb_is_defused_and_what_stands_before_it_imported(memory, log, pack, size):
    block = bytes(64 << 20)
    packed = pack(block)
    with log.open("wb") as file:
        file.write(pack(BEGIN))
        for _ in range(size // len(block)):
            file.write(packed)
    status, out, texts = imported(memory)
    assert (status, texts) == (1, ["before"])
    assert "its contents are more than 250 times its size; imported as far as" in out


DEPTH = 100_000


@pytest.fixture
def abyss(memory):
    """A directory with so many in each other, which are removed again one by one."""
    here = Path.cwd()
    os.chdir(memory)
    made = 0
    try:
        for made in range(1, DEPTH + 1):  # noqa: B007 - counted for the way back
            os.mkdir("d")  # noqa: PTH102 - by the thousand
            os.chdir("d")
        Path("deepest.log").write_bytes(BEGIN)
        os.chdir(here)
        yield memory
    finally:
        os.chdir(memory)
        for _ in range(made):
            os.chdir("d")
        Path("deepest.log").unlink(missing_ok=True)
        for _ in range(made):
            os.chdir("..")
            os.rmdir("d")  # noqa: PTH106 - by the thousand
        os.chdir(here)


def test_of_100_000_nested_directories_those_are_read_that_have_a_path(abyss):
    near = abyss / "d" / "d" / "a.log"
    near.write_bytes(BEGIN)
    found = [*find_logs([str(abyss)])]
    near.unlink()
    assert [each.path for each in found if isinstance(each, LogFile)] == [str(near)]
    [deep] = [each for each in found if isinstance(each, PassedOver)]
    assert deep.why.startswith("too deep, below 2,0")
