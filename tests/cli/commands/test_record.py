"""`chatlog record` as people type it: options, statuses, one line of error, silence for cron."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chatlog.cli.commands import record
from tests.support.embedded import EmbeddedServer
from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE

HELD = r"chatlog: another chatlog is recording '#demo'.*--archive\n"


@pytest.fixture
def server():
    # A CASEMAPPING that is not the default shows whether the server was listened to.
    with EmbeddedServer(casemapping="ascii") as running:
        yield running


def arguments(server, *more, channel="demo"):
    return (
        "record", "--server", f"127.0.0.1:{server.port}", "--no-tls", "--network", "net",
        "--channel", channel, *more,
    )  # fmt: skip


def lines(directory, channel="#demo"):
    data = b"".join(
        path.read_bytes() for path in sorted((directory / "net" / channel).glob("*.jsonl"))
    )
    return [json.loads(line) for line in data.splitlines()]


def recorded_once(chatlog, server, *more, nick="chatlog", **env):
    """Run a recorder until it is in its channel; return its exit status."""
    running = chatlog.start(*arguments(server, *more), **env)
    server.joined(nick, "#demo")
    running.terminate()
    return running.finish()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_cleanly_with_status_0(chatlog, tmp_path, server, number):
    running = chatlog.start(*arguments(server, "--archive", tmp_path))
    server.joined("chatlog", "#demo")
    os.kill(running.pid, number)
    assert running.finish() == 0
    assert server.heard(rb"^QUIT") == b"QUIT :chatlog stopped"
    assert [event["type"] for event in lines(tmp_path)][-1] == "parted"


def test_diagnostics_go_to_stderr_and_say_where_the_transcript_is(chatlog, tmp_path, server):
    running = chatlog.start(*arguments(server, "--archive", tmp_path))
    running.wait_for("connected to")
    running.terminate()
    assert running.finish() == 0
    assert running.stdout == ""
    place = re.escape(str(tmp_path / "net" / "#demo"))
    assert re.search(f"recording #demo in {place}", running.stderr)
    assert re.search(f"recorded #demo in {place}", running.stderr)


def test_for_cron_a_run_that_ends_by_itself_is_silent(chatlog, tmp_path, server):
    running = chatlog.start(*arguments(server, "--archive", tmp_path, "--max-events=1", "--quiet"))
    server.joined("chatlog", "#demo")
    server.say("ada", "#demo", "hello")
    assert (running.finish(), running.stdout, running.stderr) == (0, "", "")


def test_a_second_copy_ends_with_status_5_and_one_line(chatlog, tmp_path, server):
    running = chatlog.start(*arguments(server, "--archive", tmp_path))
    server.joined("chatlog", "#demo")
    second = chatlog.run(*arguments(server, "--archive", tmp_path, "--quiet"))
    assert second.returncode == 5
    assert second.stdout == ""
    assert re.fullmatch(HELD, second.stderr)
    running.terminate()
    assert running.finish() == 0


def test_a_second_recorder_of_another_channel_is_welcome(chatlog, tmp_path, server):
    first = chatlog.start(*arguments(server, "--archive", tmp_path))
    server.joined("chatlog", "#demo")
    second = chatlog.start(*arguments(server, "--archive", tmp_path, channel="tea"))
    server.joined("chatlog_", "#tea")
    for running in (first, second):
        running.terminate()
        assert running.finish() == 0
    assert lines(tmp_path, "#tea")[-1]["type"] == "parted"
    assert json.loads((tmp_path / "net" / "network.json").read_bytes())["casemapping"] == "ascii"


def test_a_held_channel_is_left_out_and_the_others_are_recorded(chatlog, tmp_path, server):
    first = chatlog.start(*arguments(server, "--archive", tmp_path))
    server.joined("chatlog", "#demo")
    second = chatlog.start(*arguments(server, "--archive", tmp_path, "--channel", "tea"))
    second.wait_for("another chatlog is recording '#demo'")
    server.joined("chatlog_", "#tea")
    second.terminate()
    assert second.finish() == 5
    first.terminate()
    assert first.finish() == 0


def test_a_second_copy_is_refused_also_after_the_lock_file_was_deleted(chatlog, tmp_path, server):
    running = chatlog.start(*arguments(server, "--archive", tmp_path))
    server.joined("chatlog", "#demo")
    server.say("ada", "#demo", "hello")
    server.answered()
    (tmp_path / ".lock").unlink()
    second = chatlog.run(*arguments(server, "--archive", tmp_path, "--quiet"))
    assert second.returncode == 5
    assert re.fullmatch(HELD, second.stderr)
    running.terminate()
    assert running.finish() == 0


@pytest.mark.parametrize(
    "is_known", [True, False], ids=["casemapping known", "casemapping unknown"]
)
def test_of_two_linked_channels_one_is_recorded_and_so_are_their_neighbours(
    chatlog, tmp_path, server, is_known
):
    network = tmp_path / "net"
    (network / "#demo").mkdir(parents=True)
    (network / "#tea").symlink_to("#demo")
    if is_known:
        (network / "network.json").write_text('{"network": "net", "casemapping": "ascii"}')
    more = ("--channel", "tea", "--channel", "cake")
    running = chatlog.start(*arguments(server, "--archive", tmp_path, *more))
    server.joined("chatlog", "#cake")
    server.answered()
    running.terminate()
    assert running.finish() == 5
    told = f"{network}/#tea and {network}/#demo are one directory, and '#demo' is recorded there"
    assert told in running.stderr
    for channel in ("#demo", "#cake"):
        events = lines(tmp_path, channel)
        assert {event["target"] for event in events} == {channel}
        assert events[-1]["type"] == "parted"


def test_after_a_killed_recorder_the_transcript_is_free_again_and_whole(chatlog, tmp_path, server):
    running = chatlog.start(*arguments(server, "--archive", tmp_path))
    server.joined("chatlog", "#demo")
    server.answered()
    running.kill()
    running.finish()
    again = chatlog.start(*arguments(server, "--archive", tmp_path))
    server.joined("chatlog", "#demo")
    server.answered()
    again.terminate()
    assert again.finish() == 0
    assert [event["type"] for event in lines(tmp_path)].count("joined") == 2


def test_what_was_said_before_a_kill_is_kept(chatlog, tmp_path, server):
    """What was read is in the kernel before it is answered."""
    running = chatlog.start(*arguments(server, "--archive", tmp_path))
    server.joined("chatlog", "#demo")
    server.say("ada", "#demo", "hello")
    server.answered()
    running.kill()
    running.finish()
    assert [event.get("text") for event in lines(tmp_path) if event["type"] == "message"] == [
        "hello"
    ]


def test_the_archive_is_where_the_environment_says(chatlog, tmp_path, server):
    assert recorded_once(chatlog, server, CHATLOG_ARCHIVE=str(tmp_path)) == 0
    assert lines(tmp_path)


def test_files_and_directories_are_for_the_user_and_the_group_only(chatlog, tmp_path, server):
    root = tmp_path / "archive"
    recorded_once(chatlog, server, "--archive", root, "--file-mode", "600")
    found = {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*_001.jsonl")}
    assert found == {0o600}
    directories = [root, *(path for path in root.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directories} == {0o750}


@pytest.mark.parametrize(
    ("wrong", "status", "says"),
    [
        (("--server", "127.0.0.1:{closed}", "--channel", "a"), 4, "refuses connections"),
        (("--server", "nosuchhost.invalid", "--channel", "a"), 4, "no address for nosuchhost"),
        (("--server", "localhost", "--channel", "a b"), 2, "is no channel"),
        (("--server", "localhost:99999", "--channel", "a"), 2, "is no port"),
        (("--server", "localhost"), 2, r"no channel to record; say --channel '#python'"),
        (("--channel", "a"), 2, "--server"),
        (("--server", "localhost", "--channel", "a", "--for", "soon"), 2, "55m"),
        (("--server", "localhost", "--channel", "a", "--until", "noon"), 2, "23:59"),
        (("--server", "localhost", "--channel", "a", "--rotate-size", "big"), 2, "10M"),
        (("--server", "localhost", "--channel", "a", "--tz", "Moon"), 2, "Europe/Berlin"),
        (("--server", "localhost", "--channel", "a", "--nick", "#a"), 2, "is no nick"),
        (("--server", "localhost", "--channel", "a", "--tls-ca", "/none"), 2, "/none"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_with_its_status(
    chatlog, tmp_path, closed_port, wrong, status, says
):
    typed = [part.replace("{closed}", str(closed_port)) for part in wrong]
    done = chatlog.run("record", *typed, "--no-tls", "--archive", tmp_path / "a", "--quiet")
    assert done.returncode == status
    assert re.search(says, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_tls_ca_that_is_no_certificate_is_an_error_of_usage(chatlog, tmp_path):
    (tmp_path / "ca.pem").write_text("nothing of the kind\n")
    done = chatlog.run(
        "record", "--server", "localhost", "--channel", "a", "--tls-ca", tmp_path / "ca.pem",
        "--archive", tmp_path / "a",
    )  # fmt: skip
    assert done.returncode == 2
    assert "--tls-ca" in done.stderr


def test_a_place_that_cannot_be_written_ends_with_status_3(chatlog, tmp_path, server):
    (tmp_path / "file").write_text("in the way\n")
    done = chatlog.run(*arguments(server, "--archive", tmp_path / "file" / "archive", "--quiet"))
    assert done.returncode == 3
    assert re.fullmatch(r"chatlog: cannot write .*\n", done.stderr)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a read-only file system")
def test_a_read_only_file_system_ends_with_status_3(chatlog, tmp_path, server):
    mount = 'mount -t tmpfs -o ro none /mnt && exec "$@"'
    record = arguments(server, "--archive", "/mnt/a", "--quiet")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "-", sys.executable, "-m", "chatlog", *record],
        env=chatlog.environment(), capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 3
    assert re.fullmatch(r"chatlog: cannot write /mnt/a/FORMAT: .*make it writable.*\n", done.stderr)


def test_options_win_over_the_environment(chatlog, tmp_path, server):
    ended = recorded_once(
        chatlog, server, "--archive", tmp_path, "--nick", "typed",
        nick="typed", CHATLOG_NICK="set", CHATLOG_ARCHIVE="/nowhere",
    )  # fmt: skip
    assert ended == 0
    assert lines(tmp_path)[0]["nick"] == "typed"


def test_nasty_lines_are_recorded_for_what_they_are_and_cost_no_neighbour(
    chatlog, tmp_path, server
):
    running = chatlog.start(
        *arguments(server, "--archive", tmp_path, "--format", "jsonl", "--format", "text")
    )
    server.joined("chatlog", "#demo")
    source = b":eve!e@h "
    server.send_raw(
        "chatlog",
        b"\r\n\r\n   \r\n" + source + b"PRIVMSG #demo :one\r\n"
        + source + b"PRIVMSG #demo\r\n" + source + b"PRIVMSG #demo :\xff\xfe caf\xe9\r\n"
        + source + b"PRIVMSG #demo :nul \0 here\r\n" + b"x" * 100_000 + b"\r\n"
        + source + b"QUIT\r\n" + b":s 001\r\n:s 353 chatlog\r\n:s 005\r\n:s 366\r\nKICK\r\n"
        + b"@" + b"k=" + b"v" * 8189 + b" " + source + b"PRIVMSG #demo :tagged\r\n"
        + source + b"PRIVMSG #demo :a\x10n[00:00:00] <ada> forged\x1b[2J\xc2\x9b\r\n"
        + source + b"PRIVMSG #../../etc :out\r\n" + source + b"PRIVMSG #demo :two\r\n",
    )  # fmt: skip
    server.answered()
    running.terminate()
    assert running.finish() == 0
    assert [event["text"] for event in lines(tmp_path) if event["type"] == "message"] == [
        "one", "ÿþ café", "nul \0 here", "tagged",
        "a\x10n[00:00:00] <ada> forged\x1b[2J\x9b", "two",
    ]  # fmt: skip
    text = next((tmp_path / "net/#demo").glob("*.log")).read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", text)
    assert not re.search(rb"^\[\d\d:\d\d:\d\d\] <ada>", text, re.MULTILINE)
    kept = lines(tmp_path, "@server")
    assert any(event.get("raw", "").startswith("eHh4") for event in kept)
    assert {path.name for path in (tmp_path / "net").iterdir()} == {
        "#demo", "@server", "network.json",
    }  # fmt: skip


def test_on_a_terminal_a_small_view_shows_channels_and_state(chatlog, tmp_path, server):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "chatlog", *arguments(server, "--archive", str(tmp_path))],
        env=chatlog.environment(TERM="xterm"), stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    try:
        server.joined("chatlog", "#demo")
        server.say("ada", "#demo", "hello")
        shown = read_until(master, rb"#demo +\d")
        process.send_signal(signal.SIGINT)
        shown += read_until(master, rb"recorded #demo in")
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert b"connected to 127.0.0.1" in shown
    assert b"last line" in shown


def read_until(fd, pattern, timeout=PATIENCE):
    data, deadline = b"", time.monotonic() + timeout
    while not re.search(pattern, data):
        ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
        assert ready, data
        data += os.read(fd, 65_536)
    return data


def to_scripted(nasty, tmp_path):
    return arguments(nasty, "--archive", tmp_path, "--reconnect-min", "60s")


def scripted(chatlog, tmp_path, script, *more):
    with ScriptedServer(script) as nasty:
        return chatlog.run(*to_scripted(nasty, tmp_path), *more)


def test_a_ban_ends_the_run_for_good(chatlog, tmp_path):
    def ban(peer):
        peer.wait_for(rb"^USER")
        peer.send(b":s 465 * :You are banned from this server\r\n")
        peer.send(b"ERROR :Closing link: K-lined\r\n")

    done = scripted(chatlog, tmp_path, ban, "--retry", "--quiet")
    assert done.returncode == 6
    assert "we are banned from this server" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_hangs_up_before_it_welcomes_us_refuses_for_now(chatlog, tmp_path):
    def hang_up(peer):
        peer.wait_for(rb"^USER")
        peer.send(b"ERROR :Trying to reconnect too fast\r\n")

    done = scripted(chatlog, tmp_path, hang_up, "--quiet")
    assert done.returncode == 4
    assert "Trying to reconnect too fast" in done.stderr


def test_a_line_that_was_cut_by_the_end_is_kept(chatlog, tmp_path):
    def cut(peer):
        peer.register()
        peer.join("#demo")
        peer.send(b":eve!e@h PRIVMSG #demo :whole\r\n:eve!e@h PRIVMSG #demo :ha")

    with ScriptedServer(cut) as nasty:
        running = chatlog.start(*to_scripted(nasty, tmp_path))
        running.wait_for("connecting again")
        running.terminate()
        assert running.finish() == 0
    assert [event["text"] for event in lines(tmp_path) if event["type"] == "message"] == ["whole"]
    raw = [event["raw"] for event in lines(tmp_path, "@server") if "raw" in event]
    assert [base64.b64decode(each) for each in raw] == [b":eve!e@h PRIVMSG #demo :ha"]


@pytest.mark.parametrize(("zone", "options"), [("Asia/Tokyo", ()), ("UTC", ("--tz", "Asia/Tokyo"))])
def test_until_is_a_time_of_the_local_clock_unless_tz_names_another(monkeypatch, zone, options):
    soon = datetime.now(ZoneInfo("Asia/Tokyo")) + timedelta(minutes=30)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    typed = ["--until", f"{soon:%H:%M}", *options]
    limits = record.limits_of(record.command.make_context("record", typed))
    monkeypatch.undo()
    time.tzset()
    assert 28 * 60 < limits.duration <= 30 * 60
