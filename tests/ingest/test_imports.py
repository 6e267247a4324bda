"""Imports as a whole: any conversation, any overlap, any moment of death."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatlog.archive.compression import DamagedError
from chatlog.archive.storage import Storage
from chatlog.errors import TranscriptError
from chatlog.event import format_time, parse_time
from chatlog.formats import jsonl
from chatlog.ingest.log_files import LogContents, LogFile, find_logs, until_damage
from chatlog.ingest.log_import import LogImport, tasks
from chatlog.ingest.log_reader import GREW
from chatlog.ingest.options import ImportOptions
from chatlog.ingest.staged_log import append_bytes
from tests.support.archive import event_at, record

NOW = "2026-12-01T00:00:00.000Z"
DAY = parse_time("2026-11-23T00:00:00.000Z")
START = parse_time("2026-11-23T12:00:00.000Z")


def imported(root, *paths, writes=True, **options):
    work = LogImport(ImportOptions(**options), Storage(root=root), NOW, writes=writes, workers=1)
    work.run([*find_logs(map(str, paths))], lambda _what, _done: None)
    return work


def irssi(talk):
    """Return a talk as irssi logs it: minutes, and the date in the header."""
    lines = ["--- Log opened Mon Nov 23 12:00:00 2026"]
    lines += [f"{format_time(at)[11:16]} <{nick}> {text}" for at, nick, text in talk]
    return "".join(f"{line}\n" for line in lines).encode()


def znc_like(talk):
    """Return a talk with seconds, which is an irssi log too if its stamps are set so."""
    lines = ["--- Log opened Mon Nov 23 12:00:00 2026"]
    lines += [f"{format_time(at)[11:19]} <{nick}> {text}" for at, nick, text in talk]
    return "".join(f"{line}\n" for line in lines).encode()


def write(root, content, name="#c"):
    path = root / "irclogs" / "net" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def said(root, target="#c"):
    """Return who said what in a target, in order."""
    paths = sorted((root / "net" / target).glob("*.jsonl"))
    events = [event for path in paths for event in jsonl.decode_lines(path.read_bytes())]
    return [(each.nick, each.text) for each in sorted(events, key=lambda each: each.time)]


def at_moment(at, text, **fields):
    return event_at((at - DAY) / 1000, text, **fields)


WORDS = ("yes", "no", "lol", "what a day", "*** bob joined", "<ann> hi", "ok")


@st.composite
def talks(draw):
    """Draw a talk: moments in order, nicks and texts, many of them said again."""
    count = draw(st.integers(1, 40))
    at, talk = START, []
    for number in range(count):
        at += draw(st.integers(0, 90_000))
        text = draw(st.sampled_from((*WORDS, f"sentence number {number}")))
        talk.append((at, draw(st.sampled_from(("ann", "bob"))), text))
    return talk


@settings(max_examples=30, deadline=None)
@given(talks(), st.sampled_from((irssi, znc_like)))
def test_whatever_was_said_is_imported_once_and_in_order(tmp_path_factory, talk, encode):
    root = tmp_path_factory.mktemp("import")
    path = write(root, encode(talk))
    imported(root / "archive", path)
    assert said(root / "archive") == [(nick, text) for _, nick, text in talk]
    again = imported(root / "archive", path)
    assert [each.added for each in again.targets.values()] == [0]


@settings(max_examples=30, deadline=None)
@given(talks(), st.data())
def test_logs_that_overlap_give_each_line_once(tmp_path_factory, talk, data):
    """Of words that are said again within a minute, only the most that one log has are sure."""
    root = tmp_path_factory.mktemp("import")
    cut = data.draw(st.integers(1, len(talk)))
    before = data.draw(st.integers(0, cut - 1))
    parts = talk[:cut], talk[before:]
    first, second = (
        write(root / name, data.draw(st.sampled_from((irssi, znc_like)))(part))
        for name, part in zip(("one", "two"), parts, strict=True)
    )
    imported(root / "archive", first)
    imported(root / "archive", second)
    together = imported(root / "both", first, second)
    assert not any(each.error for each in together.targets.values())
    least = counted(parts[0]) | counted(parts[1])
    for archive in (root / "archive", root / "both"):
        found = Counter(said(archive))
        assert least <= found <= counted(talk)
        assert all(found[each] == 1 for each, count in counted(talk).items() if count == 1)


def counted(talk):
    return Counter((nick, text) for _, nick, text in talk)


@settings(max_examples=30, deadline=None)
@given(talks(), st.data())
def test_a_log_of_minutes_beside_a_recorder_of_milliseconds_adds_what_is_missing(
    tmp_path_factory, talk, data
):
    root = tmp_path_factory.mktemp("import")
    heard = data.draw(st.lists(st.booleans(), min_size=len(talk), max_size=len(talk)))
    events = [
        at_moment(at, text, nick=nick)
        for (at, nick, text), is_heard in zip(talk, heard, strict=True)
        if is_heard
    ]
    if events:
        record(root / "archive", *events)
    imported(root / "archive", write(root, irssi(talk)))
    assert sorted(said(root / "archive")) == sorted((nick, text) for _, nick, text in talk)


def test_an_import_of_events_that_one_side_alone_tells_loses_none(tmp_path):
    talk = [(START + number * 60_000, "ann", f"line {number}") for number in range(50)]
    record(
        tmp_path / "archive",
        at_moment(talk[3][0] + 400, "line 3"),
        at_moment(talk[4][0], "", type="join", nick="bob"),
    )
    work = imported(tmp_path / "archive", write(tmp_path, irssi(talk)))
    [result] = work.targets.values()
    assert (result.added, result.shared) == (49, 1)
    assert ("bob", "") in said(tmp_path / "archive")


# -- death -------------------------------------------------------------------------

DEADLY = """
import os, sys
from chatlog import cli
count = int(sys.argv[1])
write, rename = os.write, os.rename
def deadly(real):
    def call(*arguments, **named):
        global count
        count -= 1
        if not count:
            os.kill(os.getpid(), 9)
        return real(*arguments, **named)
    return call
os.write, os.rename, os.replace = map(deadly, (os.write, os.rename, os.replace))
os.sched_getaffinity = lambda _pid: {0}
sys.exit(cli.run(sys.argv[2:]))
"""


def test_an_import_killed_at_any_write_is_completed_by_the_next(tmp_path):
    talk = [(START + number * 7000, "ann", f"line {number % 5}") for number in range(200)]
    path = write(tmp_path, irssi(talk))
    finished = False
    for count in range(1, 60):
        root = tmp_path / f"archive{count}"
        command = ["import", str(path), "--archive", str(root)]
        done = subprocess.run(
            [sys.executable, "-c", DEADLY, str(count), *command], check=False, capture_output=True
        )
        imported(root, path)
        assert said(root) == [(nick, text) for _, nick, text in talk], count
        assert list(root.glob(".importing-*")) == []
        if done.returncode != -signal.SIGKILL:
            assert done.returncode == 0, done.stderr
            finished = True
            break
    assert finished
    assert count > 3


# -- hostile files -----------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        random.Random(1).randbytes(200_000),
        bytes(300_000),
        b"\n" * 100_000,
        b"\xff\xfe" + random.Random(2).randbytes(10_000),
        b"SQLite format 3\x00" + bytes(1000),
        b"\x1f\x8b" + random.Random(3).randbytes(1000),
        b"\x28\xb5\x2f\xfd" + random.Random(3).randbytes(1000),
        b"\xfd7zXZ\x00" + random.Random(3).randbytes(1000),
        b"BZh9" + random.Random(3).randbytes(1000),
        b"[" * 100_000,
        b"<" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_a_file_that_is_no_log_is_told_and_its_neighbour_imported(tmp_path, content):
    write(tmp_path, content, "#odd")
    write(tmp_path, irssi([(START, "ann", "hello")]), "#c")
    work = imported(tmp_path / "archive", tmp_path / "irclogs")
    odd, fine = sorted(work.logs, key=lambda each: "odd" not in each.file.path)
    assert odd.problem or odd.is_empty
    assert not fine.problem
    assert said(tmp_path / "archive") == [("ann", "hello")]


@pytest.mark.parametrize("magic", [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh"])
def test_a_compressed_log_that_is_damaged_from_its_beginning_is_not_called_empty(tmp_path, magic):
    write(tmp_path, magic + bytes(100))
    [log] = imported(tmp_path / "archive", tmp_path / "irclogs").logs
    assert log.problem
    assert not log.is_empty


def test_a_log_that_vanishes_before_it_is_read_is_told_and_its_neighbour_imported(tmp_path):
    write(tmp_path, irssi([(START, "ann", "hello")]), "#c")
    gone = write(tmp_path, irssi([(START, "ann", "hello")]), "#gone")
    files = [*find_logs([str(tmp_path / "irclogs")])]
    gone.unlink()
    work = LogImport(
        ImportOptions(), Storage(root=tmp_path / "archive"), NOW, writes=True, workers=1
    )
    work.run(files, lambda _what, _done: None)
    assert [each.is_unreadable for each in work.logs] == [False, True]
    assert "No such file" in work.logs[1].problem
    assert said(tmp_path / "archive") == [("ann", "hello")]


def test_a_directory_that_cannot_be_listed_is_told(tmp_path, monkeypatch):
    write(tmp_path, irssi([(START, "ann", "hello")]))
    (tmp_path / "irclogs" / "closed").mkdir()
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    work = imported(tmp_path / "archive", tmp_path / "irclogs")
    assert [each.why for each in work.passed_over] == ["cannot be listed: Permission denied"]
    assert said(tmp_path / "archive") == [("ann", "hello")]


def test_a_full_disk_is_one_error_that_names_the_places_of_the_stage():
    with pytest.raises(TranscriptError, match=r"No space left on device; make room .*TMPDIR"):
        append_bytes("/dev/full", b"a line")


def test_a_loop_of_links_ends(tmp_path):
    write(tmp_path, irssi([(START, "ann", "hello")]))
    (tmp_path / "irclogs" / "net" / "loop").symlink_to(tmp_path / "irclogs")
    (tmp_path / "irclogs" / "self").symlink_to("self")
    work = imported(tmp_path / "archive", tmp_path / "irclogs")
    assert len(work.passed_over) == 2
    assert said(tmp_path / "archive") == [("ann", "hello")]


def test_a_file_that_two_paths_lead_to_is_read_once(tmp_path):
    path = write(tmp_path, irssi([(START, "ann", "hello")]))
    os.link(path, path.with_name("#d.log"))
    work = imported(tmp_path / "archive", tmp_path / "irclogs", path)
    assert len(work.logs) == 1


@pytest.fixture
def deep(tmp_path, monkeypatch):
    """Directories in each other, deeper than a path can be long."""
    top = tmp_path / "irclogs"
    top.mkdir()
    monkeypatch.chdir(top)
    for _ in range(25):
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    os.chdir(top)
    return top


def test_directories_too_deep_for_a_path_are_told(tmp_path, deep):
    write(tmp_path, irssi([(START, "ann", "hello")]))
    work = imported(tmp_path / "archive", deep)
    [passed_over] = work.passed_over
    assert passed_over.why.startswith("too deep, below ")
    assert said(tmp_path / "archive") == [("ann", "hello")]


def test_a_log_that_grows_meanwhile_is_told_and_its_rest_is_added_by_the_next_import(
    tmp_path, monkeypatch
):
    path = write(tmp_path, irssi([(START, "ann", "hello")]) + b"12:01 <ann> a half")
    read = LogContents._raw

    def growing(contents, file, size):
        yield from read(contents, file, size)
        with path.open("ab") as log:
            log.write(b" line\n")

    monkeypatch.setattr(LogContents, "_raw", growing)
    work = imported(tmp_path / "archive", path)
    assert said(tmp_path / "archive") == [("ann", "hello")]
    assert [each.tally.notes for each in work.logs] == [{GREW: 1}]
    monkeypatch.setattr(LogContents, "_raw", read)
    imported(tmp_path / "archive", path)
    assert [text[:11] for _, text in said(tmp_path / "archive")] == ["hello", "a half line"]


def test_a_file_that_grows_is_read_to_its_last_whole_line(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"19:31 <ann> hello\n" * 50_000 + b"19:32 <ann> hal")
    [file] = find_logs([str(path)])
    contents = LogContents(file)
    blocks = contents.blocks()
    read = next(blocks)
    with path.open("ab") as log:
        log.write(b"f a line\n")
    read += b"".join(blocks)
    assert contents.grew
    assert read == b"19:31 <ann> hello\n" * 50_000


@pytest.mark.parametrize("size", [1, 10, 100, 1 << 20])
def test_before_damage_all_whole_lines_are_imported_and_no_half_one(size):
    def blocks():
        data = b"19:31 <ann> one\n19:31 <ann> two\n19:31 <ann> thr"
        yield from (data[at : at + size] for at in range(0, len(data), size))
        raise DamagedError("cut")

    told = []
    assert b"".join(until_damage(blocks(), told.append)) == b"19:31 <ann> one\n19:31 <ann> two\n"
    assert [str(each) for each in told] == ["cut"]
    whole = [b"19:31 <ann> one\n19", b":31 <ann> two"]
    assert b"".join(until_damage(whole, told.append)) == b"".join(whole)


@given(st.lists(st.sampled_from([0, 100, 50_000, 1 << 20]), max_size=300))
def test_each_file_is_in_one_task_in_order_and_no_small_one_behind_a_large_one(sizes):
    logs = [LogFile(str(number), size) for number, size in enumerate(sizes)]
    found = [[*each] for each in tasks(logs)]
    assert [number for each in found for number in each] == [*range(len(logs))]
    for each in found:
        assert 0 < len(each) <= 64
        assert sum(sizes[number] for number in each[:-1]) < 128 * 1024
