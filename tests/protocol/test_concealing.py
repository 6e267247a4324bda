"""Messages of a server with our secrets in them: which are searched, and what the session makes."""

from __future__ import annotations

import base64

import pytest

from chatlog.protocol.facts import Absent, ErrorReceived, Turn
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session_settings import SessionSettings
from chatlog.secret import Secret
from tests.support.conversation import NOW, in_channels

KEY = "sesame!"


@pytest.fixture
def talk():
    return in_channels(keys={"#a": Secret(KEY)}, queries=True)


HIDDEN = [
    f":irc.test 475 log #z :Cannot join (+k {KEY})",
    f":irc.test 696 log #z k {KEY} :Invalid parameter",
    f":irc.test NOTICE log :your key {KEY}",
    f":irc.test NOTICE #a :the key {KEY}",
    f":irc.test PRIVMSG #a :the key {KEY}",
    f"@time={NOW};msgid={KEY} :irc.test PRIVMSG #a :x",
    f":ChanServ!s@services NOTICE log :the key is {KEY}",
    f":bob!u@h PRIVMSG log :is it {KEY}?",
    f"FAIL JOIN INVALID_KEY #z {KEY} :no",
    f":{KEY} NOTICE log :hello",
    f"@+x={KEY} :irc.test NOTICE log :hello",
    f"UNHEARD-OF {KEY}",
    f"UNHEARD {KEY}",
    f":irc.test TOPIC #a :come in with {KEY}",
    f":irc.test KICK #a alice :she told {KEY}",
    f":bob!u@h MODE #a +x {KEY}",
]


@pytest.mark.parametrize("line", HIDDEN)
@pytest.mark.parametrize("earlier", [[], [":irc.test PRIVMSG #a :this teaches the fast lane"]])
def test_the_events_of_a_line_do_not_hold_our_secret(talk, line, earlier):
    talk.hear(*earlier)
    shown = repr(talk.hear(line))
    assert KEY not in shown
    assert "***" in shown


def test_what_people_say_in_channels_stays_as_they_said_it(talk):
    said = f":bob!u@h PRIVMSG #a :{KEY} is no secret here"
    assert talk.outcome(said, said) == [f"#a message bob text='{KEY} is no secret here'"] * 2
    assert talk.outcome(f":bob!u@h NOTICE #a :{KEY}") == [f"#a notice bob text='{KEY}'"]
    assert talk.outcome(f":bob!u@h TOPIC #a :{KEY}") == [f"#a topic bob text='{KEY}'"]
    assert talk.outcome(f":irc.test 332 log #a :{KEY}") == [f"#a topic - text='{KEY}'"]
    assert talk.outcome(f":bob!u@h KICK #a alice :{KEY}") == [
        f"#a kick bob text='{KEY}' subject='alice'"
    ]


def test_bytes_of_a_line_that_was_not_understood_do_not_hold_our_secret(talk):
    [event] = talk.hear(b":irc.test NOTICE log :\xd0\xbf\xd1\x80\xd0 " + KEY.encode())
    assert b"***" in base64.b64decode(event.raw)
    assert KEY.encode() not in base64.b64decode(event.raw)


def test_a_reason_holds_no_secret_and_counts_as_it_came():
    talk = in_channels(keys={"#a": Secret("password")})
    talk.hear("ERROR :Closing link: bad password (password)")
    [fact] = talk.told(ErrorReceived)
    assert fact.reason == "Closing link: bad *** (***)"
    assert fact.verdict.for_good


def test_a_refusal_of_a_channel_holds_no_key(talk):
    talk.hear(":log!chatlog@here.test PART #a")
    talk.after(6)
    talk.hear(f":irc.test 475 log #a :Wrong key {KEY}")
    assert talk.told(Absent)[-1].why == "Wrong key *** (475); asking again"


def test_a_secret_that_new_settings_replace_stays_hidden_until_the_connection_ends(talk):
    identity = Identity(nick="log", password=Secret("new-password"))
    talk.session.apply(SessionSettings(network="test", identity=identity), Turn())
    [event] = talk.hear(f":irc.test NOTICE log :you said {KEY} and new-password")
    assert event.text == "you said *** and ***"


def test_a_key_that_is_the_name_of_its_channel_hides_nothing():
    talk = in_channels(keys={"#aaaa": Secret("aaaa")}, channels=("#a", "#b", "#aaaa"))
    assert "***" not in repr(talk.hear(":irc.test 475 log #aaaa :aaaa"))


def test_a_key_that_is_a_part_of_its_channels_name_leaves_the_channel_in_order():
    talk = in_channels(keys={"#a-place": Secret("place")}, channels=("#a", "#b", "#a-place"))
    talk.hear(":irc.test 475 log #a-place :Cannot join (+k)")
    assert [fact.channel for fact in talk.told(Absent)] == ["#a-place"]


@pytest.mark.parametrize("key", ["time", "2026", "batch", "account", "msgid"])
def test_a_key_that_reads_like_a_tag_leaves_the_tags_in_order(key):
    talk = in_channels(keys={"#a": Secret(key)})
    tags = "time=2026-11-23T18:20:01.000Z;account=al;msgid=m"
    [event] = talk.hear(f"@{tags} :irc.test KICK #a bob :out")
    assert (event.time, event.received[:4]) == ("2026-11-23T18:20:01.000Z", "2026")
    assert (event.account, event.msgid, event.tags) == ("al", "m", {})
