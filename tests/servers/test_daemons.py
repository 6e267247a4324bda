"""The servers of the tests serve, over TCP and TLS, and come back where they were."""

import ssl

import pytest

from chatlog.protocol.registration.capabilities import WANTED
from tests.servers.daemons import Daemon, Inspircd, Ngircd

pytestmark = pytest.mark.server


@pytest.fixture(params=[Ngircd, Inspircd], ids=lambda kind: kind.program)
def daemon(request, start_daemon):
    return start_daemon(request.param)


def test_what_one_person_says_another_hears_over_tls(daemon, certificates, person):
    ada = person(daemon.port, "ada").register()
    grace = person(daemon.tls_port, "grace", tls=certificates.client()).register()
    ada.join("#a")
    grace.join("#a")
    ada.say("#a", "hello")
    assert grace.until("hello").startswith(":ada!")
    grace.say("#a", "hello yourself")
    assert ada.until("yourself").startswith(":grace!")


def test_sync_returns_when_the_server_has_dealt_with_what_was_sent(daemon, person):
    ada = person(daemon.port, "ada").register()
    ada.send("TOPIC #nowhere")
    ada.sync()
    assert any(" 403 " in line for line in ada.heard)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_comes_back_has_the_same_ports(daemon, person, end):
    before = daemon.port, daemon.tls_port
    ada = person(daemon.port, "ada").register()
    getattr(daemon, end)()
    with pytest.raises(AssertionError, match="never heard 'anything'"):
        ada.until("anything")
    daemon.start()
    assert (daemon.port, daemon.tls_port) == before
    person(daemon.port, "ada").register()


def test_inspircd_offers_every_capability_that_the_recorder_wants(inspircd, person):
    ada = person(inspircd.port, "ada")
    ada.send("CAP LS 302")
    offered = ada.until(r" CAP \* LS :").partition(" LS :")[2].split()
    missing = set(WANTED) - {name.partition("=")[0] for name in offered}
    ergos = {
        *("draft/channel-rename", "draft/chathistory", "draft/event-playback"),
        *("draft/message-redaction", "draft/multiline", "draft/relaymsg"),
    }
    assert missing == ergos, "which Ergo has"


def test_inspircd_with_a_password_refuses_who_does_not_say_it(start_daemon, person):
    inspircd = start_daemon(Inspircd, password="open sesame")
    refused = person(inspircd.port, "ada")
    refused.send("NICK ada", "USER ada 0 * :ada")
    refused.until("^ERROR ")
    let_in = person(inspircd.port, "grace")
    let_in.send("PASS :open sesame")
    let_in.register()


def test_inspircd_folds_and_limits_as_it_is_told(start_daemon, person):
    inspircd = start_daemon(Inspircd, casemapping="ascii", maxchans=2)
    ada = person(inspircd.port, "ada").register()
    assert any(" CASEMAPPING=ascii " in line for line in ada.heard)
    ada.join("#a", "#b")
    ada.send("JOIN #c")
    ada.until(" 405 ada #c ")


def test_inspircd_asks_whether_a_client_is_still_there(start_daemon, person):
    inspircd = start_daemon(Inspircd, pingfreq=1)
    person(inspircd.port, "ada").register().until("^PING ")


def test_inspircd_knows_monitor_the_exceptions_of_bans_and_bots_where_asked_to(
    start_daemon, person
):
    inspircd = start_daemon(Inspircd, more_modules="botmode")
    tokens = " ".join(person(inspircd.port, "ada").register().heard).split()
    assert {"BOT=B", "EXCEPTS=e", "MONITOR=30"} <= set(tokens)


def test_inspircd_plays_back_what_was_said_before_a_join(inspircd, person):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    ada.send("MODE #a +H 20:1h")
    ada.say("#a", "said before")
    ada.sync()
    late = person(inspircd.port, "late").register()
    late.join("#a")
    assert "ada!" in late.until("said before")


@pytest.mark.parametrize(
    ("said", "felt"),
    [
        ("KILL grace :away with you", "^ERROR .*away with you"),
        ("GLINE *grace@* 1h :away with you", "^ERROR .*G-[Ll]ined"),
        ("SAKICK #a grace :out", " KICK #a grace "),
        ("SAPART grace #a :out", "^:grace!.* PART "),
        ("SANICK grace hopper", "^:grace!.* NICK :?hopper"),
    ],
)
def test_an_operator_of_inspircd_can_do_this_to_people(inspircd, person, said, felt):
    grace = person(inspircd.port, "grace").register()
    grace.join("#a")
    ada = person(inspircd.port, "ada").register()
    ada.oper()
    ada.send(said)
    grace.until(felt)


class Missing(Daemon):
    program = "no-such-ircd"


@pytest.mark.parametrize(
    ("wanted", "outcome"), [("", pytest.skip.Exception), ("required", pytest.fail.Exception)]
)
def test_a_server_that_is_not_installed_skips_the_test_unless_servers_are_required(
    wanted, outcome, monkeypatch, start_daemon
):
    monkeypatch.setenv("CHATLOG_TEST_SERVERS", wanted)
    with pytest.raises(outcome, match="no-such-ircd is not installed"):
        start_daemon(Missing)


@pytest.mark.parametrize("name", ["wronghost", "expired", "selfsigned"])
def test_a_client_that_trusts_the_authority_refuses_the_other_certificates(
    name, certificates, person, start_daemon
):
    ngircd = start_daemon(Ngircd, shows=name)
    with pytest.raises(ssl.SSLCertVerificationError):
        person(ngircd.tls_port, "ada", tls=certificates.client())
