"""Who comes, goes and is logged in on InspIRCd: netsplits, and accounts that no tag tells."""

from __future__ import annotations

import json

import pytest

from tests.servers.linked import HUB, LEAF, Hub, Leaf
from tests.servers.services import InspircdWithServices
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

SPLIT = f"{HUB} {LEAF}"


@pytest.fixture
def recorded(chatlog, tmp_path):
    """Record #a of a port; `read` is all that was written there, `shown` what people see."""

    class Recorded:
        def start(self, port):
            self.running = chatlog.start(
                "record", "--server", f"irc://127.0.0.1:{port}/#a", "--network", "net", "--nick",
                "rec", "--archive", tmp_path, "--verbose", "--retry",
            )  # fmt: skip
            self.running.wait_for("net: in 1 of 1 channels")

        def stop(self):
            self.running.terminate()
            assert self.running.finish() == 0, self.running.stderr

        def read(self, target="a"):
            done = chatlog.run("tail", "--json", "-n", "1000", "-a", tmp_path, target)
            return [json.loads(line) for line in done.stdout.splitlines()]

        def shown(self, count):
            done = chatlog.run("tail", "--tz", "UTC", "-n", count, "-a", tmp_path, "a")
            return [line[9:] for line in done.stdout.splitlines()]

    return Recorded()


def told(events, *kinds):
    return sorted((event["type"], event["nick"], event.get("split", "")) for event in events
                  if event["type"] in kinds)  # fmt: skip


def test_a_netsplit_of_two_linked_servers_is_told_and_shown_as_one(start_daemon, person, recorded):
    hub = start_daemon(Hub)
    leaf = start_daemon(Leaf, hub=hub)
    ada = person(hub.port, "ada").register()
    ada.join("#a")
    ada.oper()
    people = [person(leaf.port, f"p{n}").register() for n in range(6)]
    people[0].oper()

    def link():
        people[0].send(f"CONNECT {HUB}")
        for each in people:
            ada.until(rf"^:{each.nick}!\S+ JOIN :?#a")

    for each in people:
        each.join("#a")
    link()
    recorded.start(hub.port)
    people[5].send("QUIT :a.bc d.ef")  # the server puts Quit: before the words of a person
    ada.until("^:p5!.* QUIT")
    ada.send(f"SQUIT {LEAF}")
    for each in people[:5]:
        ada.until(rf"^:{each.nick}!\S+ QUIT")
    del people[5]
    link()
    ada.say("#a", "there you are")
    ada.sync()
    eventually(lambda: "there you are" in [event.get("text") for event in recorded.read()])
    recorded.stop()
    names = [f"p{n}" for n in range(5)]
    assert told(recorded.read(), "quit", "join") == [
        *(("join", name, SPLIT) for name in names),
        *(("quit", name, SPLIT) for name in names),
        ("quit", "p5", ""),
    ]
    lines = [line for line in recorded.shown("5") if "netsplit" in line or "quit" in line]
    assert [line.partition(" (")[0] for line in lines] == [
        "*** p5",
        f"*** netsplit {SPLIT}: 5 left",
        f"*** netsplit {SPLIT}: 5 came back",
    ]


class WithoutAccountTag(InspircdWithServices):
    """A server that tells accounts by WHOX, and when somebody logs in, but not with each line."""

    modules = InspircdWithServices.modules.replace(" ircv3_accounttag", "")


def test_accounts_that_no_tag_tells_are_asked_for_once(start_daemon, person, recorded):
    server = start_daemon(WithoutAccountTag)
    server.register("adele", "secret")
    ada, bob = (person(server.port, nick).register() for nick in ("ada", "bob"))
    for each in (ada, bob):
        each.join("#a")
    ada.send("PRIVMSG NickServ :IDENTIFY adele secret")
    ada.until("now identified")
    recorded.start(server.port)

    def is_known():
        ada.say("#a", "do you know me?")
        ada.sync()
        return any(event.get("account") == "adele" for event in recorded.read())

    eventually(is_known)
    bob.say("#a", "nobody's account")
    bob.sync()
    eventually(lambda: "nobody's account" in [event.get("text") for event in recorded.read()])
    recorded.stop()
    (event,) = (each for each in recorded.read() if each.get("text") == "nobody's account")
    assert "account" not in event
    commands = {each.get("command") for each in [*recorded.read(), *recorded.read("@server")]}
    assert not commands & {"354", "315"}
