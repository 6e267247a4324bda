"""How runs of cron end: the status and stderr of each situation, with and without --quiet."""

from __future__ import annotations

import re

import pytest

from tests.support.scripted import ScriptedServer

BANNED, NO_SUCH = b"474 %s %s :Cannot join channel (+b)", b"403 %s %s :No such channel"


def silent(peer):
    peer.wait_for_the_end()


def answering(**answers):
    """Make the script of a server that lets us into a channel (None), or answers with a numeric."""

    def script(peer):
        peer.register()
        peer.wait_for(rb"^JOIN ")
        nick = peer.nick.encode()
        for channel, answer in answers.items():
            name = b"#" + channel.encode()
            refusal = b":scripted " + (answer or b"") % (nick, name) if answer else b""
            peer.send(refusal or b":%s!u@h JOIN %s" % (nick, name), b"\r\n")
        peer.wait_for(rb"^PING :chatlog-arrived")
        peer.send(b":scripted PONG scripted :chatlog-arrived\r\n")
        peer.wait_for_the_end()

    return script


WAITED = r"chatlog: net: the run ended before the network welcomed us \(the time is up\); it waited"
NONE = "chatlog: net: no channel let us in: #a: "
ONE = r"\d\d:\d\d:\d\d net: #a refuses us: Cannot join .*; 1 of 2 channels let us in"
SITUATIONS = {
    "no welcome comes in time": (silent, 4, f"{WAITED} for any answer of 127"),
    "every channel refuses": (
        answering(a=BANNED, b=BANNED), 4, rf"{NONE}Cannot join channel \(\+b\) \(474\); asking",
    ),
    "every channel refuses for good": (
        answering(a=NO_SUCH, b=NO_SUCH), 6, rf"{NONE}No such channel \(403\); not asking again",
    ),
    "one channel refuses": (answering(a=BANNED, b=None), 4, ONE),
    "one channel refuses for good": (
        answering(a=NO_SUCH, b=None), 6, r"\d\d:\d\d:\d\d net: #a refuses us: No such channel",
    ),
}  # fmt: skip


@pytest.fixture
def run(chatlog, tmp_path):
    def run(command, script, *options):
        limit = "--for" if command == "record" else "--within"
        with ScriptedServer(script) as server:
            return chatlog.run(
                command, "--server", f"127.0.0.1:{server.port}", "--no-tls", "--network", "net",
                "--channel", "a", "--channel", "b", "--archive", tmp_path, limit, "2s", *options,
            )  # fmt: skip

    return run


@pytest.mark.parametrize("command", ["record", "sync"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_with_quiet_each_end_that_needs_a_human_is_one_line(run, situation, command):
    script, status, line = SITUATIONS[situation]
    done = run(command, script, "--quiet")
    assert (done.returncode, done.stdout) == (status, "")
    assert re.fullmatch(f"{line}[^\n]*\n", done.stderr), done.stderr
    again = run(command, script, "--quiet")
    assert again.returncode == status
    is_news = "no welcome" in situation
    assert len(again.stderr.splitlines()) == is_news, "what is known is not news"


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("--for", r"the time is up"), ("--idle", r"nothing was heard for 2 s")],
)
def test_a_limit_during_the_tls_handshake_says_so_and_ends_with_4(chatlog, tmp_path, limit, reason):
    with ScriptedServer(silent) as server:
        done = chatlog.run(
            "record", "--server", f"127.0.0.1:{server.port}", "--network", "net", "--channel", "a",
            "--archive", tmp_path, limit, "2s", "--quiet",
        )  # fmt: skip
    assert done.returncode == 4
    assert re.fullmatch(
        rf"chatlog: net: the run ended before the network welcomed us \({reason}\);"
        rf" it waited for the TLS handshake with 127\.0\.0\.1:{server.port}\n",
        done.stderr,
    )


def test_with_quiet_a_channel_that_lets_us_in_again_is_one_line(run):
    run("record", answering(a=BANNED, b=None), "--quiet")
    done = run("record", answering(a=None, b=None), "--quiet")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d net: #a lets us in again; 2 of 2 channels let us in\n", done.stderr
    )
    assert run("record", answering(a=None, b=None), "--quiet").stderr == ""


def test_the_progress_of_many_channels_is_one_line_each_time(run):
    done = run("record", answering(a=BANNED, b=None))
    lines = [line.partition(" ")[2] for line in done.stderr.splitlines()]
    assert lines.count("net: in 1 of 2 channels; #a refused: banned") == 1
    assert sum(line.startswith("recording 2 channels in ") for line in lines) == 1
    assert sum(line.startswith("recorded 2 channels in ") for line in lines) == 1
    assert sum("#a" in line or "#b" in line for line in lines) == 2


def test_a_channel_that_refuses_is_not_among_those_without_news(run):
    done = run("sync", answering(a=BANNED, b=None))
    assert done.stdout.splitlines() == [
        "net/#a  0 fetched  not let in: banned", "net/#b  0 fetched  nothing missing",
    ]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_without_quiet_the_same_line_is_among_the_others(run, situation):
    script, status, line = SITUATIONS[situation]
    done = run("record", script)
    assert done.returncode == status
    assert sum(bool(re.match(line, each)) for each in done.stderr.splitlines()) == 1


def test_a_run_that_all_channels_let_in_is_silent(run):
    done = run("sync", answering(a=None, b=None), "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
