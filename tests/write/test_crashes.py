"""Whatever call fails, wherever the process stops: no line lost, none twice, all files whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chatlog.archive.compression import COMPRESSIONS
from chatlog.archive.inventory import Inventory
from chatlog.archive.layout import parse_segment
from chatlog.archive.rules import Rules
from chatlog.errors import TranscriptError
from chatlog.upkeep.holding import NOBODY, Holding
from chatlog.upkeep.tending import tender_of
from chatlog.upkeep.verify import Verifier
from chatlog.write.writer import Storage, Writer
from tests.support.archive import UNSYNCED, append_to_manifest, event_at
from tests.support.crashing import MODES, Fragile, Stopped, lines_of, order_in, texts_in
from tests.support.examples import examples_times

DAY = 86_400
LONG_AFTER = "2027-06-01T00:00:00.000Z"
NEXT_DAY = "2026-11-24T00:02:00.000Z"
LATE = 1_795_000_000  # the mtime of a file that nothing was added to for long


class Life:
    """A recorder that writes numbered lines, and remembers which of them were promised to last."""

    def __init__(self, root, system, **storage):
        self.root = root
        self.written = 0
        self.promised = []
        self.pending = []
        self.retained = False
        self.storage = Storage(root=root, rotate_size=400, **storage)
        self.open(system)

    def open(self, system):
        self.writer = Writer(self.storage, system=system)
        with contextlib.suppress(TranscriptError):
            self.writer.set_casemapping("net", "rfc1459")

    def say(self, count, seconds=0, target="#a", **fields):
        for _ in range(count):
            text = f"{self.written:05d}"
            self.pending.append(text)
            self.writer.write(event_at(seconds, text, target=target, **fields))
            self.written += 1
        with contextlib.suppress(TranscriptError):
            self.writer.flush()
        if not self.writer.in_trouble:
            self.promised += self.pending
            self.pending.clear()

    def tick(self, now=NEXT_DAY):
        with contextlib.suppress(TranscriptError):
            self.writer.tick(now)

    def tend(self, keep=None):
        """Seal and remove as a recorder does, when all is old enough."""
        self.retained |= keep is not None
        for path in self.root.rglob("*_*"):
            if path not in self.writer.active:
                os.utime(path, (LATE, LATE))
        storage = Storage(
            root=self.root, rotate_size=400, keep=keep, compress=self.storage.compress
        )
        tender = tender_of(storage, self.writer.system, self.writer.locks)
        held = Holding(active=self.writer.active)
        for done in tender.tend(tender.all(), lambda _: held, LONG_AFTER):
            self.failed = done.failed

    def end(self):
        """End as well as it goes; what was refused is tried again."""
        for _ in range(3):
            with contextlib.suppress(TranscriptError):
                self.writer.retry()
        if not self.writer.in_trouble:
            self.promised += self.pending
            self.pending.clear()
        with contextlib.suppress(TranscriptError):
            self.writer.close()


def live(life):
    """Do everything that a recorder does to an archive."""
    life.say(3)
    life.say(2, target="#b")
    life.say(3, seconds=1)  # the second part
    life.say(2, seconds=2, via="playback")
    life.tend()
    life.say(1, seconds=3)
    life.tick()
    life.tend()
    life.say(2, seconds=4)  # late for a period that is sealed
    life.say(2, seconds=DAY)
    life.tick()
    life.tick("2026-11-24T00:20:00.000Z")  # when history was quiet for long enough
    life.tend()
    life.end()


def live_in_classes(life):
    """Do so with events of classes that are kept for different times."""
    for number in range(6):
        life.say(1, seconds=number, type=("message", "away", "topic")[number % 3])
    life.say(2, seconds=6, type="away", via="playback")
    life.tend()
    life.tick()
    life.tend()
    life.say(1, seconds=7, type="away")  # late for a period that is sealed
    life.say(1, seconds=DAY, type="away")
    life.tick()
    life.end()


def chain_holds(directory):
    previous = ""
    for line in (directory / "MANIFEST").read_bytes().splitlines(keepends=True):
        entry = json.loads(line)
        assert entry["previous"] == previous
        previous = hashlib.sha256(line).hexdigest()


def check(life):
    """See that what is left is whole, once a recorder has been there again."""
    found = texts_in(life.root)
    counts = sum(found.values(), start=Counter())
    assert all(count == 1 for count in counts.values()), "nothing is there twice"
    missing = [text for text in life.promised if text not in counts]
    assert not missing or life.retained
    for _, texts in order_in(life.root):
        assert texts == sorted(texts) or life.storage.formats != ("jsonl",)
    for path in life.root.rglob("MANIFEST"):
        chain_holds(path.parent)
        inventory = Inventory(path.parent)
        sums = path.with_name("SHA256SUMS")
        assert (sums.read_bytes() if sums.exists() else b"") == inventory.sums()
        for name, entry in inventory.sealed.items():
            assert hashlib.sha256((path.parent / name).read_bytes()).hexdigest() == entry.sha256
        assert not [name for name in inventory.names if name.startswith(".")]


def lived(root, fragile, live=live, **storage):
    life = None
    with contextlib.suppress(Stopped):
        life = Life(root, fragile.system, **storage)
        live(life)
    fragile.bury()
    return life


def come_back(life):
    """Record on after a crash, as the next run would."""
    life.pending.clear()
    life.open(UNSYNCED)
    life.say(1, seconds=5)
    life.say(1, seconds=5, target="#b")
    life.tick()
    life.tend()
    life.end()
    assert life.failed == []


@pytest.mark.parametrize("compress", list(COMPRESSIONS))
def test_a_whole_life_leaves_every_line_once_and_everything_sealed(tmp_path, compress):
    life = lived(tmp_path, Fragile(), compress=compress)
    check(life)
    assert len(life.promised) == life.written == 15
    for name in ("#a", "#b"):
        inventory = Inventory(tmp_path / "net" / name)
        over = [segment for segment in inventory.segments if segment.period == "2026-11-23"]
        assert over
        assert all(inventory.is_sealed(segment) for segment in over)


@pytest.mark.parametrize("compress", ["gzip", "none"])
@pytest.mark.parametrize("mode", MODES)
def test_each_call_may_fail_or_be_the_last_and_no_promise_is_broken(tmp_path, mode, compress):
    counting = Fragile()
    lived(tmp_path / "count", counting, compress=compress)
    for nth in range(1, counting.count + 1):
        root = tmp_path / str(nth)
        fragile = Fragile(nth, mode)
        life = lived(root, fragile, compress=compress)
        if life is None or life.writer is None:
            continue
        if mode == "fail":
            assert len(life.promised) == life.written, nth
        come_back(life)
        check(life)


@pytest.mark.parametrize("mode", MODES)
def test_each_call_may_fail_or_be_the_last_while_classes_are_written_apart(tmp_path, mode):
    rules = Rules(keep={"presence": DAY, "topic": 2 * DAY})
    counting = Fragile()
    life = lived(tmp_path / "count", counting, live_in_classes, rules=rules)
    assert len(life.promised) == life.written == 10
    for nth in range(1, counting.count + 1):
        root = tmp_path / str(nth)
        life = lived(root, Fragile(nth, mode), live_in_classes, rules=rules)
        if life is None or life.writer is None:
            continue
        if mode == "fail":
            assert len(life.promised) == life.written, nth
        come_back(life)
        check(life)
        names = [parse_segment(path.name) for path in root.glob("net/#a/2*")]
        version = (root / "FORMAT").read_text() if (root / "FORMAT").exists() else ""
        assert "version 2" in version or not any(name.of_class for name in names if name), nth


@pytest.mark.parametrize("mode", MODES)
def test_each_call_of_a_removal_may_fail_or_be_the_last(tmp_path, mode):
    def run(root, fragile):
        life = Life(root, UNSYNCED)
        live(life)
        life.open(fragile.system)
        with contextlib.suppress(Stopped):
            life.tend(keep=60 * DAY)
            life.end()
        fragile.bury()
        return life

    counting = Fragile()
    assert texts_in(run(tmp_path / "count", counting).root) == {}
    for nth in range(1, counting.count + 1):
        life = run(tmp_path / str(nth), Fragile(nth, mode))
        life.open(UNSYNCED)
        life.tend(keep=60 * DAY)
        life.end()
        check(life)
        assert texts_in(life.root) == {}


class Lives(RuleBasedStateMachine):
    """Recorders that come and go, each with one call that does not go well."""

    def __init__(self):
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.fragile = Fragile()
        self.life = Life(self.place, self.fragile.system)

    def _try(self, action):
        try:
            action()
        except Stopped:
            self._again(Fragile())

    def _again(self, fragile):
        self.fragile.bury()
        self.fragile = fragile
        self.life.pending.clear()
        try:
            self.life.open(fragile.system)
        except Stopped:
            self._again(Fragile())

    @rule(nth=st.integers(1, 60), mode=st.sampled_from(MODES))
    def begin_anew(self, nth, mode):
        self._try(self.life.end)
        self._again(Fragile(nth, mode))

    @rule(nth=st.integers(1, 60), mode=st.sampled_from(MODES))
    def be_killed(self, nth, mode):
        self._again(Fragile(nth, mode))

    @rule(
        count=st.integers(1, 5),
        seconds=st.sampled_from([0, 1, DAY]),
        where=st.sampled_from(["#a", "#b"]),
        via=st.sampled_from(["", "", "chathistory"]),
    )
    def say(self, count, seconds, where, via):
        self._try(lambda: self.life.say(count, seconds, where, via=via))

    @rule()
    def retry(self):
        def retry():
            with contextlib.suppress(TranscriptError):
                self.life.writer.retry()

        self._try(retry)

    @rule(compress=st.sampled_from(list(COMPRESSIONS)))
    def tend(self, compress):
        self.life.storage = Storage(root=self.life.root, rotate_size=400, compress=compress)
        self._try(self.life.tend)

    @rule()
    def tick(self):
        self._try(self.life.tick)

    @invariant()
    def nothing_is_there_twice_where_nobody_stopped_half_way(self):
        assert len(set(self.life.promised)) == len(self.life.promised)

    def teardown(self):
        try:
            self._again(Fragile())
            come_back(self.life)
            found = texts_in(self.life.root)
            counts = sum(found.values(), start=Counter())
            assert set(counts.values()) == {1}
            assert set(self.life.promised) <= set(counts)
        finally:
            shutil.rmtree(self.place)


TestLives = Lives.TestCase
TestLives.settings = settings(examples_times(0.6), stateful_step_count=25)


def test_what_a_later_version_wrote_is_gone_on_with_sealed_and_kept_as_it_is(tmp_path):
    first = Life(tmp_path, UNSYNCED)
    first.say(1)
    first.end()
    (segment,) = tmp_path.rglob("*_001.jsonl")
    place = b'"network":"net","target":"#a"'
    later = b'{"time":"2026-11-23T00:00:00.000Z",%b,"type":"hologram","x":[1]}' % place
    with segment.open("ab") as file:
        file.write(later + b"\n")
    append_to_manifest(segment.parent, entry="hologram", segment=segment.name)
    second = Life(tmp_path, UNSYNCED)
    second.written = 1
    second.say(1)
    second.end()
    assert len(list(tmp_path.rglob("*_0*.jsonl"))) == 1
    second.open(UNSYNCED)
    second.tend()
    second.end()
    (sealed,) = tmp_path.rglob("*.jsonl.gz")
    assert lines_of(sealed)[1] == later
    verifier = Verifier(tmp_path, lambda _more: None)
    assert list(verifier.target(sealed.parent, held=False)) == []


def test_a_live_part_beside_one_of_history_leaves_neither_open_to_sealing(tmp_path):
    life = Life(tmp_path, UNSYNCED)
    life.say(1, via="chathistory")
    life.say(1)
    life.tend()
    life.say(1, via="chathistory")
    assert len(life.writer.active) == 2
    come_back(life)
    check(life)


@pytest.mark.parametrize("compress", list(COMPRESSIONS))
@pytest.mark.parametrize("mode", MODES)
def test_lines_that_come_after_a_seal_stopped_half_way_go_to_a_part_of_their_own(
    tmp_path, mode, compress
):
    def begun(root, fragile):
        first = Life(root, UNSYNCED, compress=compress)
        first.say(2)
        first.end()
        first.open(fragile.system)
        with contextlib.suppress(Stopped):
            first.tend()
            first.say(1)
            first.tend()
        fragile.bury()
        return first

    counting = Fragile()
    begun(tmp_path / "count", counting)
    for nth in range(1, counting.count + 1):
        life = begun(tmp_path / str(nth), Fragile(nth, mode))
        come_back(life)
        check(life)


def test_nobody_is_needed_to_tend_what_no_recorder_holds(tmp_path):
    life = Life(tmp_path, UNSYNCED)
    life.say(3)
    life.end()
    storage = Storage(root=tmp_path)
    tender = tender_of(storage, UNSYNCED, life.writer.locks)
    (segment,) = tmp_path.rglob("*_001.jsonl")
    with segment.open("ab") as file:
        file.write(b'{"time":"2026')
    os.utime(segment, (LATE, LATE))
    for done in tender.tend(tender.all(), lambda _: NOBODY, LONG_AFTER):
        assert [path.name for path in done.mended] == [segment.name]
    life.retained = True
    check(life)
