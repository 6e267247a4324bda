"""The recorder logs in on real servers, by every way that they know."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.servers.ergochat import Ergochat
from tests.support.recorded import all_bytes, events
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

PASSWORD = "correct-horse-battery-staple"


class Attempt:
    """One recorder of #a that goes to a daemon over TLS."""

    def __init__(self, chatlog, place, daemon, certificates):
        self._chatlog = chatlog
        self._place = place
        self._words = (
            "--server", f"ircs://localhost:{daemon.tls_port}/#a", "--network", "net",
            "--tls-ca", certificates.ca, "--archive", place / "archive", "--verbose",
        )  # fmt: skip

    def secret(self, name, text=PASSWORD):
        path = self._place / name
        path.write_text(text + "\n")
        return path

    def __call__(self, *options):
        return self._chatlog.start("record", *self._words, *options)

    def written(self):
        """Return all that was written, of whatever kind."""
        return all_bytes(self._place / "archive")

    def accounts(self):
        """Return the numerics of the server that speak of a login."""
        lines = events(self._place / "archive", "@server")
        return [event["params"] for event in lines if event.get("command") == "900"]

    def succeeds(self, *options):
        """Log in, be in the channel, and leave nothing secret behind."""
        recorder = self(*options)
        recorder.wait_for("net: in 1 of 1 channels")
        recorder.terminate()
        assert recorder.finish() == 0, recorder.stderr
        assert self.accounts(), "the server says who we are logged in as"
        assert PASSWORD.encode() not in self.written()
        assert PASSWORD not in recorder.stderr + recorder.stdout

    def is_refused(self, *options):
        recorder = self(*options)
        assert recorder.finish() == 6, recorder.stderr
        assert PASSWORD not in recorder.stderr
        return recorder.stderr


@pytest.fixture
def attempt(chatlog, tmp_path, certificates):
    return lambda daemon: Attempt(chatlog, tmp_path, daemon, certificates)


def elliptic_key(place):
    """Make a key for ECDSA; return its file and the public part as services want it."""
    key = ec.generate_private_key(ec.SECP256R1())
    path = place / "ecdsa.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    return path, base64.b64encode(point).decode()


def test_a_recorder_logs_in_to_atheme_by_plain(attempt, inspircd_with_services):
    inspircd_with_services.register("scribe", PASSWORD)
    trying = attempt(inspircd_with_services)
    trying.succeeds("--sasl-user", "scribe", "--sasl-password-file", trying.secret("pw"))


def test_a_recorder_logs_in_to_atheme_by_external(attempt, inspircd_with_services, certificates):
    inspircd_with_services.register("scribe", PASSWORD)
    inspircd_with_services.add_certificate("scribe", PASSWORD, certificates.fingerprint("server"))
    shown = (
        "--client-cert",
        certificates.pem("server"),
        "--client-key",
        certificates.key("server"),
    )
    attempt(inspircd_with_services).succeeds("--sasl", "external", *shown)


def test_a_recorder_logs_in_to_atheme_by_ecdsa(attempt, inspircd_with_services, tmp_path):
    inspircd_with_services.register("scribe", PASSWORD)
    path, public = elliptic_key(tmp_path)
    inspircd_with_services.set_public_key("scribe", PASSWORD, public)
    attempt(inspircd_with_services).succeeds("--sasl-user", "scribe", "--sasl-key", path)


def test_a_wrong_password_on_atheme_is_for_good(attempt, inspircd_with_services):
    inspircd_with_services.register("scribe", PASSWORD)
    trying = attempt(inspircd_with_services)
    wrong = trying.secret("wrong", "not this one")
    said = trying.is_refused("--sasl-user", "scribe", "--sasl-password-file", wrong, "--retry")
    assert "the login (SASL PLAIN) was refused" in said


def test_without_services_a_login_waits_for_them(attempt, inspircd):
    trying = attempt(inspircd)
    recorder = trying("--sasl-user", "scribe", "--sasl-password-file", trying.secret("pw"))
    assert recorder.finish() == 4, recorder.stderr
    assert "offers no login (SASL) now" in recorder.stderr


def test_a_recorder_identifies_to_nickserv_of_atheme(attempt, inspircd_with_services):
    inspircd_with_services.register("chatlog", PASSWORD)
    trying = attempt(inspircd_with_services)
    recorder = trying("--nickserv-password-file", trying.secret("pw"), "--queries")
    recorder.wait_for("net: in 1 of 1 channels")
    eventually(trying.accounts)  # NickServ answers when it likes
    recorder.terminate()
    assert recorder.finish() == 0
    assert PASSWORD.encode() not in trying.written()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN", ""])
def test_a_recorder_logs_in_to_ergo_by_plain_and_by_scram(attempt, ergochat, mechanism):
    ergochat.register("scribe", PASSWORD)
    trying = attempt(ergochat)
    chosen = ("--sasl", mechanism) if mechanism else ()
    trying.succeeds("--sasl-user", "scribe", "--sasl-password-file", trying.secret("pw"), *chosen)


def test_a_wrong_password_by_scram_on_ergo_is_for_good(attempt, ergochat):
    ergochat.register("scribe", PASSWORD)
    trying = attempt(ergochat)
    wrong = trying.secret("wrong", "not this one")
    said = trying.is_refused("--sasl-user", "scribe", "--sasl-password-file", wrong)
    assert "SASL SCRAM-SHA-256" in said


def test_a_recorder_logs_in_to_ergo_by_external(attempt, ergochat, certificates):
    ergochat.register("scribe", PASSWORD)
    ergochat.add_certificate("scribe", PASSWORD, certificates.fingerprint("server"))
    shown = (
        "--client-cert",
        certificates.pem("server"),
        "--client-key",
        certificates.key("server"),
    )
    attempt(ergochat).succeeds("--sasl", "EXTERNAL", *shown)


def test_a_recorder_gives_ergo_the_password_of_the_server(attempt, start_daemon):
    daemon = start_daemon(Ergochat, password=PASSWORD)
    trying = attempt(daemon)
    recorder = trying("--password-file", trying.secret("pw"))
    recorder.wait_for("net: in 1 of 1 channels")
    recorder.terminate()
    assert recorder.finish() == 0
    assert PASSWORD.encode() not in trying.written()
    wrong = trying.is_refused("--password-file", trying.secret("wrong", "not this one"))
    assert "wants another password" in wrong
