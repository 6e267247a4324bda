"""`chatlog status` as people and scripts type it, on files of runs and on a real run."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import urllib.error
import urllib.request

import pytest

from chatlog import clock
from chatlog.cli import run
from chatlog.event import format_time, parse_time
from chatlog.health.runs import RunFile, read_runs, run_name
from chatlog.health.status import InvitationStatus, encode
from tests.support.embedded import EmbeddedServer
from tests.support.events import UNSAFE
from tests.support.statuses import network_status, run_status
from tests.support.waiting import PATIENCE, eventually


def ago(seconds):
    return format_time(parse_time(clock.now()) - seconds * 1000)


class Archive:
    """An archive with runs of the test's making."""

    def __init__(self, root):
        self.root = root
        self._living = []

    def run(self, *networks, started=5, **fields):
        """Let a run begin so many seconds ago; it lives until the test ends."""
        status = run_status(*networks, **{"started": ago(started), **fields})
        run_file = RunFile(self.root, run_name(status.started, status.pid))
        run_file.write(encode(status))
        self._living.append(run_file)
        return run_file

    def leave(self, *networks, **fields):
        """Let a run be over."""
        self.run(*networks, **fields).close()

    def close(self):
        for run_file in self._living:
            run_file.close()


@pytest.fixture
def archive(tmp_path):
    archive = Archive(tmp_path / "archive")
    yield archive
    archive.close()


@pytest.fixture
def status(archive, capsysbinary, monkeypatch):
    """Run `chatlog status` on the archive: its status, stdout and stderr."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*arguments):
        ended = run(["status", "--archive", str(archive.root), *arguments])
        out, err = capsysbinary.readouterr()
        return ended, out.decode(), err.decode()

    return call


# -- what it says ------------------------------------------------------------


def test_a_run_that_is_well_is_shown_and_ends_with_0(status, archive):
    network = network_status(
        "libera", lag=0.07, since=ago(7200), last_event=ago(3), joined=2, wanted=3, reconnects=1,
        events={"#python": 12_345, "#tea": 7}, problems=("cannot join #x: banned",), off_record=2,
    )  # fmt: skip
    archive.run(network, started=180_000, loop_lag=0.25, disk_free=12_345_678_901, errors=1)
    ended, out, err = status()
    assert (ended, err) == (0, "")
    lines = [re.sub(r"  +", "  ", line).strip() for line in out.splitlines()]
    assert [re.sub(r"\b[34] s ago", "3 s ago", line) for line in lines[2:]] == [
        "libera  connected to irc.example:6697",
        "one.example as chatlog, lag 0.1 s, connected 2 h ago",
        "2 of 3 channels, last event 3 s ago, 1 reconnection, 2 off the record",
        "! cannot join #x: banned",
        "#python  12,345",
        "#tea  7",
    ]
    assert lines[0] == "●  /archive: pid 4711, chatlog 1.2.3, running for 2 d"
    assert re.fullmatch(r"last report \d s ago, loop lag 0.25 s, 12,345 MB free, 1 error", lines[1])


def test_channels_of_invitations_are_shown_those_left_for_good_first(status, archive):
    network = network_status(
        invitations=(
            InvitationStatus(channel="#new", by="ada!a@h", at=ago(3600 * 3)),
            InvitationStatus(
                channel="#old", by="eve!e@h", at=ago(3600 * 9), kicks=3,
                reason="kicked by bob (\x1b[2J)", over=True,
            ),
        )
    )  # fmt: skip
    archive.run(network)
    ended, out, _ = status()
    assert ended == 0, "a channel that does not want us is no problem of the run"
    shown = [line.strip() for line in out.splitlines() if "invited" in line]
    kicks = r"3 kicks, the last: kicked by bob (\x1b[2J)"
    assert shown == [
        f"#old: invited by eve!e@h 9 h ago, left for good; {kicks}",
        "#new: invited by ada!a@h 3 h ago",
    ]


def test_many_channels_of_invitations_are_counted(status, archive):
    many = (
        InvitationStatus(channel=f"#c{number}", by="ada!a@h", at=ago(60)) for number in range(25)
    )
    archive.run(network_status(invitations=tuple(many)))
    assert "and 5 more invitations (--all)" in status()[1]
    assert status("--all")[1].count("invited by") == 25


def test_lines_that_wait_for_the_disk_are_shown_and_end_with_1(status, archive):
    archive.run(network_status(), waiting=1234)
    ended, out, err = status()
    assert ended == 1
    assert "1,234 lines waiting for the disk" in out
    assert "1,234 lines waiting for the disk" in err


def test_the_busiest_channels_are_shown_and_with_all_everyone(status, archive):
    archive.run(network_status(events={f"#c{number:02d}": number for number in range(25)}))
    _, out, _ = status()
    shown = re.findall(r"#c(\d\d)", out)
    assert shown == [f"{number:02d}" for number in range(24, 4, -1)]
    assert "and 5 more (--all)" in out
    _, out, _ = status("--all")
    assert len(re.findall(r"#c\d\d", out)) == 25
    assert "more" not in out


def test_how_the_last_runs_ended_is_shown(status, archive):
    archive.leave(started=9000, ended=ago(7300), reason="SIGTERM")
    archive.leave(started=8000, updated=ago(600))
    archive.run(network_status())
    ended, out, _ = status()
    assert ended == 0
    assert "pid 4711, started 2 h ago, ended 2 h ago: SIGTERM" in out
    assert "pid 4711, started 2 h ago, died without notice, last report 10 min ago" in out


def test_of_the_runs_that_are_over_a_few_are_shown_and_with_all_everyone(status, archive):
    for number in range(6):
        archive.leave(started=100 + number, ended=ago(50), reason="over")
    assert status()[1].count("ended") == 3
    assert status("--all")[1].count("ended") == 6


def test_what_the_network_chose_does_not_steer_the_terminal(status, archive):
    evil = "#\x1b[2J\u202e\x07\n"
    archive.run(
        network_status(
            evil, state=evil, server=evil, nick=evil, events={evil: 1}, problems=(evil,)
        ),
        network_status("off", connected=False, state=evil),
    )
    archive.leave(started=100, ended=ago(50), reason=evil)
    ended, out, err = status()
    assert ended == 1
    assert not UNSAFE.search(out.replace("\n", ""))
    assert not UNSAFE.search(err.replace("\n", ""))
    assert err.count("\n") == 1


def test_a_long_line_is_not_cut_where_nobody_looks(status, archive):
    archive.run(network_status(problems=("x" * 150,)))
    assert "x" * 150 in status()[1]


def test_what_is_shown_is_written_also_where_only_ascii_can_be(chatlog, archive):
    archive.run(network_status(events={"#café": 1}))
    done = chatlog.run(
        "status", "--archive", archive.root, PYTHONIOENCODING="ascii", LC_ALL="C.UTF-8"
    )
    assert done.returncode == 0
    assert r"#caf\xe9" in done.stdout


# -- how it ends -------------------------------------------------------------


@pytest.mark.parametrize("over", [False, True])
def test_status_ends_with_1_if_no_recorder_runs(status, archive, over):
    if over:
        archive.leave(started=100, ended=ago(50), reason="over")
    ended, out, err = status()
    assert ended == 1
    assert ("ended" in out) == over
    assert re.fullmatch(f"chatlog: no recorder runs in {archive.root}; start one .*\n", err)


def test_a_network_that_is_not_connected_ends_it_with_1_and_is_named(status, archive):
    waiting = network_status("oftc", connected=False, state="waiting 12 s to reconnect")
    archive.run(network_status("libera"), waiting)
    ended, out, err = status()
    assert ended == 1
    assert "connected to irc.example:6697" in out
    assert err.startswith("chatlog: oftc is not connected (waiting 12 s to reconnect); ")
    assert "libera" not in err


def test_a_run_that_lives_and_says_nothing_ends_it_with_1(status, archive):
    archive.run(network_status(), started=1000, updated=ago(600))
    ended, _, err = status()
    assert ended == 1
    assert err.startswith("chatlog: the recorder with pid 4711 has not reported for 10 min; ")


def test_a_network_that_is_well_hides_none_that_is_not(status, archive):
    archive.run(network_status())
    archive.run(network_status("oftc", connected=False, state="refused: banned"), started=9)
    ended, _, err = status()
    assert (ended, "oftc" in err) == (1, True)


def test_a_status_of_the_future_is_of_now(status, archive):
    archive.run(network_status(), updated=ago(-100))
    ended, out, _ = status()
    assert (ended, "last report 0 s ago" in out) == (0, True)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b'{"pid": "one"}'])
def test_a_damaged_file_is_named_and_the_others_are_shown(status, archive, damage):
    damaged = archive.run(started=9)
    damaged.write(damage)
    archive.run(network_status())
    ended, out, err = status()
    assert (ended, "connected" in out) == (0, True)
    assert err == f"chatlog: {damaged.path} is damaged; remove it when no recorder runs\n"


def test_status_ends_with_3_if_run_files_cannot_be_read(status, archive):
    archive.root.mkdir()
    (archive.root / ".runs").write_text("")
    ended, _, err = status()
    assert ended == 3
    assert err.startswith(f"chatlog: cannot read {archive.root}/.runs: ")


# -- JSON --------------------------------------------------------------------


def test_json_is_a_line_for_each_run_with_whether_it_lives(status, archive):
    archive.leave(started=100, ended=ago(50), reason="over")
    archive.run(network_status(events={"#\u202epython": 7}))
    ended, out, err = status("--json")
    assert (ended, err) == (0, "")
    assert not UNSAFE.search(out.replace("\n", ""))
    living, over = map(json.loads, out.splitlines())
    [network] = living["networks"]
    assert living["alive"] is True
    assert network["targets"] == [{"target": "#\u202epython", "events": 7}]
    assert (over["alive"], over["why"]) == (False, "over")


def test_json_of_nothing_is_nothing_and_ends_with_1(status):
    ended, out, err = status("--json")
    assert (ended, out) == (1, "")
    assert "no recorder runs" in err


# -- real runs ---------------------------------------------------------------


class ServiceManager:
    """A service manager that starts chatlog and hears what it is told."""

    def __init__(self, address):
        self.address = str(address)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(PATIENCE)

    def wait_for(self, beginning):
        """Wait until a message begins so; return it."""
        while not (message := self._socket.recv(65536).decode()).startswith(beginning):
            pass
        return message

    def close(self):
        self._socket.close()


@pytest.fixture
def manager(tmp_path):
    manager = ServiceManager(tmp_path / "notify")
    yield manager
    manager.close()


@pytest.fixture
def server():
    with EmbeddedServer() as running:
        yield running


def start(chatlog, server, tmp_path, *more, **env):
    return chatlog.start(
        "record", "--server", f"127.0.0.1:{server.port}", "--no-tls", "--network", "net",
        "--channel", "demo", "--archive", tmp_path / "archive", *more, **env,
    )  # fmt: skip


def test_a_service_manager_is_told_of_the_whole_life_of_a_run(chatlog, server, tmp_path, manager):
    running = start(
        chatlog, server, tmp_path, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="100000"
    )
    assert manager.wait_for("READY=1")
    assert manager.wait_for("STATUS=1 network, 1 channel")
    assert manager.wait_for("WATCHDOG=1")
    running.terminate()
    assert manager.wait_for("STOPPING=1")
    assert running.finish() == 0


def test_a_reload_is_told_from_its_beginning_to_its_end(chatlog, server, tmp_path, manager):
    running = start(chatlog, server, tmp_path, NOTIFY_SOCKET=manager.address)
    manager.wait_for("STATUS=1 network, 1 channel")
    os.kill(running.pid, signal.SIGHUP)
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", manager.wait_for("RELOADING"))
    assert manager.wait_for("READY=1")
    running.terminate()
    assert running.finish() == 0


def test_a_real_run_is_seen_alive_and_ended(chatlog, server, tmp_path, manager):
    metrics = tmp_path / "chatlog.prom"
    running = start(
        chatlog, server, tmp_path, "--metrics-file", metrics, NOTIFY_SOCKET=manager.address
    )
    manager.wait_for("STATUS=1 network, 1 channel")
    server.joined("chatlog", "#demo")
    eventually(lambda: read_runs(tmp_path / "archive"))
    seen = chatlog.run("status", "--json", "--archive", tmp_path / "archive")
    [status] = map(json.loads, seen.stdout.splitlines())
    assert (status["pid"], status["alive"]) == (running.pid, True)
    running.terminate()
    assert running.finish() == 0
    assert 'chatlog_connected{network="net"}' in metrics.read_text()
    assert "chatlog_up 0" in metrics.read_text()
    seen = chatlog.run("status", "--archive", tmp_path / "archive")
    assert re.search(f"pid {running.pid}, started .* ago: SIGTERM", seen.stdout)


def page_of(url):
    """Return the page of metrics, "" before the first heartbeat has made it."""
    try:
        return urllib.request.urlopen(url).read().decode()
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return ""


def test_a_real_run_serves_its_metrics_and_tells_the_address(chatlog, server, tmp_path):
    running = start(chatlog, server, tmp_path, "--metrics-listen", "127.0.0.1:0", "-c", "empty")
    url = running.wait_for(r"metrics: (http://127\.0\.0\.1:\d+/metrics)$")[1]
    heard = 'chatlog_target_heard{network="net",target="#demo"} 1'
    eventually(lambda: heard in page_of(url))
    running.terminate()
    assert running.finish() == 0


def test_an_address_that_is_taken_is_told_and_the_run_goes_on(chatlog, server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = start(chatlog, server, tmp_path, "--metrics-listen", f"127.0.0.1:{port}")
        running.wait_for(
            rf"cannot serve metrics on 127\.0\.0\.1:{port}: Address already in use; this run"
        )
        server.joined("chatlog", "#demo")
        running.terminate()
        assert running.finish() == 0


def test_a_real_run_that_was_killed_is_seen_to_have_died(chatlog, server, tmp_path):
    running = start(chatlog, server, tmp_path)
    eventually(lambda: read_runs(tmp_path / "archive"))
    running.kill()
    running.finish()
    seen = chatlog.run("status", "--archive", tmp_path / "archive")
    assert seen.returncode == 1
    assert f"pid {running.pid}" in seen.stdout
    assert "died without notice" in seen.stdout
