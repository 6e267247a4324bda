"""The archive of a collector: each line of all recorders once, whatever is killed and lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.archive import event_at, record
from tests.support.bus import ListCollector, ListShipper, Stream, answer, lines_in, texts_in


@pytest.fixture
def stream():
    return Stream()


def test_lines_that_are_recorded_meanwhile_follow(tmp_path, stream):
    record(tmp_path / "a", event_at(1, "one"))
    shipper = ListShipper(tmp_path / "a", stream)
    collector = ListCollector(tmp_path / "all", stream)
    for number in range(2, 6):
        shipper.ship()
        collector.read()
        collector.settle()
        record(tmp_path / "a", event_at(number, f"line {number}"))
    shipper.ship()
    collector.collect()
    assert texts_in(tmp_path / "all") == ["one", "line 2", "line 3", "line 4", "line 5"]


@pytest.mark.parametrize("msgids", [True, False])
def test_replicas_are_aligned_as_by_a_merge(tmp_path, stream, msgids):
    for root, late in (("a", 0.0), ("b", 0.013)):
        record(
            tmp_path / root,
            *(
                event_at(second + (0 if msgids else late), "lol" if second % 3 else f"{second}",
                         msgid=f"m{second}" if msgids else "")
                for second in range(200)
                if second % 50 != (7 if root == "a" else 11)
            ),
        )  # fmt: skip
    shippers = [ListShipper(tmp_path / root, stream, root) for root in "ab"]
    collector = ListCollector(tmp_path / "all", stream)
    for shipper in shippers:
        shipper.ship()
    for _ in range(9):
        collector.read(50)
        collector.settle()
    collector.collect()
    wanted = ["lol" if second % 3 else f"{second}" for second in range(200)]
    assert texts_in(tmp_path / "all") == wanted


@pytest.mark.parametrize("dies", [False, True])
def test_a_recorder_that_folds_names_in_another_way_is_left_out_and_named(
    tmp_path, stream, caplog, dies
):
    for name in "ab":
        record(
            tmp_path / name,
            event_at(1, f"{name} here"),
            event_at(2, f"{name} there", network="other"),
        )
    odd = tmp_path / "b" / "net" / "network.json"
    odd.write_text(odd.read_text().replace("rfc1459", "ascii"))
    shippers = [ListShipper(tmp_path / name, stream, name) for name in "ab"]
    collector = ListCollector(tmp_path / "all", stream)
    for shipper in shippers:
        shipper.ship()
        collector.collect()
        if dies:
            collector.kill()
            collector.collect()
    assert sorted(texts_in(tmp_path / "all")) == ["a here", "a there", "b there"]
    witness = shippers[1].feed.witness
    assert collector.collection.at_odds == [witness]
    assert f"{witness} folds the names of net by ascii, the archive by rfc1459;" in caplog.text
    collector.close()


@pytest.mark.parametrize("recorders", ["a", "ab"])
def test_lines_of_many_days_are_collected_at_once(tmp_path, stream, recorders):
    days = [event_at(day * 86_400 * 20, f"day {day}") for day in range(30)]
    for name in recorders:
        record(tmp_path / name, *days)
    collector = ListCollector(tmp_path / "all", stream)
    for name in recorders:
        ListShipper(tmp_path / name, stream, name).ship()
        collector.collect()
    assert texts_in(tmp_path / "all") == [f"day {day}" for day in range(30)]


def test_a_collector_that_is_killed_in_a_shorter_round_after_a_longer_one_takes_no_line_twice(
    tmp_path, stream
):
    record(tmp_path / "a", event_at(0, "zero"))
    shippers = [ListShipper(tmp_path / "a", stream, "a")]
    shippers[0].ship()
    collector = ListCollector(tmp_path / "all", stream)
    collector.read()
    collector.settle()
    for name in "ab":
        record(tmp_path / name, *(event_at(second, "lol") for second in (10, 20, 30)))
    shippers.append(ListShipper(tmp_path / "b", stream, "b"))
    for shipper in shippers:
        shipper.ship()
    collector.read()
    collector.settle_and_die(1)
    collector.read(3)
    collector.settle()
    collector.collect()
    assert texts_in(tmp_path / "all") == ["zero", "lol", "lol", "lol"]


def test_messages_that_a_stream_has_twice_are_one_line_each_after_a_restart(tmp_path):
    stream, shippers = Stream(forgets=True), {}
    for name in "ab":
        seconds = (10, 11, 12) if name == "b" else (10, 11)
        record(tmp_path / name, *(event_at(second, "lol") for second in seconds))
        shippers[name] = ListShipper(tmp_path / name, stream, name)
        shippers[name].publish(2)
        shippers[name].kill()
        shippers[name].ship()
    collector = ListCollector(tmp_path / "all", stream)
    collector.read()
    collector.settle()
    collector.kill()
    record(tmp_path / "a", event_at(12, "lol"))
    shippers["a"].ship()
    collector.collect()
    assert texts_in(tmp_path / "all") == ["lol", "lol", "lol"]


def test_recorders_whose_clocks_differ_by_minutes_are_aligned_by_their_clocks(tmp_path, stream):
    for name, late in (("a", 0), ("b", 300)):
        record(tmp_path / name, *(event_at(60 * n + late, f"line {n}") for n in range(30)))
        ListShipper(tmp_path / name, stream, name).ship()
    collector = ListCollector(tmp_path / "all", stream)
    collector.collect()
    assert texts_in(tmp_path / "all") == [f"line {n}" for n in range(30)]


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 8)),
        st.tuples(st.just("publish"), st.none() | st.integers(0, 6)),
        st.tuples(st.just("kill shipper"), st.none()),
        st.tuples(st.just("lose"), st.integers(1, 4)),
        st.tuples(st.just("read"), st.none() | st.integers(0, 9)),
        st.tuples(st.just("settle"), st.none()),
        st.tuples(st.just("settle and die"), st.integers(0, 1)),
        st.tuples(st.just("kill collector"), st.none()),
        st.tuples(st.just("ask"), st.none()),
    ),
    max_size=40,
)


class Bus:
    """Recorders of one channel, and what becomes of their lines; `say` is called for more."""

    def __init__(self, root, stream, say, *recorders):
        self.stream = stream
        self.say = say
        say(1, everybody=True)
        self.shippers = [ListShipper(root / each, stream, each) for each in recorders]
        self.collector = ListCollector(root / "all", stream)

    def take(self, step, value):
        match step:
            case "say":
                self.say(value)
            case "publish":
                self.shippers[self.stream.last % len(self.shippers)].publish(value)
            case "kill shipper":
                self.shippers[self.stream.last % len(self.shippers)].kill()
            case "lose":
                self.stream.discard(*[*self.stream.messages][-value:])
            case "read":
                self.collector.read(value)
            case "settle":
                self.collector.settle()
            case "settle and die":
                self.collector.settle_and_die(value)
            case "kill collector":
                self.collector.kill()
            case _:
                answer(self.collector, *self.shippers)

    def end(self):
        self.say(1, everybody=True)  # else nobody knows that the last message is lost
        for _ in range(3):  # an answer without the network's file is asked for once more
            for shipper in self.shippers:
                shipper.ship()
            self.collector.collect()
            answer(self.collector, *self.shippers)
        assert self.collector.collection.lost() == []
        self.collector.close()


@settings(max_examples=60)
@given(_STEPS, st.booleans(), st.integers(1, 3))
def test_each_line_is_there_once_whatever_is_killed_or_lost(
    tmp_path_factory, steps, forgets, words
):
    """Words are repeated, also within a moment; the server may forget all ids."""
    root, said = tmp_path_factory.mktemp("bus"), []

    def say(count, **_):
        for _ in range(count):
            event = event_at(len(said) // 3, f"word {len(said) % words}")
            record(root / "a", event)
            said.append((event.time, event.text))

    bus = Bus(root, Stream(forgets=forgets), say, "a")
    for step in steps:
        bus.take(*step)
    bus.end()
    found = lines_in(root / "all")
    assert sorted(found) == sorted(said)
    assert [time for time, _ in found] == [time for time, _ in said]


@settings(max_examples=40)
@given(_STEPS, st.data())
def test_each_line_of_two_recorders_is_there_once(tmp_path_factory, steps, data):
    """Their clocks differ, each may miss some lines, and there are no msgids."""
    root, said = tmp_path_factory.mktemp("bus"), []
    late = data.draw(st.sampled_from([0, 0.004, -0.2, 3]))

    def say(count, *, everybody=False):
        for _ in range(count):
            said.append(f"line {len(said)}")
            heard = "ab" if everybody else data.draw(st.sampled_from(["ab", "ab", "ab", "a", "b"]))
            for name in heard:
                second = len(said) / 2 + (late if name == "b" else 0)
                record(root / name, event_at(60 + second, said[-1]))

    bus = Bus(root, Stream(), say, "a", "b")
    for step in steps:
        bus.take(*step)
    bus.end()
    assert sorted(texts_in(root / "all")) == sorted(said)
