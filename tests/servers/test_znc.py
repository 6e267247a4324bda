"""ZNC serves, relays, plays back what was missed, and comes back where it was."""

import pytest

pytestmark = pytest.mark.server


def log_in(person, bouncer, *capabilities):
    """Be welcomed by the bouncer."""
    if capabilities:
        person.send(f"CAP REQ :{' '.join(capabilities)}")
        person.until(r" CAP \S+ ACK ")
    person.send(f"PASS {bouncer.password}", "NICK rec", f"USER {bouncer.login} 0 * :rec")
    if capabilities:
        person.send("CAP END")
    person.until(" 001 ")
    return person


def test_znc_gives_the_welcome_of_its_upstream(znc, inspircd, person):
    bouncer = znc(inspircd)
    rec = log_in(person(bouncer.port, "rec"), bouncer)
    assert rec.heard[-1].startswith(":inspircd.test 001 rec ")
    rec.until(r"^:rec!\S+ NICK :recbot$")
    rec.until(r"^:recbot!\S+ JOIN :?#test$")


def test_znc_refuses_a_wrong_password(znc, inspircd, person):
    bouncer = znc(inspircd)
    rec = person(bouncer.port, "rec")
    rec.send("PASS typo", "NICK rec", f"USER {bouncer.login} 0 * :rec")
    rec.until(" 464 ")


def test_znc_relays_both_ways_over_tls(znc, inspircd, certificates, person):
    bouncer = znc(inspircd, channels=["#a", "#b"])
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    rec = log_in(person(bouncer.tls_port, "rec", tls=certificates.client()), bouncer)
    rec.until(" 366 recbot #b ")
    ada.say("#a", "hello")
    assert rec.until("hello").startswith(":ada!")
    rec.say("#a", "hello yourself")
    assert ada.until("yourself").startswith(":recbot!")


@pytest.mark.parametrize(
    ("capabilities", "line"),
    [
        ((), r"^:ada!\S+ PRIVMSG #a :\[\d\d:\d\d:\d\d\] said before$"),
        (("server-time", "batch"), r"^@batch=\S+;time=\S+Z :ada!\S+ PRIVMSG #a :said before$"),
    ],
)
def test_znc_plays_back_what_nobody_heard(znc, inspircd, person, capabilities, line):
    bouncer = znc(inspircd, channels=["#a"])
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    ada.say("#a", "said before")
    ada.sync()
    # The bouncer has read what came before the answer to this.
    ada.send("PRIVMSG recbot :\1PING 1\1")
    ada.until("NOTICE ada :\1PING 1")
    log_in(person(bouncer.port, "rec"), bouncer, *capabilities).until(line)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_znc_comes_back_to_its_channels(znc, inspircd, person, end):
    bouncer = znc(inspircd, channels=["#a"])
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    before = bouncer.port, bouncer.tls_port
    getattr(bouncer, end)()
    ada.until(r":recbot!\S+ QUIT ")
    bouncer.start()
    assert (bouncer.port, bouncer.tls_port) == before
    ada.until(r":recbot!\S+ JOIN ")
