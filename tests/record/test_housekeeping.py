"""Housekeeping: a recorder seals what ended while it records, and never what it writes to."""

from __future__ import annotations

import asyncio
import json

import pytest

from chatlog.archive import manifest
from chatlog.clock import now
from chatlog.demo.server import Server
from chatlog.record import housekeeping
from tests.support.archive import record
from tests.support.crashing import lines_of
from tests.support.recorded import texts
from tests.support.recording import recorder_of
from tests.support.tending import DAY, age, event_ago, segment_ago

_PATIENCE = 20


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Look every few milliseconds what ended."""
    monkeypatch.setattr(housekeeping, "_LOOK", 0.01)
    monkeypatch.setattr(housekeeping, "_FIRST", 0.05)
    monkeypatch.setattr(housekeeping, "_EVERY", 0.05)


async def until(condition):
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def run(root, story, **storage):
    """Record #demo while a story is told."""

    async def scenario():
        async with Server(clock=now) as server:
            ada = server.person("ada")
            ada.join("#demo")
            settings = {"min_free": 0, **storage}
            recorder = recorder_of(
                root, server.port, storage=settings, session={"channels": ("#demo",)}
            )
            task = asyncio.ensure_future(recorder.run())
            await server.joined("rec", "#demo")
            await story(ada)
            recorder.stop("the test is over")
            await task
            return recorder

    return asyncio.run(scenario())


def messages(root, target="#demo"):
    found = []
    for path in sorted((root / "net" / target).glob("*_*")):
        events = [json.loads(line) for line in lines_of(path)]
        found += [event["text"] for event in events if event["type"] == "message"]
    return found


@pytest.mark.parametrize("compress", ["gzip", "zstd", "none"])
def test_parts_that_ended_for_their_size_are_sealed_while_it_records(tmp_path, compress):
    async def story(ada):
        for number in range(300):
            ada.say("#demo", f"line {number:03d}")
            await asyncio.sleep(0.001)
        await until(lambda: len(sealed()) > 3)
        ada.say("#demo", "the last line")
        await until(lambda: "the last line" in texts(tmp_path, "#demo"))

    def sealed():
        entries = manifest.read(tmp_path / "net" / "#demo")
        return [each["segment"] for each in entries if each["entry"] == "sealed"]

    recorder = run(tmp_path, story, rotate_size=3000, compress=compress)
    assert recorder.errors == 0
    assert messages(tmp_path) == [*(f"line {number:03d}" for number in range(300)), "the last line"]


def test_what_an_earlier_run_left_is_sealed_and_what_is_too_old_removed(tmp_path, caplog):
    record(tmp_path, event_ago(40, "long ago", target="#demo"))
    record(tmp_path, event_ago(5, "lately", target="#demo"))
    age(tmp_path)
    directory = tmp_path / "net" / "#demo"

    async def story(_ada):
        await until((directory / segment_ago(5, "jsonl.gz")).exists)
        await until(lambda: not list(directory.glob(segment_ago(40) + "*")))

    recorder = run(tmp_path, story, keep=30 * DAY)
    assert recorder.errors == 0
    entries = manifest.read(directory)
    assert [each["entry"] for each in entries] == ["sealed", "sealed", "removed"]


def test_what_cannot_be_sealed_is_told_once_and_recording_goes_on(tmp_path, caplog):
    record(tmp_path, event_ago(5, "lately", target="#demo"))
    age(tmp_path)
    directory = tmp_path / "net" / "#demo"
    (directory / "MANIFEST").mkdir()

    async def story(ada):
        await until(lambda: "Is a directory" in caplog.text)
        await asyncio.sleep(0.2)  # several rounds
        ada.say("#demo", "hello")
        await until(lambda: "hello" in texts(tmp_path, "#demo"))

    recorder = run(tmp_path, story)
    assert recorder.errors > 0
    assert caplog.text.count("Is a directory") == 1
