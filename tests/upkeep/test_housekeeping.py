"""Housekeeping: a recorder seals what ended while it records, and never what it writes to."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from chatlog.clock import now
from chatlog.demo.server import Server
from chatlog.read.reader import Reader
from chatlog.upkeep.housekeeping import Rounds
from chatlog.upkeep.verify import Verifier
from tests.support.archive import manifest_of, record
from tests.support.crashing import Fragile, Stopped
from tests.support.recorded import texts
from tests.support.recording import recorder_of
from tests.support.tending import DAY, HOLDER, age, event_ago, segment_ago, tend
from tests.support.waiting import PATIENCE, until

OFTEN = Rounds(first=0.05, every=0.05, look=0.01)
ONCE = Rounds(first=0.05, every=600, look=0.01)
NEVER = Rounds(first=600, every=600, look=600)
SEALER = HOLDER.replace(
    'locks.hold("net", "#c")', "lock = locks.sealing(pathlib.Path(sys.argv[2])); lock.__enter__()"
)
"""Another process, which tends a target."""


def run(root, story, *, rounds=OFTEN, **storage):
    """Record #demo while a story is told."""

    async def scenario():
        async with Server(clock=now) as server:
            ada = server.person("ada")
            ada.join("#demo")
            settings = {"min_free": 0, **storage}
            recorder = recorder_of(
                root,
                server.port,
                storage=settings,
                session={"channels": ("#demo",)},
                rounds=rounds,
            )
            task = asyncio.ensure_future(recorder.run())
            await server.joined("rec", "#demo")
            await story(ada, recorder)
            recorder.stop("the test is over")
            await task
            return recorder

    return asyncio.run(scenario())


def messages(root):
    """Read all messages as readers do: a run may end while its last segment is being sealed."""
    entries = Reader(root, ["#demo"]).last(1000)
    return [each.event.text for each in entries if each.event.type == "message"]


@pytest.mark.parametrize("compress", ["gzip", "zstd", "none"])
def test_parts_that_ended_for_their_size_are_sealed_while_it_records(tmp_path, compress):
    directory = tmp_path / "net" / "#demo"

    async def story(ada, _recorder):
        for first in range(0, 300, 60):
            before = len(sealed())
            for number in range(first, first + 60):
                ada.say("#demo", f"line {number:03d}")
            await until(lambda before=before: len(sealed()) > before)
        ada.say("#demo", "the last line")
        await until(lambda: "the last line" in messages(tmp_path))
        await until(lambda: len(live()) == 1)

    def sealed():
        entries = manifest_of(directory)
        return {each["segment"] for each in entries if each["entry"] == "sealed"}

    def live():
        return {path.name for path in directory.glob("*_*")} - sealed()

    recorder = run(tmp_path, story, rotate_size=3000, compress=compress)
    assert recorder.errors == 0
    assert messages(tmp_path) == [*(f"line {number:03d}" for number in range(300)), "the last line"]


def test_what_an_earlier_run_left_is_sealed_and_what_is_too_old_removed(tmp_path, caplog):
    record(tmp_path, event_ago(40, "long ago", target="#demo"))
    record(tmp_path, event_ago(5, "lately", target="#demo"))
    age(tmp_path)
    directory = tmp_path / "net" / "#demo"

    async def story(_ada, _recorder):
        await until((directory / segment_ago(5, "jsonl.gz")).exists)
        await until(lambda: not list(directory.glob(segment_ago(40) + "*")))

    recorder = run(tmp_path, story, keep=30 * DAY)
    assert recorder.errors == 0
    entries = manifest_of(directory)
    assert [each["entry"] for each in entries] == ["sealed", "sealed", "removed"]


async def _nothing(_ada, _recorder):
    """Let the run end as soon as it has begun."""


def killed_while_it_sealed(root, nth):
    """Make an archive that a run was sealing when it was killed; return whether it was."""
    record(root, event_ago(5, "one", target="#demo"), event_ago(5, "two", target="#demo"))
    record(root, event_ago(5, "old", target="#demo", via="chathistory"))
    fragile = Fragile(nth, "stop after")
    try:
        tend(root, now(), system=fragile.system)
    except Stopped:
        return True
    finally:
        fragile.bury()
    return False


def test_a_run_of_any_length_finishes_what_a_killed_one_was_sealing(tmp_path):
    nth, left = 1, 0
    while killed_while_it_sealed(root := tmp_path / str(nth), nth):
        left += bool(verify(root))
        run(root, _nothing, rounds=NEVER)
        assert verify(root) == [], nth
        assert sorted(messages(root)) == ["old", "one", "two"]
        nth += 1
    assert left > 4


def verify(root):
    verifier = Verifier(root, lambda _more: None)
    return [*verifier.target(root / "net" / "#demo", held=False)]


def test_a_target_that_is_being_tended_elsewhere_is_tended_at_the_next_look(tmp_path):
    record(tmp_path, event_ago(5, "lately", target="#demo"))
    age(tmp_path)
    directory = tmp_path / "net" / "#demo"

    async def story(ada, _recorder):
        for number in range(3):
            ada.say("#demo", f"line {number}")
            await until(lambda number=number: f"line {number}" in texts(tmp_path, "#demo"))
        await asyncio.sleep(0.1)  # the first round has been there, and the next is far
        assert not list(directory.glob("*.gz"))
        other.communicate("", timeout=PATIENCE)
        await until((directory / segment_ago(5, "jsonl.gz")).exists)

    command = [sys.executable, "-c", SEALER, str(tmp_path), str(directory)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as other:
        other.stdout.readline()
        run(tmp_path, story, rounds=ONCE)


def test_what_cannot_be_sealed_is_told_once_and_recording_goes_on(tmp_path, caplog):
    record(tmp_path, event_ago(5, "lately", target="#demo"))
    age(tmp_path)
    directory = tmp_path / "net" / "#demo"
    (directory / "MANIFEST").mkdir()

    async def story(ada, recorder):
        await until(lambda: recorder.errors > 3)
        ada.say("#demo", "hello")
        await until(lambda: "hello" in texts(tmp_path, "#demo"))

    run(tmp_path, story)
    assert caplog.text.count("Is a directory") == 1
