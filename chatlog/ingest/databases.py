"""Logs that are SQLite databases, read row by row; nothing in or beside them is changed.

Whoever wrote the file may have meant harm: only plain tables are read, a value has a bound,
and so has the time for some rows. See https://www.sqlite.org/security.html
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from chatlog.archive.compression import DamagedError
from chatlog.errors import TranscriptError
from chatlog.ingest.log_files import ADVICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.formats.dialects.dialect import Database, Dialect

_MAGIC: Final = b"SQLite format 3\x00"
_WAL: Final = slice(18, 20)
"""The bytes of the file's head that tell by 2 that a write-ahead log may belong to it.

See https://www.sqlite.org/fileformat2.html#file_format_version_numbers
"""
_IS_WAL: Final = b"\x02\x02"
_LARGEST: Final = 16 * 1024 * 1024
"""Bytes of the largest value or row; a larger one ends the reading with an error."""
_BLOCK: Final = 256 * 1024
_STEPS: Final = 1_000_000
_MOST_STEPS: Final = 20_000
"""Millions of steps of SQLite's machine for the rows of a block, which takes minutes."""
_TABLES: Final = (
    "select lower(name) from sqlite_schema where type = 'table' and sql not like 'create virtual%'"
)

_encode: Final = msgspec.json.Encoder().encode


def is_database(sample: bytes) -> bool:
    """Return whether a file that begins so is a SQLite database."""
    return sample.startswith(_MAGIC)


def dialect_of_database(path: str, dialects: Iterable[Dialect]) -> Dialect | None:
    """Return the dialect that has all its tables in a database, None if none has."""
    with _opened(path) as database:
        tables = {name for (name,) in database.execute(_TABLES)}
    return next(
        (each for each in dialects if each.database and tables.issuperset(each.database.needs)),
        None,
    )


def read_database(path: str, how: Database) -> Iterator[bytes]:
    """Yield the rows of a database, each a JSON array in a line, in blocks of bounded size.

    Raise TranscriptError if it cannot be read, or lacks columns of every form that is known;
    DamagedError if it cannot be read further.
    """
    with _opened(path) as database:
        _limit_time(database)
        tables = {name for (name,) in database.execute(_TABLES)}
        if not tables.issuperset(how.needs):
            raise TranscriptError(
                f"cannot read {path}: it has other tables than this dialect; omit --dialect"
            )
        rows, lines = _rows(database, how), bytearray()
        try:
            for row in rows:
                lines += _encode([_plain(value) for value in row]) + b"\n"
                if len(lines) >= _BLOCK:
                    yield bytes(lines)
                    lines.clear()
                    _limit_time(database)
        except sqlite3.Error as error:  # which costs the row before, too: a row is read ahead
            yield bytes(lines)
            raise DamagedError(f"{error} in a row of the database") from error
        yield bytes(lines)


def _rows(database: sqlite3.Connection, how: Database) -> sqlite3.Cursor:
    """Return the rows by the first query for which the database has the columns."""
    *queries, last = (how.query, *how.older)
    for query in queries:
        try:
            return database.execute(query)
        except sqlite3.OperationalError as error:
            if not str(error).startswith("no such column"):
                raise
    return database.execute(last)


def _limit_time(database: sqlite3.Connection) -> None:
    """Give the rows that follow the time that some rows may take, until the next call."""
    steps = iter(range(_MOST_STEPS))
    database.set_progress_handler(lambda: next(steps, None) is None, _STEPS)


def _plain(value: float | str | bytes | None) -> float | str | None:
    """Return a value that JSON has: bytes are text, as some programs store it so."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


@contextmanager
def _opened(path: str) -> Iterator[sqlite3.Connection]:
    """Open a database read-only; SQLite's errors meanwhile become TranscriptError."""
    try:
        with _readable(path) as uri, closing(sqlite3.connect(uri, uri=True)) as database:
            database.text_factory = _decoded
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
            database.execute("pragma trusted_schema = off")
            database.execute("pragma cell_size_check = on")
            yield database
    except sqlite3.Error as error:
        raise TranscriptError(
            f"cannot read {path}: {error}; close its program, or restore it"
        ) from error
    except OSError as error:
        raise TranscriptError(
            f"cannot read {path}: {error.strerror or error}; {ADVICE}, and check TMPDIR"
        ) from error


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


@contextmanager
def _readable(path: str) -> Iterator[str]:
    """Yield the URI by which a database is read with all that was written to it.

    Its write-ahead log may hold the newest rows, and SQLite would make files beside it to
    read that. A copy is read instead, unless these files are there: then its program may run,
    and has to know of us. Without such a log the database cannot change.
    """
    with Path(path).open("rb") as file:
        is_wal = file.read(_WAL.stop)[_WAL] == _IS_WAL
    log, shared = Path(f"{path}-wal"), Path(f"{path}-shm")
    if not is_wal or (log.exists() and shared.exists()):
        yield f"file:{quote(path)}?mode=ro"
    elif not log.exists() or not log.stat().st_size:
        yield f"file:{quote(path)}?mode=ro&immutable=1"
    else:
        with TemporaryDirectory(prefix="chatlog-") as directory:
            copy = Path(directory) / "log"
            shutil.copyfile(log, f"{copy}-wal")
            shutil.copyfile(path, copy)
            yield f"file:{quote(str(copy))}?mode=ro"
