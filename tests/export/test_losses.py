"""What each format of an export loses: two events that differ in one fact give the same bytes."""

from __future__ import annotations

import pytest

from chatlog.export.exporter import FileFacts
from chatlog.export.line_blocks import LineBlock
from chatlog.export.table import EXPORTERS
from tests.support.archive import event_at

DAY = 86_400


def of(kind, **fields):
    return event_at(0, type=kind, **{"text": "", **fields})


FACTS = {
    "milliseconds": (event_at(0.1), event_at(0.2)),
    "seconds": (event_at(1), event_at(2)),
    "date": (event_at(0), event_at(DAY)),
    "arrival": (event_at(0), event_at(0, received="2026-11-23T00:00:01.000Z")),
    "account": (event_at(0), event_at(0, account="ann")),
    "host of a speaker": (event_at(0), event_at(0, user="~u", host="h.example")),
    "host of a join": (of("join"), of("join", user="~u", host="h.example")),
    "host of a part": (of("part"), of("part", user="~u", host="h.example")),
    "host of a quit": (of("quit"), of("quit", user="~u", host="h.example")),
    "reason of a part": (of("part"), of("part", text="bye")),
    "reason of a quit": (of("quit"), of("quit", text="bye")),
    "reason of a kick": (of("kick", subject="b"), of("kick", subject="b", text="bye")),
    "message id": (event_at(0), event_at(0, msgid="m")),
    "reply": (event_at(0), event_at(0, reply_to="m")),
    "tags": (event_at(0), event_at(0, tags={"a": "b"})),
    "origin": (event_at(0), event_at(0, via="chathistory", witness="w")),
    "formatting": (event_at(0, "bold"), event_at(0, "\x02bold\x02")),
    "control characters": (event_at(0, "\x1b"), event_at(0, "\\x1b")),
    "bytes of an odd line": (event_at(0), event_at(0, raw="YQ==")),
    "ends of parameters": (
        of("mode", command="+bb", params=("a", "b c")),
        of("mode", command="+bb", params=("a b", "c")),
    ),
    "members": (None, of("names", text="@ann ben")),
    "away": (None, of("away", text="lunch")),
    "reactions": (None, of("react", reply_to="m", text="x")),
    "the recorder's own lines": (None, of("joined", nick="bot")),
}
"""Two events that differ in a fact alone, or one and none."""

_TEXT = {
    *("milliseconds", "arrival", "account", "host of a speaker", "message id", "reply", "tags"),
    *("control characters", "bytes of an odd line"),
}
_OTHER_EVENTS = {"members", "away", "reactions", "the recorder's own lines"}
_LOGS = {*_TEXT, *_OTHER_EVENTS, "origin"}
LOST = {
    "jsonl": set(),
    "sqlite": set(),
    "parquet": set(),
    "csv": {
        *("arrival", "tags", "formatting", "control characters", "bytes of an odd line"),
        "ends of parameters",
    },
    "markdown": {*_TEXT, "formatting", "origin"},
    "text": {*_TEXT, "formatting"},
    "irssi": {*_LOGS, "formatting", "seconds"},
    "weechat": {*_LOGS, "formatting"},
    "znc": {*_LOGS, "date"},
    "energymech": {*_LOGS, "host of a quit", "reason of a part"},
}
"""The facts that docs/exporting.md says a format loses."""


def exported(exporter, event, directory):
    """Return the bytes of a file with one event, or with none."""
    day = event.time[:10] if event is not None and exporter.needs_days else ""
    facts = FileFacts(network="net", target="#c", period=day)
    events = [event] if event is not None else []
    if exporter.stream is not None:
        encoder = exporter.stream(facts)
        return encoder.begin() + encoder.encode(LineBlock(events))
    path = directory / "file"
    builder = exporter.build(path, facts)
    builder.add(LineBlock(events))
    builder.finish()
    data = path.read_bytes()
    path.unlink()
    return data


@pytest.mark.parametrize("exporter", EXPORTERS, ids=[each.name for each in EXPORTERS])
def test_a_format_loses_these_facts_and_no_others(exporter, tmp_path):
    lost = {
        fact
        for fact, (one, other) in FACTS.items()
        if exported(exporter, one, tmp_path) == exported(exporter, other, tmp_path)
    }
    assert lost == LOST[exporter.name]
