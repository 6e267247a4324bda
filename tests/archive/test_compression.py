"""Compression: what the standard tools read, given back byte for byte or not at all."""

from __future__ import annotations

import builtins
import gzip
import random
import subprocess
import sys

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive import compression
from chatlog.archive.compression import COMPRESSIONS, DamagedError, compression_of
from chatlog.errors import UsageError

PACKED = ["gzip", "zstd"]
each_packed = pytest.mark.parametrize("name", PACKED)
texts = st.lists(st.binary(max_size=3000), max_size=5)


def cut(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(texts, st.sampled_from(list(COMPRESSIONS)), st.integers(1, 500))
def test_what_is_compressed_comes_back_whatever_the_blocks_are(blocks, name, size):
    way = COMPRESSIONS[name]
    packed = b"".join(way.compressed(blocks))
    assert b"".join(way.decompressed(cut(packed, size))) == b"".join(blocks)


@given(texts)
def test_gzip_and_zstandard_of_other_programs_read_what_we_compress(blocks):
    whole = b"".join(blocks)
    assert gzip.decompress(b"".join(COMPRESSIONS["gzip"].compressed(blocks))) == whole
    assert zstd.decompress(b"".join(COMPRESSIONS["zstd"].compressed(blocks))) == whole


@each_packed
def test_compressed_streams_in_a_row_decompress_to_one_text(name):
    way = COMPRESSIONS[name]
    packed = b"".join(way.compressed([b"one\n"])) + b"".join(way.compressed([b"two\n"]))
    assert b"".join(way.decompressed(cut(packed, 7))) == b"one\ntwo\n"


@each_packed
def test_much_from_little_comes_in_blocks_of_a_mebibyte(name):
    way = COMPRESSIONS[name]
    packed = b"".join(way.compressed([b"\n" * 5_000_000]))
    blocks = list(way.decompressed([packed]))
    assert sum(map(len, blocks)) == 5_000_000
    assert max(map(len, blocks)) <= 1024 * 1024


@each_packed
def test_the_same_bytes_are_compressed_to_the_same_bytes(name):
    way = COMPRESSIONS[name]
    assert b"".join(way.compressed([b"x" * 999])) == b"".join(way.compressed([b"x" * 999]))


@each_packed
def test_each_cut_and_each_changed_byte_is_found(name):
    way = COMPRESSIONS[name]
    whole = b"".join(b"line %d\n" % number for number in range(40))
    packed = b"".join(way.compressed([whole]))
    for at in range(1, len(packed)):
        with pytest.raises(DamagedError):
            list(way.decompressed([packed[:at]]))
    found = 0
    for at in range(len(packed)):
        altered = bytearray(packed)
        altered[at] ^= 0x10
        try:
            found += b"".join(way.decompressed([bytes(altered)])) != whole
        except DamagedError:
            found += 1
    # gzip's head has bytes that mean nothing: when, by which system. The manifest has them too.
    assert found >= len(packed) - 8


def before_damage(name, packed):
    """Return what is given until the damage is met."""
    found = []
    with pytest.raises(DamagedError):
        found.extend(COMPRESSIONS[name].decompressed([packed]))  # keeps what came before
    return b"".join(found)


@pytest.mark.parametrize("at", [0.3, 0.9])
def test_what_stands_before_damage_in_gzip_is_given_to_the_byte(at):
    chance = random.Random(1)
    whole = b"".join(b"line %d\n" % chance.getrandbits(60) for _ in range(20_000))
    packed = bytearray(b"".join(COMPRESSIONS["gzip"].compressed([whole])))
    packed[int(at * len(packed))] ^= 0xFF
    given = before_damage("gzip", bytes(packed))
    same = next(n for n, (one, other) in enumerate(zip(given, whole, strict=False)) if one != other)
    assert same > (at - 0.05) * len(whole)


def test_of_zstd_the_blocks_before_damage_are_given():
    chance = random.Random(1)
    whole = b"".join(b"line %d\n" % chance.getrandbits(60) for _ in range(50_000))
    packed = bytearray(b"".join(COMPRESSIONS["zstd"].compressed([whole])))
    packed[int(0.9 * len(packed))] ^= 0xFF
    given = before_damage("zstd", bytes(packed))
    assert len(given) > 0.7 * len(whole)
    assert whole.startswith(given)


@pytest.mark.parametrize("way", ["gzip", "zstd"])
def test_nothing_at_all_is_no_compressed_file(way):
    with pytest.raises(DamagedError, match="too early"):
        list(COMPRESSIONS[way].decompressed([]))


def test_each_compression_is_found_by_its_suffix():
    assert {compression_of(way.suffix) for way in COMPRESSIONS.values()} == {*COMPRESSIONS.values()}


def test_without_its_library_zstd_says_how_to_get_it(monkeypatch):
    compression._zstd.cache_clear()
    monkeypatch.setitem(sys.modules, "backports", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    with pytest.raises(UsageError, match="pip install backports-zstd"):
        COMPRESSIONS["zstd"].require()


def test_the_library_of_zstd_is_looked_for_once_however_many_files_are_read(monkeypatch):
    sought = []
    whole = b"".join(COMPRESSIONS["zstd"].compressed([b"one\n"]))
    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda *what: sought.append(what) or real(*what))
    for _ in range(3):
        assert b"".join(COMPRESSIONS["zstd"].decompressed([whole])) == b"one\n"
    assert sought == []


@pytest.mark.server
@pytest.mark.parametrize(("name", "tool"), [("gzip", "zcat"), ("zstd", "zstdcat")])
def test_zcat_and_zstdcat_read_what_we_compress(tmp_path, name, tool):
    way = COMPRESSIONS[name]
    path = tmp_path / f"s.{way.suffix}"
    path.write_bytes(b"".join(way.compressed([b"one\n", b"two\n"])))
    shown = subprocess.run([tool, str(path)], capture_output=True, check=True)
    assert shown.stdout == b"one\ntwo\n"
