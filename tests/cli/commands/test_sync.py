"""`chatlog sync` as people and cron type it, against a server in the test's own process."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

from chatlog.demo.state import CAPABILITIES
from tests.support.embedded import EmbeddedServer
from tests.support.process import holding
from tests.support.recorded import events, texts
from tests.support.tending import HOLDER
from tests.support.waiting import eventually

TALK = ["one", "two", "three", "four"]


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def sync(chatlog, archive):
    def run(port, *options, channel="c"):
        return chatlog.run(
            "sync", "--server", f"irc://127.0.0.1:{port}", "--channel", channel, "--network",
            "net", "--archive", archive, *options,
        )  # fmt: skip

    return run


@pytest.fixture
def server():
    with EmbeddedServer() as running:
        for text in TALK:
            running.say("ada", "#c", text)
        yield running


def test_the_first_run_fetches_all_there_is_and_says_so(sync, server, archive):
    done = sync(server.port)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "net/#c  4 fetched  nothing missing\n"
    assert texts(archive, "#c") == TALK


def test_the_next_run_fetches_what_was_said_since_and_nothing_twice(sync, server, archive):
    sync(server.port)
    server.say("ada", "#c", "five")
    done = sync(server.port, "--json")
    assert json.loads(done.stdout) == {
        "type": "sync", "network": "net", "target": "#c", "fetched": 1, "gaps": [],
    }  # fmt: skip
    assert sync(server.port).stdout.startswith("net/#c  0 fetched")
    assert texts(archive, "#c") == [*TALK, "five"]


@pytest.mark.parametrize(
    ("history", "expected"), [("9", TALK), ("all", TALK), ("1h", TALK), ("0s", [])]
)
def test_how_much_the_first_run_fetches_can_be_said(sync, server, archive, history, expected):
    assert sync(server.port, "--history", history).returncode == 0
    assert texts(archive, "#c") == expected


def test_the_last_lines_are_fetched_with_what_was_said_in_the_same_moment(sync, server, archive):
    server.say("ada", "#c", "the last")
    assert sync(server.port, "--history", "1").returncode == 0
    found = [each for each in events(archive, "#c") if each["type"] == "message"]
    assert found[-1]["text"] == "the last"
    assert {event["time"] for event in found} == {found[-1]["time"]}


def test_cron_hears_nothing_while_all_is_well(sync, server):
    done = sync(server.port, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_between_two_runs_is_a_planned_gap_until_it_is_filled(sync, chatlog, server, archive):
    sync(server.port)
    assert chatlog.run("gaps", "--archive", archive).returncode == 0
    sync(server.port)
    done = chatlog.run("gaps", "--archive", archive, "--json")
    states = [json.loads(line).get("state") for line in done.stdout.splitlines()]
    assert states[0] == "filled"


def test_a_gap_that_stays_open_ends_with_1_once(sync, chatlog, archive):
    capabilities = [name for name in CAPABILITIES if "history" not in name]
    with EmbeddedServer(capabilities=capabilities) as forgetful:
        recorder = chatlog.start(
            "record", "--server", f"irc://127.0.0.1:{forgetful.port}/#c", "--network", "net",
            "--archive", archive,
        )  # fmt: skip
        recorder.wait_for("net: in 1 of 1 channels")
        recorder.terminate()
        assert recorder.finish() == 0
        done = sync(forgetful.port, "--quiet")
        assert done.returncode == 1
        assert "1 open gap" in done.stdout
        assert "are still missing: the server offers no history; see `chatlog gaps`" in done.stderr
        again = sync(forgetful.port, "--quiet")
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_who_stays_a_while_records_what_is_said_then(chatlog, sync, server, archive):
    staying = chatlog.start(
        "sync", "--server", f"irc://127.0.0.1:{server.port}/#c", "--network", "net",
        "--archive", archive, "--for", "1h",
    )  # fmt: skip
    staying.wait_for("4 lines were fetched back")
    server.say("ada", "#c", "live")
    eventually(lambda: "live" in texts(archive, "#c"))
    staying.interrupt()
    assert staying.finish() == 130
    assert texts(archive, "#c") == ["live", *TALK]


def test_who_stayed_a_while_ends_by_itself(sync, server, archive):
    assert sync(server.port, "--for", "0.2s").returncode == 0
    assert texts(archive, "#c") == TALK


def test_an_interrupt_ends_it_cleanly_with_130_and_the_next_run_goes_on(
    chatlog, sync, server, archive
):
    staying = chatlog.start(
        "sync", "--server", f"irc://127.0.0.1:{server.port}/#c", "--network", "net",
        "--archive", archive, "--for", "1h",
    )  # fmt: skip
    staying.wait_for("4 lines were fetched back")
    staying.interrupt()
    assert staying.finish() == 130
    server.say("ada", "#c", "meanwhile")
    assert sync(server.port).returncode == 0
    assert texts(archive, "#c") == [*TALK, "meanwhile"]


def test_an_interrupt_with_lines_that_the_disk_refused_ends_with_3_and_one_line(
    chatlog, server, archive
):
    words = (
        "sync", "--server", f"irc://127.0.0.1:{server.port}/#c", "--network", "net",
        "--archive", archive, "--for", "1h",
    )  # fmt: skip
    chatlog_here = shlex.join([sys.executable, "-m", "chatlog", *map(str, words)])
    staying = chatlog.start_command("bash", "-c", f"ulimit -f 8; exec {chatlog_here}")
    staying.wait_for("4 lines were fetched back")
    for number in range(40):
        server.say("ada", "#c", f"{number} " + "x" * 380)
    staying.wait_for("File too large")
    staying.interrupt()
    assert staying.finish() == 3
    assert "File too large" in staying.stderr.splitlines()[-1]


def test_a_second_one_at_the_same_time_ends_with_5(sync, server, archive):
    sync(server.port)
    with holding(HOLDER, archive):
        assert sync(server.port).returncode == 5


def test_a_network_that_cannot_be_reached_ends_with_4_and_claims_nothing(sync, server, archive):
    port = server.port
    with EmbeddedServer() as gone:
        port = gone.port
    done = sync(port, "--quiet")
    assert (done.returncode, done.stdout) == (4, "")
    assert not list(archive.glob("net/*/LEDGER"))


def test_all_networks_of_a_file_are_fetched_side_by_side(chatlog, server, archive, tmp_path):
    config = tmp_path / "chatlog.toml"
    with EmbeddedServer() as other:
        other.say("grace", "#d", "over there")
        config.write_text(
            f"""
[networks.net]
servers = ["irc://127.0.0.1:{server.port}"]
channels = ["#c"]

[networks.other]
servers = ["irc://127.0.0.1:{other.port}"]
channels = ["#d"]
"""
        )
        done = chatlog.run("sync", "--config", config, "--archive", archive)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "net/#c    4 fetched  nothing missing",
        "other/#d  1 fetched  nothing missing",
    ]


@pytest.fixture
def crowd(chatlog, archive):
    """Return a function that syncs four channels of a server, and returns what it prints."""

    def run(port, *options):
        words = [word for name in "abde" for word in ("--channel", name)]
        done = chatlog.run(
            "sync", "--server", f"irc://127.0.0.1:{port}", *words, "--network", "net",
            "--archive", archive, *options,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def test_channels_without_news_are_one_line_behind_those_with_news(crowd, server):
    server.say("ada", "#b", "hello")
    assert crowd(server.port) == [
        "net/#b  1 fetched  nothing missing", "3 more channels: nothing new",
    ]  # fmt: skip
    assert crowd(server.port) == ["4 channels: nothing new"]
    for name in "abd":
        server.say("ada", f"#{name}", "hello")
    assert crowd(server.port)[2:] == [
        "net/#d  1 fetched  nothing missing", "net/#e  0 fetched  nothing missing",
    ]  # fmt: skip


def test_as_json_a_channel_without_news_has_its_object_as_any_other(crowd, server):
    server.say("ada", "#b", "hello")
    found = [json.loads(line) for line in crowd(server.port, "--json")]
    assert [(each["target"], each["fetched"]) for each in found] == [
        ("#a", 0), ("#b", 1), ("#d", 0), ("#e", 0),
    ]  # fmt: skip


@pytest.mark.parametrize("option", [("--history", "some"), ("--for", "x"), ("--jitter", "-1")])
def test_what_makes_no_sense_is_a_usage_error(sync, option):
    assert sync(1, *option).returncode == 2
