"""`chatlog channels` as people and scripts type it; report/channels counts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from itertools import count

import pytest

from chatlog.cli import run
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry, UnwantedEntry
from chatlog.event import format_time
from chatlog.health.runs import RunFile, run_name
from chatlog.health.status import encode
from tests.golden.questions import ARCHIVES
from tests.support.archive import START, UNSYNCED, event_at, record
from tests.support.crashing import Fragile, Stopped
from tests.support.statuses import network_status, run_status
from tests.support.tending import DAY, HOLDER, tend


def at(seconds):
    return format_time(START + seconds * 1000)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """Keep the clock a week later."""
    monkeypatch.setattr("chatlog.clock.now", lambda: at(7 * DAY))


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def channels(archive, capsysbinary):
    """Run `chatlog channels`: its status, stdout and stderr."""

    def call(*arguments):
        status = run(["channels", "--archive", str(archive), "--tz", "UTC", *arguments])
        out, err = capsysbinary.readouterr()
        return status, out.decode(), err.decode()

    return call


@pytest.fixture
def objects(channels):
    def call(*arguments):
        status, out, err = channels("--json", *arguments)
        assert (status, err) == (0, "")
        return [json.loads(line) for line in out.splitlines()]

    return call


def test_each_channel_is_a_row_with_its_lines_its_size_and_the_heard_share(channels, archive):
    record(archive, *(event_at(each, f"text {each}") for each in range(3)))
    record(archive, event_at(DAY, "later", target="#other"))
    heard = (
        OpenedEntry(at=at(0), server=at(0)),
        ClosedEntry(at=at(60), server=at(60), cause="unwanted"),
        UnwantedEntry(at=at(60), server=at(60)),
    )
    ledger.append(UNSYNCED, archive / "net" / "#c", heard)
    size = sum(path.stat().st_size for path in (archive / "net" / "#c").glob("2*"))
    status, out, err = channels()
    assert (status, err) == (0, "")
    head, first, second = out.splitlines()
    assert head.split("  ")[0] == "channel"
    assert first.split() == [
        *("net/#c", "2026-11-23", "2026-11-23", "00:00", "3", str(size), "B", "100", "%"),
    ]
    assert second.split()[:5] == ["net/#other", "2026-11-24", "2026-11-24", "00:00", "1"]
    assert second.split()[-1] == "unknown"


@pytest.mark.parametrize("name", sorted(each.name for each in ARCHIVES.glob("[a-z]*")))
def test_the_lines_and_times_are_those_of_the_events_sealed_or_not(
    channels, archive, capsysbinary, name
):
    shutil.copytree(ARCHIVES / name / "archive", archive)
    status, out, err = channels("--json", "*", "@server")
    if name == "killed":  # while it wrote to a MANIFEST
        torn = archive / "three" / "#a" / "MANIFEST"
        assert (status, err.splitlines()[0]) == (1, f"chatlog: 1 line of {torn} could not be read")
    else:
        assert (status, err) == (0, "")
    found = [json.loads(line) for line in out.splitlines()]
    assert found
    for each in found:
        arguments = ["--json", "-n", "100000", "--archive", str(archive)]
        run(["tail", *arguments, f"{each['network']}/{each['target']}"])
        out = capsysbinary.readouterr().out
        times = [json.loads(line)["time"] for line in out.splitlines()]
        assert each["events"] == len(times), each
        if name != "text":  # whose grain is a second
            assert (each["since"], each["until"]) == (min(times), max(times))


def test_a_sealed_segment_is_not_read(objects, archive):
    record(archive, event_at(0, "one"), event_at(1, "two"))
    tend(archive)
    (sealed,) = (archive / "net" / "#c").glob("*.gz")
    sealed.write_bytes(bytes(sealed.stat().st_size))
    (found,) = objects()
    assert (found["events"], found["since"], found["until"]) == (2, at(0), at(1))


@pytest.mark.parametrize("compress", ["none", "gzip"])
def test_lines_are_counted_once_wherever_sealing_was_killed(objects, archive, compress):
    for nth in count(1):
        shutil.rmtree(archive, ignore_errors=True)
        for part, via in enumerate(("", "chathistory", "")):
            record(archive, *(event_at(part * 10 + each, via=via) for each in range(3)))
        calls = Fragile(nth, "stop after")
        with suppress(Stopped):
            tend(archive, compress=compress, system=calls.system)
        calls.bury()
        (channel,) = objects()
        assert channel["events"] == 9, nth
        if not calls.gone:
            break


def test_a_channel_that_a_recorder_holds_is_recorded_now_with_its_process(
    objects, channels, archive
):
    record(archive, event_at(0, "one"), event_at(1, "two", target="#other"))
    status = run_status(network_status("net"), started=at(0), updated=at(1))
    told = RunFile(archive, run_name(status.started, status.pid))
    told.write(encode(status))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(archive)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    try:
        states = {each["target"]: (each["recorded"], each["pid"]) for each in objects()}
        assert states == {"#c": (True, status.pid), "#other": (False, None)}
        assert channels("c")[1].splitlines()[1].endswith("recorded")
    finally:
        holder.communicate()
        told.close()


@pytest.mark.parametrize(
    ("events", "pid"), [({}, None), ({"#c": 3}, 1), ({"#other": 1}, None)], ids=str
)
def test_of_two_recorders_of_a_network_the_one_with_events_of_a_channel_is_named(
    objects, archive, events, pid
):
    record(archive, event_at(0, "one"))
    told = []
    for number, of_run in ((1, events), (2, {})):
        status = run_status(network_status("net", events=of_run), pid=number, started=at(number))
        told.append(RunFile(archive, run_name(status.started, number)))
        told[-1].write(encode(status))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(archive)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    try:
        (channel,) = objects()
        assert (channel["recorded"], channel["pid"]) == (True, pid)
    finally:
        holder.communicate()
        for each in told:
            each.close()


def test_patterns_choose_among_channels_and_without_any_the_server_is_left_out(objects, archive):
    record(
        archive,
        event_at(0, target="#c"), event_at(0, target="ann"), event_at(0, target="@server"),
        event_at(0, network="oftc", target="#c"),
    )  # fmt: skip
    assert [(each["network"], each["target"]) for each in objects()] == [
        ("net", "#c"), ("net", "ann"), ("oftc", "#c"),
    ]  # fmt: skip
    assert [each["target"] for each in objects("net/*", "@server")] == ["#c", "@server", "ann"]
    assert [each["network"] for each in objects("--network", "oftc")] == ["oftc"]


@pytest.mark.parametrize("arguments", [[], ["nowhere"]])
def test_an_archive_that_is_not_there_ends_with_1_and_its_place(channels, archive, arguments):
    status, out, err = channels(*arguments)
    assert (status, out) == (1, "")
    assert f"no archive in {archive}" in err


@pytest.mark.parametrize(
    ("time", "zone"),
    [
        ("9999-12-31T23:59:59.999Z", "Pacific/Kiritimati"),
        ("0001-01-01T00:00:00.000Z", "Pacific/Honolulu"),
    ],
)
def test_a_time_that_no_clock_of_the_zone_shows_is_shown_as_it_is(channels, archive, time, zone):
    path = archive / "net" / "#c" / f"{time[:10]}_001.jsonl"
    path.parent.mkdir(parents=True)
    line = {"time": time, "network": "net", "target": "#c", "type": "message", "text": "far"}
    path.write_text(json.dumps(line) + "\n")
    status, out, err = channels("--tz", zone)
    assert (status, err) == (0, "")
    assert out.splitlines()[1].split()[:3] == ["net/#c", time[:10], time[:16]]


def test_a_channel_without_a_line_is_listed_with_nothing(channels, objects, archive):
    record(archive, event_at(0, "one"))
    (archive / "net" / "#c" / "2026-11-23_001.jsonl").write_bytes(b"")
    (found,) = objects()
    assert (found["events"], found["since"], found["until"]) == (0, None, None)
    assert channels()[1].splitlines()[1].split()[:2] == ["net/#c", "0"]


def test_a_line_that_is_no_event_is_named_not_counted_and_ends_with_1(channels, archive):
    record(archive, *(event_at(each, f"text {each}") for each in range(200)))
    (path,) = (archive / "net" / "#c").glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:100], b"\xff{\n", *lines[100:]]))
    status, out, err = channels("--json")
    assert json.loads(out)["events"] == 200
    assert (status, err) == (
        1,
        (
            f"chatlog: 1 line of {path} could not be read\n"
            "chatlog: 1 line could not be read, and is not counted;"
            " `chatlog verify` names the places\n"
        ),
    )


@pytest.mark.parametrize("name", ["MANIFEST", "LEDGER"])
def test_a_damaged_record_of_a_channel_is_named_and_the_others_are_listed(channels, archive, name):
    record(archive, event_at(0, "one"), event_at(0, "one", target="#other"))
    (archive / "net" / "#c" / name).write_bytes(b"5\n")
    status, out, err = channels("--json")
    assert [json.loads(line)["events"] for line in out.splitlines()] == [1, 1]
    assert (status, err.splitlines()[0]) == (
        1, f"chatlog: 1 line of {archive}/net/#c/{name} could not be read"
    )  # fmt: skip


def test_a_damaged_run_file_is_named_once_for_all_channels(channels, archive):
    record(archive, event_at(0, "one"), event_at(0, "one", target="#other"))
    run_file = archive / ".runs" / "2026-11-23T182001.123Z-12.json"
    run_file.parent.mkdir()
    run_file.write_bytes(b"5")
    status, out, err = channels("--json")
    assert (status, out.count("\n"), err.count(str(run_file)), err.count("\n")) == (0, 2, 1, 1)
