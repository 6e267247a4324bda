"""Files that are made to hurt an import: bounded memory, a result or one clear error, no traceback.

Each import is a process of its own, whose peak memory the kernel tells. The log beside the
hostile file is imported all the same.
"""

from __future__ import annotations

import bz2
import lzma
import re
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from functools import partial

import pytest

from chatlog import cli
from chatlog.archive.compression import COMPRESSIONS
from chatlog.formats import jsonl
from chatlog.ingest.dialects import NAMES
from tests.cli.test_bombs import MEASURED
from tests.support.waiting import PATIENCE

LOG = b"--- Log opened Mon Nov 23 19:30:42 2026\n19:31 <@ann> hello\n"
BLOCK = 1 << 20
MOST = 128  # MiB
LONG = MOST * BLOCK
_BLOCK_HEADER, _DICTIONARY, _CRC32 = slice(12, 20), 16, slice(20, 24)  # of an xz file
HEADS = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\x00", "bzip2": b"BZh9"}


def packed(path, way):
    """Write a line that is longer than the memory for it, compressed."""
    with path.open("wb") as file:
        if way in WAYS:
            file.writelines(COMPRESSIONS[way].compressed(blocks(b"a")))
        else:
            packer = PACKERS[way]()
            file.writelines(map(packer.compress, blocks(b"a")))
            file.write(packer.flush())


def blocks(of, size=LONG):
    """Yield a log that goes on with a piece of text for very long."""
    yield LOG
    piece = of * (BLOCK // len(of))
    for _ in range(size // BLOCK):
        yield piece


def line_of_2_gb(path):
    with path.open("wb") as file:
        file.write(LOG)
        file.truncate(2 << 30)


def window_of_1_gb(path):
    """Write an xz file whose reader is asked for a dictionary of 1 GiB."""
    data = bytearray(lzma.compress(LOG * 1000, preset=0))
    data[_DICTIONARY] = 36  # of 2 ** 30 bytes
    data[_CRC32] = zlib.crc32(data[_BLOCK_HEADER]).to_bytes(4, "little")
    path.write_bytes(data)


def rows_of_zeros(path):
    """Write a database of Quassel with a value that takes no room in its file, but a GB here."""
    with closing(sqlite3.connect(path)) as database:
        for table in ("backlog", "buffer", "sender", "network", "quasseluser"):
            database.execute(
                f"create table {table} (bufferid, senderid, networkid, userid, message as"
                " (zeroblob(900000000)), time, flags, type, senderprefixes, messageid,"
                " buffername, sender, networkname, username)"
            )
            database.execute(f"insert into {table} (bufferid) values (1)")
        database.commit()


def endless_view(path):
    with closing(sqlite3.connect(path)) as database:
        endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select * from n"
        for table in ("backlog", "buffer", "sender", "network", "quasseluser"):
            database.execute(f"create view {table} as {endless}")
        database.commit()


WAYS = ("gzip", "zstd")
PACKERS = {
    "xz": partial(lzma.LZMACompressor, preset=0),
    "bzip2": partial(bz2.BZ2Compressor, 1),
}
BOMBS = {
    "a database of zeros": rows_of_zeros,
    "a view without end": endless_view,
    "an xz dictionary": window_of_1_gb,
    **{f"one line in {way}": partial(packed, way=way) for way in (*WAYS, *PACKERS)},
}
FAMILIES = {
    "lines": ("irssi", b"x"),
    "records of JSON": ("discord", b'{"messages":[' + b"["),
    "lines of JSON": ("matrix", b'{"a":"'),
    "our own lines": ("chatlog-jsonl", b"{"),
    "XML": ("adium", b"<chat>"),
    "lines of the protocol": ("justlog", b"@a=b;"),
    "a database": ("quassel", b"SQLite format 3\x00"),
}


def measured(chatlog, tmp_path, *arguments):
    """Import a tree; return the status, the output, and the peak in KiB."""
    program = [sys.executable, "-c", MEASURED, "import", tmp_path / "irclogs", *arguments]
    finished = subprocess.run(
        [*program, "--archive", tmp_path / "archive"], env=chatlog.environment(),
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        timeout=4 * PATIENCE, check=False,
    )  # fmt: skip
    said = finished.stdout + finished.stderr
    assert "Traceback" not in said
    peaks = re.search(r"^peak (\d+) (\d+)$", finished.stderr, re.MULTILINE)
    return finished.returncode, said, max(map(int, peaks.groups()))


@pytest.fixture
def tree(tmp_path):
    """A tree of logs of irssi with one channel, whose other files are hostile."""
    place = tmp_path / "irclogs" / "net"
    place.mkdir(parents=True)
    (place / "#fine.log").write_bytes(LOG)
    return place


def texts(tmp_path, target):
    paths = sorted((tmp_path / "archive" / "net" / target).glob("*.jsonl"))
    return [each.text for path in paths for each in jsonl.decode_lines(path.read_bytes())]


@pytest.mark.parametrize(
    "bomb", [*BOMBS, pytest.param("a line of 2 GB", marks=pytest.mark.torture)]
)
def test_no_log_makes_an_import_take_more_memory_than_its_bound(bomb, tree, tmp_path, chatlog):
    (BOMBS | {"a line of 2 GB": line_of_2_gb})[bomb](tree / "#bomb.log")
    status, said, peak = measured(chatlog, tmp_path)
    assert peak < MOST * 1024
    assert status in {1, 3}, said
    assert re.search("#bomb.log: .+|#bomb.log:[0-9]+: longer than any message", said)
    assert texts(tmp_path, "#fine") == ["hello"]


@pytest.mark.parametrize("family", FAMILIES)
def test_no_line_makes_a_dialect_that_is_forced_take_more_memory(family, tree, tmp_path, chatlog):
    dialect, beginning = FAMILIES[family]
    with (tree / "#bomb.log").open("wb") as file:
        file.write(beginning)
        file.truncate(LONG)
    status, said, peak = measured(chatlog, tmp_path, "--dialect", dialect)
    assert peak < MOST * 1024
    assert status in {1, 3}, said
    assert "#bomb.log" in said


HOSTILE = {
    "binary": bytes(range(256)) * 400,
    "zeros": bytes(100_000),
    "newlines": b"\n" * 10_000,
    "utf-16": LOG.decode().encode("utf-16"),
    "brackets": b"[" * 100_000,
    "tags": b"<" * 100_000,
    "objects": b'{"a":' * 50_000,
    "document": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "no database": b"SQLite format 3\x00" + bytes(1000),
    "page": b"<html><body>hello</body></html>\n",
    "years": b"--- Log opened Mon Nov 23 19:30:42 99999999999999\n99:99 <a> b\n",
    "stamps": b"[9999-99-99 99:99:99] <a> b\n[0000-00-00 00:00:00] <a> b\n9999999999999 <a> b\n",
    "records": b'{"messages":[{"timestamp":1e999,"id":[]}]}\n[]\n{}\nnull\n1\n"x"\n',
    "log": LOG,
    **{name: head + bytes(500) for name, head in HEADS.items()},
}


@pytest.mark.parametrize("dialect", NAMES)
def test_a_dialect_that_is_forced_on_any_file_gives_a_result_or_one_clear_error(
    dialect, tree, tmp_path, capfd
):
    for name, content in HOSTILE.items():
        (tree / f"#{name}.log").write_bytes(content)
    command = ["import", str(tree), "--dialect", dialect, "--archive", str(tmp_path / "archive")]
    status = cli.run([*command, "--network", "net", "--date", "2026-11-23"])
    out, err = capfd.readouterr()
    assert status in {1, 3}, err
    assert "Traceback" not in out + err
    assert len(err.splitlines()) == 1
    assert f"{len(HOSTILE) + 1} files" in out


def test_a_dialect_that_there_is_not_is_refused_with_the_names_of_all(tree, tmp_path, capfd):
    assert cli.run(["import", str(tree), "--dialect", "irsi"]) == 2
    said = capfd.readouterr().err
    assert all(name in said for name in NAMES)
