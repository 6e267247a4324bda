"""Several connections to one network, if it has more channels than one carries."""

from __future__ import annotations

import asyncio

import pytest

from chatlog.errors import NetworkError
from chatlog.event import SERVER
from chatlog.health.status import NetworkStatus
from chatlog.record.network_run import combined
from tests.support.loop_clock import LoopClock
from tests.support.recorded import events, texts
from tests.support.recording import plan_of, recorder_of
from tests.support.twitch import Twitch
from tests.support.waiting import PATIENCE

CHANNELS = tuple(f"#c{number}" for number in range(10))
SHARED = {"channels_per_connection": 3, "connections": 4, "shares_nick": True}


def record(tmp_path, twitch, story, *, channels=CHANNELS, clock=None, **plan):
    """Record channels until a story is told: a coroutine that is given the recorder."""

    async def scenario():
        session = {"channels": channels, "join_pace": (50, 0.5)}
        recorder = recorder_of(tmp_path, twitch.port, session=session, **plan)
        run = asyncio.ensure_future(recorder.run())
        try:
            await asyncio.wait_for(story(recorder), PATIENCE + (3600 if clock else 0))
        finally:
            recorder.stop("enough")
            await asyncio.wait_for(run, PATIENCE)

    (clock or LoopClock()).run(scenario())


async def until(recorder, condition):
    """Wait until the status of the network is as wanted; return it."""
    while not condition(recorder.statuses()[0]):  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    return recorder.statuses()[0]


def test_channels_are_shared_by_as_many_connections_as_they_need(tmp_path):
    with Twitch() as twitch:

        async def story(recorder):
            status = await until(recorder, lambda status: status.joined == len(CHANNELS))
            assert status.connected
            assert status.state == f"connected to 127.0.0.1:{twitch.port} by 4 connections"
            twitch.say(*(f":ann!a@h PRIVMSG {name} :hello {name}" for name in CHANNELS))
            await until(
                recorder, lambda status: all(status.events.get(name, 0) == 4 for name in CHANNELS)
            )

        record(tmp_path, twitch, story, **SHARED)
    assert sorted(len(each) for each in twitch.carried) == [1, 3, 3, 3]
    assert twitch.nicks == ["rec"] * 4
    for name in CHANNELS:
        assert texts(tmp_path, name) == [f"hello {name}"]
        kinds = [event["type"] for event in events(tmp_path, name)]
        assert kinds[0] == "joined"
        assert kinds[-1] == "parted"
    assert [event["type"] for event in events(tmp_path, SERVER)].count("connected") == 4


def test_a_connection_that_ends_costs_no_channel_of_another(tmp_path):
    with Twitch() as twitch:

        async def story(recorder):
            await until(recorder, lambda status: status.joined == len(CHANNELS))
            twitch.drop("#c0")
            status = await until(recorder, lambda status: status.reconnects == 1)
            assert status.joined >= 7
            await until(recorder, lambda status: status.joined == len(CHANNELS))

        record(tmp_path, twitch, story, **SHARED)
    joins = {
        name: [event["type"] for event in events(tmp_path, name)].count("joined")
        for name in CHANNELS
    }
    assert joins == {name: 2 if name in ("#c0", "#c1", "#c2") else 1 for name in CHANNELS}


def test_all_connections_follow_a_request_to_reconnect(tmp_path):
    with Twitch() as twitch:

        async def story(recorder):
            await until(recorder, lambda status: status.joined == len(CHANNELS))
            twitch.reconnect()
            await until(
                recorder, lambda status: status.reconnects == 4 and status.joined == len(CHANNELS)
            )

        record(tmp_path, twitch, story, **SHARED)
    assert len(twitch.carried) == 8


def test_the_status_of_a_network_is_that_of_all_its_connections():
    there = {"name": "net", "connected": True, "server": "irc.test:6697", "wanted": 3}
    one = NetworkStatus(
        **there, state="connected to irc.test:6697", heard="2026-11-23T18:20:09.000Z", joined=3,
        since="2026-11-23T18:00:00.000Z", lag=0.5, problems=("same",), ignored=1,
    )  # fmt: skip
    other = NetworkStatus(
        **there, state="connected to irc.test:6697", heard="2026-11-23T18:20:01.000Z", joined=2,
        since="2026-11-23T18:10:00.000Z", lag=2.0, problems=("same", "#x: banned"), reconnects=1,
    )  # fmt: skip
    gone = NetworkStatus(name="net", connected=False, state="waiting 2 s to reconnect", wanted=1)
    both = combined([one, other])
    assert both.state == "connected to irc.test:6697 by 2 connections"
    assert (both.joined, both.wanted, both.reconnects, both.ignored) == (5, 6, 1, 1)
    assert both.heard == other.heard, "a channel was heard no later than its connection"
    assert (both.since, both.lag) == (one.since, 2.0)
    assert both.problems == ("same", "#x: banned")
    three = combined([gone, one, other])
    assert three.state == "connected by 2 of 3 connections; waiting 2 s to reconnect"
    assert (three.connected, three.wanted, three.heard) == (True, 7, other.heard)
    assert combined([gone]) == gone


def test_a_server_that_limits_channels_gets_further_connections_with_other_nicks(tmp_path):
    with Twitch(tokens="CHANTYPES=# CHANLIMIT=#:4") as server:

        async def story(recorder):
            await until(recorder, lambda status: status.joined == len(CHANNELS))

        record(tmp_path, server, story, connections=3)
    assert sorted(len(each) for each in server.carried) == [2, 4, 4]
    assert sorted(server.nicks) == ["rec", "rec2", "rec3"]


def test_a_further_connection_that_is_refused_costs_a_batch_only_its_channels(tmp_path):
    with Twitch(tokens="CHANTYPES=# CHANLIMIT=#:6", most=1) as server:

        async def scenario():
            session = {"channels": CHANNELS}
            recorder = recorder_of(
                tmp_path, server.port, session=session, connections=3, linger=0.0
            )
            await asyncio.wait_for(recorder.run(), PATIENCE)

        with pytest.raises(NetworkError, match="too many connections"):
            asyncio.run(scenario())
    assert sorted(map(len, server.carried)) == [0, 6]


def test_one_connection_is_all_there_is_if_the_configuration_says_so(tmp_path):
    with Twitch(tokens="CHANTYPES=# CHANLIMIT=#:4") as server:

        async def story(recorder):
            await until(recorder, lambda status: status.joined == len(CHANNELS))

        record(tmp_path, server, story, connections=1)
    assert [len(each) for each in server.carried] == [10]


def test_channels_that_are_added_later_fill_the_room_and_then_a_further_connection(tmp_path):
    with Twitch() as twitch:

        async def story(recorder):
            await until(recorder, lambda status: status.joined == 4)
            session = {"channels": CHANNELS[1:8], "join_pace": (50, 0.5)}
            recorder.reload([plan_of(twitch.port, session=session, **SHARED)])
            await until(recorder, lambda status: (status.joined, status.wanted) == (7, 7))

        record(tmp_path, twitch, story, channels=CHANNELS[:4], **SHARED)
    assert sorted(twitch.carried) == [["#c0", "#c1", "#c2", "#c4"], ["#c3", "#c5", "#c6"], ["#c7"]]
    assert events(tmp_path, "#c0")[-1]["type"] == "parted"


def test_channels_that_never_answer_are_reported_after_a_minute_and_hold_back_no_other(tmp_path):
    silent, clock = {"#c1", "#c5"}, LoopClock()
    with Twitch(silent=silent) as twitch:

        async def story(recorder):
            await until(recorder, lambda status: status.joined == 8)
            for _ in range(2):
                await asyncio.wrap_future(clock.advance(61))
            status = await until(recorder, lambda status: len(status.problems) == 2)
            assert status.problems == (
                "#c1: no answer to JOIN; asking again", "#c5: no answer to JOIN; asking again",
            )  # fmt: skip
            assert {each.channel for each in recorder.absences("net")} == silent

        record(tmp_path, twitch, story, clock=clock, **SHARED)


@pytest.mark.parametrize("tokens", ["", "CHANTYPES=# CHANLIMIT=#:3"])
def test_a_run_that_is_stopped_leaves_every_connection(tmp_path, tokens):
    with Twitch(tokens=tokens) as twitch:

        async def story(recorder):
            await until(recorder, lambda status: status.joined == len(CHANNELS))

        record(tmp_path, twitch, story, **SHARED)
        assert twitch.is_empty()
