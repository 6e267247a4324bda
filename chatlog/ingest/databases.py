"""Logs that are SQLite databases, read row by row and never written."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.formats.dialects.dialect import Database, Dialect

_MAGIC: Final = b"SQLite format 3\x00"
_AT_ONCE: Final = 1000


def is_database(sample: bytes) -> bool:
    """Return whether a file that begins so is a SQLite database."""
    return sample.startswith(_MAGIC)


def dialect_of_database(path: str, dialects: Iterable[Dialect]) -> Dialect | None:
    """Return the dialect that has all its tables in a database, None if none has."""
    with closing(_opened(path)) as database:
        try:
            rows = database.execute("select name from sqlite_master where type = 'table'")
            tables = {name for (name,) in rows}
        except sqlite3.Error as error:
            raise TranscriptError(f"cannot read {path}: {error}; restore it") from error
    return next(
        (each for each in dialects if each.database and tables.issuperset(each.database.needs)),
        None,
    )


def read_database(path: str, how: Database) -> Iterator[bytes]:
    """Yield the rows of a database, each a JSON array in a line."""
    with closing(_opened(path)) as database:
        try:
            rows = database.execute(how.query)
            while some := rows.fetchmany(_AT_ONCE):
                yield b"".join(
                    json.dumps(row, default=_text).encode("utf-8", "replace") + b"\n"
                    for row in some
                )
        except sqlite3.Error as error:
            raise TranscriptError(f"cannot read {path}: {error}; restore it") from error


def _opened(path: str) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise TranscriptError(f"cannot read {path}: {error}; look at its rights") from error
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    return database


def _text(value: object) -> str:
    """Return bytes in a row as text."""
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
