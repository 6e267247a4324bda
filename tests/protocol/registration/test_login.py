"""Logging in on the way to the welcome, and what becomes of a refusal."""

from __future__ import annotations

import base64

import pytest

from chatlog.protocol.facts import Challenged, PolicyDeclared, TlsRequired, Turn
from chatlog.protocol.message import parse
from chatlog.protocol.registration.capabilities import Identity, Registration
from chatlog.protocol.registration.sasl import Login
from chatlog.secret import Secret

# RFC 7677, section 3
CHALLENGE = (
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
)
PROOF = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

ACCOUNT = Login(user="user", password=Secret("pencil"))
BOTH = Login(user="user", password=Secret("pencil"), certificate=True)


class Talk:
    """A registration that a test speaks to; `work` is done when the test says so."""

    def __init__(self, login=ACCOUNT, *, tls=True, **identity):
        self.registration = Registration(Identity(nick="log", login=login, **identity), tls=tls)
        self.facts = []

    def hear(self, *lines):
        turn = Turn()
        for line in lines:
            self.registration.receive(parse(line.encode()), turn)
        self.facts += turn.facts
        return turn.replies

    def offered(self, mechanisms="PLAIN"):
        """Come as far as the choice of a mechanism."""
        value = f"={mechanisms}" if mechanisms else ""
        assert self.hear(f":irc.test CAP * LS :sasl{value}") == ["CAP REQ :sasl"]
        return self.hear(":irc.test CAP * ACK :sasl")

    def work(self):
        [challenged] = self.facts
        self.facts, turn = [], Turn()
        self.registration.go_on(challenged.respond(), turn)
        return turn.replies


def test_a_login_comes_before_the_end_of_the_negotiation():
    talk = Talk()
    assert talk.offered() == ["AUTHENTICATE PLAIN"]
    response = base64.b64encode(b"user\0user\0pencil").decode()
    assert talk.hear("AUTHENTICATE +") == [f"AUTHENTICATE {response}"]
    assert talk.hear(":irc.test 900 log log!u@h user :You are now logged in as user") == []
    assert talk.hear(":irc.test 903 log :SASL authentication successful") == ["CAP END"]
    talk.hear(":irc.test 001 log :Welcome")
    assert talk.registration.registered
    assert not talk.registration.refused


def test_the_other_capabilities_are_asked_for_beside_it():
    talk = Talk()
    said = talk.hear(":irc.test CAP * LS :batch sasl=PLAIN server-time")
    assert said == ["CAP REQ :server-time batch sasl"]
    assert talk.hear(":irc.test CAP * NAK :server-time batch sasl") == [
        "CAP REQ :server-time",
        "CAP REQ :batch",
        "CAP REQ :sasl",
    ]
    assert talk.hear(":irc.test CAP * NAK :server-time", ":irc.test CAP * ACK :batch") == []
    assert talk.hear(":irc.test CAP * ACK :sasl ") == ["AUTHENTICATE PLAIN"]


def test_scram_derives_its_key_elsewhere_and_believes_only_a_proof():
    talk = Talk(Login(user="user", password=Secret("pencil"), mechanism="SCRAM-SHA-256"))
    assert talk.offered("PLAIN,SCRAM-SHA-256") == ["AUTHENTICATE SCRAM-SHA-256"]
    (first,) = talk.hear("AUTHENTICATE +")
    nonce = base64.b64decode(first.split()[1]).decode().partition("r=")[2]
    challenge = CHALLENGE.decode().replace("rOprNGfwEbeRWgbNEkqO", nonce)
    encoded = base64.b64encode(challenge.encode()).decode()
    assert talk.hear(f"AUTHENTICATE {encoded}") == [], "deriving keys takes time"
    (final,) = talk.work()
    assert base64.b64decode(final.split()[1]).startswith(b"c=biws,")
    wrong = base64.b64encode(PROOF).decode()
    assert talk.hear(f"AUTHENTICATE {wrong}") == ["AUTHENTICATE *"]
    assert "SCRAM" in talk.registration.refused
    assert talk.registration.refused_for_good


def test_a_server_that_asks_again_before_our_response_gives_no_more_work():
    talk = Talk(Login(user="user", password=Secret("pencil"), mechanism="SCRAM-SHA-256"))
    talk.offered("SCRAM-SHA-256")
    (first,) = talk.hear("AUTHENTICATE +")
    nonce = base64.b64decode(first.split()[1]).decode().partition("r=")[2]
    challenge = CHALLENGE.decode().replace("rOprNGfwEbeRWgbNEkqO", nonce)
    line = f"AUTHENTICATE {base64.b64encode(challenge.encode()).decode()}"
    assert talk.hear(line, line, line) == []
    assert [type(fact) for fact in talk.facts] == [Challenged]
    (final,) = talk.work()
    assert base64.b64decode(final.split()[1]).startswith(b"c=biws,")


def test_a_success_without_a_proof_is_none():
    talk = Talk(Login(user="user", password=Secret("pencil"), mechanism="SCRAM-SHA-256"))
    talk.offered("SCRAM-SHA-256")
    talk.hear("AUTHENTICATE +")
    assert talk.hear(":irc.test 903 log :Fine") == []
    assert "did not prove" in talk.registration.refused


def test_a_refused_password_is_not_given_away_by_a_weaker_mechanism():
    talk = Talk()
    assert talk.offered("SCRAM-SHA-256,PLAIN") == ["AUTHENTICATE SCRAM-SHA-256"]
    talk.hear("AUTHENTICATE +")
    assert talk.hear(":irc.test 904 log :SASL authentication failed") == []
    assert talk.registration.refused == (
        "the login (SASL SCRAM-SHA-256) was refused: SASL authentication failed"
    )
    assert talk.registration.refused_for_good


def test_a_certificate_that_nobody_knows_is_followed_by_the_password():
    talk = Talk(BOTH)
    assert talk.offered("EXTERNAL,PLAIN") == ["AUTHENTICATE EXTERNAL"]
    assert talk.hear("AUTHENTICATE +") == ["AUTHENTICATE +"]
    assert talk.hear(":irc.test 904 log :No") == ["AUTHENTICATE PLAIN"]


PROMPT, OK = "AUTHENTICATE +", ":irc.test 903 log :Fine"
NASTY = {
    "a second numeric in the same read": [[PROMPT], ["904", "906"], [PROMPT], [OK]],
    "the same numeric twice in one read": [[PROMPT], ["904", "904"], [PROMPT], [OK]],
    "three in one read": [[PROMPT], ["904", "905", "906"], [PROMPT], [OK]],
    "a second numeric in a later read": [[PROMPT], ["904"], ["906"], [PROMPT], [OK]],
    "the reason before the failure": [["908", "904"], [PROMPT], [OK]],
    "a failure before any challenge": [["904"], [PROMPT], [OK]],
    "a FAIL and a numeric": [[PROMPT], ["FAIL AUTHENTICATE X :No", "904"], [PROMPT], [OK]],
    "an error about something else": [[PROMPT], ["421 log FROB :No", "904"], [PROMPT], [OK]],
}


def reads_of(talk, reads):
    """Hear the lines of each read; a bare numeric is that of a failure."""
    said = []
    for lines in reads:
        whole = [
            f":irc.test {line} log EXTERNAL,PLAIN :No" if line.isdigit() else line for line in lines
        ]
        said += talk.hear(*whole)
    return said


@pytest.mark.parametrize("reads", NASTY.values(), ids=NASTY)
def test_a_second_failure_of_one_attempt_is_not_that_of_the_next(reads):
    talk = Talk(BOTH)
    assert talk.offered("EXTERNAL,PLAIN") == ["AUTHENTICATE EXTERNAL"]
    said = reads_of(talk, reads)
    assert not talk.registration.refused
    assert said[-3] == "AUTHENTICATE PLAIN"
    assert said[-1] == "CAP END"


REFUSED = {
    "each attempt once, before a challenge": [["904"], ["904"]],
    "each attempt twice": [[PROMPT], ["904", "906"], [PROMPT], ["904", "906"]],
    "the second after its response": [[PROMPT], ["904"], [PROMPT], ["906"]],
}


@pytest.mark.parametrize("reads", REFUSED.values(), ids=REFUSED)
def test_a_failure_of_the_last_mechanism_ends_the_login_for_good(reads):
    talk = Talk(BOTH)
    talk.offered("EXTERNAL,PLAIN")
    reads_of(talk, reads)
    assert "(SASL PLAIN) was refused" in talk.registration.refused
    assert talk.registration.refused_for_good


@pytest.mark.parametrize(
    "line",
    [
        "421 log AUTHENTICATE :Unknown command",
        "451 * AUTHENTICATE :You have not registered",
        "461 log AUTHENTICATE :Not enough parameters",
        "599 log AUTHENTICATE",
    ],
)
def test_an_error_that_names_authenticate_ends_the_login_but_not_for_good(line):
    talk = Talk(BOTH)
    talk.offered("EXTERNAL,PLAIN")
    talk.hear(f":irc.test {line}")
    assert "takes no login (SASL) now" in talk.registration.refused
    assert not talk.registration.refused_for_good


@pytest.mark.parametrize("line", ["410 * REQ :Invalid CAP command", "421 * CAP :Unknown command"])
def test_an_error_in_answer_to_a_request_of_capabilities_is_an_answer(line):
    talk = Talk(None)
    talk.hear(":irc.test CAP * LS :batch")
    assert talk.hear(f":irc.test {line}") == ["CAP END"]


def test_a_mechanism_that_the_server_does_not_know_is_followed_by_one_that_it_names():
    talk = Talk()
    assert talk.offered("") == ["AUTHENTICATE SCRAM-SHA-512"]
    said = talk.hear(":irc.test 908 log PLAIN,EXTERNAL :are available", ":irc.test 904 log :No")
    assert said == ["AUTHENTICATE PLAIN"]


@pytest.mark.parametrize("numeric", ["902", "904", "905", "906"])
def test_every_refusal_of_a_password_is_for_good(numeric):
    talk = Talk()
    talk.offered()
    talk.hear("AUTHENTICATE +", f":irc.test {numeric} log :No")
    assert talk.registration.refused_for_good


def test_who_is_already_logged_in_goes_on():
    talk = Talk()
    talk.offered()
    assert talk.hear(":irc.test 907 log :You have already authenticated") == ["CAP END"]


@pytest.mark.parametrize(
    "lines",
    [
        [":irc.test CAP * LS :batch", ":irc.test CAP * ACK :batch"],
        [":irc.test CAP * LS :sasl=PLAIN", ":irc.test CAP * NAK :sasl"],
        [":irc.test 001 log :Welcome"],
        [":irc.test 421 * CAP :Unknown command", ":irc.test 001 log :Welcome"],
        [":irc.test CAP * LS :sasl", ":irc.test CAP * ACK :sasl", ":irc.test CAP * DEL :sasl"],
    ],
)
def test_without_a_login_there_is_no_way_in_but_one_may_come_back(lines):
    talk = Talk()
    talk.hear(*lines)
    assert talk.registration.refused
    assert not talk.registration.refused_for_good
    assert not talk.registration.registered


def test_no_mechanism_in_common_is_for_good():
    talk = Talk()
    assert talk.offered("EXTERNAL") == []
    assert "no login (SASL) in common; offered: EXTERNAL" in talk.registration.refused
    assert talk.registration.refused_for_good


def test_the_servers_password_comes_first():
    assert Talk(None, password=Secret("open sesame")).registration.start()[0] == (
        "PASS :open sesame"
    )


def test_nickserv_is_told_who_we_are_and_which_account_we_mean():
    talk = Talk(None, nickserv=Secret("pw"))
    assert talk.hear(":irc.test 001 log :Welcome") == ["PRIVMSG NickServ :IDENTIFY pw"]
    other = Talk(None, nickserv=Secret("pw"))
    assert other.hear(":irc.test 001 log_ :Welcome") == ["PRIVMSG NickServ :IDENTIFY log pw"]


def test_modes_of_ours_are_set_on_arrival():
    talk = Talk(None, user_modes="+iw")
    assert talk.hear(":irc.test 001 log :Welcome") == ["MODE log +iw"]


def test_configured_alternates_come_before_made_up_ones():
    talk = Talk(None, alternates=("scribe", "clerk"))
    said = [talk.hear(":irc.test 433 * x :In use")[0] for _ in range(3)]
    assert said == ["NICK scribe", "NICK clerk", "NICK log_"]


def test_a_server_for_tls_alone_is_left_before_anything_is_said():
    talk = Talk(tls=False)
    assert talk.hear(":irc.test CAP * LS :sasl=PLAIN sts=port=6697") == []
    assert talk.registration.must_use_tls
    assert talk.registration.sts.port == 6697


def test_over_tls_a_policy_is_only_remembered():
    talk = Talk(None)
    said = talk.hear(":irc.test CAP * LS :batch sts=duration=300,port=6697")
    assert said == ["CAP REQ :batch"]
    assert not talk.registration.must_use_tls
    assert talk.registration.sts.duration == 300


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        ("CAP * LS * :batch sts=duration=300", [PolicyDeclared()]),
        ("CAP * LS :sts=duration=300", [PolicyDeclared()]),
        ("CAP * NEW :sts=duration=300", [PolicyDeclared()]),
        ("CAP * LS :sts=nonsense", []),
    ],
)
def test_over_tls_a_policy_is_told_in_the_moment_it_is_seen(line, facts):
    talk = Talk(None)
    talk.hear(f":irc.test {line}")
    assert talk.facts == facts


def test_a_policy_in_an_unfinished_list_is_obeyed_at_once():
    talk = Talk(None, tls=False)
    assert talk.hear(":irc.test CAP * LS * :batch sts=port=6697", ":irc.test CAP * LS :x") == []
    assert talk.facts[:1] == [TlsRequired()]


def test_no_secret_is_shown_by_whatever_is_printed():
    talk = Talk(password=Secret("hush1"), nickserv=Secret("hush2"))
    talk.offered()
    shown = f"{talk.registration.identity} {talk.registration.identity!r} {vars(talk.registration)}"
    assert "hush" not in shown
    assert "pencil" not in shown


def test_a_policy_that_comes_later_replaces_the_one_before():
    talk = Talk(None)
    talk.hear(":irc.test CAP * LS :sts=duration=300", ":irc.test 001 log :Welcome")
    talk.hear(":irc.test CAP log NEW :sts=duration=0")
    assert talk.registration.sts.duration == 0
