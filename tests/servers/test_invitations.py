"""Invitations on real servers: who may invite, kicks for good, and what the next run knows."""

from __future__ import annotations

import json

import pytest

from tests.support.recorded import events, texts
from tests.support.waiting import eventually

pytestmark = pytest.mark.server


@pytest.fixture
def record(chatlog, tmp_path):
    def start(daemon, *options):
        return chatlog.start(
            "record", "--server", f"irc://127.0.0.1:{daemon.port}", "--channel", "#a",
            "--network", "net", "--archive", tmp_path / "archive", "--accept-invites",
            "--verbose", *options,
        )  # fmt: skip

    return start


def ends(recorder):
    recorder.terminate()
    assert recorder.finish() == 0, recorder.stderr


def kept(tmp_path):
    return json.loads((tmp_path / "archive" / ".invitations.json").read_text())["net"]


def test_operators_may_invite_and_the_next_run_comes_back(
    chatlog, record, tmp_path, ergochat, person
):
    daemon = ergochat  # where everybody in a channel may invite
    ada, bob = (person(daemon.port, nick).register() for nick in ("ada", "bob"))
    ada.join("#a", "#ops", "#free")
    bob.join("#ops", "#free")
    options = ("--invites-from", "ops", "--invite-notice", "{nick} invited me.")
    recorder = record(daemon, *options)
    recorder.wait_for("net: in 1 of 1 channels")
    bob.send("INVITE chatlog #free")
    bob.until(r":chatlog!\S+ PART #free")
    recorder.wait_for("net: #free: left again: the person who invited us is no operator")
    ada.send("INVITE chatlog #ops")
    ada.until(r":chatlog!\S+ NOTICE #ops :ada invited me\.")
    ada.say("#ops", "welcome")
    ada.sync()
    status = ("status", "--archive", tmp_path / "archive")
    eventually(lambda: "#ops: invited by ada!" in chatlog.run(*status).stdout)
    ends(recorder)
    ((channel, by),) = [(each["channel"], each["by"]) for each in kept(tmp_path)]
    assert (channel, by.partition("!")[0]) == ("#ops", "ada")

    again = record(daemon, *options)
    again.wait_for("net: in 2 of 2 channels")
    ada.say("#ops", "welcome back")
    ada.sync()
    ends(again)
    said = events(tmp_path / "archive", "#ops")
    assert [each["text"] for each in said if each["type"] in {"message", "notice"}] == [
        "ada invited me.",
        "welcome",
        "welcome back",
    ]


def test_a_kick_for_good_outlives_the_run(chatlog, record, tmp_path, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a", "#new")
    recorder = record(inspircd, "--invite-kicks", "1")
    recorder.wait_for("net: in 1 of 1 channels")
    ada.send("INVITE chatlog #new")
    ada.until(r":chatlog!\S+ JOIN :?#new")
    ada.send("KICK #new chatlog :no bots here")
    recorder.wait_for(r"#new: kicked by ada \(no bots here\); not coming back, not even on")
    status, told = ("status", "--archive", tmp_path / "archive"), "left for good; 1 kick, the last"
    eventually(lambda: f"{told}: kicked by ada (no bots here)" in chatlog.run(*status).stdout)
    as_json = chatlog.run("status", "--json", "--archive", tmp_path / "archive").stdout
    ((invitation,),) = [each["invitations"] for each in json.loads(as_json)["networks"]]
    assert (invitation["target"], invitation["kicks"], invitation["over"]) == ("#new", 1, True)
    ends(recorder)

    again = record(inspircd, "--invite-kicks", "1")
    again.wait_for("net: in 1 of 1 channels")
    ada.send("INVITE chatlog #new")
    again.wait_for(r"#new: not joined on the invitation of ada!\S+: it threw us out for good")
    ends(again)
    kinds = [event["type"] for event in events(tmp_path / "archive", "#new")]
    assert kinds.count("joined") == 1
    assert chatlog.run("verify", "--archive", tmp_path / "archive").returncode == 0


def test_a_flood_of_invitations_is_bounded_and_told_a_few_times(record, tmp_path, inspircd, person):
    eve = person(inspircd.port, "eve").register()
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    channels = [f"#e{number}" for number in range(15)]
    eve.join(*channels)
    recorder = record(inspircd)
    recorder.wait_for("net: in 1 of 1 channels")
    for channel in channels:
        eve.send(f"INVITE chatlog {channel}")
    recorder.wait_for("too many invitations from one host")
    ada.say("#a", "still here")
    ada.sync()
    ends(recorder)
    assert len(kept(tmp_path)) == 10
    assert texts(tmp_path / "archive", "#a") == ["still here"]
