"""The recorder behind a bouncer: what it hears through one, and what was said before."""

from __future__ import annotations

import pytest

from tests.support.recorded import all_bytes, events
from tests.support.waiting import eventually

pytestmark = pytest.mark.server


def said(place, target="#test"):
    return [
        (event["nick"], event["text"], event.get("via", ""))
        for event in events(place / "archive", target)
        if event["type"] == "message"
    ]


def record(chatlog, place, daemon, certificates, *options):
    return chatlog.start(
        "record", "--server", f"ircs://localhost:{daemon.tls_port}/#test", "--network", "net",
        "--tls-ca", certificates.ca, "--archive", place / "archive", *options,
    )  # fmt: skip


def secret(place, text):
    path = place / "secret"
    path.write_text(text + "\n")
    return path


def talk(person, port):
    ada = person(port, "ada").register()
    ada.join("#test")
    return ada


def test_soju_takes_a_login_and_passes_on_what_is_said(
    chatlog, tmp_path, certificates, inspircd, soju, person
):
    bouncer = soju(inspircd)
    ada = talk(person, inspircd.port)
    recorder = record(
        chatlog, tmp_path, bouncer, certificates,
        "--sasl-user", bouncer.login, "--sasl-password-file", secret(tmp_path, bouncer.password),
    )  # fmt: skip
    recorder.wait_for("net: in 1 of 1 channels")
    ada.say("#test", "hello behind the bouncer")
    ada.sync()
    eventually(lambda: said(tmp_path))
    recorder.terminate()
    assert recorder.finish() == 0, recorder.stderr
    assert said(tmp_path) == [("ada", "hello behind the bouncer", "")]
    assert bouncer.password.encode() not in all_bytes(tmp_path / "archive")


def test_what_znc_plays_back_is_not_taken_for_said_now(
    chatlog, tmp_path, certificates, inspircd, znc, person
):
    bouncer = znc(inspircd)
    ada = talk(person, inspircd.port)
    ada.say("#test", "before the recorder came")
    ada.sync()
    password = f"{bouncer.login}:{bouncer.password}"
    recorder = record(
        chatlog, tmp_path, bouncer, certificates,
        "--password-file", secret(tmp_path, password),
    )  # fmt: skip
    recorder.wait_for("net: in 1 of 1 channels")
    eventually(lambda: said(tmp_path))
    ada.say("#test", "and after")
    ada.sync()
    eventually(lambda: len(said(tmp_path)) > 1)
    recorder.terminate()
    assert recorder.finish() == 0, recorder.stderr
    assert sorted(said(tmp_path)) == [
        ("ada", "and after", ""),
        ("ada", "before the recorder came", "playback"),
    ]
    assert bouncer.password.encode() not in all_bytes(tmp_path / "archive")
