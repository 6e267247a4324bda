"""InspIRCd with Atheme lets in by each of its mechanisms, and keeps its accounts."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.servers.services import InspircdWithServices

pytestmark = pytest.mark.server

KEY = ec.derive_private_key(0x1234_5678, ec.SECP256R1())
POINT = KEY.public_key().public_bytes(
    serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
)


def plain(account, password):
    return lambda _challenge: f"\0{account}\0{password}".encode()


def sign(challenge):
    return KEY.sign(challenge, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


def account(person):
    """Ask the server which account somebody is logged in to."""
    person.send(f"WHOIS {person.nick}")
    return person.until(" 330 ").split()[4]


def test_the_services_offer_three_ways_to_log_in(inspircd_with_services, person):
    ada = person(inspircd_with_services.port, "ada")
    ada.send("CAP LS 302")
    offered = ada.until(r" CAP \* LS :").split()
    assert "sasl=ECDSA-NIST256P-CHALLENGE,EXTERNAL,PLAIN" in offered


def test_who_registered_logs_in_by_plain(inspircd_with_services, person):
    inspircd_with_services.register("rec", "secret")
    ada = person(inspircd_with_services.port, "ada").log_in("PLAIN", plain("rec", "secret"))
    assert account(ada) == "rec"


def test_a_wrong_password_is_refused(inspircd_with_services, person):
    inspircd_with_services.register("rec", "secret")
    with pytest.raises(AssertionError, match=r" 904 ada "):
        person(inspircd_with_services.port, "ada").log_in("PLAIN", plain("rec", "typo"))


def test_a_certificate_logs_in_to_its_account(inspircd_with_services, certificates, person):
    inspircd_with_services.register("rec", "secret")
    fingerprint = certificates.fingerprint("selfsigned")
    inspircd_with_services.add_certificate("rec", "secret", fingerprint)
    context = certificates.client()
    context.load_cert_chain(certificates.pem("selfsigned"), certificates.key("selfsigned"))
    ada = person(inspircd_with_services.tls_port, "ada", tls=context)
    assert account(ada.log_in("EXTERNAL", lambda _challenge: b"")) == "rec"


def test_a_key_logs_in_to_its_account(inspircd_with_services, person):
    inspircd_with_services.register("rec", "secret")
    inspircd_with_services.set_public_key("rec", "secret", base64.b64encode(POINT).decode())
    ada = person(inspircd_with_services.port, "ada")
    ada.log_in("ECDSA-NIST256P-CHALLENGE", lambda _challenge: b"rec", sign)
    assert account(ada) == "rec"


def test_nickserv_identifies_who_is_there_already(inspircd_with_services, person):
    inspircd_with_services.register("rec", "secret")
    ada = person(inspircd_with_services.port, "ada").register()
    ada.say("NickServ", "IDENTIFY rec secret")
    ada.until(" 900 ada .* rec ")
    assert account(ada) == "rec"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_accounts_outlive_a_restart(inspircd_with_services, person, end):
    inspircd_with_services.register("rec", "secret")
    getattr(inspircd_with_services, end)()
    inspircd_with_services.start()
    ada = person(inspircd_with_services.port, "ada").log_in("PLAIN", plain("rec", "secret"))
    assert account(ada) == "rec"


def test_a_server_with_services_takes_the_options_of_inspircd(start_daemon, person):
    daemon = start_daemon(
        InspircdWithServices, password="open sesame", casemapping="ascii", maxchans=7
    )
    daemon.register("rec", "secret")
    ada = person(daemon.port, "ada")
    ada.send("PASS :open sesame")
    assert account(ada.log_in("PLAIN", plain("rec", "secret"))) == "rec"
    assert {"CASEMAPPING=ascii", "CHANLIMIT=#:7"} <= set(" ".join(ada.heard).split())
