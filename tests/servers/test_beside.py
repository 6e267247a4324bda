"""Archives merged beside a real recorder of the same channel, which records on meanwhile."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from chatlog import clock
from chatlog.event import parse_time
from tests.servers.daemons import Ngircd
from tests.support.archive import START, event_at, manifest_of, writer_in
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

DAY = 86_400
ROUNDS = 4


def laptop_of(root, number):
    """Record lines of yesterday and of this day, which the recorder has not heard."""
    today = (parse_time(clock.now()[:10] + "T00:00:00.000Z") - START) // 1000
    seconds = [today - DAY + 60 * each for each in range(50)]
    # Of this day until the last minute, also if it has just begun.
    until = (parse_time(clock.now()) - START) / 1000 - 300
    seconds += [max(today - 30, until - 50 + each) for each in range(50)]
    writer = writer_in(root, casemapping="ascii")  # as ngIRCd folds names
    for at, each in enumerate(seconds):
        writer.write(event_at(each, f"past {number} {at:02d}", target="#a", nick="bob"))
    writer.close()
    return root


def said_in(chatlog, archive):
    found = chatlog.run("search", "type:message", "--json", "--archive", archive, "-c", "#a")
    return Counter(json.loads(line)["text"] for line in found.stdout.splitlines())


@pytest.fixture(params=["jsonl", "text"])
def config(request, tmp_path, start_daemon):
    """Write a configuration of small segments, for the recorder and for the merges."""
    file = tmp_path / "chatlog.toml"
    server = start_daemon(Ngircd)
    file.write_text(
        f"""
[storage]
archive = "{tmp_path / "archive"}"
format = ["{request.param}"]
rotate-size = "2K"
[networks.net]
servers = ["irc://127.0.0.1:{server.port}"]
nick = "rec"
channels = ["#a"]
"""
    )
    return file, server.port


def recorder_of(chatlog, config):
    running = chatlog.start("record", "--config", config, "--verbose")
    running.wait_for("net: in 1 of 1 channels")
    return running


def test_a_recorder_records_on_while_archives_are_merged_into_its_channel(
    chatlog, tmp_path, config, person
):
    config, port = config
    archive = tmp_path / "archive"
    ada = person(port, "ada").register()
    ada.join("#a")
    running = recorder_of(chatlog, config)
    lines = 0
    for number in range(ROUNDS):
        laptop = laptop_of(tmp_path / f"laptop{number}", number)
        merging = chatlog.start("merge", laptop, "--config", config)
        for _ in range(8):
            ada.send(f"PRIVMSG #a :live {lines:03d}")
            ada.sync()
            lines += 1
        assert merging.finish() == 0, merging.stdout
        assert "100 lines added" in merging.stdout
        if number == ROUNDS // 2:  # the next run begins parts of its own
            eventually(lambda last=lines - 1: said_in(chatlog, archive)[f"live {last:03d}"])
            running.kill()
            running.finish()
            running = recorder_of(chatlog, config)
    eventually(lambda: said_in(chatlog, archive)[f"live {lines - 1:03d}"])
    log = tmp_path / "#a.log"
    log.write_text("--- Log opened Sun Nov 22 10:00:00 2026\n10:00 < bob> of irssi\n")
    importing = chatlog.run(
        "import", log, "--network", "net", "--channel", "#a", "--config", config
    )
    assert "net/#a  1 line added" in importing.stdout, importing.stderr
    running.terminate()
    assert running.finish() == 0, running.stderr
    expected = [f"live {each:03d}" for each in range(lines)]
    expected += [f"past {number} {at:02d}" for number in range(ROUNDS) for at in range(100)]
    expected += ["of irssi"]
    assert said_in(chatlog, archive) == Counter(expected)
    assert "0 lines added" in chatlog.run("merge", tmp_path / "laptop0", "--config", config).stdout
    for command in ("verify", "maintain", "verify"):
        done = chatlog.run(command, "--archive", archive)
        assert done.returncode == 0, done.stdout
    assert manifest_of(archive / "net" / "#a")
    assert said_in(chatlog, archive) == Counter(expected)
