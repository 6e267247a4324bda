"""A pipe: lines for a command that goes on, and the cursors that it echoes."""

from __future__ import annotations

import time

import pytest

from chatlog.errors import UsageError
from chatlog.hook import child, pipe
from chatlog.hook.delivery import Hook
from chatlog.hook.lines import HookLine
from chatlog.hook.pipe import CommandPipe
from tests.hook.test_delivery import Stops

ECHO = 'while IFS= read -r line; do cursor=${line##*\\"cursor\\":\\"}; '
ECHO += 'printf "%s\\n" "${cursor%??}"; done'


def lines(*numbers):
    return [
        HookLine(None, f"{each:016x}", b'{"text":"%d","cursor":"%016x"}\n' % (each, each))
        for each in numbers
    ]


class Piped:
    """A pipe without real sleep: the slept seconds, the reports, and the lines it took."""

    def __init__(self, command, retries=None):
        self.slept, self.reports, self.notes = [], [], []
        self.stops = Stops()
        hook = Hook(command, pipe.MOST, retries=retries, option="--pipe", goes_on=True)
        self.pipe = CommandPipe(
            hook, {"CHATLOG_ARCHIVE": "/a"}, self.stops, self.report, self.slept.append
        )

    def report(self, text):
        self.reports.append(text)

    def send(self, *numbers):
        return self.pipe.send(lines(*numbers), {}, self.notes.append)


@pytest.fixture
def piped():
    started = []

    def start(*arguments, **more):
        started.append(Piped(*arguments, **more))
        return started[-1]

    yield start
    for each in started:
        each.pipe.close()


def test_one_process_gets_all_lines_and_each_echo_moves_the_cursor(piped, tmp_path):
    running = piped(f"echo $$ >>{tmp_path}/pids; tee -a {tmp_path}/got | {ECHO}")
    assert running.send(1, 2, 3) is None
    assert running.send(4) is None
    assert sum(running.notes) == 4
    running.pipe.close()  # `tee` writes to its stdout first
    assert (tmp_path / "got").read_bytes() == b"".join(each.data for each in lines(1, 2, 3, 4))
    assert len((tmp_path / "pids").read_text().split()) == 1
    assert running.reports == []


def test_a_cursor_acknowledges_all_lines_before_its_own(piped):
    running = piped(f"read -r _; read -r _; head -n 1 | {ECHO}; cat >/dev/null")
    assert running.send(1, 2, 3) is None
    assert running.notes == [3]


def test_a_command_that_ends_gets_the_lines_again_that_it_did_not_take(piped, tmp_path):
    once = f"head -n 2 | tee -a {tmp_path}/got | {ECHO}"
    running = piped(
        f"if [ -e {tmp_path}/got ]; then tee -a {tmp_path}/got | {ECHO}; else {once}; fi"
    )
    assert running.send(1, 2, 3, 4) is None
    assert sum(running.notes) == 4
    assert running.slept == [1]
    [report] = running.reports
    assert report.startswith("--pipe ended with status ")
    assert report.endswith("; it is run again in 1 s")
    running.pipe.close()
    assert (tmp_path / "got").read_bytes() == b"".join(each.data for each in lines(1, 2, 3, 4))


def test_the_pauses_grow_until_a_line_is_taken(piped, tmp_path):
    count = f"echo >>{tmp_path}/runs; runs=$(wc -l <{tmp_path}/runs)"
    running = piped(f"{count}; [ $runs -gt 3 ] || exit 1; [ $runs -gt 4 ] || head -n 1 | {ECHO}"
                    f"; [ $runs -lt 5 ] || {ECHO}")  # fmt: skip
    assert running.send(1, 2) is None
    assert running.slept == [1, 2, 4, 1]


def test_the_last_failure_is_returned_if_no_retry_is_left(piped):
    running = piped("exit 3", retries=1)
    assert running.send(1) == (3, "ended with status 3")
    assert running.slept == [1]


def test_a_command_that_cannot_be_run_is_a_usage_error(piped):
    with pytest.raises(UsageError, match="--pipe ended with status 127: the shell cannot find"):
        piped("no-such-program-here").send(1)


def test_text_that_is_no_cursor_is_reported_once_and_passed_over(piped):
    running = piped(f"printf 'Ready\\033[2J.\\nAgain\\n\\n'; {ECHO}")
    assert running.send(1, 2) is None
    assert running.reports == [
        r"--pipe: it printed 'Ready\\x1b[2J.', which is no cursor; see docs/pipe.md"
    ]


@pytest.mark.parametrize(
    "output", ["yes", "head -c 3000000 /dev/zero", "printf x"], ids=["lines", "one line", "no end"]
)
def test_a_flood_of_output_is_passed_over_in_bounded_memory(piped, output):
    running = piped(f"{output} | head -c 3000000; echo; {ECHO}")
    assert running.send(1) is None
    assert len(running.pipe._process._rest) <= 200


def test_more_lines_than_two_pipes_hold_are_given(piped):
    cursors = [f"{each:016x}" for each in range(1000)]
    data = b'{"text":"' + b"x" * 4000 + b'","cursor":"%s"}\n'
    many = [HookLine(None, each, data % each.encode()) for each in cursors]
    running = piped(ECHO)
    assert running.pipe.send(many, {}, running.notes.append) is None
    assert sum(running.notes) == 1000


@pytest.mark.parametrize("closed", ["exec >&-; sleep 100", "exec <&- 3>&1; sleep 100"], ids=str)
def test_a_command_that_closes_stdin_or_stdout_is_ended(piped, closed, monkeypatch):
    monkeypatch.setattr("chatlog.hook.pipe_process._CLOSING", 0.1)
    many = [HookLine(None, f"{each:016x}", b"x" * 100_000) for each in range(2)]
    running = piped(closed, retries=0)
    ending = running.pipe.send(many, {}, running.notes.append)
    assert ending.words in ("closed its stdout", "closed its stdin")


def test_the_end_of_the_shell_is_the_end_even_if_a_child_keeps_its_stdout(piped):
    running = piped("sleep 100 & exit 4", retries=0)
    assert running.send(1) == (4, "ended with status 4")


def test_no_cursor_for_a_minute_is_reported_once(piped, monkeypatch):
    monkeypatch.setattr(pipe, "_SILENCE", 0.3)
    running = piped(f"sleep 0.8; {ECHO}")
    assert running.send(1, 2) is None
    assert running.reports == [
        "--pipe: no cursor came for 0.3 s, and 2 lines were given; see docs/pipe.md"
    ]


def test_a_stop_gives_the_command_its_grace_and_what_it_echoes_counts(piped, monkeypatch):
    monkeypatch.setattr(child, "STOP_GRACE", 30.0)
    running = piped(f"head -n 1 | {ECHO}; cat >/dev/null", retries=0)
    running.stops.is_asked = True
    begin = time.monotonic()
    assert running.send(1, 2) is not None
    assert sum(running.notes) == 1
    assert time.monotonic() - begin < 20, "it ended when its stdin did"


def test_a_command_that_ignores_all_is_killed_at_the_end(piped, monkeypatch):
    monkeypatch.setattr(child, "STOP_GRACE", 0.2)
    monkeypatch.setattr(child, "_KILL_GRACE", 0.2)
    running = piped(f"trap '' TERM; {ECHO}; while :; do sleep 0.1; done")
    assert running.send(1) is None
    process = running.pipe._process._process
    running.pipe.close()
    assert process.poll() == -9
