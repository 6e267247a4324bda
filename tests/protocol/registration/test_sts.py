"""What a server says of TLS, and what follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol.facts import Turn
from chatlog.protocol.message import parse
from chatlog.protocol.registration.capabilities import Identity, Registration
from chatlog.protocol.registration.sasl import Login
from chatlog.protocol.registration.sts import StsPolicy, parse_sts
from chatlog.secret import Secret
from tests.support.conversation import JOINED, WELCOME, Conversation, in_channels

SAID = {
    "port=6697": StsPolicy(6697, None),
    "port=6697,duration=2592000": StsPolicy(6697, 2592000),
    "duration=0": StsPolicy(None, 0),
    "duration=60,port=1": StsPolicy(1, 60),
    "port=65535,preload,future=x=y": StsPolicy(65535, None),
    "port=0,duration=60": StsPolicy(None, 60),
    "port=99999,duration=60": StsPolicy(None, 60),
    "port=6697,duration=": StsPolicy(6697, None),
    "port=6697,duration=1e9": StsPolicy(6697, None),
}
SAID_NOTHING = [
    *("", "port", "port=", "port=0", "port=65536", "port=-1", "port=+6697", "port= 6697"),
    *("PORT=6697", "port=٦٦٩٧", "duration=12345678901", "duration=-1", "port==6697", ",,="),
]


@pytest.mark.parametrize(("value", "policy"), SAID.items())
def test_a_policy_is_read(value, policy):
    assert parse_sts(value) == policy


@pytest.mark.parametrize("value", SAID_NOTHING)
def test_what_cannot_be_obeyed_is_no_policy(value):
    assert parse_sts(value) is None


@given(st.one_of(st.text(), st.lists(st.sampled_from(["port", "duration", "=", ",", "7"]))))
def test_whatever_is_said_a_policy_can_be_obeyed(value):
    policy = parse_sts("".join(value))
    if policy is not None:
        assert policy.port is None or 0 < policy.port < 65536
        assert policy.duration is None or policy.duration >= 0
        assert policy != StsPolicy()


@given(st.integers(1, 65535), st.integers(0, 10**10 - 1))
def test_what_was_said_is_what_is_read(port, duration):
    assert parse_sts(f"port={port},duration={duration}") == StsPolicy(port, duration)


# -- on a connection -----------------------------------------------------------

LOGIN = Login(user="user", password=Secret("pencil"), plain_without_tls=True)


def offered(*offers, tls=False):
    """Hear these lists of capabilities; return the registration and what it says."""
    registration = Registration(Identity(nick="rec", login=LOGIN), tls=tls)
    turn = Turn()
    for offer in offers:
        registration.receive(parse(f":irc.test CAP * LS {offer}".encode()), turn)
    return registration, turn.replies


@pytest.mark.parametrize(
    "offers",
    [
        (":server-time sts=port=6697 sasl=PLAIN",),
        (":sts=port=6697,duration=60",),
        ("* :sts=port=6697", ":server-time sasl"),
        ("* :server-time sasl", ":sts=port=6697"),
    ],
    ids=["among others", "alone", "in the first line", "in the last line"],
)
def test_a_plain_connection_is_left_without_a_word_for_one_by_tls(offers):
    registration, said = offered(*offers)
    assert said == []
    assert registration.must_use_tls
    assert registration.sts.port == 6697


@pytest.mark.parametrize("offer", [":sts", ":sts=duration=60", ":sts=port=0"])
def test_a_plain_connection_goes_on_where_no_port_is_named(offer):
    registration, said = offered(f"{offer} server-time")
    assert not registration.must_use_tls
    assert said == ["CAP REQ :server-time"]


def test_by_tls_the_policy_is_noted_and_the_connection_goes_on():
    registration, said = offered(":sts=port=1,duration=60 server-time", tls=True)
    assert not registration.must_use_tls
    assert registration.sts == StsPolicy(1, 60)
    assert said == ["CAP REQ :server-time"]


def test_the_capability_itself_is_never_requested():
    for offer in (":sts=duration=60", ":sts=duration=60 sts"):
        _, said = offered(offer, tls=True)
        assert "sts" not in " ".join(said)


def test_what_comes_after_the_offer_is_neither_answered_nor_recorded():
    talk = Conversation(queries=True)
    talk.hear(":irc.test CAP * LS :sts=port=6697")
    assert talk.outcome(*WELCOME, *JOINED, "PING :x", ":bob!u@h PRIVMSG log :hi") == []
    assert talk.said == []
    assert not talk.session.registration.registered


def test_a_list_that_comes_late_moves_nobody():
    talk = in_channels()
    talk.hear(":irc.test CAP log LS :sts=port=6697")
    assert not talk.session.registration.must_use_tls
    assert talk.outcome(":bob!u@h PRIVMSG #a :hi") == ["#a message bob text='hi'"]
