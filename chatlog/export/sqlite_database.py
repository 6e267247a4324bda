"""Export as a SQLite database with an index of words. Lossless.

The table `events` has a row an event, in order of time: the keys of JSONL, `params` and `tags`
as JSON. `words` is a full-text index of the texts: https://www.sqlite.org/fts5.html#contentless_tables
Chinese, Japanese and Korean have no spaces between words, so their writing is indexed as pairs
of characters, and the last one alone: a word of two is found as it is, one of three as the
phrase of its two pairs, and one character as the beginning of a pair.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.export.columns import COLUMNS, EXTRA, with_extras
from chatlog.formats.visible import unformatted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.export.exporter import FileBuilder, FileFacts
    from chatlog.export.line_blocks import LineBlock

VERSION: Final = 1
"""The `user_version` of the schema; a number is for tables that a reader would not understand."""

_REQUIRED: Final = frozenset({"time", "type"})
_KINDS: Final = [f'"{name}" TEXT{" NOT NULL" * (name in _REQUIRED)}' for name in COLUMNS]
SCHEMA: Final = (
    f"CREATE TABLE events (id INTEGER PRIMARY KEY, {', '.join(_KINDS)}, {EXTRA} TEXT)",
    """CREATE VIRTUAL TABLE words USING fts5(
        text, content='', tokenize='unicode61 remove_diacritics 2'
    )""",
)
"""The tables; the indexes follow the last row."""
_INDEXES: Final = (
    "CREATE INDEX events_by_target ON events (network, target, time)",
    "CREATE INDEX events_by_nick ON events (nick, time)",
    "CREATE INDEX events_by_msgid ON events (msgid) WHERE msgid IS NOT NULL",
)
_NAMES: Final = (*COLUMNS, EXTRA)
_INSERT: Final = (
    f"INSERT INTO events (id, {', '.join(_NAMES)})"  # noqa: S608 - our own names
    f" VALUES (?{', ?' * len(_NAMES)})"
)
_INDEX: Final = "INSERT INTO words (rowid, text) VALUES (?, ?)"
_PAIRED: Final = re.compile(
    "[\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)


class _Database:
    """The builder of a database."""

    def __init__(self, path: Path) -> None:
        self._count = 0
        with self._reported():
            self._database = sqlite3.connect(path, isolation_level=None)
            for setting in ("journal_mode = OFF", "synchronous = OFF", f"user_version = {VERSION}"):
                self._database.execute(f"PRAGMA {setting}")
            self._database.execute("BEGIN")
            for statement in SCHEMA:
                self._database.execute(statement)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn an error of SQLite, as for a full disk, into an OSError."""
        try:
            yield
        except sqlite3.Error as error:
            is_full = "is full" in str(error)
            where = ", here or in TMPDIR" if is_full else ""  # where it sorts words
            raise OSError(errno.EIO, f"SQLite: {error}{where}") from error

    def add(self, lines: LineBlock) -> None:
        rows, texts = [], []
        for self._count, (event, extra) in enumerate(with_extras(lines), self._count + 1):  # noqa: B020
            rows.append((self._count, *_row(event), extra.decode() or None))
            if event.text:
                texts.append((self._count, indexed(event.text)))
        with self._reported():
            self._database.executemany(_INSERT, rows)
            self._database.executemany(_INDEX, texts)

    def finish(self) -> None:
        with self._reported():
            for statement in (*_INDEXES, "INSERT INTO words (words) VALUES ('optimize')", "COMMIT"):
                self._database.execute(statement)
            self._database.close()

    def abandon(self) -> None:
        with self._reported():
            self._database.close()


def builder(path: Path, _facts: FileFacts) -> FileBuilder:
    """Return the builder of a database at a path."""
    return _Database(path)


def _row(event: Event) -> list[str | None]:
    values = msgspec.structs.astuple(event)
    return [
        (value if isinstance(value, str) else _as_json(value))
        if value or name in _REQUIRED
        else None
        for name, value in zip(COLUMNS, values, strict=True)
    ]


def _as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def indexed(text: str) -> str:
    """Return the words of a text for the index, without formatting."""
    return _PAIRED.sub(_pairs, unformatted(text))


def _pairs(run: re.Match[str]) -> str:
    written = run[0]
    pairs = [written[at : at + 2] for at in range(len(written))]
    return f" {' '.join(pairs)} "
