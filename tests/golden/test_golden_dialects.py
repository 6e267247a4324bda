"""Logs of other programs, each in a case of its own, and the events that they hold.

A case is a directory `dialects/DIALECT/CASE`, or `programs/PROGRAM/TIME` for all that a real
program wrote at that time, with logs at the paths that their program gives them,
`expected.jsonl`, and `case.json`: `options` are the facts that the user tells, `files` those of
one log; the paths tell the others. `unknown` is the number of lines that are not understood,
`status` is 1 if an import shows any, `proven` is how the form is known.
A log that ends in `.sql` is a script that makes a SQLite database.
"""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from chatlog.event import SERVER
from chatlog.formats import jsonl
from chatlog.formats.dialects.dialect import LogFacts
from chatlog.ingest.databases import dialect_of_database, read_database
from chatlog.ingest.detection import detect, path_fields
from chatlog.ingest.dialects import DIALECTS, dialect_named
from chatlog.ingest.members import Members
from chatlog.ingest.path_patterns import PathFields

HERE = Path(__file__).parent
CASES = sorted(
    path.parent
    for pattern in ("dialects/*/*/case.json", "programs/*/*/case.json")
    for path in HERE.glob(pattern)
)


def name_of(case):
    """Return the name of the dialect of a case: the folder below `dialects` or `programs`."""
    return case.relative_to(HERE).parts[1]


OF_A_CASE = {"case.json", "expected.jsonl"}
WRITE = "CHATLOG_WRITE_DIALECTS" in os.environ
WHOLE = 1 << 30

UNSURE = {"libera/#c/2026-11-23.jsonl"}
"""A log with too many lines of damage, which it is there to show; it is taken for no dialect."""

each_case = pytest.mark.parametrize(
    "case", CASES, ids=lambda case: case.relative_to(HERE).as_posix()
)


def logs_of(case):
    """Return the logs of a case, in the order of their paths."""
    return [
        each for each in sorted(case.rglob("*")) if each.is_file() and each.name not in OF_A_CASE
    ]


def facts_of(case, log):
    told = json.loads((case / "case.json").read_text())
    path = log.relative_to(case).as_posix()
    found = path_fields(dialect_named(name_of(case)), path) or PathFields()
    options = {
        "name": path,
        "network": found.network,
        "target": found.channel,
        "date": found.date,
        **told["options"],
        **told.get("files", {}).get(path, {}),
    }
    options["target"] = options.pop("channel", options["target"])
    options["network"] = options.pop("into-network", options["network"])
    if "tz" in options:
        options["tz"] = ZoneInfo(options["tz"])
    return LogFacts(**options)


def blocks_of(log, dialect, directory, size):
    if dialect.database is None:
        data = log.read_bytes()
        return [data[at : at + size] for at in range(0, len(data), size)]
    return read_database(str(database_of(log, directory)), dialect.database)


def database_of(log, directory):
    """Return the database that a script makes."""
    path = directory / "log.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(log.read_text())
        database.commit()
    return path


def decoded(case, directory, size):
    """Return the events of all logs of a case, and the decoders."""
    dialect = dialect_named(name_of(case))
    events, decoders = [], []
    for log in logs_of(case):
        decoder = dialect.decoder(facts_of(case, log))
        for some in decoder.events(blocks_of(log, dialect, directory, size)):
            events += some
        decoders.append(decoder)
    return in_channels(dialect, events), decoders


def in_channels(dialect, events):
    """Return events; those of a log of a server in the channels whose logs lie beside it."""
    if not dialect.channel_logs:
        return events
    of_channels = [each for each in events if each.type in {"join", "part", "kick"}]
    of_server = sorted((each for each in events if each.target == SERVER), key=time_and_target_of)
    members = Members(sorted(of_channels, key=time_and_target_of))
    others = [each for each in events if each.target != SERVER]
    return others + [made for each in of_server for made in members.attributed(each)]


def time_and_target_of(event):
    return event.time, event.target


def fields_of(event):
    return {key: value for key, value in msgspec.structs.asdict(event).items() if value}


@each_case
def test_a_log_of_another_program_gives_the_events_that_it_holds(case, tmp_path):
    events, decoders = decoded(case, tmp_path, WHOLE)
    expected = case / "expected.jsonl"
    if WRITE:
        expected.write_bytes(jsonl.encode(events))
    lines = expected.read_bytes().removesuffix(b"\n").split(b"\n")
    wanted = [jsonl.decode(line) for line in lines if line]
    if len(logs_of(case)) > 1:  # of which each has its own order
        events.sort(key=time_and_target_of)
        wanted.sort(key=time_and_target_of)
    assert list(map(fields_of, events)) == list(map(fields_of, wanted))
    told = json.loads((case / "case.json").read_text())
    unknown = [odd for each in decoders for odd in each.odd if not odd.is_ambiguous]
    if not told.get("status"):  # else some lines are ambiguous, or not understood
        assert len(unknown) == told.get("unknown", 0), unknown
    assert sum(each.tally.unknown for each in decoders) == len(unknown)
    dialect = dialect_named(name_of(case))
    if not dialect.name.startswith("chatlog-"):  # whose lines may have a way of their own
        assert {event.via for event in events} <= {dialect.via}


@each_case
def test_a_log_gives_the_same_in_blocks_of_any_size(case, tmp_path):
    events, decoders = decoded(case, tmp_path, WHOLE)
    if not logs_of(case)[0].name.endswith(".sql"):
        for size in (1, 7, 100):
            others, again = decoded(case, tmp_path, size)
            assert jsonl.encode(others) == jsonl.encode(events)
            assert [each.tally for each in again] == [each.tally for each in decoders]


def test_every_dialect_has_a_case():
    named = {dialect_named(name_of(case)).name for case in CASES}
    assert named == {each.name for each in DIALECTS}


@each_case
def test_a_log_is_taken_for_its_dialect_and_no_other(case, tmp_path):
    dialect = dialect_named(name_of(case))
    for log in logs_of(case):
        if dialect.database is None:
            path = log.relative_to(case).as_posix()
            found = detect(log.read_bytes(), path, DIALECTS).dialect
            assert found is (None if path in UNSURE else dialect), path
        else:
            path = database_of(log, tmp_path)
            fits = [each for each in DIALECTS if dialect_of_database(str(path), [each])]
            assert fits == [dialect]


def path_facts(name, path):
    found = path_fields(dialect_named(name), path)
    return (found.network, found.channel, found.date)


@pytest.mark.parametrize(
    ("name", "path", "facts"),
    [
        ("irssi", "irclogs/libera/#c.log", ("libera", "#c", "")),
        ("irssi", "irclogs/libera/#c-2026-11-23.log", ("libera", "#c", "2026-11-23")),
        ("irssi", "irclogs/2026/libera/#c.11-23.log", ("libera", "#c", "2026-11-23")),
        ("weechat", "irc.libera.chat.#c.d.weechatlog", ("libera.chat", "#c.d", "")),
        ("weechat", "irc.libera.##c.weechatlog", ("libera", "##c", "")),
        ("weechat", "irc.libera.ben.weechatlog", ("libera", "ben", "")),
        (
            "znc",
            "users/me/networks/libera/moddata/log/#c/2026-11-23.log",
            ("libera", "#c", "2026-11-23"),
        ),
        ("znc", "users/me/moddata/log/libera/#c/2026-11-23.log", ("libera", "#c", "2026-11-23")),
        ("znc", "moddata/log/me/libera/#c/2026-11-23.log", ("libera", "#c", "2026-11-23")),
        ("znc", "moddata/log/me_libera_#c_d_20121123.log", ("libera", "#c_d", "2012-11-23")),
        ("znc", "moddata/log/libera_#c_20121123.log", ("libera", "#c", "2012-11-23")),
        ("znc", "moddata/log/#c/2026-11-23.log", ("", "#c", "2026-11-23")),
        ("znc", "logs/me/libera/#c/2026-11-23.log", ("libera", "#c", "2026-11-23")),
        ("limnoria", "ChannelLogger/libera/#c/#c.2026-11-23.log", ("libera", "#c", "2026-11-23")),
        ("limnoria", "ChannelLogger/libera/#c/#c.log", ("libera", "#c", "")),
        ("eggdrop", "logs/#c.log.23Nov2026", ("", "#c", "2026-11-23")),
        ("eggdrop", "logs/x.log.23Nov2026", ("", "", "2026-11-23")),
        ("ii", "irc/libera/#c/out", ("libera", "#c", "")),
        ("ii", "irc/libera/out", ("libera", "", "")),
        ("bip", "logs/me/libera/2026-11/#c.23.log", ("libera", "#c", "2026-11-23")),
        ("chatlog-jsonl", "libera/#c/2026-11-23.jsonl", ("libera", "#c", "2026-11-23")),
        ("chatlog-text", "libera/#c/2026-11-23.log", ("libera", "#c", "2026-11-23")),
    ],
)
def test_the_paths_of_a_program_tell_the_network_the_channel_and_the_date(name, path, facts):
    assert path_facts(name, path) == facts
