"""The spool of a take-over: whole after any crash, and taken up by the next run alone."""

from __future__ import annotations

import os

import pytest

from chatlog.archive.syncing import Exposed
from chatlog.archive.system import System
from chatlog.errors import TranscriptError
from chatlog.event import Event
from chatlog.write.takeover_spool import DIRECTORY, left_spools, own_spool
from tests.support.crashing import MODES, Fragile, Stopped

TIME = "2026-11-23T18:20:01.123Z"
A, B = ("net", "#a"), ("net", "#b")


def said(text, target="#a"):
    return Event(time=TIME, network="net", target=target, type="message", nick="ada", text=text)


def spool_in(root, run="run", system=System()):  # noqa: B008 - immutable
    return own_spool(root, run, system=system, mode=0o640, exposed=Exposed())


def texts(spool, place):
    spooled = spool.events_of(place)
    return [event.text for event in spooled.read(range(len(spooled)))]


def left(root):
    return left_spools(root, system=System())


def test_the_events_of_each_target_are_read_in_their_order(tmp_path):
    spool = spool_in(tmp_path)
    spool.append([said("one"), said("two\u2028\r")])
    spool.append([said("beside", "#b")])
    spool.append([said("three")])
    assert texts(spool, A) == ["one", "two\u2028\r", "three"]
    assert texts(spool, B) == ["beside"]
    assert spool.count == 4
    assert [event.text for event in spool.events_of(A).read([2, 0])] == ["three", "one"]


def test_the_spool_of_a_run_that_lives_is_left_alone(tmp_path):
    spool = spool_in(tmp_path)
    spool.append([said("mine")])
    assert left(tmp_path) == []
    spool.close()
    [found] = left(tmp_path)
    assert texts(found, A) == ["mine"]
    assert left(tmp_path) == [], "one run takes it up"


def test_an_empty_spool_and_an_archive_without_any_leave_nothing(tmp_path):
    assert left(tmp_path) == []
    (tmp_path / DIRECTORY).mkdir()
    (tmp_path / DIRECTORY / "run.spool").touch()
    assert left(tmp_path) == []


def test_a_torn_line_was_never_whole_and_is_dropped(tmp_path):
    spool = spool_in(tmp_path)
    spool.append([said("whole")])
    spool.close()
    with spool.path.open("ab") as file:
        file.write(b'{"time":"2026-')
    [found] = left(tmp_path)
    assert texts(found, A) == ["whole"]


def test_damaged_lines_are_counted_and_the_others_are_kept(tmp_path, caplog):
    spool = spool_in(tmp_path)
    spool.append([said("one")])
    spool.close()
    with spool.path.open("ab") as file:
        file.write(b'\xff\n{}\n{"taken":7}\n[[[[\n')
    spool = spool_in(tmp_path, "other")
    [found] = left(tmp_path)
    assert texts(found, A) == ["one"]
    assert "4 lines are damaged" in caplog.text


def test_a_target_that_was_taken_is_not_taken_again_and_the_last_one_removes_the_file(tmp_path):
    spool = spool_in(tmp_path)
    spool.append([said("one")])
    spool.append([said("two", "#b")])
    spool.note_taken([A])
    spool.close()
    [found] = left(tmp_path)
    assert found.places() == [B]
    found.note_taken([B])
    assert not found.path.exists()
    assert left(tmp_path) == []


def test_a_link_in_the_place_of_a_spool_is_not_followed(tmp_path, caplog):
    (tmp_path / DIRECTORY).mkdir()
    (tmp_path / "else").write_text("something\n")
    (tmp_path / DIRECTORY / "run.spool").symlink_to(tmp_path / "else")
    assert left(tmp_path) == []
    assert "its lines are not written" in caplog.text
    assert (tmp_path / "else").read_text() == "something\n"


def test_a_spool_that_was_cut_short_is_an_error_and_no_event(tmp_path):
    spool = spool_in(tmp_path)
    spool.append([said("one")])
    os.truncate(spool.path, 10)
    with pytest.raises(TranscriptError, match="was altered"):
        texts(spool, A)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("nth", range(1, 9))
def test_a_crash_at_any_call_leaves_each_event_that_was_appended(tmp_path, nth, mode):
    fragile = Fragile(nth, mode)
    spool = spool_in(tmp_path, system=fragile.system)
    appended = []
    try:
        for text in ("one", "two"):
            spool.append([said(text)])
            appended.append(text)
        spool.note_taken([B])
    except (Stopped, TranscriptError):
        pass
    fragile.bury()
    found = [text for each in left(tmp_path) for text in texts(each, A)]
    assert found[: len(appended)] == appended
    assert found in ([], ["one"], ["one", "two"])
