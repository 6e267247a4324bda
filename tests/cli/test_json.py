"""The JSON of all commands: one family of keys, as the records, the document and the schema say."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import click
import msgspec
import pytest

from chatlog.cli import cli, run
from chatlog.demo.state import CAPABILITIES
from chatlog.event import Event, is_time
from chatlog.health.status import NetworkStatus, RunStatus
from chatlog.report import json_keys
from chatlog.report.json_records import NetworkRecord, Record, RunRecord
from tests.golden.questions import ARCHIVES, NAMES
from tests.support.embedded import EmbeddedServer
from tests.support.json_schema import PRINTED, RECORDS, definitions, schema_text, with_tables

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/json.md"
SCHEMA = ROOT / "docs/json.schema.json"
WRITE = "CHATLOG_WRITE_JSON=1 make test PYTEST_ARGS=tests/cli/test_json.py"


# -- the keys ----------------------------------------------------------------------


def commands(group, names=()):
    """Yield each command, by the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*names, name))
        else:
            yield " ".join((*names, name)), command


def test_every_command_with_json_has_its_records():
    with_json = {
        name
        for name, command in commands(cli)
        if any("--json" in each.opts for each in command.params)
    }
    assert with_json == set(PRINTED)


def test_a_key_has_one_type_in_all_records_and_events():
    kinds = {}
    for name, definition in definitions().items():
        for key, each in definition["properties"].items():
            kind = each.get("anyOf", [each])[0]
            written = kind.get("type", "string")  # a choice of words has none
            kinds.setdefault(key, {}).setdefault(written, []).append(name)
    assert {key: found for key, found in kinds.items() if len(found) > 1} == {}


def test_a_key_has_one_meaning_in_all_records():
    meanings = {}
    for name, definition in definitions().items():
        if name != "Event":
            for key, each in definition["properties"].items():
                kind = {**each.get("anyOf", [each])[0], **each}
                if key != "type":
                    meanings.setdefault(key, set()).add(kind["description"])
    assert {key: found for key, found in meanings.items() if len(found) > 1} == {}


def test_every_key_of_the_table_is_used():
    written = schema_text()
    names = [name for name in vars(json_keys) if name[0].isupper() and name not in IMPORTED]
    unused = [
        name
        for name in names
        if json.dumps(getattr(json_keys, name).__metadata__[0].description, ensure_ascii=False)
        not in written
    ]
    assert unused == []


IMPORTED = {"Annotated", "Literal", "Meta"}


def test_no_record_has_the_type_of_an_event_or_that_of_another_record():
    kinds = [
        kind
        for record in RECORDS
        if record is not Event
        for kind in definitions()[record.__name__]["properties"]["type"]["enum"]
    ]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize(
    ("status", "record", "renamed"),
    [
        (
            RunStatus,
            RunRecord,
            {
                "root": "archive",
                "started": "since",
                "updated": "at",
                "ended": "until",
                "reason": "why",
                "loop_lag": "loop_lag_seconds",
                "disk_free": "disk_free_bytes",
                "waiting": "waiting_lines",
            },
        ),
        (
            NetworkStatus,
            NetworkRecord,
            {
                "name": "network",
                "state": "connection",
                "heard": "last_heard",
                "lag": "lag_seconds",
                "offset": "clock_offset_seconds",
                "events": "targets",
                "gaps": "gaps_waiting",
            },
        ),
    ],
)
def test_the_record_of_a_run_has_all_that_its_status_has(status, record, renamed):
    keys = {renamed.get(field, field) for field in status.__struct_fields__}
    assert keys == set(record.__struct_fields__) - {"alive"}


# -- the outputs -------------------------------------------------------------------


def lines_of(output):
    return [json.loads(line) for line in output.splitlines()]


def record_of(command, line):
    """Return the record of a command to which a line belongs."""
    found = [
        record
        for record in PRINTED[command]
        if record is not Event
        and line.get("type") in definitions()[record.__name__]["properties"]["type"]["enum"]
    ]
    return found[0] if found else Event


def hold(command, output):
    """Hold the output of a command against its records: every key, its type and its bounds."""
    assert output.isascii() or Event in PRINTED[command]
    for line in lines_of(output):
        record = record_of(command, line)
        assert record in PRINTED[command], line
        assert json.loads(msgspec.json.encode(msgspec.convert(line, record))) == line
        if issubclass(record, Record):
            hold_times(line)


def hold_times(value):
    """Hold every time of a record against the form of events."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in {"since", "until", "at", "last_heard", "last_event", "time"}:
                assert each is None or is_time(each)
            hold_times(each)
    elif isinstance(value, list):
        for each in value:
            hold_times(each)


@pytest.fixture
def printed(tmp_path, capfdbinary):
    """Run a command on an archive; return its output, which must be the JSON of its records."""

    def printed(command, *arguments):
        run([*command.split(), *arguments, "--json", "--archive", str(tmp_path / "archive")])
        output = capfdbinary.readouterr().out
        hold(command, output)
        return lines_of(output)

    return printed


QUESTIONS = [
    ("tail", "-n", "1000"),
    ("search", "o"),
    ("search", "--count", "o"),
    ("search", "-l", "o"),
    ("search", "--only-matching", "o"),
    ("channels", "*", "@server"),
    ("stats",),
    ("stats", "--each", "--by", "day"),
    ("gaps",),
    ("status", "--all"),
    ("verify",),
    ("maintain", "--dry-run", "--keep", "1d", "--empty"),
    ("maintain", "--keep", "1d", "--empty"),
]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_has_the_keys_of_its_record_and_no_others(tmp_path, printed, name):
    shutil.copytree(ARCHIVES / name / "archive", tmp_path / "archive")
    events = [*printed("tail", "-n", "1000"), *printed("tail", "-n", "1000", "@server")]
    places = places_in([*events, *printed("channels", "*", "@server")])
    assert all("%" not in target or target == "#a%b" for _, target in places)
    for question in QUESTIONS:
        lines = printed(*question)
        assert lines or question[0] in {"status", "maintain"}
        if question[0] != "status":  # which names what it was told, folded or not
            assert places_in(lines) <= places


def places_in(lines):
    """Return the network and target of each line that has both."""
    return {
        (each["network"], each["target"])
        for each in lines
        if each.get("network") is not None and each.get("target") is not None
    }


def test_the_members_of_a_channel_are_a_record(tmp_path, printed):
    shutil.copytree(ARCHIVES / "jsonl" / "archive", tmp_path / "archive")
    [members] = printed("who", "libera/#python", "--at", "2025-10-26T10:00:01Z")
    assert (members["type"], members["target"]) == ("members", "#python")


def test_a_file_name_that_is_not_utf8_is_valid_json(tmp_path, printed):
    shutil.copytree(ARCHIVES / "batches" / "archive", tmp_path / "archive")
    (tmp_path / "archive" / "libera" / "#python" / os.fsdecode(b"\xff.txt")).touch()
    [finding, _] = printed("verify")
    assert finding["path"] == "libera/#python/\N{REPLACEMENT CHARACTER}.txt"


def test_a_configuration_is_a_record(tmp_path, capfdbinary):
    path = tmp_path / "chatlog.toml"
    path.write_text('[networks.libera]\npreset = "libera"\nchannels = ["#python", "#ü"]\n')
    assert run(["config", "check", "--json", str(path)]) == 0
    output = capfdbinary.readouterr().out
    hold("config check", output)
    [line] = lines_of(output)
    assert line["networks"][0]["channels"] == ["#python", "#ü"]


def test_what_holds_for_a_channel_is_a_record(tmp_path, capfdbinary):
    path = tmp_path / "chatlog.toml"
    path.write_text(
        '[storage]\nrecord = ["-server"]\nkeep = {presence = "30d"}\n'
        '[networks.libera]\npreset = "libera"\nchannels = ["#python"]\n'
    )
    assert run(["config", "check", "--json", "--explain", "python", str(path)]) == 0
    output = capfdbinary.readouterr().out
    hold("config check", output)
    assert lines_of(output)[1] == {
        "type": "explained", "network": "libera", "target": "#python", "rule": None,
        "classes": ["talk", "presence", "topic", "moderation"],
        "keep": {"presence": 2592000.0},
        "apart": ["presence"],
    }  # fmt: skip


FORGETFUL = [name for name in CAPABILITIES if "history" not in name]


@pytest.fixture
def connected(chatlog, tmp_path):
    """Run a command against a server; return its output, which must be the JSON of its records."""

    def connected(command, server, *arguments):
        done = chatlog.run(
            command, "--server", f"irc://127.0.0.1:{server.port}/#C", "--network", "net",
            "--archive", tmp_path / "archive", "--json", *arguments,
        )  # fmt: skip
        hold(command, done.stdout)
        return lines_of(done.stdout)

    return connected


def test_an_audit_is_a_record_with_the_events_that_differ(connected, tmp_path):
    with EmbeddedServer() as server:
        for text in ("one", "two", "three"):
            server.say("ada", "#C", text)
        connected("sync", server)
        [path] = [
            path
            for path in (tmp_path / "archive" / "net" / "#c").glob("*.jsonl")
            if b'"two"' in path.read_bytes()
        ]
        path.write_bytes(path.read_bytes().replace(b'"two"', b'"2"'))
        path.write_bytes(path.read_bytes().replace(b'"msgid":"', b'"msgid":"x'))
        [found] = connected("audit", server, "--until", "now")
    assert [each["type"] for each in found["missing"]] == ["message"] * len(found["missing"])
    assert (found["asked"], found["present"]) == (3, 3 - len(found["missing"]))
    assert found["missing"]


@pytest.mark.parametrize(("command", "kind"), [("audit", "comparison"), ("merge", "merge")])
def test_two_archives_compared_or_merged_give_a_record_for_each_target(
    tmp_path, printed, command, kind
):
    for name in ("archive", "other"):
        shutil.copytree(ARCHIVES / "jsonl" / "archive", tmp_path / name)
    other = str(tmp_path / "other")
    found = printed(command, *(("--with", other) if command == "audit" else (other,)))
    assert {each["type"] for each in found} == {kind}
    assert all(each["shared"] for each in found)


def test_a_living_run_and_a_batch_with_an_open_gap_are_records(
    chatlog, tmp_path, connected, printed
):
    with EmbeddedServer(capabilities=FORGETFUL) as server:
        recorder = chatlog.start(
            "record", "--server", f"irc://127.0.0.1:{server.port}/#C", "--network", "net",
            "--archive", tmp_path / "archive",
        )  # fmt: skip
        recorder.wait_for("net: in 1 of 1 channels")
        [living] = printed("status")
        assert (living["alive"], living["until"]) == (True, None)
        recorder.terminate()
        assert recorder.finish() == 0
        [batch] = connected("sync", server)
    assert (batch["network"], batch["fetched"]) == ("net", 0)
    [gap] = batch["gaps"]
    assert (gap["cause"], gap["why"]) == ("stopped", "the server offers no history")
    assert [run["why"] for run in printed("status")][-1] == "SIGTERM"


# -- the document and the schema ---------------------------------------------------


def hold_against(path, text):
    """Hold a file against its text; write it first if that is asked for."""
    if os.environ.get("CHATLOG_WRITE_JSON"):
        path.write_text(text)
    assert path.read_text() == text, f"{path.name} is not current; {WRITE}"


def test_the_tables_of_the_document_are_current():
    hold_against(DOCUMENT, with_tables(DOCUMENT.read_text()))


def test_every_command_that_prints_records_has_its_tables():
    with_tables = {command for command in PRINTED if command != "tail"}
    shown = set(re.findall(r"^<!-- json: (.+) -->$", DOCUMENT.read_text(), re.MULTILINE))
    assert shown == with_tables


def test_the_schema_is_current():
    hold_against(SCHEMA, schema_text())
