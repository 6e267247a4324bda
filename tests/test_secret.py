"""Secrets that show nothing, and the mask that hides them in texts of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.secret import HIDDEN, LONG, SHORTEST, Secret, SecretMask, base64_secrets
from tests.support.counting import lines_executed


def mask(*secrets, public=()):
    return SecretMask(map(Secret, secrets), public)


def test_a_secret_never_shows_its_text():
    secret = Secret("sesame")
    assert f"{secret} {secret!r} {[secret]} {Secret()}" == "*** *** [***] ''"
    assert secret.reveal() == "sesame"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PASS sesame", "PASS ***"),
        ("sesame", "***"),
        ("(sesame)", "(***)"),
        ("key=sesame,sesame", "key=***,***"),
        ("sesames and #sesame and open_sesame", "sesames and #sesame and open_sesame"),
        ("a-long-password", "***"),
        ("xxa-long-passwordxx", "xx***xx"),
        ("user:inner-password", "***"),
        ("the inner-password alone", "the *** alone"),
        ("quoted " + repr("back\\slashed"), "quoted '***'"),
        ("abc", "abc"),
        ("nothing", "nothing"),
    ],
)
def test_secrets_of_four_to_seven_characters_are_hidden_as_words_and_longer_ones_anywhere(
    text, shown
):
    hides = mask("sesame", "a-long-password", "user:inner-password", "abc", "", "back\\slashed")
    assert hides(text) == shown


def test_a_secret_that_is_a_public_name_is_none():
    hides = mask("demo", "Recorder", "sesame", public=["#Demo", "recorder"])
    assert hides("#demo demo recorder Recorder sesame") == "#demo demo recorder Recorder ***"


@pytest.mark.parametrize(
    "text",
    [
        "#team-chat #corporate-talk",
        "@#Team-Chat,+##corporate-talk: cannot join #corporate-talk.",
        "corporatebot!corporatebot@host corporatebot_",
    ],
)
def test_a_public_name_stays_whole_though_a_secret_is_a_part_of_it(text):
    hides = mask("chat", "corporate", public=["#team-chat", "#corporate-talk", "corporatebot"])
    assert hides(text) == text
    assert hides(f"{text} -chat corporate-talks") == f"{text} -*** ***-talks"


def test_long_names_make_no_work_for_secrets_that_are_no_part_of_them():
    text = "password" * 1000

    def work(name):
        hides = mask("password", public=[name])
        return lines_executed(lambda: hides(text))

    assert work("#" + "x" * 200) == work("#x")


def test_without_a_secret_to_hide_a_mask_is_false():
    assert not mask()
    assert not mask("", "abc", "demo", public=["#demo"])
    assert mask("sesame")


def test_of_two_secrets_the_longer_is_hidden_whole():
    assert mask("password", "password-of-mine")("password-of-mine password") == "*** ***"


def test_the_base64_of_a_login_is_hidden_whole_and_in_its_lines():
    whole, *_ = sorted(
        base64_secrets(b"u\0u\0" + b"p" * 600, 400), key=lambda each: -len(each.reveal())
    )
    hides = SecretMask(base64_secrets(b"u\0u\0" + b"p" * 600, 400))
    text = whole.reveal()
    assert hides(text) == HIDDEN
    assert hides(f"AUTHENTICATE {text[:400]} and {text[400:800]}") == "AUTHENTICATE *** and ***"


LETTERS = st.text(st.characters(exclude_categories=["Cs"]), min_size=LONG, max_size=12)


@given(LETTERS, st.text(), st.text())
def test_a_long_secret_stands_in_no_masked_text(secret, before, after):
    assert secret not in mask(secret)(f"{before}{secret}{after}") or secret in HIDDEN


@given(st.text(min_size=SHORTEST, max_size=12), st.binary())
def test_bytes_without_the_secret_stay_as_they_are(secret, data):
    if secret.encode(errors="surrogateescape") not in data:
        hides = mask(f"{secret}-which-is-not-there")
        assert hides.in_bytes(data) == data


def test_a_secret_in_bytes_of_any_encoding_is_hidden():
    assert mask("a-long-password").in_bytes(b"\xff a-long-password\x80") == b"\xff ***\x80"
