"""Archives shipped over a real NATS server and collected into one, each line once."""

import asyncio
import contextlib
import json
import os
import random
import re
import time
import urllib.request

import pytest
from nats import connect

from tests.servers.daemons import Inspircd, NatsServer, Ngircd
from tests.servers.nats_operator import NatsOperator
from tests.support.archive import event_at, record
from tests.support.bus import lines_in, texts_in
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

_KILLS = 8 if "CHATLOG_TORTURE_SEEDS" in os.environ else 2
_SEEDS = range(int(os.environ.get("CHATLOG_TORTURE_SEEDS", "1")))
_CREATE = ("--create", "--max-size=100M")


@pytest.fixture
def collect(chatlog, nats, tmp_path):
    """Run the collector to the end of the stream, and return what it printed as JSON."""

    def collect(*options, url=nats.url):
        done = chatlog.run(
            "collect", url, "--archive", tmp_path / "all", "--once", "--json", *_CREATE, *options
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return collect


def test_one_archive_has_the_lines_of_all_shards(chatlog, nats, collect, tmp_path):
    one, other, every = tmp_path / "one", tmp_path / "other", tmp_path / "all"
    record(one, *(event_at(second, f"a{second}") for second in range(50)))
    record(other, *(event_at(second, f"b{second}", target="#d") for second in range(50)))
    assert collect()["added"] == 0
    for root in (one, other):
        shipped = chatlog.run("ship", nats.url, "--archive", root, "--once", "--json")
        assert shipped.returncode == 0, shipped.stderr
    assert collect()["added"] == 100
    assert texts_in(every, "#c") == [f"a{second}" for second in range(50)]
    assert texts_in(every, "#d") == [f"b{second}" for second in range(50)]


def purge(nats):
    """Have the stream forget all messages but the last one, as its limits would."""

    async def purge():
        client = await connect(nats.url)
        await client.jetstream().purge_stream("CHATLOG", keep=1)
        await client.close()

    asyncio.run(purge())


def test_lost_messages_are_asked_for_over_the_bus(chatlog, nats, collect, tmp_path):
    record(tmp_path / "a", *(event_at(second, f"a{second}") for second in range(300)))
    collect()
    ship = ("ship", nats.url, "--archive", tmp_path / "a")
    assert chatlog.run(*ship, "--once").returncode == 0
    purge(nats)
    done = chatlog.run("collect", nats.url, "--archive", tmp_path / "all", "--once")
    assert done.returncode == 1
    assert "messages are lost; run this again while their shippers run" in done.stderr
    shipper = chatlog.start(*ship)
    chatlog.start("collect", nats.url, "--archive", tmp_path / "all")
    eventually(lambda: texts_in(tmp_path / "all") == [f"a{second}" for second in range(300)])
    shipper.interrupt()
    assert shipper.finish() == 0


def test_a_collector_serves_how_far_it_is_behind(chatlog, nats, collect, tmp_path):
    record(tmp_path / "a", *(event_at(second, f"a{second}") for second in range(50)))
    collect()
    into = ("--archive", tmp_path / "all", "--metrics-listen", "127.0.0.1:0")
    collector = chatlog.start("collect", nats.url, *into)
    eventually(lambda: "/metrics" in collector.stderr)
    url = re.search(r"http://127\.0\.0\.1:\d+/metrics", collector.stderr)[0]
    assert chatlog.run("ship", nats.url, "--archive", tmp_path / "a", "--once").returncode == 0

    def figures():
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as page:
            return page.read().decode()
        return ""

    eventually(lambda: "\nchatlog_collect_lines_total 50\n" in figures())
    eventually(lambda: "\nchatlog_collect_left_messages 0\n" in figures())
    assert "\nchatlog_collect_connected 1\n" in figures()
    collector.interrupt()
    assert collector.finish() == 0


def test_a_bus_that_asks_for_tls_and_a_token(chatlog, start_daemon, certificates, tmp_path):
    nats = start_daemon(NatsServer, is_tls=True, token="secret")
    record(tmp_path / "a", event_at(1, "hello"))
    url = nats.url.replace("127.0.0.1", "localhost")
    authority = ("--nats-ca", certificates.ca)
    create = ("collect", url, "--archive", tmp_path / "all", "--once", *_CREATE)
    assert chatlog.run(*create, *authority).returncode == 0
    ship = ("--archive", tmp_path / "a", "--once")
    assert chatlog.run("ship", url, *ship, *authority).returncode == 0
    assert chatlog.run(*create, *authority).returncode == 0
    assert texts_in(tmp_path / "all") == ["hello"]
    unknown = chatlog.run("ship", url, *ship)
    assert (unknown.returncode, "--nats-ca" in unknown.stderr) == (6, True)
    refused = chatlog.run("ship", url.replace("secret", "guess"), *ship, *authority)
    assert (refused.returncode, "refuses us" in refused.stderr) == (6, True)
    assert "guess" not in refused.stderr


def test_a_bus_that_asks_for_credentials(chatlog, start_daemon, tmp_path):
    operator = NatsOperator()
    nats = start_daemon(NatsServer, trust=operator)
    record(tmp_path / "a", event_at(1, "hello"))
    login = f"--nats-creds={operator.credentials(tmp_path / 'bus.creds')}"
    collect = ("collect", nats.url, "--archive", tmp_path / "all", "--once", *_CREATE)
    ship = ("ship", nats.url, "--archive", tmp_path / "a", "--once")
    for command in (collect, ship, collect):
        done = chatlog.run(*command, login)
        assert done.returncode == 0, done.stderr
    assert texts_in(tmp_path / "all") == ["hello"]
    stranger = f"--nats-creds={NatsOperator().credentials(tmp_path / 'other.creds')}"
    for wrong in ((), (stranger,)):
        refused = chatlog.run(*ship, *wrong)
        assert (refused.returncode, "refuses us" in refused.stderr) == (6, True)


def test_a_line_that_the_server_does_not_take_is_told_and_costs_no_other(
    chatlog, start_daemon, collect, tmp_path
):
    nats = start_daemon(NatsServer, payload=4096)
    collect(url=nats.url)
    record(tmp_path / "a", *(event_at(n, "x" * (9000 if n == 1 else 9)) for n in range(3)))
    done = chatlog.run("ship", nats.url, "--archive", tmp_path / "a", "--once")
    assert done.returncode == 3
    assert "a line of #c at 2026-11-23T00:00:01.000Z is longer than the server takes" in done.stderr
    assert collect(url=nats.url)["added"] == 2


# -- recorders ------------------------------------------------------------------------


class Machines:
    """Two recorders of one channel that ship, a bus and a collector; each can be killed."""

    def __init__(self, chatlog, irc, nats, root):
        self._chatlog, self._irc, self._nats, self.root = chatlog, irc, nats, root
        self._running = {}

    def come(self, name):
        if name in self._running:
            return
        if name == "nats":
            self._running[name] = self._nats
            self._nats.start()
        elif name == "all":
            self._running[name] = self._chatlog.start(
                "collect", self._nats.url, "--archive", self.root / "all", *_CREATE
            )
        else:
            self._running[name] = self._chatlog.start(
                "record", "--server", f"irc://127.0.0.1:{self._irc.port}/#a", "--network", "net",
                "--archive", self.root / name, "--retry", "--nick", name, "--verbose",
                "--reconnect-min", "0.1s", "--publish", self._nats.url,
            )  # fmt: skip
            self._running[name].wait_for("net: in 1 of 1 channels")

    def kill(self, name):
        running = self._running.pop(name, None)
        if running is not None:
            running.kill()
            if name != "nats":
                running.finish()

    def end(self):
        """End all in order; the archive then has all that is shipped."""
        for name in ("nats", "all", "one", "two"):
            self.come(name)
        for name in ("one", "two"):
            self._running[name].interrupt()
            assert self._running[name].finish() == 0
        for name in ("one", "two"):  # the shippers of killed recorders may have died with the bus
            done = self._chatlog.run(
                "ship", self._nats.url, "--archive", self.root / name, "--once"
            )
            assert done.returncode in {0, 5}, done.stderr
        self._running["all"].interrupt()
        assert self._running["all"].finish() in {0, 1}
        done = self._chatlog.run(
            "collect", self._nats.url, "--archive", self.root / "all", "--once"
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("server", [Inspircd, Ngircd], ids=["inspircd", "ngircd"])
def test_recorders_bus_and_collector_are_killed_at_random(
    chatlog, start_daemon, nats, person, tmp_path, server, seed
):
    drawn = random.Random(f"{seed}")
    irc = start_daemon(server)
    machines = Machines(chatlog, irc, nats, tmp_path)
    machines._running["nats"] = nats
    for name in ("all", "one", "two"):
        machines.come(name)
    ann = person(irc.port, "ann").register()
    ann.join("#a")
    said = 0
    for _ in range(_KILLS):
        victim = drawn.choice(["one", "two", "all", "nats"])
        for _ in range(drawn.randrange(2, 5)):
            ann.send(f"PRIVMSG #a :line {said}")
            said += 1
            time.sleep(drawn.random() / 4)  # lines and kills fall anywhere
        machines.kill(victim)
        ann.send(f"PRIVMSG #a :line {said}")
        said += 1
        machines.come(victim)
    ann.sync()
    machines.end()
    heard = {text for name in ("one", "two") for text in texts_in(tmp_path / name)}
    wanted = [f"line {number}" for number in range(said) if f"line {number}" in heard]
    found = [text for text in texts_in(tmp_path / "all") if text.startswith("line ")]
    assert found == wanted
    assert_lost_lines_are_in_gaps(chatlog, tmp_path / "all", said, wanted)


def assert_lost_lines_are_in_gaps(chatlog, root, said, found):
    """Check that a line which nobody heard lies between two lines with a gap."""
    done = chatlog.run("gaps", "--json", "--archive", root)
    gaps = [json.loads(line) for line in done.stdout.splitlines()]
    gaps = [each for each in gaps if each["type"] == "gap" and each["state"] != "filled"]
    times = {text: moment for moment, text in lines_in(root)}
    for number in range(said):
        if f"line {number}" in found:
            continue
        before = max((times[text] for text in found if int(text.split()[1]) < number), default="")
        after = min((times[text] for text in found if int(text.split()[1]) > number), default="~")
        assert any(each["since"] <= after and each["until"] >= before for each in gaps), gaps
