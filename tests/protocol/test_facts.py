"""Facts: what a session tells its driver beside events and replies, line by line and in order."""

from __future__ import annotations

import pytest

from chatlog.protocol.facts import (
    Absent,
    Disconnected,
    ErrorReceived,
    Forwarded,
    HistoryPage,
    HistoryRefused,
    Joined,
    Left,
    PlaybackLimits,
    Pong,
    Proved,
    ReconnectRequested,
    RegistrationRefused,
    Renamed,
    TlsRequired,
    Turn,
    Welcomed,
)
from chatlog.protocol.history.chathistory import Answer, Point
from chatlog.protocol.refusals import judge
from chatlog.protocol.session_settings import SessionSettings
from tests.support.conversation import JOINED, NOW, WELCOME, Conversation, in_channels

SERVER = ":irc.test"
BOB = ":bob!u@h"
LOG = ":log!chatlog@here.test"
SAID = "2026-11-23T18:20:00.500Z"
OLD = "2026-11-23T17:00:00.000Z"
INSPIRCD = f"{SERVER} 005 log CHANMODES=b,k,lH,imnpst :are supported by this server"

ONE_LINE = {
    "our JOIN": (f"{LOG} JOIN #c", [Joined("#c", NOW)]),
    "our JOIN by the server's clock": (
        f"@time={SAID};msgid=m {LOG} JOIN #c",
        [Joined("#c", SAID, NOW, "m")],
    ),
    "our JOIN of what is no channel": (f"{LOG} JOIN c", []),
    "the JOIN of somebody else": (f"{BOB} JOIN #a", []),
    "our PART": (
        f"@time={SAID} {LOG} PART #A",
        [Left("#a", SAID, NOW), Absent("#a", "made to leave; coming back")],
    ),
    "our PART of a channel that we are not in": (f"{LOG} PART #c", []),
    "our own words in a PART": (
        f"{LOG} PART #a :kicked",
        [Left("#a", NOW), Absent("#a", "made to leave; coming back")],
    ),
    "our KICK": (
        ":op!o@h KICK #a log :out",
        [Left("#a", NOW, kicked=True), Absent("#a", "kicked by op (out); coming back")],
    ),
    "the KICK of somebody else": (":op!o@h KICK #a bob :out", []),
    "a new name of our channel": (
        f"@time={SAID};msgid=m {SERVER} RENAME #a #c :reason",
        [Renamed("#a", "#c", SAID, NOW, "m")],
    ),
    "our channel in another case": (f"{SERVER} RENAME #a #A :reason", []),
    "a new name of another channel": (f"{SERVER} RENAME #z #c :reason", []),
    "a new nick of ours": (f"{LOG} NICK recorder", []),
    "a PONG": (f"{SERVER} PONG irc.test :token", [Pong("token")]),
    "an ERROR": ("ERROR :Closing link", [ErrorReceived("Closing link")]),
    "an ERROR without words": ("ERROR", [ErrorReceived("")]),
    "a ban": (
        f"{SERVER} 465 log :You are banned",
        [ErrorReceived("You are banned", ends=False, verdict=judge("banned"))],
    ),
    "a RECONNECT": (f"{SERVER} RECONNECT", [ReconnectRequested()]),
    "a refusal of history": (
        f"@label=l {SERVER} FAIL CHATHISTORY INVALID_TARGET LATEST #a :No",
        [HistoryRefused("INVALID_TARGET", "#a", "l")],
    ),
    "another FAIL": (f"{SERVER} FAIL JOIN FORBIDDEN #a :No", []),
    "an old line outside any batch": (f"@time={OLD} {BOB} PRIVMSG bob :hi", []),
    "a line of now": (f"{BOB} PRIVMSG #a :hi", []),
}


@pytest.mark.parametrize(("line", "facts"), ONE_LINE.values(), ids=ONE_LINE)
def test_the_facts_of_a_line_are_the_changes_that_somebody_has_to_act_on(line, facts):
    talk = in_channels()
    talk.facts.clear()
    talk.hear(line)
    assert talk.facts == facts


def test_we_leave_for_good_a_channel_that_is_wanted_no_more():
    talk = in_channels()
    turn = Turn()
    settings = SessionSettings(network="test", identity=talk.session.settings.identity)
    talk.session.apply(settings, turn)
    assert turn.replies == ["PART #a", "PART #b"]
    talk.session.receive(iter([f"{LOG} PART #a".encode()]), NOW, turn)
    assert turn.facts == [Left("#a", NOW, wanted=False)]


def test_a_channel_that_does_not_let_us_in_is_told_once_for_each_reason():
    talk = Conversation()
    talk.hear(*WELCOME)
    talk.facts.clear()
    talk.hear(f"{SERVER} 473 log #a :Invite only", f"{SERVER} 470 log #b ##b :Forwarding")
    assert talk.facts == [
        Absent("#a", "Invite only (473); asking again"),
        Forwarded("#b", "##b"),
    ]
    talk.hear(f"{LOG} JOIN ##b")  # with which a server that forwards goes on by itself
    talk.after(900)
    talk.hear(f"{SERVER} 473 log #a :Invite only")
    assert len(talk.told(Absent)) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("443 log #a :is already on channel", "443"),
        ("443 log log #a :is already on channel", "443"),
        ("926 log #A :Channel #a is forbidden", "926"),
        ("403 log #x,#a :No such channels", "403"),
        ("599 log #a", "599"),
        ("FAIL JOIN CHANNEL_FULL #a :No", "CHANNEL_FULL"),
        ("FAIL * BANNED log #a :No", "BANNED"),
    ],
)
def test_any_error_that_names_a_channel_we_asked_for_is_its_refusal(answer, code):
    talk = Conversation()
    talk.hear(*WELCOME, f"{SERVER} {answer}")
    (absent,) = talk.told(Absent)
    assert absent.channel == "#a"
    assert f"({code}); " in absent.why


@pytest.mark.parametrize(
    "line",
    [
        "372 log #a :message of the day",
        "443 #a log :our channel stands for the client",
        "443 log #z :not ours",
        "FAIL CHATHISTORY INVALID_TARGET LATEST #a :No",
        "FAIL JOIN",
        "473",
    ],
)
def test_other_lines_that_name_a_channel_are_no_refusal(line):
    talk = Conversation()
    talk.hear(*WELCOME, f"{SERVER} {line}")
    assert talk.told(Absent) == []


def test_the_answer_to_a_whois_of_ours_proves_where_we_are():
    talk = in_channels()
    talk.facts.clear()
    assert talk.session.ask_presence() == ["WHOIS log"]
    talk.hear(f"{SERVER} 319 log log :@#A +#elsewhere", f"{SERVER} 318 log log :End")
    assert talk.facts == [Proved(["#a"])]
    assert talk.said == ["JOIN #b"]


def test_a_whois_names_our_channels_with_any_prefix_also_one_that_could_be_of_the_channel():
    talk = Conversation(channels=("+#a", "#b"))
    tokens = ":irc.test 005 log CHANTYPES=#+ :are supported"
    talk.hear(*WELCOME, tokens, f"{LOG} JOIN +#a", f"{LOG} JOIN #b")
    talk.session.ask_presence()
    talk.hear(f"{SERVER} 319 log log :!@++#a !#B", f"{SERVER} 318 log log :End")
    assert talk.told(Proved) == [Proved(["+#a", "#b"])]


def test_what_lies_in_a_batch_of_history_changes_nothing_and_is_its_page():
    talk = in_channels()
    talk.facts.clear()
    lines = [
        f"@batch=h;time={OLD};msgid=m {LOG} PART #a",
        f"@batch=h;time={OLD} :irc.test PONG :token",
    ]
    talk.hear("@label=l BATCH +h chathistory #a", *lines, "BATCH -h")
    [page] = talk.facts
    assert (page.target, page.via, page.label) == ("#a", "chathistory", "l")
    assert [event.type for event in page.events] == ["part"]
    assert page.answer._replace(bytes=0) == Answer(2, Point(OLD, "m"), Point(OLD))
    assert 0 < page.answer.bytes <= sum(map(len, lines))
    assert page.is_whole


def test_lines_of_the_past_without_a_batch_that_come_in_one_read_are_one_page():
    talk = in_channels()
    turn = Turn()
    for text in ("one", "two", "three"):
        line = f"@time={OLD} {BOB} PRIVMSG #a :{text}"
        talk.session.receive(iter([line.encode()]), NOW, turn)
    [page] = turn.facts
    assert [event.text for event in page.events] == ["one", "two", "three"]
    assert not page.batched
    assert turn.events == []


def test_the_modes_that_we_asked_for_tell_the_limits_of_playback():
    talk = in_channels(INSPIRCD)
    talk.facts.clear()
    talk.session.ask_playback_limits("#a")
    talk.hear(f"{SERVER} 324 log #a +Hnt 20:1h")
    assert talk.facts == [PlaybackLimits("#a", 20, 3600)]


# -- the beginning and the end of a connection --------------------------------------


def test_the_welcome_is_told_once_with_the_nick_that_we_got():
    talk = Conversation()
    talk.hear(f"{SERVER} 001 log_cut :Hi", f"{SERVER} 001 log_cut :Hi again")
    assert talk.facts == [Welcomed("log_cut")]


def test_a_refusal_is_told_once_and_after_the_servers_own_words():
    talk = Conversation()
    talk.hear(f"{SERVER} 465 log :You are banned", f"{SERVER} 464 log :Bad password")
    banned, refused = talk.facts
    assert banned == ErrorReceived("You are banned", ends=False, verdict=judge("banned"))
    assert refused == RegistrationRefused(talk.session.registration.refused)
    assert "You are banned" in refused.reason


def test_after_a_servers_word_that_it_is_for_tls_alone_nothing_it_says_counts():
    talk = Conversation()
    talk.hear(f"{SERVER} CAP * LS :sts=port=6697", *WELCOME, "ERROR :banned", "PING :x")
    assert talk.facts == [TlsRequired()]
    assert talk.said == []


def test_the_end_gives_what_came_of_a_batch_and_is_the_last_fact():
    talk = in_channels()
    talk.hear("BATCH +h chathistory #a", f"@batch=h;time={OLD} {BOB} PRIVMSG #a :old")
    turn = Turn()
    talk.session.close("ping timeout", NOW, turn)
    page, end = turn.facts
    assert isinstance(page, HistoryPage)
    assert ([event.text for event in page.events], page.is_whole) == (["old"], False)
    assert end == Disconnected("ping timeout")


def test_the_lines_of_one_read_share_a_turn_whose_lists_keep_their_order():
    talk = Conversation()
    turn = Turn()
    lines = [*WELCOME, JOINED[0], f"{BOB} PRIVMSG #a :hi", "PING :one", f"{SERVER} PONG :two"]
    for line in lines:
        assert talk.session.receive(iter([line.encode()]), NOW, turn) is turn
    assert turn.facts == [Welcomed("log"), Joined("#a", NOW), Pong("two")]
    assert turn.replies == ["PONG :one"]
    assert [event.type for event in turn.events][-2:] == ["joined", "message"]
