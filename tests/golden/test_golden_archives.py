"""Archives that an earlier chatlog wrote are read, continued, sealed and verified by this one.

README.md beside this says how they were made.
"""

from __future__ import annotations

import contextlib
import json
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from chatlog.archive import manifest
from chatlog.archive.entry_lines import EntryReader
from chatlog.archive.files import sha256_of
from chatlog.archive.inventory import Inventory
from chatlog.archive.layout import target_directory
from chatlog.archive.manifest_entries import ManifestEntry
from chatlog.archive.networks import read_casemapping
from chatlog.archive.targets import Targets
from chatlog.coverage import ledger
from chatlog.coverage.entries import LedgerEntry
from tests.golden.questions import (
    ARCHIVES,
    NAMES,
    NOW,
    answer,
    events_of,
    files_in,
    objects,
    questions_of,
)
from tests.support.embedded import EmbeddedServer
from tests.support.tending import tend
from tests.support.waiting import eventually

QUESTIONS = [(name, question) for name in NAMES for question in questions_of(name)]

KEPT_AS = {
    "jsonl": ("--rotate-size", "3K"),
    "text": ("--format", "text", "--tz", "Europe/Berlin", "--rotate", "weekly"),
    "both": ("--format", "jsonl", "--format", "text", "--rotate", "hourly", "--compress", "zstd"),
    "killed": ("--format", "jsonl", "--format", "text"),
    "recovered": ("--format", "jsonl", "--format", "text"),
    "spool": ("--spool-dir", "spool"),
}
"""How the recorder is told to keep each archive, other than by default."""

REMOVED = {"half_done": "2025-10-22"}
"""The day whose segment was on its way out when the recorder died."""


def test_every_file_is_as_the_earlier_chatlog_left_it():
    lines = (ARCHIVES / "SHA256SUMS").read_text().splitlines()
    expected = {path: digest for digest, _, path in (line.partition("  ") for line in lines)}
    assert {path: sha256_of(ARCHIVES / path) for path in files_in(ARCHIVES)} == expected


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_a_command_answers_of_a_golden_archive_as_the_earlier_chatlog_did(
    name, question, copied, ask
):
    copied(name)
    status, output = ask(*questions_of(name)[question])
    expected = answer(name, question)
    assert objects(output) == objects(expected[1])
    assert status == expected[0]
    if question.startswith(("tail", "search")) and name != "text":
        assert output == expected[1]  # as recorded, byte for byte


@pytest.mark.parametrize("name", NAMES)
def test_each_entry_of_a_golden_ledger_and_manifest_is_encoded_as_it_was(name):
    readers = {ledger.NAME: EntryReader(LedgerEntry), manifest.NAME: EntryReader(ManifestEntry)}
    found = set()
    for kind, reader in readers.items():
        for path in (ARCHIVES / name / "archive").rglob(kind):
            lines = path.read_bytes().split(b"\n")[:-1]
            assert [msgspec.json.encode(reader.decode(1, line)) for line in lines] == lines
            found |= {kind} if lines else set()
    assert ledger.NAME in found


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_archive_that_is_sealed_now_holds_what_it_held_and_verifies(name, copied, ask):
    archive = copied(name)
    tend(archive)
    status, output = ask("verify", "--json")
    assert (status, objects(output)[:-1]) == (0, [])
    assert unsealed(archive) == []
    assert lasting(name, whole_tail(ask)) == lasting(name, events_of(name))


def unsealed(archive):
    """List the segments whose period is over and that are not sealed."""
    return [
        str(inventory.path(segment))
        for inventory in (Inventory(Path(target.path)) for target in Targets(archive).all())
        for segment in inventory.segments
        if segment.period != "all" and not inventory.is_sealed(segment)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_archive_is_repaired_without_losing_an_event(name, copied, ask):
    copied(name)
    assert ask("verify", "--repair", "--json")[0] == 0
    assert lasting(name, whole_tail(ask)) == lasting(name, events_of(name))


def test_torn_ends_of_a_golden_archive_become_events(copied, ask):
    copied("killed")
    assert ask("verify", "--repair", "--json")[0] == 0
    places = {
        (event["network"], event["target"])
        for event in whole_tail(ask)
        if event["type"] == "recovered"
    }
    assert places == {("one", "#a"), ("five", "#a")}  # that of `four` is in text beside JSONL


def whole_tail(ask):
    return objects(ask("tail", "--json", "-n", "1000")[1])


def lasting(name, events):
    """Leave out what mending adds to an archive, and the segment that was being removed."""
    gone = REMOVED.get(name, "never")
    return [
        each for each in events if each["type"] != "recovered" and not each["time"].startswith(gone)
    ]


# -- recording on ------------------------------------------------------------------------

MISSED, SAID = "missed since then", "said from now on"


class Channel(NamedTuple):
    """A channel of an archive, and whether somebody still means to record it."""

    network: str
    name: str
    directory: Path
    is_wanted: bool


def channels_in(archive, name):
    """List the channels of a golden archive that was copied."""
    places = dict.fromkeys((event["network"], event["target"]) for event in events_of(name))
    return [
        Channel(network, target, directory, last_entry(directory) not in {"", "unwanted"})
        for network, target in places
        if target.startswith("#")
        for directory in [target_directory(archive, network, target, folding(archive, network))]
    ]


def folding(archive, network):
    return read_casemapping(archive, network)


def last_entry(directory):
    """Return the kind of the last whole line of a ledger, "" where there is none."""
    path = directory / "LEDGER"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return json.loads(lines[-1])["entry"] if lines else ""


@pytest.fixture
def served():
    """Start a server for each network, with a line in the history of each channel."""
    with contextlib.ExitStack() as stack:

        def start(archive, channels):
            servers = {}
            for network in dict.fromkeys(each.network for each in channels):
                server = EmbeddedServer(casemapping=folding(archive, network).name)
                servers[network] = stack.enter_context(server)
                server.server._messages = 1_000_000  # no msgid comes twice
            for each in channels:
                servers[each.network].say("ada", each.name, MISSED)
            return servers

        yield start


def configure(place, servers, channels):
    """Write the configuration of a recorder of all channels of an archive."""
    lines = []
    for network, server in servers.items():
        names = [each.name for each in channels if each.network == network]
        lines += [
            f"[networks.{network}]",
            f'servers = ["irc://127.0.0.1:{server.port}"]',
            f"channels = {json.dumps(names, ensure_ascii=False)}",
        ]
    (place / "chatlog.toml").write_text("\n".join(lines))


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_archive_is_recorded_on_with_the_history_since_then(
    name, copied, served, chatlog, ask
):
    archive = copied(name, chatlog.home)
    assert not (archive / "FORMAT").exists()
    channels = channels_in(archive, name)
    servers = served(archive, channels)
    configure(chatlog.home, servers, channels)
    options = ("--config", "chatlog.toml", "--archive", "archive", *KEPT_AS.get(name, ()))
    recorder = chatlog.start("record", *options)
    for each in channels:
        servers[each.network].joined("chatlog", each.name)
        if each.is_wanted:
            eventually(partial(holds, each.directory, MISSED))
        servers[each.network].say("ada", each.name, SAID)
        servers[each.network].answered()
    recorder.terminate()
    assert recorder.finish() == 0, recorder.stderr
    assert (archive / "FORMAT").read_bytes() == b"chatlog archive, version 1\n"
    recorded = lasting(name, whole_tail(ask))
    assert before_now(recorded) == by_time(lasting(name, events_of(name)) + spooled(name))
    assert not any((chatlog.home / "spool").glob("*"))
    for each in channels:
        assert said_now(recorded, each) == [MISSED, SAID][not each.is_wanted :]
    tend(archive)
    assert lasting(name, whole_tail(ask)) == recorded
    assert ask("verify", "--json")[0] == 0


def holds(directory, text):
    """Return whether a plain segment has a text in it; old ones are being sealed meanwhile."""
    for path in directory.glob("2*"):
        with contextlib.suppress(FileNotFoundError):
            if text.encode() in path.read_bytes():
                return True
    return False


def before_now(events):
    return [event for event in events if event["time"] < NOW]


def spooled(name):
    """List the events that wait in the spool directory of an archive."""
    files = (ARCHIVES / name).glob("spool/*.spool")
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()[1:]]


def by_time(events):
    return sorted(events, key=lambda event: event["time"])


def said_now(events, channel):
    """List what was said in a channel since it was recorded on."""
    return [
        event["text"]
        for event in events
        if (event["network"], event["target"]) == channel[:2]
        and event["type"] == "message"
        and event["time"] > NOW
    ]
