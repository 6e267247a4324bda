"""The recorder against the embedded server, over a real socket, in one process."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from chatlog.clock import now
from chatlog.demo import script
from chatlog.demo.server import HOST, Server
from chatlog.errors import NetworkError, RefusedError
from chatlog.record.limits import Limits
from chatlog.record.supervisor import backoff
from tests.support.loop_clock import LoopClock
from tests.support.recorded import events
from tests.support.recording import in_state, recorder_of

CHANNELS = ("#demo", "#tea")
RARELY = {"reconnect_min": 3600, "reconnect_max": 3600}


@asynccontextmanager
async def recording(root, server, **options):
    """Run a recorder until the block ends, once it is in its channels."""
    recorder = recorder_of(root, server.port, **options)
    task = asyncio.ensure_future(recorder.run())
    arrived = [asyncio.ensure_future(server.joined("rec", name)) for name in CHANNELS]
    try:
        await asyncio.wait([task, asyncio.gather(*arrived)], return_when="FIRST_COMPLETED")
        yield recorder
    finally:
        recorder.stop("the test is over")
        for each in arrived:
            each.cancel()
    await task


def short(event):
    """Write an event as briefly as it can be compared."""
    keys = ("nick", "statusmsg", "subject", "command", "params", "text", "reply_to", "account")
    if event["type"] == "joined":
        server, _, silence = event["text"].partition("; ")
        words = (server.partition(":")[0], silence.partition(" since ")[0])
        event = {**event, "text": "; ".join(filter(None, words))}
    return " ".join([event["type"], *(f"{key}={event[key]}" for key in keys if key in event)])


async def nothing(_seconds):
    await asyncio.sleep(0)


def test_a_whole_conversation_is_recorded_in_order_in_the_right_channels(tmp_path):
    async def scenario():
        async with Server(clock=now) as server:
            people = script.arrive(server)
            async with recording(tmp_path, server):
                await script.play(people, pause=nothing)

    asyncio.run(scenario())
    assert [short(event) for event in events(tmp_path, "#tea")] == [
        "joined nick=rec text=127.0.0.1",
        "names text=@alan rec",
        "join nick=grace account=grace",
        "message nick=alan text=The kettle is on \N{HOT BEVERAGE} お茶をどうぞ",
        "action nick=grace text=takes two lumps, thank you account=grace",
        "nick nick=alan subject=turing",
        "away nick=turing text=at lunch",
        "quit nick=turing text=Quit: to be continued",
        "parted nick=rec text=chatlog stopped",
    ]
    assert [short(event) for event in events(tmp_path, "#demo")] == [
        "joined nick=rec text=127.0.0.1",
        "names text=@ada rec",
        "join nick=grace account=grace",
        "topic nick=ada text=Notes on things that compute account=ada",
        "message nick=ada text=Good morning! Does anybody keep what we say here? account=ada",
        f"message nick=grace text={script.STEPS[3].line.partition(':')[2]} account=grace",
        "join nick=alan",
        f"message nick=ada text={script.STEPS[8].line.partition(':')[2]} account=ada",
        "message nick=alan text=a café in Latin-1, which is no UTF-8",
        "message nick=alan text=سلام, and a line that runs the other way",
        "join nick=mallory",
        "message nick=mallory text=hello\x10n[12:00:00] <ada> I resign \x1b[2J\x9b31m",
        "mode nick=ada command=+o params=['grace'] account=ada",
        "kick nick=grace subject=mallory text=nobody resigns on another's behalf account=grace",
        "nick nick=alan subject=turing",
        "message nick=turing text=the same person, by another name",
        "message nick=grace text=Did the line of the recorder just break? account=grace",
        "message nick=turing text=It did. lol",
        "message nick=turing text=lol",
        "message nick=grace text=Then it knows what it missed, and asks for it. account=grace",
        "away nick=turing text=at lunch",
        "notice nick=grace text=the build is green account=grace",
        "quit nick=turing text=Quit: to be continued",
        "part nick=grace text=and good night account=grace",
        "message nick=ada text=Anybody still here? account=ada",
        "parted nick=rec text=chatlog stopped",
    ]


def test_a_broken_connection_is_visible_and_the_recorder_comes_back_by_itself(tmp_path):
    async def scenario():
        async with Server(clock=now) as server:
            ada = server.person("ada")
            ada.join("#demo")
            async with recording(tmp_path, server):
                ada.say("#demo", "before")
                await server.stop("restart")
                await server.listen()
                ada = server.person("ada")
                ada.join("#demo")
                await server.joined("rec", "#demo")
                ada.say("#demo", "after")

    asyncio.run(scenario())
    said = [short(event) for event in events(tmp_path, "#demo")]
    assert said[2:] == [
        "message nick=ada text=before",
        "quit nick=ada text=restart",
        "parted nick=rec text=Closing link: (restart)",
        "joined nick=rec text=127.0.0.1; nothing was heard",
        "names text=@ada rec",
        "message nick=ada text=after",
        "parted nick=rec text=chatlog stopped",
    ]


def test_a_connection_that_is_reset_says_why_it_ended(tmp_path):
    async def scenario():
        async with Server(clock=now) as server, recording(tmp_path, server):
            server.drop("rec")
            await server.gone("rec")
            await server.joined("rec", "#demo")

    asyncio.run(scenario())
    ends = [event for event in events(tmp_path, "#demo") if event["type"] == "parted"]
    assert ends[0]["text"] == "Connection reset by peer"


def test_max_events_ends_the_run_after_exactly_so_many_events_of_people(tmp_path):
    async def scenario():
        async with Server(clock=now) as server:
            ada = server.person("ada")
            ada.join("#demo")
            ada.join("#tea")
            async with recording(tmp_path, server, limits=Limits(max_events=5)) as recorder:
                for number in range(20):
                    ada.say(CHANNELS[number % 2], f"line {number}")
                await in_state(recorder, "disconnected")

    asyncio.run(scenario())
    said = [
        event["text"]
        for channel in CHANNELS
        for event in events(tmp_path, channel)
        if event["type"] == "message"
    ]
    assert sorted(said) == [f"line {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(duration=600), "the time is up"),
        (Limits(idle=600), "nothing was heard for 600 s"),
    ],
)
def test_a_run_ends_cleanly_by_itself_at_its_limit(tmp_path, limits, reason):
    clock = LoopClock()

    async def scenario():
        async with Server(clock=now) as server:
            recorder = recorder_of(tmp_path, server.port, limits=limits)
            task = asyncio.ensure_future(recorder.run())
            await server.joined("rec", "#tea")
            clock.advance(600)
            await task

    clock.run(scenario())
    last = events(tmp_path, "@server")[-1]
    assert (last["type"], last["text"]) == ("stopped", reason)


def test_a_first_connection_that_is_refused_ends_the_run(tmp_path, closed_port):
    with pytest.raises(NetworkError, match="refuses connections"):
        asyncio.run(recorder_of(tmp_path, closed_port).run())


def test_with_retry_a_server_that_comes_later_is_recorded(tmp_path):
    async def scenario():
        async with Server(clock=now) as server:
            await server.stop()
            recorder = recorder_of(tmp_path, server.port, retry=True)
            task = asyncio.ensure_future(recorder.run())
            await in_state(recorder, "waiting")
            await server.listen()
            await server.joined("rec", "#demo")
            recorder.stop("enough")
            await task

    asyncio.run(scenario())
    assert [event["type"] for event in events(tmp_path, "#demo")][:2] == ["joined", "names"]


def test_a_batch_that_never_got_in_says_so_at_its_limit(tmp_path, closed_port):
    clock = LoopClock()

    async def scenario():
        recorder = recorder_of(
            tmp_path, closed_port, retry=True, limits=Limits(duration=600), **RARELY
        )
        task = asyncio.ensure_future(recorder.run())
        await in_state(recorder, "waiting")
        clock.advance(600)
        await task

    with pytest.raises(NetworkError, match="refuses connections"):
        clock.run(scenario())


def test_a_stop_while_waiting_to_reconnect_is_immediate(tmp_path, closed_port):
    async def scenario():
        recorder = recorder_of(tmp_path, closed_port, retry=True, **RARELY)
        task = asyncio.ensure_future(recorder.run())
        await in_state(recorder, "waiting")
        recorder.stop("SIGTERM")
        await task

    asyncio.run(scenario())
    assert events(tmp_path, "@server")[-1]["text"] == "SIGTERM"


def test_a_stop_while_a_server_says_nothing_is_immediate(tmp_path):
    async def scenario():
        async def say_nothing(reader, writer):
            await reader.read()
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(say_nothing, HOST, 0) as silent:
            port = silent.sockets[0].getsockname()[1]
            recorder = recorder_of(tmp_path, port)
            task = asyncio.ensure_future(recorder.run())
            await in_state(recorder, "connecting")
            recorder.stop("SIGINT")
            await task

    asyncio.run(scenario())
    assert events(tmp_path, "@server")[-1]["text"] == "SIGINT"


def test_a_nick_in_use_gets_an_alternate(tmp_path):
    async def scenario():
        async with Server(clock=now) as server:
            server.person("rec")
            recorder = recorder_of(tmp_path, server.port)
            task = asyncio.ensure_future(recorder.run())
            await server.joined("rec_", "#tea")
            recorder.stop("enough")
            await task

    asyncio.run(scenario())
    joined = next(event for event in events(tmp_path, "#tea") if event["type"] == "joined")
    assert joined["nick"] == "rec_"


def test_a_nick_that_the_server_does_not_take_ends_the_run_for_good(tmp_path):
    async def scenario():
        async with Server(clock=now) as server:
            identity = {"nick": "1rec"}
            await recorder_of(tmp_path, server.port, identity=identity, retry=True).run()

    with pytest.raises(RefusedError, match="--nick"):
        asyncio.run(scenario())


def test_a_server_that_never_answers_cap_is_recorded_all_the_same(tmp_path):
    async def scenario():
        async with Server(clock=now, answers_cap=False) as server:
            ada = server.person("ada")
            ada.join("#demo")
            async with recording(tmp_path, server):
                ada.say("#demo", "hello")

    asyncio.run(scenario())
    message = events(tmp_path, "#demo")[-2]
    assert (message["text"], "received" in message, "msgid" in message) == ("hello", False, False)


def test_with_capabilities_an_event_has_the_servers_time_an_id_and_an_account(tmp_path):
    async def scenario():
        async with Server(clock=now) as server:
            ada = server.person("ada", account="lovelace")
            ada.join("#demo")
            async with recording(tmp_path, server):
                ada.say("#demo", "hello")

    asyncio.run(scenario())
    message = events(tmp_path, "#demo")[-2]
    assert (message["account"], message["time"] <= message["received"]) == ("lovelace", True)
    assert message["msgid"].startswith("m")


def test_whispers_are_answered_once_and_recorded_only_when_asked(tmp_path):
    async def scenario(root, *, queries):
        async with Server(clock=now) as server:
            server.person("ada")
            eve = server.person("eve")
            async with recording(root, server, session={"queries": queries}):
                eve.say("rec", "who are you?")
                eve.say("rec", "are you there?")
                await server.heard(rb"^NOTICE eve :I am a recorder")

    for queries in (False, True):
        asyncio.run(scenario(tmp_path / str(queries), queries=queries))
    assert not (tmp_path / "False/net/eve").exists()
    said = Counter(event["type"] for event in events(tmp_path / "True", "eve"))
    assert said == {"message": 2, "notice": 1}


def test_backoff_doubles_to_its_bound_and_chance_decides_within_it():
    bounds = [backoff(n, 2, 300, 1) for n in range(9)]
    assert bounds == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert [backoff(n, 2, 300, 0) for n in (0, 5, 99)] == [2, 2, 2]
    assert backoff(5, 2, 300, 0.5) == 32
