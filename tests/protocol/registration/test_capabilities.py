"""From the connection to the welcome: capabilities and a nick."""

from __future__ import annotations

import pytest

from chatlog.protocol.facts import Turn
from chatlog.protocol.message import parse
from chatlog.protocol.registration.capabilities import (
    MAX_NICK_TRIES,
    WANTED,
    Identity,
    Registration,
    alternate_nick,
)


class Talk:
    """A registration that a test speaks to."""

    def __init__(self, nick="log"):
        self.registration = Registration(Identity(nick=nick))

    def hear(self, *lines):
        turn = Turn()
        for line in lines:
            self.registration.receive(parse(line.encode()), turn)
        return turn.replies

    @property
    def enabled(self):
        return self.registration.enabled


@pytest.fixture
def talk():
    return Talk()


def test_nick_and_user_are_sent_at_once_since_some_servers_never_answer_cap(talk):
    assert talk.registration.start() == [
        "CAP LS 302",
        "NICK log",
        "USER chatlog 0 * :chatlog, recording this channel",
    ]


def test_only_what_is_both_wanted_and_offered_is_requested(talk):
    said = talk.hear(":irc.test CAP * LS :sasl=PLAIN batch server-time draft/metadata-2")
    assert said == ["CAP REQ :server-time batch"]
    assert talk.hear(":irc.test CAP * ACK :server-time batch ") == ["CAP END"]
    assert talk.enabled == {"server-time", "batch"}


def test_a_list_in_several_lines_is_read_to_its_end(talk):
    assert talk.hear(":irc.test CAP * LS * :batch", ":irc.test CAP * LS * :chghost") == []
    said = talk.hear(":irc.test CAP * LS :server-time=x")
    assert said == ["CAP REQ :server-time batch chghost"]


@pytest.mark.parametrize("offer", ["CAP * LS :", "CAP * LS", "CAP * LS :sasl tls"])
def test_where_nothing_wanted_is_offered_negotiation_ends(talk, offer):
    assert talk.hear(f":irc.test {offer}") == ["CAP END"]


def test_a_long_request_is_sent_in_lines_of_bounded_length(talk, monkeypatch):
    long = [f"vendor.test/{n:03d}{'x' * 60}" for n in range(20)]
    monkeypatch.setattr(
        "chatlog.protocol.registration.capabilities.WANTED", dict.fromkeys(long, "")
    )
    said = talk.hear(f":irc.test CAP * LS :{' '.join(long)}")
    assert len(said) > 1
    assert all(len(line) <= 510 for line in said)
    assert [name for line in said for name in line.removeprefix("CAP REQ :").split()] == long
    acks = [line.replace("CAP REQ", "CAP * ACK") for line in said]
    assert talk.hear(*acks[:-1]) == []
    assert talk.hear(acks[-1]) == ["CAP END"]


def test_a_refused_request_is_made_again_for_each_on_its_own(talk):
    talk.hear("CAP * LS :batch chghost setname")
    said = talk.hear("CAP * NAK :batch chghost setname")
    assert said == ["CAP REQ :batch", "CAP REQ :chghost", "CAP REQ :setname"]
    assert talk.hear("CAP * ACK :batch", "CAP * NAK :chghost") == []
    assert talk.hear("CAP * ACK :setname") == ["CAP END"]
    assert talk.enabled == {"batch", "setname"}


def test_a_capability_can_be_taken_back(talk):
    talk.hear("CAP * LS :batch chghost setname", "CAP * ACK :batch chghost setname")
    talk.hear("CAP log DEL :batch", "CAP log ACK :-chghost")
    assert talk.enabled == {"setname"}


def test_a_capability_that_appears_later_is_requested_and_cap_end_is_not_said_again(talk):
    talk.hear("CAP * LS :batch", "CAP * ACK :batch", ":irc.test 001 log :Welcome")
    assert talk.hear("CAP log NEW :server-time batch vendor.test/x") == ["CAP REQ :server-time"]
    assert talk.hear("CAP log ACK :server-time") == []
    assert talk.enabled == {"batch", "server-time"}


def test_changes_between_cap_end_and_the_welcome_are_taken(talk):
    talk.hear("CAP * LS :batch server-time", "CAP * ACK :batch server-time")
    assert talk.hear("CAP * DEL :batch", "CAP * NEW :chghost") == ["CAP REQ :chghost"]
    assert talk.hear("CAP * ACK :chghost") == []
    assert talk.enabled == {"server-time", "chghost"}


def test_a_server_without_cap_welcomes_us_all_the_same(talk):
    assert talk.hear(":irc.test 421 * CAP :Unknown command", ":irc.test 001 log :Hi") == []
    assert talk.registration.registered


def test_the_welcome_says_who_we_are(talk):
    talk.hear(":irc.test 001 log_cut :Hi")
    assert talk.registration.nick == "log_cut"


@pytest.mark.parametrize("line", ["001", "001 * :Hi", "001 :"])
def test_a_welcome_that_names_nobody_leaves_the_nick(talk, line):
    talk.hear(f":irc.test {line}")
    assert (talk.registration.nick, talk.registration.registered) == ("log", True)


@pytest.mark.parametrize("numeric", ["433", "436", "437"])
def test_another_nick_is_tried_where_ours_is_taken(talk, numeric):
    assert talk.hear(f":irc.test {numeric} * log :In use") == ["NICK log_"]
    assert talk.hear(f":irc.test {numeric} * log_ :In use") == ["NICK log__"]
    assert talk.hear(f":irc.test {numeric} * log__ :In use") == ["NICK log03"]


def test_when_no_nick_is_free_the_registration_gives_up(talk):
    said = [talk.hear(":irc.test 433 * x :In use") for _ in range(MAX_NICK_TRIES)]
    assert said[-1] == []
    assert "in use" in talk.registration.refused
    assert not talk.registration.refused_for_good


def test_after_the_welcome_the_nick_is_kept(talk):
    talk.hear(":irc.test 001 log :Hi")
    assert talk.hear(":irc.test 433 log other :In use") == []
    assert talk.hear(":irc.test 432 log other :Bad nick") == []
    assert talk.registration.refused == ""


def test_a_fail_of_nick_is_told_by_a_numeric_as_well_and_means_nothing_more(talk):
    assert talk.hear(":irc.test FAIL NICK NICKNAME_RESERVED log :Reserved") == []
    assert talk.registration.refused == ""


def test_437_of_a_channel_is_not_about_our_nick(talk):
    assert talk.hear(":irc.test 437 * #a :Temporarily unavailable") == []


REFUSALS = {
    "a nick that the server does not take": (":irc.test 432 * lög :Erroneous", "--nick"),
    "a password": (":irc.test 464 * :Password incorrect", "Password incorrect"),
    "a ban": (":irc.test 465 * :You are banned", "You are banned"),
    "a ban without a word": (":irc.test 465", "banned"),
    "a person without an account": (
        ":irc.test FAIL * ACCOUNT_REQUIRED :You must log in",
        "without an account; see --sasl (You must log in)",
    ),
}


@pytest.mark.parametrize(("line", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_what_will_not_change_is_refused_for_good(talk, line, reason):
    assert talk.hear(line) == []
    assert talk.registration.refused_for_good
    assert reason in talk.registration.refused


@pytest.mark.parametrize(
    "line",
    ["CAP", "CAP *", "CAP * XX :a", "CAP * ACK", "CAP * NAK :", "CAP * DEL :", "433", "437 *"],
)
def test_cap_lines_that_end_too_soon_are_no_error(talk, line):
    assert all(said.startswith(("CAP END", "NICK ")) for said in talk.hear(line))


def test_every_alternate_differs_and_survives_a_server_that_keeps_nine_characters():
    for wanted in ("log", "a_rather_long_nick"):
        tried = [alternate_nick(wanted, attempt) for attempt in range(1, MAX_NICK_TRIES)]
        assert len(set(tried)) == len(tried)
        assert wanted[:9] not in {nick[:9] for nick in tried[2:]}


def test_each_wanted_capability_says_what_it_is_for():
    assert all(WANTED.values())
