"""The real program on a scripted Twitch: whole transcripts, and what people see of them."""

from __future__ import annotations

import json
import re
import time

from chatlog.event import format_time
from tests.support.twitch import HOST, Twitch
from tests.support.waiting import eventually

CHANNELS = ["Streamer", "other", "third"]
VIEWER = ":viewer!viewer@viewer.tmi.twitch.tv"

SAID = [
    (
        f"@badges=glhf/1;id=m1;room-id=1337;tmi-sent-ts=NOW;user-id=42 {VIEWER}"
        " PRIVMSG #streamer :Kappa hello"
    ),
    (
        f"@id=m2;reply-parent-msg-id=m1;room-id=1337;tmi-sent-ts=NOW {VIEWER}"
        " PRIVMSG #streamer :@viewer hello yourself"
    ),
    (
        f"@id=m2;reply-parent-msg-id=m1;room-id=1337;tmi-sent-ts=NOW {VIEWER}"
        " PRIVMSG #streamer :@viewer hello yourself"
    ),
    f"@id=m3;room-id=1337;tmi-sent-ts=NOW {VIEWER} PRIVMSG #streamer :\x01ACTION waves\x01",
    (
        "@display-name=Viewer;id=m4;login=viewer;msg-id=resub;tmi-sent-ts=NOW;"
        f"system-msg=Viewer\\ssubscribed! :{HOST} USERNOTICE #streamer :Great stream"
    ),
    f"@login=viewer;target-msg-id=m3;tmi-sent-ts=NOW :{HOST} CLEARMSG #streamer :waves",
    f"@target-user-id=42;tmi-sent-ts=NOW :{HOST} CLEARCHAT #streamer :viewer",
]
KEYS = ("type", "nick", "text", "msgid", "reply_to", "subject", "tags")
RECORDED = [
    {"type": "message", "nick": "viewer", "text": "Kappa hello", "msgid": "m1",
     "tags": {"badges": "glhf/1", "room-id": "1337", "user-id": "42"}},
    {"type": "message", "nick": "viewer", "text": "@viewer hello yourself", "msgid": "m2",
     "reply_to": "m1", "tags": {"room-id": "1337"}},
    {"type": "action", "nick": "viewer", "text": "waves", "msgid": "m3",
     "tags": {"room-id": "1337"}},
    {"type": "usernotice", "nick": "viewer", "text": "Great stream", "msgid": "m4",
     "tags": {"display-name": "Viewer", "msg-id": "resub", "system-msg": "Viewer subscribed!"}},
    {"type": "redact", "nick": HOST, "text": "waves", "reply_to": "m3", "subject": "viewer"},
    {"type": "clear", "nick": HOST, "subject": "viewer", "tags": {"target-user-id": "42"}},
]  # fmt: skip
ARRIVAL = [
    {"type": "joined", "nick": "NICK"},
    {"type": "names", "text": "NICK"},
    {"type": "other", "nick": HOST, "tags": {"emote-only": "0", "room-id": "1337", "slow": "0"}},
]


def configured(tmp_path, twitch, channels=CHANNELS):
    path = tmp_path / "chatlog.toml"
    path.write_text(
        f'[storage]\narchive = "{tmp_path / "archive"}"\n[networks.twitch]\npreset = "twitch"\n'
        f'servers = ["irc://127.0.0.1:{twitch.port}"]\nchannels = {json.dumps(channels)}\n'
        "reconnect-min = 0.01\n"
    )
    return path


def shortened(event, nick):
    short = {key: event[key] for key in KEYS if key in event}
    if short["type"] == "joined":
        del short["text"]  # the server's port, and the silence before
    return json.loads(json.dumps(short).replace(nick, "NICK"))


def test_a_transcript_of_twitch_is_whole_through_a_reconnection(chatlog, tmp_path):
    now = str(int(time.time() * 1000))
    sent = [line.replace("NOW", now) for line in SAID]
    with Twitch(rooms={"#streamer": "1337"}, latency=0.05) as twitch:
        run = chatlog.start("record", "--config", configured(tmp_path, twitch))
        twitch.wait_until_in(3)
        twitch.say(*sent)
        twitch.reconnect()
        twitch.wait_until_in(3)
        twitch.say(f"@id=m5;tmi-sent-ts={now} {VIEWER} PRIVMSG #streamer :welcome back")
        archive = ("--archive", tmp_path / "archive")
        shown = ("tail", "twitch/#streamer", "--tz", "UTC", *archive)
        eventually(lambda: "welcome back" in chatlog.run(*shown).stdout)
        run.terminate()
        assert run.finish() == 0
    nick = twitch.nicks[0]
    assert re.fullmatch(r"justinfan\d{5}", nick)
    (path,) = (tmp_path / "archive/twitch/#streamer").glob("*_001.jsonl")
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [shortened(event, nick) for event in events] == [
        *ARRIVAL,
        *RECORDED,
        {"type": "parted", "nick": "NICK", "text": "moving to another server, as this one asks"},
        *ARRIVAL,
        {"type": "message", "nick": "viewer", "text": "welcome back", "msgid": "m5"},
        {"type": "parted", "nick": "NICK", "text": "chatlog stopped"},
    ]
    assert {event["time"] for event in events if "msgid" in event} == {format_time(int(now))}
    found = chatlog.run("search", "has:reply type:talk", "--count", *archive).stdout
    assert found.split() == ["2", "twitch/#streamer"]


def said(channel, text, msgid):
    now = int(time.time() * 1000)
    return f"@id={msgid};room-id=77;tmi-sent-ts={now} {VIEWER} PRIVMSG #{channel} :{text}"


def recorded(chatlog, tmp_path, channel, text, *, twice=False):
    """Record a line of a channel of room 77, and reconnect after it if `twice`."""
    with Twitch(rooms={f"#{channel}": "77"}, latency=0.01) as twitch:
        run = chatlog.start("record", "--config", configured(tmp_path, twitch, [channel, "other"]))
        for number in range(1 + twice):
            twitch.wait_until_in(2)
            twitch.say(said(channel, f"{text} {number}", f"{channel}{number}"))
            search = ("search", f"{text} {number}", "--archive", tmp_path / "archive")
            eventually(lambda command=search: text in chatlog.run(*command).stdout)
            if number < twice:
                twitch.reconnect()
        run.terminate()
        assert run.finish() == 0


def renames(tmp_path, channel):
    path = tmp_path / "archive/twitch" / channel / "LEDGER"
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    keys = ("room", "former", "onto")
    return [
        {key: entry[key] for key in keys if key in entry}
        for entry in entries
        if entry["entry"] == "renamed"
    ]


def test_a_channel_that_twitch_renamed_is_read_under_its_new_name_with_all_its_lines(
    chatlog, tmp_path
):
    recorded(chatlog, tmp_path, "old", "before")
    recorded(chatlog, tmp_path, "new", "after", twice=True)
    recorded(chatlog, tmp_path, "new", "later")
    assert renames(tmp_path, "#old") == [{"room": "77", "onto": "#new"}]
    assert renames(tmp_path, "#new") == [{"room": "77", "former": "#old"}]
    archive = ("--archive", tmp_path / "archive")
    shown = chatlog.run("tail", "new", "--talk", *archive).stdout
    texts = re.findall(r"(?:before|after|later) \d", shown)
    assert texts == ["before 0", "after 0", "after 1", "later 0"]
    assert "#old" in shown
    for place in (("-c", "new"), ("in:twitch/#new",)):
        count = chatlog.run("search", "type:talk", "--count", *place, *archive).stdout.split()
        assert sorted(count) == ["1", "3", "twitch/#new", "twitch/#old"]
    assert "before" not in chatlog.run("tail", "twitch/#ne?", *archive).stdout
    assert "after" not in chatlog.run("tail", "old", *archive).stdout
    total = json.loads(chatlog.run("stats", "new", "--json", *archive).stdout.splitlines()[0])
    assert [each["target"] for each in total["targets"]] == ["#new", "#old"]
    assert total["lines"] == 4
    assert "twitch/#old" in chatlog.run("gaps", "new", *archive).stdout
    assert "several" not in chatlog.run("who", "new", *archive).stderr
    assert chatlog.run("verify", *archive).returncode == 0
