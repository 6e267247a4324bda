"""SASL mechanisms: what is said, what is believed, and what is refused."""

from __future__ import annotations

import base64
import sys

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st

from chatlog.errors import UsageError
from chatlog.protocol.registration import sasl
from chatlog.protocol.registration.sasl import (
    CHUNK,
    MECHANISMS,
    Exchange,
    ExchangeError,
    Incoming,
    Login,
    check,
    choose,
    chunks,
)
from chatlog.secret import Secret

PASSWORD = Login(user="user", password=Secret("pencil"))
# RFC 7677, section 3
NONCE = "rOprNGfwEbeRWgbNEkqO"
FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
CHALLENGE = (
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
)
FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
PROOF = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def key_pem(curve=None):
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return key, key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


KEY, PEM = key_pem()


def outcome(act):
    """Return what the only error that may come of it says, "" where none does."""
    try:
        act()
    except ExchangeError as error:
        return str(error)
    return ""


# -- mechanisms --------------------------------------------------------------


def test_plain_sends_account_and_password():
    assert Exchange(PASSWORD, "PLAIN").respond(b"") == b"user\0user\0pencil"


def test_external_leaves_it_to_the_certificate():
    assert Exchange(Login(certificate=True), "EXTERNAL").respond(b"") == b""


def test_scram_is_that_of_the_rfc():
    exchange = Exchange(PASSWORD, "SCRAM-SHA-256", NONCE)
    assert exchange.respond(b"") == FIRST
    assert exchange.costly
    assert exchange.respond(CHALLENGE) == FINAL
    with pytest.raises(ExchangeError, match="did not prove"):
        exchange.check_success()
    assert not exchange.costly
    assert exchange.respond(PROOF) == b""
    exchange.check_success()


@pytest.mark.parametrize(
    "proof",
    [
        b"v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        b"e=invalid-proof",
        b"e=we-made-this-up",
        b"v=",
        b"",
        b"\xff",
    ],
)
def test_a_server_that_does_not_prove_itself_is_not_believed(proof):
    exchange = Exchange(PASSWORD, "SCRAM-SHA-256", NONCE)
    exchange.respond(b"")
    exchange.respond(CHALLENGE)
    with pytest.raises(ExchangeError, match="SCRAM"):
        exchange.respond(proof)
    with pytest.raises(ExchangeError, match="did not prove"):
        exchange.check_success()


@pytest.mark.parametrize(
    "count",
    [
        *(b"0", b"1", b"4095", b"600001", b"99999999999", b"x", b"-5", b""),
        *(b"4096,i=9999999", b"99999999999,i=4096", b"4096,iX9999999", "٤٠٩٦".encode()),
    ],
)
def test_iterations_that_are_too_few_or_too_many_are_not_computed(count):
    exchange = Exchange(PASSWORD, "SCRAM-SHA-256", NONCE)
    exchange.respond(b"")
    with pytest.raises(ExchangeError, match="iterations"):
        exchange.respond(CHALLENGE.replace(b"i=4096", b"i=" + count))


@pytest.mark.parametrize("nonce", [b"xxxx%hvYDpWUa", NONCE.encode(), NONCE[:-1].encode()])
def test_a_nonce_that_does_not_begin_with_ours_and_go_on_is_refused(nonce):
    exchange = Exchange(PASSWORD, "SCRAM-SHA-256", NONCE)
    exchange.respond(b"")
    with pytest.raises(ExchangeError, match="nonce"):
        exchange.respond(b"r=" + nonce + CHALLENGE[CHALLENGE.index(b",s=") :])


def test_why_the_server_ends_scram_is_told_in_its_words():
    exchange = Exchange(PASSWORD, "SCRAM-SHA-256", NONCE)
    exchange.respond(b"")
    with pytest.raises(ExchangeError, match=r"ends SCRAM: 'unknown-user\\x1b'$"):
        exchange.respond(b"e=unknown-user\x1b")


def test_ecdsa_signs_the_challenge_as_it_is():
    exchange = Exchange(Login(user="user", key=Secret(PEM)), "ECDSA-NIST256P-CHALLENGE")
    assert exchange.respond(b"") == b"user"
    challenge = bytes(range(32))
    signature = exchange.respond(challenge)
    KEY.public_key().verify(signature, challenge, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


@pytest.mark.parametrize(
    "pem", ["", "nonsense", key_pem(ec.SECP384R1())[1]], ids=["none", "nonsense", "another curve"]
)
def test_a_key_that_cannot_sign_is_told_beforehand(pem):
    with pytest.raises(UsageError, match="--sasl-key"):
        check(Login(user="user", key=Secret(pem or " ")), tls=True)


def test_a_key_of_a_curve_that_the_library_does_not_know_is_told_beforehand(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise UnsupportedAlgorithm("SM2")

    monkeypatch.setattr(serialization, "load_pem_private_key", refuse)
    with pytest.raises(UsageError, match="NIST P-256"):
        check(Login(user="user", key=Secret(PEM)), tls=True)


SCRAM_LIKE = st.lists(
    st.sampled_from([*"rsievm", "=", ",", "\n", "é", NONCE, "4096", "other-error", "W22ZaJ0SNY7s"])
).map(lambda parts: "".join(parts).encode())


@pytest.mark.parametrize("mechanism", MECHANISMS)
@given(challenges=st.lists(st.binary(max_size=80) | SCRAM_LIKE | st.just(CHALLENGE), max_size=4))
def test_no_challenge_raises_anything_but_its_own_error(mechanism, challenges):
    login = Login(user="user", password=Secret("pencil"), key=Secret(PEM), certificate=True)
    exchange = Exchange(login, mechanism, NONCE)
    for challenge in challenges:
        said = outcome(lambda: exchange.respond(challenge))  # noqa: B023 - called at once
        assert "pencil" not in said
        assert said.isprintable()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
@pytest.mark.parametrize("password", ["a\0b", "a\ud800b"])
def test_a_password_that_no_mechanism_can_carry_is_an_error(mechanism, password):
    login = Login(user="user", password=Secret(password))
    with pytest.raises(ExchangeError, match="password"):
        Exchange(login, mechanism).respond(b"")


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_an_account_that_no_mechanism_can_carry_is_an_error(mechanism, name):
    login = Login(user=name, authzid=name, password=Secret("pencil"), key=Secret(PEM))
    with pytest.raises(ExchangeError, match="account"):
        Exchange(login, mechanism).respond(b"")


@pytest.mark.parametrize(
    ("user", "sent"), [("a,b=c", b"n=a=2Cb=3Dc,"), ("é", "n=é,".encode())], ids=["escaped", "UTF-8"]
)
def test_an_account_of_odd_characters_goes_into_scram_whole(user, sent):
    login = Login(user=user, password=Secret("pencil"))
    assert sent in Exchange(login, "SCRAM-SHA-256", NONCE).respond(b"")


# -- which -------------------------------------------------------------------


EVERYTHING = Login(user="u", password=Secret("p"), key=Secret(PEM), certificate=True)


@pytest.mark.parametrize(
    ("login", "offered", "tls", "tried", "chosen"),
    [
        (EVERYTHING, "PLAIN,EXTERNAL,SCRAM-SHA-256", True, (), "EXTERNAL"),
        (EVERYTHING, "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512", True, (), "SCRAM-SHA-512"),
        (EVERYTHING, "plain,ecdsa-nist256p-challenge", True, (), "ECDSA-NIST256P-CHALLENGE"),
        (EVERYTHING, "", True, (), "EXTERNAL"),
        (EVERYTHING, "", True, ("EXTERNAL",), "SCRAM-SHA-512"),
        (EVERYTHING, "EXTERNAL,PLAIN", False, (), ""),
        (PASSWORD, "EXTERNAL,PLAIN", True, (), "PLAIN"),
        (PASSWORD, "EXTERNAL", True, (), ""),
        (PASSWORD, "PLAIN", False, (), ""),
        (Login(user="u", password=Secret("p"), mechanism="PLAIN"), "SCRAM-SHA-256", True, (), ""),
        (
            Login(user="u", password=Secret("p"), plain_without_tls=True),
            "PLAIN",
            False,
            (),
            "PLAIN",
        ),
    ],
)
def test_the_best_that_both_sides_can_do_is_chosen(login, offered, tls, tried, chosen):
    assert choose(login, offered, tls=tls, tried=tried) == chosen


@pytest.mark.parametrize(
    ("login", "tls", "says"),
    [
        (Login(user="u", mechanism="PLAIN"), True, "--sasl-password-file"),
        (Login(mechanism="EXTERNAL"), True, "--client-cert"),
        (Login(certificate=True, mechanism="EXTERNAL"), False, "TLS"),
        (Login(user="u", mechanism="MAGIC"), True, "not known"),
        (
            Login(user="u", password=Secret("p"), mechanism="PLAIN"),
            False,
            "--sasl-plain-without-tls",
        ),
        (Login(user="u"), True, "--sasl-password-file, --sasl-key or --client-cert"),
        (Login(key=Secret(PEM)), True, "ECDSA-NIST256P-CHALLENGE needs --sasl-user"),
        (Login(certificate=True), False, "EXTERNAL needs TLS"),
    ],
)
def test_a_login_that_can_never_succeed_is_told_beforehand(login, tls, says):
    with pytest.raises(UsageError, match=says):
        check(login, tls=tls)


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sasl._INSTALLED, "scramp", lambda: False)
    with pytest.raises(UsageError, match="pip install scramp"):
        check(Login(user="u", password=Secret("p"), mechanism="SCRAM-SHA-256"), tls=True)
    assert choose(PASSWORD, "SCRAM-SHA-256,PLAIN", tls=True, tried=()) == "PLAIN"


@pytest.mark.parametrize("mechanism", ["", "ECDSA-NIST256P-CHALLENGE"])
def test_a_key_without_its_library_is_refused_with_its_name(monkeypatch, mechanism):
    for module in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match="pip install cryptography"):
        check(Login(user="u", key=Secret(PEM), mechanism=mechanism), tls=True)


# -- AUTHENTICATE ------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 299, 300, 301, 600, 900])
def test_a_response_of_any_length_comes_whole_in_chunks(length):
    response = bytes(length)
    lines = chunks(response)
    params = [line.removeprefix("AUTHENTICATE ") for line in lines]
    assert all(len(param) == CHUNK for param in params[:-1])
    assert len(params[-1]) < CHUNK
    incoming = Incoming()
    *before, last = [incoming.feed(param) for param in params]
    assert before == [None] * len(before)
    assert last == response


@given(st.lists(st.text(max_size=500), max_size=5))
def test_no_parameter_raises_anything_but_its_own_error_when_taken(params):
    incoming = Incoming()
    for param in params:
        assert outcome(lambda: incoming.feed(param)).isprintable()  # noqa: B023 - called at once


def test_a_challenge_without_end_is_refused():
    incoming = Incoming()
    chunk = base64.b64encode(bytes(300)).decode()
    assert "too long" in "".join(outcome(lambda: incoming.feed(chunk)) for _ in range(100))
