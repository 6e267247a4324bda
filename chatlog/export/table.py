"""The table of exporters: a row for each format in which archives are exported.

To add a format, write its module and add a row here; the command, its help and its tests
read the table. A library that is an extra is imported when its format is asked for.
"""

from __future__ import annotations

from typing import Final

from chatlog.export import (
    csv_rows,
    dialect_log,
    jsonl_lines,
    markdown,
    parquet_file,
    plain_text,
    sqlite_database,
)
from chatlog.export.exporter import Exporter
from chatlog.formats.dialects import energymech, irssi, weechat, znc

EXPORTERS: Final = (
    Exporter(
        name="jsonl",
        suffix="jsonl",
        stream=jsonl_lines.encoder,
        needs_events=False,
        is_lossless=True,
    ),
    Exporter(name="csv", suffix="csv", stream=csv_rows.encoder),
    Exporter(name="markdown", suffix="md", stream=markdown.encoder),
    Exporter(name="text", suffix="txt", stream=plain_text.encoder, needs_one_target=True),
    dialect_log.exporter_of(irssi.DIALECT, "log"),
    dialect_log.exporter_of(weechat.DIALECT, "weechatlog"),
    dialect_log.exporter_of(znc.DIALECT, "log"),
    dialect_log.exporter_of(energymech.DIALECT, "log"),
    Exporter(name="sqlite", suffix="sqlite", build=sqlite_database.builder, is_lossless=True),
    Exporter(
        name="parquet",
        suffix="parquet",
        build=parquet_file.builder,
        partition="month",
        is_lossless=True,
        check=parquet_file.expect_library,
        layout="network_key={network_key}/target_key={target_key}",
    ),
)
"""Every exporter, in the order of the documentation."""

NAMES: Final = tuple(each.name for each in EXPORTERS)
"""The names of all exporters."""

_BY_NAME: Final = {each.name: each for each in EXPORTERS}


def exporter_named(name: str) -> Exporter:
    """Return the exporter with a name of `NAMES`."""
    return _BY_NAME[name]
