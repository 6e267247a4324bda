"""Replicas that hang, are killed and come back, where the server tells neither times nor ids."""

import random
from bisect import bisect

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.archive import event_at, record
from tests.support.bus import ListCollector, ListShipper, Stream, answer, texts_in

_AWAY = 2.0  # seconds, at most


class Replica:
    """A recorder: the stretches in which it is in the channel, and those in which it hangs."""

    def __init__(self, name, drawn, seconds):
        self.name, self._drawn = name, drawn
        self.stays = [*self._stretches(0, seconds, 30, _AWAY)]
        self._hangs = [*self._stretches(1, seconds, 10, drawn.choice([0.7, 3]))]
        self.lines = []

    def _stretches(self, is_away, end, apart, length):
        """Yield stretches of a length at most, some seconds apart, or the time between them."""
        now = self._drawn.random()
        while now < end:
            since, now = now, now + self._drawn.expovariate(1 / apart)
            until, now = now, now + 0.3 + self._drawn.random() * length
            yield (until, now) if is_away else (since, until)

    def hear(self, at, **fields):
        """Write a line at the moment when it is heard, unless away or killed before; tell that."""
        since, until = self.stays[max(0, bisect(self.stays, (at, end_of_time)) - 1)]
        heard = at + 0.001 + self._drawn.random() * 0.004
        for begin, end in self._hangs:
            if begin <= heard < end:
                heard = end
        is_heard = since <= at and heard < until
        if is_heard:
            self._write(heard, fields)
        return is_heard

    def part(self, at, nick):
        """Write that the connection broke."""
        self._write(at, {"type": "parted", "nick": nick, "text": "connection lost"})

    def _write(self, at, fields):
        self.lines.append((max([at, *(second for second, _ in self.lines[-1:])]), fields))


end_of_time = float("inf")


def conversation(drawn, replicas, seconds):
    """Have replicas hear each other and what is said; return the texts that one has heard."""
    pace, words = drawn.choice([0.3, 2, 8]), drawn.choice([1, 3, 10_000])
    moments = [(since, "joined", each) for each in replicas for since, _ in each.stays]
    moments += ((until, "quit", each) for each in replicas for _, until in each.stays)
    now = 1.0
    while now < seconds:
        now += drawn.expovariate(1 / pace)
        moments.append((now, "message", None))
    texts = []
    for at, kind, who in sorted(moments, key=lambda moment: moment[0]):
        text = "" if who else f"word {drawn.randrange(words)}"
        nick = f"rec-{who.name}" if who else "ann"
        heard = [
            each.hear(at, type="join" if each is not who and kind == "joined" else kind,
                      text=text, nick=nick)
            for each in replicas
            if each is not who or kind == "joined"
        ]  # fmt: skip
        if kind == "quit" and drawn.random() < 1 / 2:  # else it was killed
            who.part(at, nick)
        if any(heard) and not who:
            texts.append(text)
    return texts


def collect_meanwhile(drawn, root, stream, replicas):
    """Record, ship and collect in rounds; kill the collector and the shippers now and then."""
    shippers, now = {}, 0.0
    collector = ListCollector(root / "all", stream)
    left = {each.name: [*each.lines] for each in replicas}
    while any(left.values()):
        now += drawn.random() * 4
        for name, lines in left.items():
            due = [line for line in lines if line[0] <= now]
            del lines[: len(due)]
            record(root / name, *(event_at(60 + second, **fields) for second, fields in due))
            if due and name not in shippers:
                shippers[name] = ListShipper(root / name, stream, name)
            if name in shippers:
                ship(drawn, shippers[name])
        settle(drawn, collector)
    for _ in range(3):
        for shipper in shippers.values():
            shipper.ship()
        collector.collect()
        answer(collector, *shippers.values())
    collector.close()


def ship(drawn, shipper):
    match drawn.choice(["ship", "ship", "ship", "kill", "nothing"]):
        case "ship":
            shipper.ship()
        case "kill":
            shipper.publish(drawn.randrange(4))
            shipper.kill()


def settle(drawn, collector):
    what = drawn.choice(["all", "all", "all", "some", "die", "kill", "nothing"])
    if what in {"all", "some", "die"}:
        collector.read(drawn.randrange(6) if what == "some" else None)
    if what in {"all", "some"}:
        collector.settle()
    elif what == "die":
        collector.settle_and_die(drawn.randrange(2))
    elif what == "kill":
        collector.kill()


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_each_line_that_a_replica_heard_is_there_once_in_order(tmp_path_factory, seed):
    """Words are repeated, and a replica hangs for up to three seconds."""
    root, drawn = tmp_path_factory.mktemp("bus"), random.Random(seed)
    seconds = drawn.choice([20, 60])
    replicas = [Replica(name, drawn, seconds) for name in "ab"]
    said = conversation(drawn, replicas, seconds)
    collect_meanwhile(drawn, root, Stream(forgets=drawn.random() < 0.2), replicas)
    found = [text for text in texts_in(root / "all") if text.startswith("word")]
    assert found == said
