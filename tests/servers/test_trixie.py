"""Ergo and soju serve, keep what they promise the other tests, and come back where they were."""

import base64
import subprocess

import pytest

from chatlog.protocol.registration.capabilities import WANTED
from tests.servers import packages
from tests.servers.daemons import NotInstalledError
from tests.servers.ergochat import Ergochat

pytestmark = pytest.mark.server


def plain(account, password):
    return base64.b64encode(f"\0{account}\0{password}".encode()).decode()


def authenticate(person, mechanism, initial):
    """Log in before the welcome, and be welcomed."""
    person.send("CAP REQ :sasl", f"NICK {person.nick}", f"USER {person.nick} 0 * :{person.nick}")
    person.until(r" CAP \S+ ACK ")
    person.send(f"AUTHENTICATE {mechanism}")
    person.until(r"AUTHENTICATE \+")
    person.send(f"AUTHENTICATE {initial}")
    person.until(" 903 ")
    person.send("CAP END")
    person.until(r" 001 ")
    return person


def offered(person):
    """What `CAP LS` lists, over as many lines as it takes: the names with their values."""
    person.send("CAP LS 302")
    capabilities, last = [], False
    while not last:
        more, _, names = person.until(r" CAP \* LS ").partition(" :")
        capabilities += names.split()
        last = not more.endswith("*")
    return dict(name.partition("=")[::2] for name in capabilities)


def test_ergo_lets_people_talk_over_tcp_and_tls(ergochat, certificates, person):
    ada = person(ergochat.port, "ada").register()
    grace = person(ergochat.tls_port, "grace", tls=certificates.client()).register()
    ada.join("#a")
    grace.join("#a")
    ada.say("#a", "hello")
    assert grace.until("hello").startswith(":ada!")


def test_ergo_offers_all_that_the_recorder_wants_and_three_ways_to_log_in(ergochat, person):
    capabilities = offered(person(ergochat.port, "ada"))
    assert set(WANTED) <= capabilities.keys()
    assert capabilities["sasl"].split(",") == ["PLAIN", "EXTERNAL", "SCRAM-SHA-256"]
    assert {"draft/chathistory", "draft/channel-rename"} <= capabilities.keys()


def test_ergo_logs_in_by_plain_who_registered(ergochat, person):
    ergochat.register("rec", "secret")
    ada = authenticate(person(ergochat.port, "ada"), "PLAIN", plain("rec", "secret"))
    ada.send("WHOIS ada")
    assert ada.until(" 330 ").split()[4] == "rec"


def test_ergo_answers_the_first_message_of_scram(ergochat, person):
    ergochat.register("rec", "secret")
    ada = person(ergochat.port, "ada")
    ada.send("CAP REQ :sasl", "AUTHENTICATE SCRAM-SHA-256")
    ada.until(r"AUTHENTICATE \+")
    ada.send("AUTHENTICATE " + base64.b64encode(b"n,,n=rec,r=nonce").decode())
    challenge = base64.b64decode(ada.until("AUTHENTICATE ").split()[-1])
    assert challenge.startswith(b"r=nonce")


def test_ergo_logs_in_by_the_certificate_of_an_account(ergochat, certificates, person):
    ergochat.register("rec", "secret")
    ergochat.add_certificate("rec", "secret", certificates.fingerprint("selfsigned"))
    context = certificates.client()
    context.load_cert_chain(certificates.pem("selfsigned"), certificates.key("selfsigned"))
    ada = authenticate(person(ergochat.tls_port, "ada", tls=context), "EXTERNAL", "+")
    ada.send("WHOIS ada")
    assert ada.until(" 330 ").split()[4] == "rec"


def test_ergo_with_a_password_refuses_who_does_not_say_it(start_daemon, person):
    ergochat = start_daemon(Ergochat, password="open sesame")
    refused = person(ergochat.port, "ada")
    refused.send("NICK ada", "USER ada 0 * :ada")
    refused.until(" 464 ")
    let_in = person(ergochat.port, "grace")
    let_in.send("PASS :open sesame")
    let_in.register()
    ergochat.register("rec", "secret")


def test_ergo_renames_channels_and_tells_who_comes(ergochat, person):
    ada = person(ergochat.port, "ada").register("draft/channel-rename")
    ada.join("#old")
    ada.send("RENAME #old #new :moved")
    assert ada.until(" RENAME ").split()[2:4] == ["#old", "#new"]
    ada.send("MONITOR + grace")
    ada.until(" 731 ada :?grace$")
    person(ergochat.port, "grace").register()
    ada.until(" 730 ada :?grace$")


def test_ergo_keeps_what_was_said_for_who_asks(ergochat, person):
    person(ergochat.port, "ada").register().join("#a")
    grace = person(ergochat.port, "grace").register()
    grace.join("#a")
    grace.say("#a", "said before")
    late = person(ergochat.port, "late").register("draft/chathistory", "batch", "server-time")
    late.join("#a")
    late.send("CHATHISTORY LATEST #a * 10")
    assert "grace!" in late.until("said before")


def test_ergo_lets_one_client_into_two_thousand_channels(ergochat, person):
    ada = person(ergochat.port, "ada").register()
    assert any(" CHANLIMIT=#:2000 " in line for line in ada.heard)


def test_ergo_comes_back_with_its_ports_and_its_accounts(ergochat, person):
    before = ergochat.port, ergochat.tls_port
    ergochat.register("rec", "secret")
    ergochat.kill()
    ergochat.start()
    assert (ergochat.port, ergochat.tls_port) == before
    authenticate(person(ergochat.port, "ada"), "PLAIN", plain("rec", "secret"))


def test_soju_logs_in_by_plain_and_gives_the_welcome_of_its_upstream(soju, ngircd, person):
    bouncer = soju(ngircd)
    ada = authenticate(person(bouncer.port, "ada"), "PLAIN", plain(bouncer.login, bouncer.password))
    assert f" 001 {bouncer.nick} " in ada.heard[-1]
    ada.until(" 005 .*NICKLEN=31 ")  # ngIRCd's own: soju has none
    ada.until(f":{bouncer.nick}!.* JOIN #test")
    ada.until(":ngircd.test 324 ")


def test_soju_relays_both_ways_over_tls(soju, ngircd, certificates, person):
    ada = person(ngircd.port, "ada").register()
    ada.join("#a")
    bouncer = soju(ngircd, channels=["#a"])
    ada.until(rf":{bouncer.nick}!.* JOIN ")
    rec = person(bouncer.tls_port, "rec", tls=certificates.client())
    rec.send(f"PASS {bouncer.password}", "NICK rec", f"USER {bouncer.login} 0 * :rec")
    rec.until(r" 366 \S+ #a ")
    ada.say("#a", "hello")
    assert rec.until("hello").startswith(":ada!")
    rec.say("#a", "hello yourself")
    assert ada.until("yourself").startswith(f":{bouncer.nick}!")


def test_soju_comes_back_to_its_channels(soju, ngircd, person):
    ada = person(ngircd.port, "ada").register()
    ada.join("#a")
    bouncer = soju(ngircd, channels=["#a"])
    ada.until(rf":{bouncer.nick}!.* JOIN ")
    before = bouncer.port, bouncer.tls_port
    bouncer.stop()
    ada.until(rf":{bouncer.nick}!.* QUIT ")
    bouncer.start()
    assert (bouncer.port, bouncer.tls_port) == before
    ada.until(rf":{bouncer.nick}!.* JOIN ")


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    """A machine that has none of the packages, and where no program can be run."""
    monkeypatch.setenv("CHATLOG_TEST_PACKAGES", str(tmp_path / "packages"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_package_that_was_not_fetched_says_how_to_fetch_it(nothing_here):
    with pytest.raises(NotInstalledError, match=r"soju .*python -m tests\.servers\.packages"):
        packages.find("sojuctl")


def test_what_cannot_be_fetched_is_one_clear_line(nothing_here, capsys):
    with pytest.raises(SystemExit) as ended:
        packages.main()
    assert str(ended.value) == (
        "tests.servers.packages: apt-get cannot be run: No such file or directory"
    )


def test_a_failed_fetch_says_what_apt_said_and_leaves_no_half_package(nothing_here, monkeypatch):
    def run(command, **_):
        if "indextargets" in command:
            return subprocess.CompletedProcess(command, 0, "http://127.0.0.1/debian\n", "")
        raise subprocess.CalledProcessError(100, command, "", "E: no\nE: network\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(packages.FetchError, match=r"apt-get .*: E: no E: network$"):
        packages.fetch()
    assert not list((nothing_here / "packages").iterdir())


def test_what_is_there_is_not_fetched_again(nothing_here):
    for package in ("ergochat", "soju"):
        (nothing_here / "packages" / package).mkdir(parents=True)
    assert packages.fetch() == []
