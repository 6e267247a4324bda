"""Export as Parquet, compressed with zstd, by way of DuckDB. Lossless.

A file has the keys of JSONL as columns: `time` and `received` as timestamps in UTC, `params` as
a list, `tags` as a map, all else as text; what an event lacks is null. Directories are named
`network_key=…/target_key=…`, as engines take such names for columns: the values are ASCII without
`%`, which some engines decode and others do not. Network and target themselves are columns.
See https://parquet.apache.org/docs/ and https://duckdb.org/docs/data/parquet/overview
"""

from __future__ import annotations

import errno
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.errors import UsageError
from chatlog.event import is_time
from chatlog.export.columns import COLUMNS, EXTRA, with_extras
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.export.exporter import FileBuilder, FileFacts
    from chatlog.export.line_blocks import LineBlock

_TIMES: Final = ("time", "received")
_KINDS: Final = {"params": "VARCHAR[]", "tags": "MAP(VARCHAR, VARCHAR)"}
_READ: Final = {name: _KINDS.get(name, "VARCHAR") for name in (*COLUMNS, EXTRA)}
_SHOWN: Final = ", ".join(
    f'TRY_CAST("{name}" AS TIMESTAMP) AS "{name}"' if name in _TIMES else f'"{name}"'
    for name in _READ
)
_LONGEST: Final = 256 * 1024 * 1024
_NUL: Final = rb"\u0000"


class _Parquet:
    """The builder of a file: lines gather in a file beside it, which DuckDB then reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = path.with_name(f"{path.name}.lines")
        self._file = self._lines.open("wb")

    def add(self, lines: LineBlock) -> None:
        some = [*with_extras(lines, _fits)]
        if any(extra for _, extra in some):
            self._file.writelines(map(_with_extra, some))
        else:
            self._file.write(lines.block)

    def finish(self) -> None:
        import duckdb

        self._file.close()
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in _READ.items())
        with _reported(), duckdb.connect(":memory:", config=_config(self._path)) as database:
            database.execute(
                f"COPY (SELECT {_SHOWN} FROM read_json(?, format = 'newline_delimited',"  # noqa: S608
                f" columns = {{{columns}}}, maximum_object_size = {_LONGEST}))"
                " TO '" + str(self._path).replace("'", "''") + "'"
                " (FORMAT parquet, COMPRESSION zstd)",
                [str(self._lines)],
            )
        self._lines.unlink()

    def abandon(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._lines.unlink(missing_ok=True)


def builder(path: Path, _facts: FileFacts) -> FileBuilder:
    """Return the builder of a file at a path."""
    return _Parquet(path)


def expect_library() -> None:
    """Raise UsageError if DuckDB is not installed."""
    try:
        import duckdb  # noqa: F401 - it is there, or not
    except ImportError as error:
        raise UsageError("Parquet needs a library; install it with: pip install duckdb") from error


def _config(path: Path) -> dict[str, Any]:
    """Return settings of DuckDB with which the same lines give the same bytes."""
    return {"threads": 1, "memory_limit": "1GB", "temp_directory": f"{path}.tmp"}


@contextmanager
def _reported() -> Iterator[None]:
    """Turn an error of DuckDB, as for a full disk, into an OSError."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise OSError(errno.EIO, f"DuckDB: {str(error).splitlines()[0]}") from error


def _fits(event: Event, line: bytes) -> bool:
    """Return whether the columns can hold all values of an event: no odd time, no NUL."""
    times = is_time(event.time) and (not event.received or is_time(event.received))
    return times and _NUL not in line


def _with_extra(some: tuple[Event, bytes]) -> bytes:
    """Return a line with `extra` as one more key."""
    event, extra = some
    odd = {name: "" for name in _TIMES if not is_time(getattr(event, name))}
    line = jsonl.encode([msgspec.structs.replace(event, **odd)]).replace(_NUL, rb"\ufffd")
    if not extra:
        return line
    return line[:-2] + f',"{EXTRA}":'.encode() + msgspec.json.encode(extra.decode()) + b"}\n"
