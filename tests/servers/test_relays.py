"""Relays and bridges on Ergo, which has RELAYMSG: who spoke, in files and on screens."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.server

KEYS = ("type", "nick", "text", "relayed_nick", "relayed_platform")


def test_who_spoke_through_a_relay_is_recorded_shown_found_and_counted(
    chatlog, ergochat, person, tmp_path
):
    archive = tmp_path / "archive"
    bridge, bob = (person(ergochat.port, nick).register() for nick in ("bridge", "bob"))
    bridge.join("#c")
    bob.join("#c")
    recording = chatlog.start(
        "record", "-s", f"irc://127.0.0.1:{ergochat.port}", "-c", "#c", "--network", "net",
        "--nick", "rec", "--relay", "bridge", "--ignore", "mallory", "--archive", archive,
        "--format", "jsonl", "--format", "text", "--max-events", "7",
    )  # fmt: skip
    bob.until("JOIN :?#c")
    bob.sync()
    bridge.send(
        "PRIVMSG #c :[telegram] <\x02a\u200bda\x02> hello",
        "PRIVMSG #c :\x01ACTION [telegram] <ada> waves\x01",
        "PRIVMSG #c :I am only a bridge",
        "PRIVMSG #c :<mallory> spam",
        "PRIVMSG #c :<carol> [off] a secret",
        "RELAYMSG #c dan/discord :hi from afar",
        "NOTICE #c :(carol) psst",
    )
    bridge.sync()
    bob.send("PRIVMSG #c :<ada> I am not ada", "PRIVMSG #c :bye")
    bob.sync()
    assert recording.finish() == 0
    lines = (archive / "net/#c").glob("*.jsonl")
    events = sorted(
        (json.loads(line) for path in lines for line in path.read_text().splitlines()),
        key=lambda event: event["time"],
    )
    said = [
        tuple(event.get(key, "") for key in KEYS)
        for event in events
        if event["type"] in ("message", "action", "notice")
    ]
    assert said == [
        ("message", "bridge", "[telegram] <\x02a\u200bda\x02> hello", "ada", "telegram"),
        ("action", "bridge", "[telegram] <ada> waves", "ada", "telegram"),
        ("message", "bridge", "I am only a bridge", "", ""),
        ("message", "dan/discord", "hi from afar", "dan", "discord"),
        ("notice", "bridge", "(carol) psst", "carol", ""),
        ("message", "bob", "<ada> I am not ada", "", ""),
        ("message", "bob", "bye", "", ""),
    ]  # fmt: skip
    shown = chatlog.run("tail", "net/#c", "--archive", archive, "--tz", "UTC").stdout
    assert "<ada via telegram> hello" in shown
    assert "* ada via telegram waves" in shown
    assert "<dan via discord> hi from afar" in shown
    assert "-carol via bridge- psst" in shown
    assert "<bob> <ada> I am not ada" in shown
    found = chatlog.run("search", "from:ada", "--archive", archive, "--count").stdout
    assert found.split() == ["2", "net/#c"]
    people = [
        json.loads(line)
        for line in chatlog.run("stats", "--json", "--archive", archive).stdout.splitlines()
    ]
    lines = {each["nick"]: each["lines"] for each in people if each["type"] == "person"}
    assert lines == {"ada": 2, "bob": 2, "bridge": 1, "carol": 1, "dan": 1}
