"""The sink of a batch: which events wait for news, which are news, and what is dropped."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chatlog.event import SERVER, Event
from chatlog.record import waiting_sink
from chatlog.record.waiting_sink import WaitingSink

TIME = "2026-11-23T18:20:01.123Z"
US = {"nick": "log", "user": "~log", "host": "here.test"}
US_ANEW = {**US, "nick": "log2"}
ADA = {"nick": "ada", "user": "~ada", "host": "there.test"}


class Written(list):
    """The sink behind: the events that it got, as one list."""

    def write_all(self, events):
        self += events


def did(kind, who=None, target="#a", **fields):
    return Event(time=TIME, network="net", target=target, type=kind, **(who or {}), **fields)


JOINED = did("joined", US, msgid="j")
ARRIVAL = [
    JOINED,
    did("topic", text="what stands"),
    did("other", command="333", params=("log", "#a", "ada", "1795458001")),
    did("names", text="@ada log"),
]
NO_NEWS = {
    "what joining brings": ARRIVAL,
    "a mode for us alone": [JOINED, did("mode", ADA, command="+v", params=("log",))],
    "a new nick of ours": [
        JOINED,
        did("nick", US, subject="log2"),
        did("parted", {**US, "nick": "log2"}),
    ],
    "a mode for our new nick": [
        JOINED,
        did("nick", US, subject="log2"),
        did("mode", ADA, command="+v", params=("log2",)),
    ],
    "our coming and going": [JOINED, did("parted", US), JOINED, did("parted", US)],
    "that we are away": [JOINED, did("away", US, text="recording")],
}
NEWS = {
    "a message": did("message", ADA, text="hi"),
    "a line of history": did("message", ADA, text="hi", via="chathistory"),
    "our own words": did("message", US, text="I record"),
    "a join": did("join", ADA),
    "somebody under our nick": did("quit", {**ADA, "nick": "log"}),
    "a topic": did("topic", ADA, text="new"),
    "a mode for somebody": did("mode", ADA, command="+ov", params=("log", "bob")),
    "a mode of the channel": did("mode", ADA, command="+m"),
    "that we are kicked": did("kick", ADA, subject="log"),
    "an unknown command": did("other", {"nick": "irc.test"}, command="FROB", params=("#a",)),
}


@pytest.mark.parametrize("events", NO_NEWS.values(), ids=NO_NEWS)
def test_without_news_nothing_is_written(events):
    written = Written()
    sink = WaitingSink(written)
    sink.write_all(events)
    assert written == []
    sink.write_all([NEWS["a message"]])
    assert written == [*events, NEWS["a message"]], "in the order in which they came"


@pytest.mark.parametrize("news", NEWS.values(), ids=NEWS)
def test_news_releases_what_waits_and_all_that_follows(news):
    written = Written()
    sink = WaitingSink(written)
    sink.write_all(ARRIVAL)
    sink.write_all([news, did("parted", US)])
    assert written == [*ARRIVAL, news, did("parted", US)]


def test_news_of_one_channel_is_none_of_another_and_the_servers_lines_never_wait():
    written = Written()
    sink = WaitingSink(written)
    other, connected = did("joined", US, "#b"), did("connected", US, SERVER)
    sink.write_all([connected, JOINED, other, NEWS["a message"]])
    assert written == [connected, JOINED, NEWS["a message"]]


def test_the_last_msgid_that_waits_is_known_until_it_is_written():
    sink = WaitingSink(Written())
    assert sink.last_msgid("#a") == ""
    sink.write_all(ARRIVAL)
    assert sink.last_msgid("#a") == "j"
    sink.write_all([NEWS["a message"]])
    assert sink.last_msgid("#a") == ""


def test_what_is_too_much_to_wait_is_written_channel_by_channel(monkeypatch):
    monkeypatch.setattr(waiting_sink, "MAX_WAITING", 2000)
    written = Written()
    sink = WaitingSink(written)
    few, many = did("joined", US, "#b"), [JOINED, did("names", text="x" * 1000)]
    sink.write_all([few, *many])
    assert written == many
    sink.write_all([did("names", target="#b", text="log")])
    assert written == many, "there is room again"


def test_the_memory_of_our_own_nicks_is_bounded_and_holds_the_last_ones():
    written = Written()
    sink = WaitingSink(written)
    nicks = ["log", *(f"log{number}" for number in range(10 * waiting_sink.MAX_OURS))]
    sink.write_all([JOINED])
    for old, new in pairwise(nicks):
        sink.write_all([did("nick", {**US, "nick": old}, subject=new)])
    assert len(sink._ours) <= waiting_sink.MAX_OURS
    sink.write_all([did("mode", ADA, command="+v", params=(nicks[-1],))])
    assert written == []
    sink.write_all([did("mode", ADA, command="+v", params=(nicks[0],))])
    assert written[0] == JOINED, "what was forgotten counts as news"
