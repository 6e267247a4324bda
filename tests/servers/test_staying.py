"""Thrown out, shut out, cut off: what the recorder does about it on real servers."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest

from tests.servers.daemons import Inspircd
from tests.support.recorded import all_bytes, events, texts
from tests.support.waiting import eventually

pytestmark = pytest.mark.server


@pytest.fixture
def record(chatlog, tmp_path):
    def start(daemon, *options, channels=("#a",)):
        words = [word for name in channels for word in ("--channel", name)]
        return chatlog.start(
            "record", "--server", f"irc://127.0.0.1:{daemon.port}", *words, "--network", "net",
            "--archive", tmp_path / "archive", "--reconnect-min", "0.1s", *options,
        )  # fmt: skip

    return start


def in_channel(recorder, of=1):
    recorder.wait_for(f"net: in {of} of {of} channels")


def ends(recorder, status=0):
    recorder.terminate()
    assert recorder.finish() == status, recorder.stderr


def test_who_is_kicked_comes_back(record, tmp_path, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    recorder = record(inspircd)
    in_channel(recorder)
    ada.sync()  # what she heard of the first coming is not to be taken for the second
    ada.send("KICK #a chatlog :not now")
    ada.until(r":chatlog!\S+ JOIN")
    ada.say("#a", "there you are")
    ada.sync()
    ends(recorder)
    kinds = [event["type"] for event in events(tmp_path / "archive", "#a")]
    assert kinds.count("joined") == 2
    assert texts(tmp_path / "archive", "#a") == ["there you are"]
    assert "kicked by ada (not now); coming back" in recorder.stderr


def test_who_is_made_to_part_comes_back(record, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    recorder = record(inspircd)
    in_channel(recorder)
    ada.oper()
    ada.send("SAPART chatlog #a")
    ada.until(r":chatlog!\S+ JOIN")
    ends(recorder)


class DenyingInspircd(Inspircd):
    """One with channels that nobody may join, which it says by a number of its own."""

    def more_settings(self):
        return '<badchan name="#no*" allowopers="no" reason="not here">'


def test_a_refusal_with_a_number_of_inspircd_holds_back_no_other_channel(record, start_daemon):
    server = start_daemon(DenyingInspircd, more_modules="denychans")
    channels = [f"#no{n}" for n in range(22)] + ["#a", "#b"]
    recorder = record(server, channels=channels)
    recorder.wait_for("net: in 2 of 24 channels; #no0 refused: Channel #no0 is forbidden: not here")
    ends(recorder)
    refusals = "net: 22 channels refuse us: #no0: Channel #no0 is forbidden: not here (926); asking"
    assert refusals in recorder.stderr


def test_who_is_killed_waits_and_does_not_hammer(record, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    recorder = record(inspircd)
    in_channel(recorder)
    ada.oper()
    ada.send("KILL chatlog :enough")
    recorder.wait_for(r"connecting again in 60\.0 s")
    ends(recorder)


def test_who_is_banned_from_the_network_ends_with_6(record, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    recorder = record(inspircd, "--retry")
    in_channel(recorder)
    ada.oper()
    ada.send("GLINE *chatlog@* 1h :no recorders here")
    assert recorder.finish() == 6, recorder.stderr


def test_a_server_that_hangs_is_noticed_and_found_again(record, tmp_path, inspircd, person):
    recorder = record(inspircd, "--timeout", "2s")
    in_channel(recorder)
    os.kill(inspircd.pid, signal.SIGSTOP)
    try:
        recorder.wait_for("ping timeout: nothing was heard for")
    finally:
        os.kill(inspircd.pid, signal.SIGCONT)
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    eventually(lambda: len(texts(tmp_path / "archive", "#a", "joined")) > 1)
    ends(recorder)


def test_a_server_that_dies_is_found_again_when_it_is_back(record, tmp_path, inspircd, person):
    recorder = record(inspircd)
    in_channel(recorder)
    inspircd.kill()
    recorder.wait_for("disconnected from")
    inspircd.start()
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    eventually(lambda: len(texts(tmp_path / "archive", "#a", "joined")) > 1)
    ada.say("#a", "welcome back")
    ada.sync()
    ends(recorder)
    assert texts(tmp_path / "archive", "#a") == ["welcome back"]


def test_a_nick_is_regained_when_its_holder_leaves(record, inspircd, person):
    holder = person(inspircd.port, "chatlog").register()
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    recorder = record(inspircd, "--alternate", "scribe")
    ada.until(r":scribe!\S+ JOIN")
    in_channel(recorder)
    holder.send("QUIT :it is yours")
    holder.until("^ERROR")
    ada.until(r":scribe!\S+ NICK :?chatlog")
    ends(recorder)


def test_an_invitation_opens_a_channel_that_was_closed(record, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    ada.send("MODE #a +i")
    ada.sync()
    recorder = record(inspircd)
    recorder.wait_for(r"in 0 of 1 channels; #a refused: invitation only")
    recorder.wait_for(r"#a refuses us: .*473\); asking again; 0 of 1 channels let us in")
    ada.send("INVITE chatlog #a")
    ada.until(r":chatlog!\S+ JOIN")
    recorder.wait_for("net: #a lets us in again; 1 of 1 channels let us in")
    ends(recorder)


def test_a_ban_from_one_channel_keeps_nobody_out_of_another(record, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a", "#b")
    ada.send("MODE #a +b chatlog!*@*")
    ada.sync()
    recorder = record(inspircd, channels=("#a", "#b"))
    recorder.wait_for("net: in 1 of 2 channels; #a refused: banned")
    recorder.wait_for(r"#a refuses us: .*474\); asking again; 1 of 2 channels let us in")
    ends(recorder)


CLOSED = {
    "key": ("MODE #a +k opensesame", "MODE #a -k opensesame", 475),
    "limit": ("MODE #a +l 1", "MODE #a -l", 471),
}


@pytest.mark.parametrize("server", ["inspircd", "ngircd"])
@pytest.mark.parametrize("mode", CLOSED)
def test_a_closed_channel_is_told_once_a_change_and_in_each_exit_status(
    chatlog, request, tmp_path, person, server, mode
):
    close, reopen, numeric = CLOSED[mode]
    port = request.getfixturevalue(server).port
    ada = person(port, "ada").register()
    ada.join("#a", "#b")

    def batch():
        ada.sync()
        done = chatlog.run(
            "sync", "--server", f"irc://127.0.0.1:{port}/#a,#b", "--network", "net",
            "--archive", tmp_path, "--quiet",
        )  # fmt: skip
        return done.returncode, done.stderr.partition(" ")[2]

    assert batch() == (0, "")
    ada.send(close)
    status, told = batch()
    assert status == 4
    refusal = rf"net: #a refuses us: .*\({numeric}\); asking again; 1 of 2 channels let us in\n"
    assert re.fullmatch(refusal, told)
    assert batch() == (4, "")
    ada.send(reopen)
    assert batch() == (0, "net: #a lets us in again; 2 of 2 channels let us in\n")


def test_a_key_opens_a_channel_and_is_nowhere_shown(record, tmp_path, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    ada.send("MODE #a +k opensesame")
    ada.sync()
    keys = tmp_path / "keys"
    keys.write_text("#a opensesame\n")
    recorder = record(inspircd, "--channel-keys-file", keys, "--verbose")
    in_channel(recorder)
    ada.send("MODE #a -k opensesame", "MODE #a +k opensesame")
    ada.sync()
    ends(recorder)
    assert b"opensesame" not in all_bytes(tmp_path / "archive")
    assert "opensesame" not in recorder.stderr + recorder.stdout


def test_a_channel_renamed_on_ergo_goes_on_under_its_new_name(record, tmp_path, ergochat, person):
    ada = person(ergochat.port, "ada").register()
    ada.join("#a")
    recorder = record(ergochat)
    in_channel(recorder)
    ada.send("RENAME #a #b :a better name")
    ada.say("#b", "same people")
    ada.sync()
    eventually(lambda: texts(tmp_path / "archive", "#b"))
    ends(recorder)
    assert texts(tmp_path / "archive", "#b") == ["same people"]


def test_a_server_with_a_mode_for_bots_is_told_that_we_are_one(record, start_daemon, person):
    daemon = start_daemon(Inspircd, more_modules="botmode")
    recorder = record(daemon)
    in_channel(recorder)
    ada = person(daemon.port, "ada").register()
    ada.send("WHOIS chatlog")
    ada.until(r" 335 ada chatlog ")
    ends(recorder)


def test_what_is_off_the_record_or_of_ignored_people_is_counted_and_not_written(
    chatlog, record, tmp_path, inspircd, person
):
    ada, mallory = (person(inspircd.port, nick).register() for nick in ("ada", "mallory"))
    for each in (ada, mallory):
        each.join("#a")
    recorder = record(
        inspircd, "--ignore", "mallory!*@*", "--announce", "This channel is recorded."
    )
    ada.until(r":chatlog!\S+ NOTICE #a :This channel is recorded\.")
    for each, text in ((ada, "[off] a secret"), (mallory, "mine alone"), (ada, "for all")):
        each.say("#a", text)
        each.sync()
    ends(recorder)
    assert texts(tmp_path / "archive", "#a") == ["for all"]
    run = json.loads(
        chatlog.run("status", "--json", "--all", "--archive", tmp_path / "archive").stdout
    )
    (network,) = run["networks"]
    assert (network["off_record"], network["ignored"]) == (1, 1)


def test_an_operator_of_inspircd_is_a_member_whatever_stands_before_the_nick(
    record, tmp_path, start_daemon, person
):
    server = start_daemon(Inspircd, more_modules="operprefix")
    ada, bob = (person(server.port, nick).register() for nick in ("ada", "bob"))
    ada.oper()
    ada.join("#a")
    bob.join("#a")
    recorder = record(server)
    in_channel(recorder)
    ada.send("QUIT :bye")
    bob.until(":ada!.* QUIT ")
    bob.sync()
    ends(recorder)
    found = events(tmp_path / "archive", "#a")
    assert [event["text"] for event in found if event["type"] == "names"] == ["!@ada bob chatlog"]
    assert [event["nick"] for event in found if event["type"] == "quit"] == ["ada"]


def test_a_message_to_everybody_on_inspircd_is_recorded(record, tmp_path, inspircd, person):
    ada = person(inspircd.port, "ada").register()
    recorder = record(inspircd)
    in_channel(recorder)
    ada.oper()
    ada.say("$*", "the server will be back at noon")
    ada.say("chatlog", "between us")
    ada.sync()
    ends(recorder)
    assert ["$*", "the server will be back at noon"] in [
        event.get("params") for event in events(tmp_path / "archive", "@server")
    ]
    assert b"between us" not in all_bytes(tmp_path)
