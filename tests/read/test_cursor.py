"""A cursor: over any number of readers every event comes once, whatever happens between them."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatlog.archive.compression import COMPRESSIONS
from chatlog.errors import TranscriptError
from chatlog.formats import jsonl
from chatlog.read import catalog, lines, reader, sealed_reader
from chatlog.read.cursor import Cursor
from chatlog.read.reader import Reader
from tests.support.archive import event_at, record
from tests.support.crashing import Fragile, Stopped
from tests.support.examples import examples_times
from tests.support.tending import DAY, LONG_AFTER, tend

each_way = pytest.mark.parametrize("compress", list(COMPRESSIONS))


class Reading:
    """A reader that goes on at a cursor."""

    def __init__(self, root, path, *patterns):
        self.reader = Reader(root, patterns)
        self.cursor = Cursor(self.reader, str(path))
        self.went_on = self.cursor.restore()

    def piece(self):
        """Read some, without noting it."""
        return [entry.event.text for entry in self.reader.new()]

    def rest(self):
        """Read all that there is, and note each piece as the command does."""
        found = []
        while piece := self.piece():
            self.cursor.keep()
            found += piece
        self.cursor.keep()
        return found


@pytest.fixture
def place(tmp_path):
    return tmp_path / "cursor"


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def in_small_pieces(monkeypatch):
    make_pieces_small(monkeypatch)


def make_pieces_small(monkeypatch):
    for module in (lines, reader, sealed_reader):
        monkeypatch.setattr(module, "_AT_ONCE", 150)


def read(archive, place, *patterns):
    return Reading(archive, place, *patterns).rest()


def names_in(directory):
    return sorted(path.name for path in directory.iterdir())


# -- over restarts -----------------------------------------------------------------------


def test_at_first_everything_is_read_and_then_what_is_new(archive, place):
    record(archive, event_at(1, "one"), event_at(DAY, "two"))
    assert not Reading(archive, place).went_on
    assert read(archive, place) == ["one", "two"]
    assert Reading(archive, place).went_on
    assert read(archive, place) == []
    record(archive, event_at(DAY + 1, "three"), event_at(2 * DAY, "four"))
    record(archive, event_at(3, "fetched", via="chathistory"), event_at(4, "new", target="#new"))
    assert sorted(read(archive, place)) == ["fetched", "four", "new", "three"]
    assert read(archive, place) == []


@each_way
def test_a_period_that_is_sealed_meanwhile_brings_only_what_was_not_read_of_it(
    archive, place, compress
):
    record(archive, event_at(0, "one"), event_at(5, "two"))
    record(archive, event_at(3, "fetched", via="playback"))
    assert sorted(read(archive, place)) == ["fetched", "one", "two"]
    record(archive, event_at(6, "three"))
    record(archive, event_at(4, "fetched later", via="playback"))
    tend(archive, compress=compress)
    assert read(archive, place) == ["fetched later", "three"]
    assert read(archive, place) == []


@each_way
def test_a_part_of_history_that_was_never_seen_comes_whole_out_of_a_sealed_period(
    archive, place, compress
):
    record(archive, event_at(10, "live"))
    assert read(archive, place) == ["live"]
    record(archive, *(event_at(at, f"old {at}", via="playback") for at in (1, 20)))
    tend(archive, compress=compress)
    assert read(archive, place) == ["old 1", "old 20"]


@each_way
@pytest.mark.usefixtures("in_small_pieces")
def test_the_middle_of_a_part_is_found_again_in_the_sealed_segment(archive, place, compress):
    record(archive, *(event_at(at, f"{at}") for at in range(9)))
    record(archive, *(event_at(at + 0.5, f"{at}.5", via="playback") for at in (7, 1, 3)))
    first = Reading(archive, place)
    found = first.piece() + first.piece()
    first.cursor.keep()
    assert 0 < len(found) < 9
    tend(archive, compress=compress)
    found += read(archive, place)
    assert sorted(found) == sorted([*map(str, range(9)), "1.5", "3.5", "7.5"])


@each_way
@pytest.mark.usefixtures("in_small_pieces")
def test_the_middle_of_a_sealed_segment_is_a_place_to_go_on_from(archive, place, compress):
    record(archive, *(event_at(at, f"{at}") for at in range(20)))
    tend(archive, compress=compress)
    found = []
    while piece := (reading := Reading(archive, place)).piece():
        reading.cursor.keep()
        found += piece
    assert found == [str(at) for at in range(20)]


def test_lines_that_are_equal_are_as_many_as_were_said(archive, place):
    record(archive, event_at(1, "same"), event_at(1, "same"))
    assert read(archive, place) == ["same", "same"]
    record(archive, event_at(1, "same"))
    record(archive, event_at(1, "old", via="playback"))
    tend(archive)
    assert sorted(read(archive, place)) == ["old", "same"]


def test_two_formats_beside_each_other_bring_each_event_once(archive, place):
    formats = ("jsonl", "text")
    record(archive, event_at(1, "one"), formats=formats)
    assert read(archive, place) == ["one"]
    record(archive, event_at(2, "two"), formats=formats)
    tend(archive)
    assert read(archive, place) == ["two"]
    assert read(archive, place) == []


@each_way
def test_an_archive_of_text_alone_is_gone_on_with_through_sealing(archive, place, compress):
    record(archive, event_at(1, "one"), formats=("text",))
    assert read(archive, place) == ["one"]
    record(archive, event_at(2, "two"), formats=("text",))
    tend(archive, compress=compress)
    assert read(archive, place) == ["two"]
    assert read(archive, place) == []


def test_what_retention_removed_is_not_missed(archive, place):
    record(archive, event_at(1, "one"), event_at(300 * DAY, "two"))
    assert read(archive, place) == ["one", "two"]
    tend(archive, now="2027-10-01T00:00:00.000Z", keep=60 * DAY)
    assert read(archive, place) == []
    assert "2026-11-23" not in place.read_text()
    record(archive, event_at(2, "of that day again, and longer than what there was of it before"))
    assert len(read(archive, place)) == 1


@pytest.mark.parametrize("formats", [("jsonl",), ("text",)])
@pytest.mark.parametrize("others", [["two"], ["two", "three"], ["a longer one"]], ids=" ".join)
def test_a_segment_of_the_name_of_another_is_read_from_its_beginning(
    archive, place, formats, others
):
    record(archive, event_at(1, "one"), formats=formats)
    assert read(archive, place) == ["one"]
    (segment,) = archive.rglob("*_001.*")
    segment.unlink()
    record(archive, *(event_at(1, other) for other in others), formats=formats)
    assert read(archive, place) == others


@pytest.mark.parametrize("others", [["two", "three"], ["2"]], ids=" ".join)
def test_a_segment_that_is_written_anew_under_its_reader_is_read_from_its_beginning(
    archive, place, others
):
    record(archive, event_at(1, "one"))
    reading = Reading(archive, place)
    assert reading.rest() == ["one"]
    (segment,) = archive.rglob("*_001.jsonl")
    segment.write_bytes(jsonl.encode([event_at(1, other) for other in others]))
    assert reading.rest() == others
    assert read(archive, place) == []


@each_way
@pytest.mark.usefixtures("in_small_pieces")
def test_between_any_two_pieces_a_period_may_be_sealed(tmp_path, compress):
    everything = [*(f"live {at}" for at in range(5)), *(f"old {at}" for at in range(5))]
    for pieces in range(8):
        root = tmp_path / str(pieces)
        record(root, *(event_at(at, f"live {at}") for at in range(5)))
        record(root, *(event_at(at, f"old {at}", via="playback") for at in range(5)))
        reading = Reading(root, tmp_path / f"cursor {pieces}")
        found = [text for _ in range(pieces) for text in reading.piece()]
        reading.cursor.keep()
        tend(root, compress=compress)
        again = Reading(root, tmp_path / f"cursor {pieces}")
        assert sorted(found + reading.rest()) == everything, pieces
        assert sorted(found + again.rest()) == everything, pieces


@each_way
def test_a_copy_of_the_archive_is_gone_on_with(archive, place, tmp_path, compress):
    record(archive, event_at(1, "one"))
    record(archive, event_at(2, "two", via="playback"))
    tend(archive, compress=compress)
    record(archive, event_at(DAY, "three"))
    assert read(archive, place) == ["one", "two", "three"]
    copy = shutil.copytree(archive, tmp_path / "copy")
    record(copy, event_at(DAY + 1, "four"))
    assert read(copy, place) == ["four"]


def test_an_archive_that_is_away_for_a_time_is_not_read_again(archive, place, tmp_path):
    record(archive, event_at(1, "one"))
    assert read(archive, place) == ["one"]
    archive.rename(tmp_path / "unmounted")
    assert read(archive, place) == []
    waiting = Reading(archive, place)
    assert waiting.rest() == []
    (tmp_path / "unmounted").rename(archive)
    record(archive, event_at(2, "two"))
    assert waiting.rest() == ["two"]


def test_targets_that_are_not_asked_for_now_stay_where_they_were(archive, place):
    record(archive, event_at(1, "a", target="#a"), event_at(2, "b", target="#b"))
    assert read(archive, place, "#a") == ["a"]
    assert read(archive, place, "#b") == ["b"]
    assert read(archive, place) == []


@each_way
@pytest.mark.parametrize("mode", ["stop before", "stop after"])
def test_wherever_a_seal_stops_each_event_comes_once(tmp_path, compress, mode):
    def begun(root):
        record(root, event_at(0, "one"))
        record(root, event_at(3, "old", via="playback"))
        reading = read(root, root / "cursor")
        record(root, event_at(6, "two"))
        return reading

    counting = Fragile()
    begun(tmp_path / "count")
    tend(tmp_path / "count", compress=compress, system=counting.system)
    for nth in range(1, counting.count + 1):
        root = tmp_path / str(nth)
        found = begun(root)
        fragile = Fragile(nth, mode)
        with pytest.raises(Stopped):
            tend(root, compress=compress, system=fragile.system)
        fragile.bury()
        found += read(root, root / "cursor")
        tend(root, compress=compress)
        found += read(root, root / "cursor")
        assert sorted(found) == ["old", "one", "two"], nth


@each_way
def test_a_list_of_files_that_has_neither_the_part_nor_the_sealed_one_loses_nothing(
    archive, place, compress, monkeypatch
):
    record(archive, event_at(0, "one"))
    record(archive, event_at(1, "old", via="playback"))
    reading = Reading(archive, place)
    assert reading.rest() == ["one", "old"]
    record(archive, event_at(2, "two"))
    tend(archive, compress=compress)
    real = catalog.scan
    monkeypatch.setattr(
        catalog, "scan", lambda path: [item for item in real(path) if "_00" not in item.name]
    )
    assert reading.rest() == []
    again = Reading(archive, place)
    assert again.rest() == []
    monkeypatch.undo()
    assert reading.rest() == ["two"]
    assert again.rest() == ["two"]


def test_much_that_was_never_read_comes_in_pieces_the_earliest_first(archive, place):
    for day in range(20):
        for target in ("#a", "#b"):
            events = (event_at(day * DAY + at, "x" * 1000, target=target) for at in range(60))
            record(archive, *events)
    reading = Reading(archive, place)
    pieces = []
    while found := reading.reader.new():
        assert sum(len(entry.line) for entry in found) < 600_000
        times = [entry.event.time for entry in found]
        assert times == sorted(times)
        pieces.append(times)
    assert len(pieces) > 5
    assert [times[0][:10] for times in pieces] == sorted(times[0][:10] for times in pieces)
    assert sum(map(len, pieces)) == 2400


# -- the file ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        b"hello",
        b"hello\n",
        b'{"version":1}\n',
        b"\xff\xfe\n",
        b"[]\n",
        b'{"version":1,"targets":[]}\n',
    ],
    ids=repr,
)
def test_what_is_no_cursor_is_said_and_left_as_it_is(archive, place, damage):
    record(archive, event_at(1, "one"))
    place.write_bytes(damage)
    with pytest.raises(TranscriptError, match="is no cursor of chatlog; name another file"):
        read(archive, place)
    assert place.read_bytes() == damage


def test_a_cursor_of_a_later_version_is_left_to_that(archive, place):
    place.write_text('{"version":2,"targets":{}}\n')
    with pytest.raises(TranscriptError, match="is of a later version of chatlog"):
        read(archive, place)


def test_an_empty_file_is_a_cursor_at_the_beginning(archive, place):
    place.touch()
    record(archive, event_at(1, "one"))
    assert read(archive, place) == ["one"]
    assert read(archive, place) == []


@pytest.mark.usefixtures("in_small_pieces")
def test_what_a_kill_cut_off_is_passed_over(archive, place):
    record(archive, *(event_at(at, f"{at}") for at in range(9)))
    everything = read(archive, place)
    whole = place.read_bytes()
    first = whole.index(b"\n") + 1
    assert len(whole.splitlines()) > 1, "each piece adds a line"
    for end in range(first, len(whole) + 1):
        place.write_bytes(whole[:end])
        rest = read(archive, place)
        assert rest == everything[len(everything) - len(rest) :]
        assert (rest == []) == (end == len(whole))


def test_a_cursor_that_cannot_be_written_is_reported_with_its_path(archive, tmp_path):
    record(archive, event_at(1, "one"))
    with pytest.raises(TranscriptError, match=r"cannot write .*/nowhere/cursor: No such file"):
        read(archive, tmp_path / "nowhere" / "cursor")
    with pytest.raises(TranscriptError, match=r"cannot read .*: Is a directory"):
        read(archive, tmp_path)


@pytest.mark.parametrize("harm", ["removed", "added to", "emptied"])
def test_a_file_that_somebody_changed_meanwhile_is_written_anew(archive, place, harm):
    record(archive, event_at(1, "one"))
    reading = Reading(archive, place)
    reading.rest()
    if harm == "removed":
        place.unlink()
    else:
        place.write_bytes(place.read_bytes() + b"more" if harm == "added to" else b"")
    record(archive, event_at(2, "two"))
    assert reading.rest() == ["two"]
    assert read(archive, place) == []


def test_a_line_that_goes_on_where_nothing_was_is_no_cursor(archive, place):
    record(archive, event_at(1, "one"))
    reading = Reading(archive, place)
    reading.rest()
    record(archive, event_at(2, "two"))
    reading.rest()
    place.write_bytes(place.read_bytes().splitlines(keepends=True)[-1])
    with pytest.raises(TranscriptError, match="is no cursor of chatlog"):
        read(archive, place)


def test_no_file_is_left_beside_a_cursor(archive, place):
    record(archive, event_at(1, "one"))
    read(archive, place)
    assert names_in(place.parent) == ["archive", "cursor"]
    place.unlink()
    place.mkdir()
    (place / "something").touch()
    reading = Reader(archive)
    cursor = Cursor(reading, str(place))
    reading.new()
    with pytest.raises(TranscriptError, match="cannot write"):
        cursor.keep()
    assert names_in(place.parent) == ["archive", "cursor"]


def test_a_cursor_file_is_not_touched_while_no_event_comes(archive, place):
    record(archive, event_at(1, "one"))
    reading = Reading(archive, place)
    reading.rest()
    before = place.stat()
    assert reading.rest() == []
    assert read(archive, place) == []
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_cursor_file_grows_a_little_a_read_and_is_rewritten_before_it_is_long(archive, place):
    record(archive, event_at(0, "0"))
    reading = Reading(archive, place)
    reading.rest()
    sizes = []
    for at in range(1, 700):
        record(archive, event_at(at, str(at)))
        assert reading.rest() == [str(at)]
        sizes.append(place.stat().st_size)
    steps = [after - before for before, after in itertools.pairwise(sizes)]
    assert max(steps) < 200
    assert min(steps) < 0
    assert max(sizes) < 80_000
    assert read(archive, place) == []


def test_sealed_segments_leave_no_digests_in_it(archive, place):
    record(archive, *(event_at(at, f"{at}") for at in range(500)))
    read(archive, place)
    tend(archive)
    read(archive, place)
    [line] = place.read_bytes().splitlines()
    assert list(json.loads(line)["targets"]["net/#c"]) == ["2026-11-23_001.jsonl.gz"]
    assert len(line) < 200


# -- whatever happens ----------------------------------------------------------------------

where = st.sampled_from(["#a", "#b", "ann"])
ways = st.sampled_from(list(COMPRESSIONS))


class Restarts(RuleBasedStateMachine):
    """A recorder, a keeper that seals, and readers that come and go with one cursor."""

    def __init__(self):
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.root = self.place / "archive"
        self.root.mkdir()
        self.patch = pytest.MonkeyPatch()
        make_pieces_small(self.patch)
        self.now = self.number = 0
        self.late = False
        self.recorded = []
        self.seen = []
        self.restart()

    @initialize(formats=st.sampled_from([("jsonl",), ("jsonl",), ("jsonl", "text"), ("text",)]))
    def begin(self, formats):
        self.formats = formats

    def _record(self, events, **storage):
        record(self.root, *events, formats=self.formats, **storage)
        self.recorded += [event.text for event in events]

    def _text(self):
        self.number += 1
        return f"{self.number:04d}"

    @rule(
        spot=where,
        pauses=st.lists(st.sampled_from([0, 1, 1, 60, -2, 40_000]), min_size=1, max_size=6),
        rotate_size=st.sampled_from([None, None, 300]),
    )
    def say(self, spot, pauses, rotate_size):
        events = []
        for pause in pauses:
            self.now = max(0, self.now + pause)
            events.append(event_at(self.now, self._text(), target=spot))
        self._record(events, rotate_size=rotate_size)

    @rule(spot=where, times=st.lists(st.floats(0, 1), min_size=1, max_size=6))
    def fetch(self, spot, times):
        fetched = [
            event_at(time * self.now, self._text(), target=spot, via="chathistory")
            for time in times
        ]
        self._record(fetched)

    @rule(compress=ways, everything=st.booleans())
    def seal(self, compress, everything):
        self.late |= everything
        if self.recorded:
            now = LONG_AFTER if self.late else "2026-11-24T12:00:00.000Z"
            tend(self.root, compress=compress, now=now)

    @rule(compress=ways)
    def remove_what_was_read(self, compress):
        self.read_all()
        if self.recorded:
            self.late = True
            tend(self.root, compress=compress, keep=30 * DAY)
        self.read_all()

    @rule()
    def copy(self):
        elsewhere = self.place / f"copy {len(list(self.place.iterdir()))}"
        shutil.copytree(self.root, elsewhere)
        self.root = elsewhere
        self.restart()

    @rule(pieces=st.integers(1, 4))
    def read_some(self, pieces):
        for _ in range(pieces):
            self.seen += self.reading.piece()
            self.reading.cursor.keep()

    @rule()
    def read_all(self):
        self.seen += self.reading.rest()

    @rule()
    def restart(self):
        self.reading = Reading(self.root, self.place / "cursor")

    @rule(pieces=st.integers(1, 3))
    def be_killed_before_it_is_kept(self, pieces):
        for _ in range(pieces):
            self.reading.piece()
        self.restart()

    @invariant()
    def nothing_comes_twice(self):
        assert len(set(self.seen)) == len(self.seen)

    def teardown(self):
        try:
            self.read_all()
            assert sorted(self.seen) == self.recorded
            self.restart()
            assert self.reading.rest() == []
            assert not self.reading.reader.damaged
        finally:
            self.patch.undo()
            shutil.rmtree(self.place)


TestRestarts = Restarts.TestCase
TestRestarts.settings = settings(examples_times(0.6), stateful_step_count=25)


# -- events that were handled one by one ---------------------------------------------------


def handle(reading, count):
    """Read a piece, and note only its first events, as a run does that is killed in it."""
    entries = [each for each in reading.reader.new() if not reading.cursor.was_done(each)]
    for entry in entries[:count]:
        reading.cursor.note([entry])
    return [entry.event.text for entry in entries[:count]]


def rest_of(reading):
    """Read all that there is; return the texts of the events that no run before noted."""
    found = []
    while entries := reading.reader.new():
        found += [each.event.text for each in entries if not reading.cursor.was_done(each)]
        reading.cursor.keep()
    reading.cursor.keep(at_end=True)
    return found


@pytest.mark.parametrize("sealed", [False, True])
def test_an_event_that_was_noted_does_not_come_again(archive, place, sealed):
    record(archive, event_at(0, "old"))
    Reading(archive, place).rest()
    record(archive, *(event_at(at, f"{at}") for at in range(1, 8)), *[event_at(9, "ha")] * 3)
    assert handle(Reading(archive, place), 2) == ["1", "2"]
    assert handle(Reading(archive, place), 2) == ["3", "4"]
    record(archive, event_at(2, "fetched", via="chathistory"))
    if sealed:
        tend(archive)
    assert handle(Reading(archive, place), 2) == ["fetched", "5"]
    assert handle(Reading(archive, place), 3) == ["6", "7", "ha"]
    record(archive, event_at(10, "new"))
    assert rest_of(Reading(archive, place)) == ["ha", "ha", "new"]
    assert rest_of(Reading(archive, place)) == []
    assert b"done" not in place.read_bytes().splitlines()[-1]


def test_events_that_were_noted_are_known_until_the_reader_has_met_them(archive, place):
    record(archive, event_at(0, "old"), event_at(0, "old", target="#d"))
    Reading(archive, place).rest()
    record(archive, event_at(1, "1"), event_at(2, "2", target="#d"))
    assert handle(Reading(archive, place), 2) == ["1", "2"]
    assert rest_of(Reading(archive, place, "#c")) == []
    second = Reading(archive, place)
    assert rest_of(second) in ([], ["2"])  # at the end of #c nobody knew that #d has more


def test_before_the_first_position_nothing_is_noted(archive, place):
    record(archive, event_at(0, "one"))
    assert handle(Reading(archive, place), 1) == ["one"]
    assert not place.exists()


def test_a_note_that_is_cut_is_no_cursor(archive, place):
    record(archive, event_at(0, "one"))
    Reading(archive, place).rest()
    with place.open("ab") as file:
        file.write(b'{"version":1,"targets":{},"done":"AAAA"}\n')
    with pytest.raises(TranscriptError, match="is no cursor of chatlog"):
        Reading(archive, place)
