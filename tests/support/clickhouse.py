"""ClickHouse within this process (chdb), which reads files as its server does."""

from __future__ import annotations

import json

import pytest


def clickhouse(directory, *statements):
    """Run statements of SQL beside some files; return the rows of the last as dictionaries."""
    reason = "needs the extra `clickhouse`"
    session = pytest.importorskip("chdb.session", reason=reason).Session()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(directory)
            *before, last = statements
            for statement in before:
                session.query(statement)
            rows = str(session.query(last, "JSONEachRow"))
    finally:
        session.close()
    return [json.loads(row) for row in rows.splitlines()]
