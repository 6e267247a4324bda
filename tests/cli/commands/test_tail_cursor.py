"""`chatlog tail --cursor`: pipelines that see every event once, however they end."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest

from chatlog.cli import run
from chatlog.read.reader import Reader
from tests.support.archive import event_at, record
from tests.support.tending import DAY, tend
from tests.support.waiting import PATIENCE

_MANY = 6000  # events, more than a megabyte: much more than a pipe holds


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def place(tmp_path):
    return tmp_path / "cursor"


@pytest.fixture
def tail(archive, place, capsysbinary):
    """Run `chatlog tail --cursor`: its status, stdout and stderr."""

    def call(*arguments):
        paths = ["-a", str(archive), "--cursor", str(place)]
        status = run(["tail", *paths, "--tz", "UTC", *arguments])
        out, err = capsysbinary.readouterr()
        return status, out.decode(), err.decode()

    return call


def texts(out):
    return [json.loads(line)["text"] for line in out.splitlines()]


# -- what comes ----------------------------------------------------------------------------


def test_each_run_brings_what_came_since_the_last_one(tail, archive):
    record(archive, *(event_at(at, f"text {at}") for at in range(20)))
    assert texts(tail("--json")[1]) == [f"text {at}" for at in range(20)]
    assert tail("--json") == (0, "", "")
    record(archive, event_at(21, "live"), event_at(3, "fetched", via="chathistory"))
    tend(archive)
    record(archive, event_at(DAY, "the next day", target="#new"))
    assert texts(tail("--json")[1]) == ["fetched", "live", "the next day"]
    assert tail("--json") == (0, "", "")


def test_a_first_run_with_a_cursor_may_begin_with_the_last_events(tail, archive):
    record(archive, *(event_at(at, f"text {at}") for at in range(20)))
    assert texts(tail("--json", "-n", "2")[1]) == ["text 18", "text 19"]
    record(archive, *(event_at(at, f"text {at}") for at in range(20, 23)))
    assert texts(tail("--json", "-n", "2")[1]) == ["text 20", "text 21", "text 22"]


def test_a_first_run_with_a_cursor_may_begin_with_no_event(tail, archive):
    record(archive, event_at(1, "old"))
    assert tail("--json", "-n", "0") == (0, "", "")
    record(archive, event_at(2, "new"))
    tend(archive)
    assert texts(tail("--json")[1]) == ["new"]


def test_a_cursor_works_with_the_output_for_people(tail, archive):
    record(archive, event_at(1, "one"))
    assert tail()[1] == "2026-11-23 00:00:01 <ann> one\n"
    assert tail()[1] == ""


def test_what_does_not_match_is_passed_over_for_good(tail, archive):
    record(archive, event_at(1, "tea", nick="bob"), event_at(2, "tea"), event_at(3, "milk"))
    assert texts(tail("--json", "--match", "tea", "--nick", "ann")[1]) == ["tea"]
    assert tail("--json") == (0, "", "")
    record(archive, event_at(4, "tea", nick="bob"), event_at(5, "more tea"))
    assert texts(tail("--json", "--match", "tea", "--nick", "ann")[1]) == ["more tea"]


def test_with_a_query_it_may_begin_with_the_last_events_that_match(tail, archive):
    record(archive, *(event_at(at, f"{at % 3}") for at in range(30)))
    first = tail("--json", "-n", "2", "--match", "1")[1]
    assert [json.loads(line)["time"][17:19] for line in first.splitlines()] == ["25", "28"]
    record(archive, event_at(31, "1"), event_at(32, "2"))
    assert texts(tail("--json", "--match", "1")[1]) == ["1"]


def test_what_is_recorded_while_the_last_events_are_looked_for_comes_once(
    tail, archive, monkeypatch
):
    record(archive, event_at(1, "tea"))
    mark = Reader.mark

    def mark_and_record(reader):
        mark(reader)
        record(archive, event_at(2, "more tea"), event_at(2, "more tea"))

    monkeypatch.setattr(Reader, "mark", mark_and_record)
    out = tail("--json", "-n", "5", "--match", "tea")[1]
    assert texts(out) == ["tea", "more tea", "more tea"]
    assert tail("--json", "--match", "tea") == (0, "", "")


def test_since_bounds_the_events_of_a_first_run_with_a_cursor(tail, archive):
    record(archive, event_at(0, "old"), event_at(DAY, "new"))
    assert texts(tail("--json", "--since", "2026-11-24")[1]) == ["new"]
    assert tail("--json") == (0, "", "")


def test_targets_may_change_from_run_to_run(tail, archive):
    record(archive, event_at(1, "a", target="#a"), event_at(2, "b", target="#b"))
    assert texts(tail("--json", "*a")[1]) == ["a"]
    assert texts(tail("--json")[1]) == ["b"]


# -- what goes wrong -----------------------------------------------------------------------


def test_a_file_that_is_no_cursor_is_said_and_left_alone(tail, archive, place):
    record(archive, event_at(1, "one"))
    place.write_text("my notes\n")
    assert tail() == (
        3,
        "",
        f"chatlog: {place} is no cursor of chatlog; name another file, or remove it\n",
    )
    assert place.read_text() == "my notes\n"


def test_without_a_place_for_the_cursor_no_event_is_shown(archive, tmp_path, capsysbinary):
    record(archive, event_at(1, "one"))
    place = tmp_path / "nowhere" / "cursor"
    assert run(["tail", "-a", str(archive), "--cursor", str(place)]) == 3
    out, err = capsysbinary.readouterr()
    assert out == b""
    assert err.decode() == (
        f"chatlog: cannot write {place}: No such file or directory;"
        " name another file with --cursor\n"
    )


def test_an_archive_that_is_not_there_is_said_and_the_cursor_left(tail, archive, place):
    status, out, err = tail()
    assert (status, out) == (1, "")
    assert err.startswith(f"chatlog: no archive in {archive}; ")
    assert not place.exists()


def test_a_directory_is_a_usage_error(tail, archive, place):
    record(archive, event_at(1, "one"))
    place.mkdir()
    assert tail()[0] == 2


def test_runs_with_a_cursor_report_a_damaged_line_once(tail, archive):
    record(archive, event_at(1, "one"))
    (segment,) = archive.rglob("*_001.jsonl")
    with segment.open("ab") as file:
        file.write(b"damage\n")
    record(archive, event_at(2, "two"))
    status, out, err = tail("--json")
    assert (status, texts(out)) == (0, ["one", "two"])
    assert err == f"chatlog: 1 line of {segment} could not be read\n"
    assert tail("--json") == (0, "", "")


# -- how it ends ---------------------------------------------------------------------------


@pytest.fixture
def many(archive):
    record(archive, *(event_at(at, f"{at:05d} {'x' * 100}") for at in range(_MANY)))
    return [f"{at:05d}" for at in range(_MANY)]


@pytest.fixture
def piping(archive, place, chatlog):
    """Start `chatlog tail --json --cursor` into a pipe that the test may read, or not."""

    def start():
        # Without a buffer, what is not read stays in the pipe.
        return chatlog.piped("tail", "--json", "-a", archive, "--cursor", place, bufsize=0)

    return start


def numbers(data):
    """Take the numbers of the events out of what came whole."""
    return [json.loads(line)["text"][:5] for line in data.split(b"\n")[:-1]]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_what_is_being_written_and_nothing_comes_twice(many, piping, sent):
    with piping() as process:
        first = process.stdout.readline()  # so it is writing now, to a pipe that is full
        process.send_signal(sent)
        out, err = process.communicate()
    assert (process.returncode, err.strip()) == (130, b"")
    seen = numbers(first + out)
    assert 0 < len(seen) < len(many)
    with piping() as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert seen + numbers(out) == many


def test_a_second_signal_ends_tail_at_once(many, piping):
    with piping() as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 130


def test_a_run_with_a_cursor_that_was_killed_loses_no_event(many, piping):
    with piping() as process:
        first = b"".join(process.stdout.readline() for _ in range(4000))
        process.kill()
        out, _ = process.communicate()
    seen = numbers(first + out)
    with piping() as process:
        again = numbers(process.communicate()[0])
    assert len(again) < len(many), "what was noted does not come again"
    assert again[0] <= seen[-1] or again[0] == many[len(seen)]
    assert sorted({*seen, *again}) == many


def test_a_closed_pipe_ends_it_quietly_and_nothing_is_missing(many, piping):
    with piping() as process:
        seen = numbers(b"".join(process.stdout.readline() for _ in range(5)))
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
    with piping() as process:
        again = numbers(process.communicate()[0])
    assert sorted({*seen, *again}) == many


# -- following -------------------------------------------------------------------------------


def test_following_goes_on_over_restarts_and_everything_that_happens(archive, place, chatlog):
    arguments = ("tail", "-f", "--json", "-a", archive, "--cursor", place)
    record(archive, event_at(1, "one"))
    first = chatlog.start(*arguments)
    first.wait_for('"one"', stream="stdout")
    record(archive, event_at(2, "two"))
    first.wait_for('"two"', stream="stdout")
    tend(archive)
    record(archive, event_at(3, "late"), event_at(DAY, "new", target="#new"))
    first.wait_for('"late"', stream="stdout")
    first.wait_for('"new"', stream="stdout")
    first.interrupt()
    assert first.finish() == 130
    tend(archive)
    record(archive, event_at(DAY + 1, "three"))
    second = chatlog.start(*arguments)
    second.wait_for('"three"', stream="stdout")
    second.terminate()
    assert second.finish() == 130
    assert sorted(texts(first.stdout)) == ["late", "new", "one", "two"]
    assert texts(second.stdout) == ["three"]
    assert (first.stderr + second.stderr).strip() == ""


def test_following_may_begin_before_there_is_anything(archive, place, chatlog):
    running = chatlog.start("tail", "-f", "--json", "-a", archive, "--cursor", place)
    running.wait_for(f"no archive in {archive} yet; waiting")
    record(archive, event_at(1, "the first"))
    running.wait_for('"the first"', stream="stdout")
    running.interrupt()
    assert running.finish() == 130


def test_the_help_of_tail_states_the_promises_of_a_cursor(capsys):
    assert run(["tail", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "An event is printed once over all runs that end by themselves" in shown
    assert "After a kill, a power cut or a closed pipe, the last events may be printed" in shown


def test_what_is_no_file_is_no_cursor_and_is_left_alone(tail, archive, place):
    record(archive, event_at(1, "one"))
    os.mkfifo(place)
    before = place.lstat()
    message = f"chatlog: {place} is no file; name one with --cursor\n"
    assert tail("--json") == (3, "", message)
    assert (place.lstat().st_mode, place.lstat().st_ino) == (before.st_mode, before.st_ino)


def test_a_position_that_cannot_be_is_no_cursor(tail, archive, place):
    record(archive, event_at(1, "one"))
    tail("--json")
    place.write_bytes(re.sub(rb"\[\d+,", b"[-5,", place.read_bytes()))
    status, out, err = tail("--json")
    assert (status, out) == (3, "")
    assert "is no cursor of chatlog" in err
