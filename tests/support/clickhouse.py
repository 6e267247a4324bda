"""ClickHouse within this process (chdb), which reads files as its server does."""

from __future__ import annotations

import json

import pytest


def clickhouse(directory, *statements):
    """Run statements of SQL beside some files; return the rows of each, as dictionaries."""
    reason = "needs the extra `clickhouse`"
    session = pytest.importorskip("chdb.session", reason=reason).Session()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(directory)
            return [_rows(session.query(each, "JSONEachRow")) for each in statements]
    finally:
        session.close()


def _rows(answer):
    return [json.loads(row) for row in str(answer).split("\n") if row]
