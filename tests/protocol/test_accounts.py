"""Accounts where no tag tells them: asked for once a channel, and kept up to date."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol import accounts
from chatlog.protocol.facts import Turn
from chatlog.protocol.message import parse
from tests.support.conversation import NOW, in_channels, short

BOB, ALICE = ":bob!u@h", ":alice!u@h"
WHOX = ":irc.test 005 log WHOX :are supported by this server"
ASKED = [f"WHO #a %tna,{accounts.TOKEN}", f"WHO #b %tna,{accounts.TOKEN}"]
END = ":irc.test 315 log #a :End of /WHO list."


def answer(nick, account, token=accounts.TOKEN):
    return f":irc.test 354 log {token} {nick} {account}"


@pytest.fixture
def talk():
    talk = in_channels()
    joined = [":log!c@h PART #a", ":log!c@h PART #b"]
    talk.hear(WHOX, *joined)
    rejoin(talk, "#a", "#b")
    return talk


def rejoin(talk, *channels):
    for channel in channels:
        names = f":irc.test 353 log = {channel} :log alice bob"
        talk.hear(f":log!c@h JOIN {channel}", names, f":irc.test 366 log {channel} :End")


def said(talk, who=BOB):
    (event,) = talk.hear(f"{who} PRIVMSG #a :hi")
    return event.account


def test_channels_are_asked_for_one_after_the_other(talk):
    assert [line for line in talk.said if line.startswith("WHO")] == ASKED[:1]
    talk.hear(END)
    assert [line for line in talk.said if line.startswith("WHO")] == ASKED


def test_an_answer_that_has_no_end_holds_the_next_channel_back_for_a_minute(talk):
    talk.after(59)
    assert ASKED[1] not in talk.said
    talk.after(1)
    assert ASKED[1] in talk.said


def test_a_server_that_lets_us_in_without_end_adds_no_channel_to_ask_for(talk):
    for spelling in ("#c", "#C") * 500:
        rejoin(talk, spelling)
        talk.hear(f":log!c@h PART {spelling}", f":log!c@h JOIN {spelling}")
    known = talk.session._accounts
    assert (len(known._joined), len(known._to_ask)) == (1, 2)
    talk.hear(END, END.replace("#a", "#b"))
    assert [line for line in talk.said if line.startswith("WHO")] == [
        *ASKED,
        f"WHO #C %tna,{accounts.TOKEN}",
    ]


def test_the_answer_is_written_nowhere_and_tells_the_accounts(talk):
    assert talk.hear(answer("bob", "robert"), answer("alice", "0"), END) == []
    assert (said(talk), said(talk, ALICE)) == ("robert", "")


def test_answers_to_others_are_recorded(talk):
    others = [answer("bob", "robert", "12"), ":irc.test 315 log #z :End", ":irc.test 354 log #a x"]
    assert [event.command for event in talk.hear(*others)] == ["354", "315", "354"]
    talk.hear(END, ":irc.test 315 log #b :End")
    assert [event.command for event in talk.hear(answer("bob", "robert"), END)] == ["354", "315"]
    assert said(talk) == ""


def test_a_tag_is_believed_before_the_table(talk):
    talk.hear(answer("bob", "robert"), END)
    (event,) = talk.hear(f"@account=other {BOB} PRIVMSG #a :hi")
    assert event.account == "other"


def test_accounts_follow_people(talk):
    talk.hear(answer("bob", "robert"), END)
    talk.hear(f"{BOB} NICK bobby")
    assert said(talk, ":bobby!u@h") == "robert"
    assert said(talk, BOB) == ""
    talk.hear(":bobby!u@h ACCOUNT other")
    assert said(talk, ":bobby!u@h") == "other"
    talk.hear(":bobby!u@h ACCOUNT *")
    assert said(talk, ":bobby!u@h") == ""


@pytest.mark.parametrize(
    "leave",
    [
        [f"{BOB} QUIT"],
        [f"{BOB} PART #a", f"{BOB} PART #b"],
        [f"{ALICE} KICK #a bob", f"{ALICE} KICK #b bob"],
    ],
    ids=["quit", "part", "kick"],
)
def test_who_has_left_all_channels_may_be_somebody_else(talk, leave):
    talk.hear(answer("bob", "robert"), END, leave[0])
    assert [event.account for event in talk.hear(f"{BOB} PRIVMSG #a :hi")] == (
        [""] if len(leave) == 1 else ["robert"]
    )
    talk.hear(*leave[1:], f"{BOB} JOIN #a")
    assert said(talk) == ""


def test_extended_join_tells_the_account_of_who_comes(talk):
    (event,) = talk.hear(":dave!u@h JOIN #a david :Dave")
    assert event.account == "david"
    assert said(talk, ":dave!u@h") == "david"


def test_history_is_not_told_by_the_accounts_of_now(talk):
    talk.hear(answer("bob", "robert"), END, ":irc.test BATCH +h chathistory #a")
    line = f"@batch=h;time=2026-11-23T17:00:00.000Z {BOB} PRIVMSG #a :hi"
    (event,) = talk.hear(line, ":irc.test BATCH -h")
    assert event.account == ""


def test_with_account_tag_or_without_whox_nothing_is_asked():
    talk = in_channels()
    rejoin(talk, "#a")
    assert not [line for line in talk.said if line.startswith("WHO ")]
    talk.hear(WHOX, "CAP log ACK :account-tag")
    rejoin(talk, "#a")
    assert not [line for line in talk.said if line.startswith("WHO ")]


def test_large_channels_are_not_asked_for():
    talk = in_channels(WHOX)
    names = " ".join(f"n{n}" for n in range(accounts.MAX_ASKED + 1))
    talk.said.clear()
    talk.hear(":log!c@h JOIN #a", f":irc.test 353 log = #a :{names}", ":irc.test 366 log #a :End")
    assert ASKED[0] not in talk.said


@pytest.mark.parametrize(
    ("refusal", "asks_on"),
    [
        (":irc.test 421 log WHO :Unknown command", False),
        (":irc.test FAIL WHO TOO_MANY #a :no", True),
    ],
)
def test_a_refusal_ends_the_request(talk, refusal, asks_on):
    assert [event.command for event in talk.hear(refusal)] == [refusal.split()[1]]
    assert (ASKED[1] in talk.said) == asks_on


def test_the_messages_of_known_people_take_the_fast_lane(talk):
    talk.hear(answer("bob", "robert"), END, f"{BOB} PRIVMSG #a :first")
    talk.session.receive_message = None
    (event,) = talk.hear(f"{BOB} PRIVMSG #a :hi")
    assert (event.nick, event.account, event.text) == ("bob", "robert", "hi")


STEPS = st.lists(
    st.sampled_from(
        [
            *(f"{who} PRIVMSG #a :hi" for who in (BOB, ALICE, ":bobby!u@h")),
            *(answer("bob", "robert"), answer("alice", "0"), END, f"{BOB} QUIT"),
            *(f"{BOB} NICK bobby", ":bobby!u@h NICK bob", f"{BOB} ACCOUNT x", f"{BOB} ACCOUNT *"),
            *(f"{BOB} JOIN #a", f"{BOB} JOIN #a y :Bob", f"{ALICE} PART #a", f"{ALICE} JOIN #a"),
        ]
    ),
    max_size=30,
)


@given(STEPS)
def test_both_lanes_tell_the_same_accounts(steps):
    fast, general = (in_channels(WHOX).session for _ in range(2))
    turn, expected = Turn(), Turn()
    for session in (fast, general):
        session.advance(2000.0, Turn())
    for line in steps:
        fast.receive(iter([line.encode()]), NOW, turn)
        general.receive_message(parse(line.encode()), NOW, expected)
    assert list(map(short, turn.events)) == list(map(short, expected.events))
