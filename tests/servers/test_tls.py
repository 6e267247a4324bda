"""Certificates of a real server: believed, pinned, refused."""

from __future__ import annotations

import pytest

from tests.servers.daemons import Inspircd

pytestmark = pytest.mark.server


def arguments(daemon, place, *options):
    return (
        "record", "--server", f"ircs://localhost:{daemon.tls_port}/#a", "--network", "net",
        "--archive", place / "archive", *options,
    )  # fmt: skip


def comes_in(chatlog, *words):
    recorder = chatlog.start(*words)
    recorder.wait_for("net: in 1 of 1 channels")
    recorder.terminate()
    return recorder.finish()


def test_an_authority_of_ones_own_is_enough(chatlog, tmp_path, inspircd, certificates):
    assert comes_in(chatlog, *arguments(inspircd, tmp_path, "--tls-ca", certificates.ca)) == 0


@pytest.mark.parametrize(
    ("shows", "says"),
    [
        ("expired", "certificate has expired"),
        ("wronghost", "not valid for 'localhost'"),
        ("selfsigned", "self-signed certificate"),
    ],
)
def test_a_certificate_that_is_not_to_be_believed_is_refused_unless_it_is_pinned(
    chatlog, tmp_path, start_daemon, certificates, shows, says
):
    daemon = start_daemon(Inspircd, shows)
    trusting = arguments(daemon, tmp_path, "--tls-ca", certificates.ca)
    refused = chatlog.run(*trusting)
    assert refused.returncode == 6
    assert says in refused.stderr.lower().replace("hostname mismatch, certificate is ", "")
    other = chatlog.run(*trusting, "--tls-fingerprint", "00" * 32)
    assert other.returncode == 6
    found = certificates.fingerprint(shows)
    assert found in other.stderr, "what to pin is shown"
    assert comes_in(chatlog, *arguments(daemon, tmp_path, "--tls-fingerprint", found)) == 0
