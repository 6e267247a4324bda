"""The schema of the JSON that commands print, and the tables of docs/json.md.

Both are made from the records of `chatlog.report.json_records`, and are files of the
project; `CHATLOG_WRITE_JSON=1` writes them anew where a test holds them against the
records.
"""

from __future__ import annotations

import json
import re
from functools import cache

import msgspec

from chatlog.event import Event
from chatlog.report import json_records as records

PRINTED = {
    "tail": (Event,),
    "search": (Event, records.CountRecord, records.MatchRecord),
    "channels": (records.TargetRecord,),
    "who": (records.MembersRecord,),
    "stats": (
        records.TotalRecord,
        records.HourRecord,
        records.WeekdayRecord,
        records.PeriodRecord,
        records.PersonRecord,
    ),
    "gaps": (records.GapRecord, records.CoverageRecord),
    "sync": (records.SyncRecord,),
    "audit": (records.AuditRecord, records.ComparisonRecord),
    "import": (records.LogRecord, records.PassedOverRecord, records.MergeRecord),
    "merge": (records.MergeRecord,),
    "status": (records.RunRecord,),
    "verify": (records.FindingRecord, records.SummaryRecord),
    "ship": (records.ShipRecord,),
    "collect": (records.CollectRecord,),
    "backup": (records.BackupRecord,),
    "export": (records.ExportRecord,),
    "maintain": (records.TendedRecord, records.ExportRecord),
    "config check": (records.ConfigRecord, records.ExplainedRecord),
}
"""The records that each command prints with `--json`."""

RECORDS = list(dict.fromkeys(kind for kinds in PRINTED.values() for kind in kinds))
_BLOCK = re.compile(r"(<!-- json: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_REFERENCE = "#/$defs/{name}"
_BOUNDS = {(0, None): "≥ 0", (1, None): "≥ 1", (0, 1): "0 to 1"}


@cache
def definitions():
    """Return the schema of each record, and of each object in one, by its name."""
    _, found = msgspec.json.schema_components(RECORDS, ref_template=_REFERENCE)
    return found


def schema():
    """Return the schema of one line, whatever command printed it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of a chatlog command with --json",
        "anyOf": [{"$ref": _REFERENCE.format(name=kind.__name__)} for kind in RECORDS],
        "$defs": definitions(),
    }


def schema_text():
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


# -- the document ------------------------------------------------------------------


def with_tables(document):
    """Return a document with each of its blocks made anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{tables(block[2])}{block[3]}", document)


def tables(command):
    """Return a table for each record of a command, and for the objects in it."""
    found, names = definitions(), [kind.__name__ for kind in PRINTED[command] if kind is not Event]
    shown = []
    for name in names:  # which grows while the tables are made
        names += [inner for inner in _objects_in(found[name]) if inner not in [*names, "Event"]]
        shown.append(_table(found[name]))
    return "\n".join(shown)


def _objects_in(definition):
    return re.findall(r'"#/\$defs/(\w+)"', json.dumps(definition["properties"]))


def _table(definition):
    properties = definition["properties"]
    kinds = properties.get("type", {}).get("enum", [])
    head = ", ".join(f"`{kind}`" for kind in kinds)
    title = f"`type` {head}: " if head else ""
    rows = [
        f"| `{name}` | {_value(each)} | {_described(each)} |"
        for name, each in properties.items()
        if name != "type"
    ]
    table = "\n".join(["| key | value | meaning |", "|---|---|---|", *rows])
    return f"{title}{definition['description']}\n\n{table}\n"


def _described(each):
    return each.get("description") or each["anyOf"][0]["description"]


def _value(each):
    if "anyOf" in each:
        return f"{_value(each['anyOf'][0])}, or null"
    bounds = _BOUNDS.get((each.get("minimum"), each.get("maximum")), "")
    if "enum" in each:
        return ", ".join(f"`{value}`" for value in each["enum"])
    if "pattern" in each and "T" in each["pattern"]:
        return "time"
    if each["type"] == "array":
        return f"list of {_plural(each['items'])}"
    if each["type"] == "object":
        return f"object of {each['additionalProperties']['type']}s"
    return f"{each['type']} {bounds}".strip()


def _plural(items):
    if "$ref" not in items:
        return f"{items['type']}s"
    return "events" if items["$ref"].endswith("/Event") else "objects"
