"""How sealed segments are compressed: one row for each way, streamed either way.

Nothing here touches a file. What comes out is in the standard formats alone,
so that `zcat` and `zstdcat` read it.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from chatlog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_GZIP: Final = 16 + zlib.MAX_WBITS
_GZIP_LEVEL: Final = 6
_SLICE: Final = 4096
_AT_ONCE: Final = 1024 * 1024


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class DamagedError(ValueError):
    """Compressed bytes that end too early, or that are none."""


@dataclass(frozen=True, slots=True)
class Compression:
    """One way to compress: its suffix, and streams of bytes turned there and back.

    `decompressed` raises DamagedError where what it is given is altered or
    ends early; `require` raises UsageError where the library is missing.
    """

    suffix: str
    require: Callable[[], object]
    compressed: Callable[[Iterable[bytes]], Iterator[bytes]]
    decompressed: Callable[[Iterable[bytes]], Iterator[bytes]]


def _pumped(compressor: _Compressor, blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        if made := compressor.compress(block):
            yield made
    yield compressor.flush()


def _gzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    return _pumped(zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP), blocks)


def _gunzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(_GZIP)
    whole = False
    for block in blocks:
        rest = block
        while rest:
            if stream.eof:  # one member after another is one stream
                stream = zlib.decompressobj(_GZIP)
            before = stream.copy()
            try:
                data = stream.decompress(rest, _AT_ONCE)
            except zlib.error as error:
                yield from _salvaged(before, rest)
                raise DamagedError(f"not as gzip wrote it ({error})") from error
            yield data
            rest = stream.unconsumed_tail or stream.unused_data
            whole = stream.eof
    if not whole:
        raise DamagedError("it ends too early")


def _salvaged(stream: Any, data: bytes) -> Iterator[bytes]:
    """Yield the bytes before damage, which `decompress` holds back."""
    with suppress(zlib.error):
        for byte in data:
            yield stream.decompress(bytes((byte,)))


def _zstd_compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    zstd = _zstd()
    checked = {zstd.CompressionParameter.checksum_flag: 1}
    return _pumped(zstd.ZstdCompressor(options=checked), blocks)


def _zstd_decompressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    zstd = _zstd()
    stream = zstd.ZstdDecompressor()
    whole = False
    try:
        for block in _sliced(blocks):
            rest = block
            while rest:
                if stream.eof:  # one frame after another is one stream
                    stream = zstd.ZstdDecompressor()
                yield stream.decompress(rest, _AT_ONCE)
                while not (stream.eof or stream.needs_input):
                    yield stream.decompress(b"", _AT_ONCE)
                rest = stream.unused_data
                whole = stream.eof
    except zstd.ZstdError as error:
        raise DamagedError(f"not as zstd wrote it ({error})") from error
    if not whole:
        raise DamagedError("it ends too early")


def _sliced(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut blocks into small slices: bytes before damage in the same slice are lost."""
    for block in blocks:
        for begin in range(0, len(block), _SLICE):
            yield block[begin : begin + _SLICE]


@cache
def _zstd() -> Any:
    """Import one of two modules of the same interface."""
    try:
        from compression import zstd  # type: ignore[import-not-found]
    except ImportError:
        try:
            from backports import zstd
        except ImportError as error:
            raise UsageError(
                "zstd needs a library; install it with: pip install backports-zstd"
            ) from error
    return zstd


def _as_it_is(blocks: Iterable[bytes]) -> Iterator[bytes]:
    return iter(blocks)


def _nothing() -> None:
    """Need no library."""


COMPRESSIONS: Final = {
    "gzip": Compression("gz", _nothing, _gzipped, _gunzipped),
    "zstd": Compression("zst", _zstd, _zstd_compressed, _zstd_decompressed),
    "none": Compression("", _nothing, _as_it_is, _as_it_is),
}
"""Each way by its name; a further one needs its suffix in `layout` as well."""

_BY_SUFFIX: Final = {each.suffix: each for each in COMPRESSIONS.values()}


def compression_of(suffix: str) -> Compression:
    """Find how a segment with this suffix ("", gz, zst) is compressed."""
    return _BY_SUFFIX[suffix]
