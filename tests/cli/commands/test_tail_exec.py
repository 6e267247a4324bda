"""`chatlog tail --exec`: a command of the user for each event, whatever the command does."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from chatlog.cli import run
from chatlog.hook import child
from tests.support.archive import event_at, record
from tests.support.jumping_clock import JumpingClock
from tests.support.tending import DAY, tend
from tests.support.waiting import PATIENCE, eventually


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def place(tmp_path):
    return tmp_path / "cursor"


@pytest.fixture
def out(tmp_path, monkeypatch):
    """Return the path of a file that commands write to as `$OUT`."""
    path = tmp_path / "out"
    path.touch()
    monkeypatch.setenv("OUT", str(path))
    return path


@pytest.fixture
def tail(archive, capfd):
    """Run `chatlog tail`: its status, and the stdout and stderr of it and of its commands."""

    def call(*arguments):
        status = run(["tail", "-a", str(archive), *map(str, arguments)])
        return status, *capfd.readouterr()

    return call


@pytest.fixture
def following(archive, out, chatlog):
    """Start `chatlog tail -f` with `$OUT` in its environment, and wait until it waits."""

    def start(*arguments):
        running = chatlog.start(
            "tail", "-f", "-a", archive, *arguments, OUT=str(out), PATH=os.environ["PATH"]
        )
        # It has marked the present events when it has installed its handler of SIGHUP
        # and goes to sleep: its first look is behind it.
        eventually(lambda: " S " in stat_of(running) and catches(running, signal.SIGHUP))
        return running

    return start


def stat_of(running):
    return Path(f"/proc/{running.pid}/stat").read_text()


def catches(running, number):
    status = Path(f"/proc/{running.pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in status if line.startswith("SigCgt:"))
    return int(caught, 16) >> (number - 1) & 1


def texts(data):
    return [json.loads(line)["text"] for line in data.splitlines()]


def cursors(data):
    return [json.loads(line)["cursor"] for line in data.splitlines()]


APPEND = 'cat >>"$OUT"'
"""A command that keeps what it gets."""


# -- what a command gets -----------------------------------------------------------------------


def test_a_command_runs_for_each_event_in_order_and_nothing_is_printed(tail, archive, out):
    record(archive, *(event_at(at, f"text {at}") for at in range(20)))
    assert tail("--exec", f'{APPEND}; echo >>"$OUT"', "-n", "3") == (0, "", "")
    assert [texts(each) for each in out.read_text().split("\n\n")[:-1]] == [
        ["text 17"], ["text 18"], ["text 19"],
    ]  # fmt: skip


def test_a_batch_is_one_run_with_all_lines(tail, archive, out):
    record(archive, *(event_at(at, f"text {at}") for at in range(2000)))
    command = f'{APPEND}; echo "$CHATLOG_EVENTS lines"'
    assert tail("--exec-batch", command, "-n", "1500") == (0, "1500 lines\n", "")
    assert texts(out.read_text()) == [f"text {at}" for at in range(500, 2000)]


def test_only_matches_are_given_to_a_command(tail, archive, out):
    record(archive, event_at(1, "tea"), event_at(2, "milk"), event_at(3, "tea", type="notice"))
    assert tail("--exec", APPEND, "--match", "tea -type:notice") == (0, "", "")
    assert texts(out.read_text()) == ["tea"]


def test_nothing_that_was_said_is_run(tail, archive, out, tmp_path):
    evil = f"'; touch {tmp_path}/pwned; $(touch {tmp_path}/pwned) `touch {tmp_path}/pwned`"
    record(archive, event_at(1, evil, nick=f"$(touch {tmp_path}/pwned)", target="#;reboot"))
    command = f'{APPEND}; printf %s "$CHATLOG_NICK" >/dev/null'
    assert tail("--exec", command) == (0, "", "")
    assert texts(out.read_text()) == [evil]
    assert not (tmp_path / "pwned").exists()


def test_what_a_command_prints_is_what_tail_prints(tail, archive):
    record(archive, event_at(1, "one"))
    status, printed, err = tail("--exec", "echo out; echo err >&2")
    assert (status, printed, err) == (0, "out\n", "err\n")


def test_a_command_may_read_the_archive_from_which_the_event_is(tail, archive, chatlog, out):
    record(archive, event_at(1, "before"), event_at(2, "ada?"))
    command = 'ls "$CHATLOG_ARCHIVE" >>"$OUT"'
    assert tail("--exec", command, "--match", "ada")[0] == 0
    assert "net" in out.read_text().split()


def test_a_flood_of_output_is_not_kept_in_memory(archive, chatlog):
    record(archive, event_at(1, "one"))
    command = "head -c 200000000 /dev/zero; grep VmHWM /proc/$PPID/status >&2"
    with chatlog.piped("tail", "-a", archive, "--exec", command) as process:
        size = 0
        while piece := process.stdout.read(1_000_000):
            size += len(piece)
        err = process.stderr.read()
    assert (process.returncode, size) == (0, 200_000_000)
    assert int(err.split()[1]) < 60_000  # kB


PIPE = 'while IFS= read -r line; do printf "%s\\n" "$line" >>"$OUT"; '
PIPE += 'cursor=${line##*\\"cursor\\":\\"}; printf "%s\\n" "${cursor%??}"; done'
"""A command that keeps each line and echoes its cursor, until its stdin ends."""
FEW = "n=$((n+1)); [ $n -le 1500 ] && IFS="


def test_a_pipe_is_one_run_for_all_lines_and_the_next_run_goes_on(tail, archive, place, out):
    assert tail("--exec-pipe", PIPE, "--cursor", place)[0] == 1  # no archive yet
    record(archive, event_at(1, "old"))
    assert tail("--exec-pipe", PIPE, "--cursor", place) == (0, "", "")
    record(archive, *(event_at(at, f"text {at}") for at in range(2, 2500)))
    status, _, err = tail("--exec-pipe", PIPE.replace("IFS=", FEW), "--cursor", place,
                          "--exec-retries", "0")  # fmt: skip
    assert status == 1
    assert "and no retry is left; the next run with this --cursor begins with the line of" in err
    assert tail("--exec-pipe", PIPE, "--cursor", place, "--exec-retries", "0") == (0, "", "")
    assert texts(out.read_text()) == [f"text {at}" for at in range(2, 2500)]


# -- what goes wrong -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exec"], "--exec needs a value: COMMAND; see `chatlog tail --help`"),
        (["--exec", " "], "--exec needs a command, such as --exec 'jq -r .text >>lines'"),
        (["--exec-batch", ""], "--exec-batch needs a command, such as"),
        (["--exec", "a", "--exec-batch", "b"], "--exec and --exec-batch contradict each other"),
        (["--exec-interval", "5s"], "--exec-interval needs --exec COMMAND"),
        (["--exec", "a", "--exec-pipe", "b"], "--exec and --exec-pipe contradict each other"),
        (["--exec-pipe", ""], "--exec-pipe needs a command, such as"),
        (
            ["--exec-pipe", "a", "--exec-timeout", "9"],
            "--exec-timeout does not go with --exec-pipe",
        ),
        (["--exec-pipe", "no-such-program"], "the shell cannot find or run a command of 'no-such"),
        (["--exec", "a", "--exec-timeout", "0"], "--exec-timeout: '0' leaves no time"),
        (["--exec", "a", "--exec-timeout", "soon"], "--exec-timeout: 'soon' is no duration"),
        (["--exec", "no-such-program"], "the shell cannot find or run a command of 'no-such"),
    ],
    ids=str,
)
def test_a_hook_that_makes_no_sense_is_a_usage_error(tail, archive, arguments, message):
    record(archive, event_at(1, "one"))
    status, printed, err = tail(*arguments)
    assert (status, printed) == (2, "")
    assert message in err.splitlines()[-1]


def test_lines_of_a_command_that_fails_are_passed_over_and_reported(tail, archive, out):
    record(archive, event_at(1, "one"), event_at(2, "two"))
    command = f"""grep -q '"two"' || exit 7; echo two >>{out}"""
    status, printed, err = tail("--exec", command, "--exec-retries", "0")
    assert (status, printed) == (1, "")
    assert err == (
        "chatlog: --exec ended with status 7; 1 line of 2026-11-23T00:00:01.000Z in net/#c"
        " passed over\nchatlog: --exec failed with 1 line; see above\n"
    )
    assert out.read_text() == "two\n"


def test_a_batch_that_fails_is_reported_by_its_own_option(tail, archive):
    record(archive, event_at(1, "one"), event_at(2, "two"))
    status, printed, err = tail("--exec-batch", "exit 7", "--exec-retries", "0")
    assert (status, printed) == (1, "")
    assert err == (
        "chatlog: --exec-batch ended with status 7; 2 lines from 2026-11-23T00:00:01.000Z in"
        " net/#c passed over\nchatlog: --exec-batch failed with 2 lines; see above\n"
    )


def test_a_command_that_takes_too_long_is_ended_and_run_again(tail, archive, out, monkeypatch):
    monkeypatch.setattr(child, "time", JumpingClock(lambda: out.read_text().endswith("\n")))
    record(archive, event_at(1, "one"))
    command = f'if [ -s {out} ]; then {APPEND}; else echo "{{}}" >{out}; sleep 1000; fi'
    status, _, err = tail("--exec", command, "--exec-timeout", "0.5s")
    assert status == 0
    assert err == "chatlog: --exec took longer than 0.5 s; it is run again in 1 s\n"
    assert cursors(out.read_text().split("\n", 1)[1])


def test_an_archive_that_is_not_there_is_an_error_with_exec_too(tail, archive):
    status, printed, err = tail("--exec", "true")
    assert (status, printed) == (1, "")
    assert err.startswith(f"chatlog: no archive in {archive}; ")


def test_a_damaged_line_is_reported_and_the_others_are_given(tail, archive, out):
    record(archive, event_at(1, "one"))
    (segment,) = archive.rglob("*_001.jsonl")
    with segment.open("ab") as file:
        file.write(b"damage\n")
    record(archive, event_at(2, "two"))
    status, printed, err = tail("--exec", APPEND, "--since", "2026-11-23")
    assert (status, printed) == (0, "")
    assert err == f"chatlog: 1 line of {segment} could not be read\n"
    assert texts(out.read_text()) == ["one", "two"]


# -- at least once -----------------------------------------------------------------------------


def test_a_first_run_with_a_cursor_begins_with_the_events_that_come(tail, archive, place, out):
    record(archive, event_at(1, "old"))
    assert tail("--exec", APPEND, "--cursor", place) == (0, "", "")
    record(archive, event_at(2, "new"))
    tend(archive)
    record(archive, event_at(DAY, "the next day", target="#new"))
    assert tail("--exec", APPEND, "--cursor", place) == (0, "", "")
    assert tail("--exec", APPEND, "--cursor", place) == (0, "", "")
    assert texts(out.read_text()) == ["new", "the next day"]


def test_the_cursor_moves_line_by_line_and_only_at_status_0(tail, archive, place, out):
    tail("--exec", APPEND, "--cursor", place)
    record(archive, *(event_at(at, f"text {at}") for at in range(6)))
    command = f'read line; case $line in *"text 3"*) exit 9;; esac; echo "$line" >>{out}'
    hook = ("--cursor", place, "--since", "2026", "--exec-retries", "0")
    status, _, err = tail("--exec", command, *hook)
    assert status == 1
    assert err == (
        "chatlog: --exec ended with status 9, and no retry is left; the next run with this"
        " --cursor begins with the line of 2026-11-23T00:00:03.000Z in net/#c\n"
    )
    assert texts(out.read_text()) == ["text 0", "text 1", "text 2"]
    tend(archive)  # the lines are sealed meanwhile
    assert tail("--exec", APPEND, *hook)[0] == 0
    assert texts(out.read_text()) == [f"text {at}" for at in range(6)]
    assert tail("--exec", APPEND, *hook) == (0, "", "")
    assert len(texts(out.read_text())) == 6


def test_a_batch_that_failed_comes_again_with_the_same_cursors(tail, archive, place, out):
    record(archive, event_at(0, "old"))
    tail("--exec", "true", "--cursor", place)
    record(archive, *(event_at(1, "ha") for _ in range(3)))
    hook = ("--cursor", place, "--exec-retries", "0")
    assert tail("--exec-batch", f"{APPEND}; false", *hook)[0] == 1
    assert tail("--exec-batch", APPEND, *hook)[0] == 0
    seen = cursors(out.read_text())
    assert seen[:3] == seen[3:]
    assert len(set(seen)) == 3, "a true repeat has a cursor of its own"


def test_a_run_that_is_killed_loses_nothing_and_a_receiver_can_drop_repeats(
    archive, place, out, chatlog, tail
):
    record(archive, event_at(0, "old"))
    tail("--exec", "true", "--cursor", place)
    record(archive, *(event_at(at, f"text {at}") for at in range(1, 60)))
    hook = ("tail", "-a", archive, "--cursor", place, "--exec", APPEND)
    for lines in (5, 20, 35):
        running = chatlog.start(*hook, OUT=str(out))
        eventually(lambda lines=lines: len(out.read_text().splitlines()) >= lines)
        running.kill()
        running.finish()
    assert tail("--exec", APPEND, "--cursor", place) == (0, "", "")
    by_cursor = {json.loads(each)["cursor"]: each for each in out.read_text().splitlines()}
    assert texts("\n".join(by_cursor.values())) == [f"text {at}" for at in range(1, 60)]
    assert len(out.read_text().splitlines()) <= 59 + 3, "one line may come twice at each kill"


# -- following ---------------------------------------------------------------------------------


def test_following_begins_with_the_events_that_come(following, archive, out):
    record(archive, event_at(1, "old"))
    running = following("--exec", APPEND)
    record(archive, event_at(2, "new"))
    eventually(lambda: texts(out.read_text()) == ["new"])
    running.interrupt()
    assert running.finish() == 130
    assert running.stderr.strip() == ""


def test_a_command_that_fails_is_run_again_while_following(following, archive, out):
    record(archive, event_at(1, "old"))
    running = following("--exec", f'[ -s "$OUT" ] || {{ echo "{{}}" >"$OUT"; false; }} && {APPEND}')
    record(archive, event_at(2, "new"))
    running.wait_for("--exec ended with status 1; it is run again in 1 s")
    eventually(lambda: '"new"' in out.read_text())
    running.terminate()
    assert running.finish() == 130


def test_one_command_runs_at_a_time_and_the_files_are_the_queue(following, archive, out):
    record(archive, event_at(1, "old"))
    goes_on = out.with_name("go-on")
    wait = f"until [ -e {goes_on} ]; do sleep 0.05; done"
    running = following("--exec-batch", f'{APPEND}; echo "--" >>"$OUT"; {wait}')
    record(archive, event_at(2, "first"))
    eventually(lambda: "--" in out.read_text())
    record(archive, *(event_at(3, f"later {each}") for each in range(50)))
    goes_on.touch()
    eventually(lambda: out.read_text().count("--") == 2)
    running.terminate()
    running.finish()
    first, later, _ = out.read_text().split("--\n")
    assert texts(first) == ["first"]
    assert texts(later) == [f"later {each}" for each in range(50)]


def test_an_interval_gathers_the_lines_that_come_in_it(following, archive, out):
    record(archive, event_at(1, "old"))
    running = following("--exec-interval", "1s", "--exec-batch", f'{APPEND}; echo "--" >>"$OUT"')
    begun = time.monotonic()
    record(archive, event_at(2, "first"))
    eventually(lambda: "--" in out.read_text())
    record(archive, event_at(3, "a"))
    time.sleep(0.3)  # in the interval, which nothing tells
    record(archive, event_at(4, "b"))
    eventually(lambda: re.search(r'"b".*--\n\Z', out.read_text(), re.DOTALL))
    runs = [texts(each) for each in out.read_text().split("--\n")[:-1]]
    passed = time.monotonic() - begun
    running.terminate()
    running.finish()
    assert [text for each in runs for text in each] == ["first", "a", "b"]
    # A test that was held up between "a" and "b" may see three runs, and later.
    assert len(runs) - 1 <= passed, "a run a second"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_the_command_end_and_the_cursor_moves(
    following, archive, place, out, tail, sent
):
    record(archive, event_at(1, "old"))
    command = 'echo begun >>"$OUT"; until [ -e "$OUT.go" ]; do sleep 0.05; done; cat >>"$OUT"'
    running = following("--cursor", place, "--exec", command)
    record(archive, event_at(2, "new"))
    eventually(lambda: "begun" in out.read_text())
    os.kill(running.pid, sent)
    out.with_name(f"{out.name}.go").touch()
    assert running.finish() == 130
    assert texts(out.read_text().split("begun\n")[1]) == ["new"]
    assert tail("--exec", APPEND, "--cursor", place) == (0, "", "")
    assert out.read_text().count("new") == 1


def test_a_command_that_hangs_dies_with_tail_and_what_it_started(following, archive, out):
    record(archive, event_at(1, "old"))
    running = following(
        "--exec", 'sleep 1000 & echo $! >"$OUT"; trap "" TERM INT; sleep 1000; wait'
    )
    record(archive, event_at(2, "new"))
    eventually(lambda: out.read_text().endswith("\n"))
    running.interrupt()
    running.interrupt()  # a second one does not wait for the grace
    assert running.finish(PATIENCE) == 130
    assert "stopped before --exec took 1 line" in running.stderr
    eventually(lambda: not Path(f"/proc/{out.read_text().strip()}/cwd").exists())


def test_a_wait_for_a_retry_ends_at_a_signal(following, archive):
    record(archive, event_at(1, "old"))
    running = following("--exec", "false")
    record(archive, event_at(2, "new"))
    running.wait_for("it is run again in 4 s")
    running.terminate()
    assert running.finish() == 130
    assert "stopped before --exec took 1 line" in running.stderr
