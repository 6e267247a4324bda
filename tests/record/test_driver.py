"""The driver of one connection: what it does with a turn, and in which order."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest

from chatlog.connection import Reactor
from chatlog.coverage.gap_list import Gaps
from chatlog.protocol.facts import Disconnected, Fact, InvitationsChanged, Joined, Left
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session import Session
from chatlog.protocol.session_settings import SessionSettings
from chatlog.record.channel_facts import without_empty_absences
from chatlog.record.driver import Driver, listen
from chatlog.record.intervals import NewInterval
from tests.support.conversation import NOW, WELCOME

SETTINGS = SessionSettings(network="net", identity=Identity(nick="log"), channels=("#a",))
OUR_JOIN = ":log!u@h JOIN #a"
ARRIVED = ":irc.test PONG irc.test :chatlog-arrived"


class Deaf:
    """A transport that keeps what is written to it."""

    def __init__(self, log):
        self.log = log

    def write(self, data):
        self.log.append(f"sent {data.decode().rstrip()}")

    def abort(self):
        self.log.append("aborted")

    def pause_reading(self):
        self.log.append("paused")

    def resume_reading(self):
        self.log.append("resumed")


class Intake:
    """Takes every event, and says so."""

    def __init__(self, log):
        self.log = log

    def takes(self, _target):
        return True

    channels = ()

    def claiming(self, _targets, _casemapping):
        return iter(())

    def writing(self, events, _casemapping):
        self.log += [f"{event.type} in {event.target}" for event in events]
        return iter(())

    def flush(self, _is_time_up):
        self.log.append("flushed")
        return True

    def fail(self, error):
        raise error


class Ledgers:
    """Says what it is told."""

    def __init__(self, log):
        self.log = log

    def silence(self, _target):
        return "nothing was heard since ever"

    def entered(self, target, moment, _msgid):
        self.log.append(f"opened {target}")
        return NewInterval(target, moment.at, Gaps(), is_first=False)

    def left(self, target, _moment, cause, *, for_good):  # noqa: ARG002 - as the real one
        self.log.append(f"closed {target}: {cause}")

    def absent(self, target, _moment, why):
        self.log.append(f"absent from {target}: {why}")

    def losing(self, _moment, reason):
        self.log.append(f"lost: {reason}")
        return iter(())


class History:
    """Has something left to do from its first page on."""

    def __init__(self, log):
        self.log = log
        self.is_settled = True
        self.is_full = False

    def entered(self, interval):
        self.log.append(f"history of {interval.target}")

    def left(self, target):
        self.log.append(f"no history of {target}")

    def take(self, fact):
        self.log.append(f"a page of {len(fact.events)}")
        self.is_settled = False

    async def close(self):
        self.log.append("history closed")


class Scene:
    """A connection on which a test is the server; `log` is what came of it, in order."""

    def __init__(self):
        self.log = []
        reactor = Reactor(asyncio.get_running_loop(), lambda: NOW)
        listen(reactor)
        self.connection = reactor.server()
        self.connection.transport = Deaf(self.log)
        self.connection.buffer = self.connection.buffer_class()
        self.history = History(self.log)
        self.driver = self.connection.driver = Driver(
            self.connection,
            Session(SETTINGS, server="irc.test"),
            Intake(self.log),
            Ledgers(self.log),
            now=lambda: NOW,
            on_arrival=lambda: self.log.append("arrived"),
            on_caught_up=lambda: self.log.append("caught up"),
            on_policy=lambda: self.log.append("policy"),
            on_invitations=lambda: self.log.append("invitations"),
            history=lambda *_: self.history,
        )

    def read(self, *lines):
        """Let these lines come in one read; return what came of them."""
        self.log.clear()
        self.connection.process_data("".join(f"{line}\r\n" for line in lines).encode())
        return [*self.log]


@pytest.fixture
def in_scene():
    """Run a test in a scene, whose timers are cancelled at its end."""

    def run(test):
        async def scenario():
            scene = Scene()
            try:
                test(scene)
            finally:
                await scene.driver.close()

        asyncio.run(scenario())

    return run


def test_every_kind_of_fact_has_one_handler(in_scene):
    def test(scene):
        assert set(scene.driver._handlers) == set(get_args(Fact))

    in_scene(test)


def test_a_turn_is_written_before_it_is_answered_and_answered_before_it_is_acted_on(in_scene):
    def test(scene):
        scene.read(*WELCOME)
        assert scene.read(OUR_JOIN, ":bob!u@h PRIVMSG #a :hi", "PING :x") == [
            "joined in #a",
            "message in #a",
            "flushed",
            "sent PONG :x",
            "opened #a",
            "history of #a",
            "arrived",
            "sent PING :chatlog-arrived",
        ]

    in_scene(test)


def test_invitations_are_kept_once_a_read_however_often_a_server_changes_them(in_scene):
    def test(scene):
        scene.read(*WELCOME)
        scene.driver.turn.facts += [InvitationsChanged()] * 1000
        assert scene.read("PING :x").count("invitations") == 1
        assert "invitations" not in scene.read("PING :y")

    in_scene(test)


@pytest.mark.parametrize("cut", range(len(WELCOME) + 1))
def test_a_connection_is_reported_once_and_before_its_channels_in_any_reads(in_scene, caplog, cut):
    caplog.set_level("INFO")
    before_claiming = []

    def claiming(*_):
        before_claiming.append([*caplog.messages])
        return iter(())

    def test(scene):
        scene.driver._intake.claiming = claiming
        for lines in filter(None, (WELCOME[:cut], WELCOME[cut:])):
            scene.read(*lines)
        scene.read(OUR_JOIN)
        assert before_claiming[0] == ["connected to irc.test as log"]
        assert caplog.messages.count("connected to irc.test as log") == 1

    in_scene(test)


def test_our_joining_says_where_and_since_when_nothing_was_heard(in_scene):
    def test(scene):
        scene.read(*WELCOME)
        written = []
        scene.driver._intake.writing = lambda events, _: iter(written.extend(events) or ())
        scene.read(OUR_JOIN, ":bob!u@h PRIVMSG #a :hi")
        assert [event.text for event in written] == [
            "irc.test; nothing was heard since ever",
            "hi",
        ]

    in_scene(test)


def kicked(time="1", channel="#a", **fields):
    return Left(channel, time, kicked=True, **fields)


@pytest.mark.parametrize(
    ("facts", "acted_on"),
    [
        ([kicked(), Joined("#a", "1")], []),
        ([kicked(), Joined("#a", "1")] * 5000, []),
        ([kicked(), Joined("#b", "1"), Joined("#a", "1")], ["#b"]),
        ([kicked(), Joined("#a", "2")], ["#a", "#a"]),
        ([kicked(received="1"), Joined("#a", "1", "2")], ["#a", "#a"]),
        ([kicked(wanted=False), Joined("#a", "1")], ["#a", "#a"]),
        ([Joined("#a", "1"), kicked()], ["#a", "#a"]),
        ([kicked(), Disconnected("gone"), Joined("#a", "1")], ["#a", None, "#a"]),
    ],
)
def test_a_removal_and_the_join_of_the_same_moment_are_acted_on_by_nobody(facts, acted_on):
    found = without_empty_absences(facts)
    assert [getattr(fact, "channel", None) for fact in found] == acted_on


def test_facts_are_acted_on_in_the_order_of_their_lines(in_scene):
    def test(scene):
        scene.read(*WELCOME, OUR_JOIN)
        came = scene.read(
            ":op!o@h KICK #a log :out", OUR_JOIN, ":op!o@h KICK #a log :out", OUR_JOIN
        )
        assert came[came.index("flushed") + 1 :] == [
            *("closed #a: kicked", "no history of #a"),
            "absent from #a: kicked by op (out); coming back",
            *("opened #a", "history of #a"),
        ] * 2 + ["arrived"]

    in_scene(test)


def test_a_turn_with_refusals_after_our_arrival_is_reported_once(in_scene):
    def test(scene):
        scene.read(*WELCOME, OUR_JOIN)
        scene.driver.session.joining.want("#b")
        scene.read(OUR_JOIN.replace("#a", "#b"))
        came = scene.read(
            *(f":op!o@h KICK {channel} log :out" for channel in ("#a", "#b")),
            *(f":irc.test 403 log {channel} :No such channel" for channel in ("#a", "#b")),
        )
        absent = [each for each in came if "not asking again" in each]
        assert len(absent) == 2
        assert came[-2:] == [absent[-1], "arrived"]
        assert came.count("arrived") == 1
        assert scene.read(":bob!u@h NICK rob")[-1] == "flushed"

    in_scene(test)


def test_nobody_has_caught_up_before_the_history_of_the_same_read_is_looked_at(in_scene):
    def test(scene):
        scene.read(*WELCOME, OUR_JOIN)
        past = "@time=2026-11-23T17:00:00.000Z :bob!u@h PRIVMSG #a :old"
        assert scene.read(past, ARRIVED) == ["flushed", "a page of 1"]
        scene.history.is_settled = True
        assert scene.read(ARRIVED) == ["flushed", "caught up"]

    in_scene(test)


def test_a_server_that_asks_us_to_come_again_before_its_welcome_is_obeyed_after_it(in_scene):
    def test(scene):
        assert scene.read(":irc.test RECONNECT") == ["other in @server", "flushed"]
        assert scene.driver.must_reconnect
        assert not [each for each in scene.read(":irc.test 002 log :Hi") if "QUIT" in each]
        [said] = [each for each in scene.read(WELCOME[0]) if each.startswith("sent")]
        assert said.startswith("sent QUIT :moving to another server")

    in_scene(test)


def test_the_end_is_written_and_then_closes_what_was_open(in_scene):
    def test(scene):
        scene.read(*WELCOME, OUR_JOIN)
        scene.log.clear()
        scene.connection.lost(None)
        assert scene.log == [
            "disconnected in @server",
            "parted in #a",
            "flushed",
            "lost: connection closed by the server",
        ]

    in_scene(test)


def test_new_settings_leave_one_timer_that_asks_where_we_are(in_scene):
    def test(scene):
        scene.read(*WELCOME, OUR_JOIN)
        before = scene.driver._timers["presence"]
        scene.driver.apply(SETTINGS)
        assert before.cancelled()
        assert not scene.driver._timers["presence"].cancelled()

    in_scene(test)


def test_the_lag_lasts_from_our_ping_to_the_read_that_brings_its_answer(in_scene):
    def test(scene):
        scene.read(*WELCOME)
        scene.connection.watch_over(10.0)
        watch = scene.connection.watch
        watch._ask()
        scene.read(":irc.test PONG irc.test :another")
        assert watch.lag is None
        scene.read(":irc.test PONG irc.test :chatlog")
        assert watch.lag == scene.connection.heard_at - watch._asked_at >= 0
        watch.stop()

    in_scene(test)


def test_an_error_ends_the_connection_at_once_after_the_lines_before_it(in_scene):
    def test(scene):
        scene.read(*WELCOME, OUR_JOIN)
        log = scene.read(":bob!u@h PRIVMSG #a :last words", "ERROR :Closing link: (K-Lined)")
        assert log == ["message in #a", "other in @server", "flushed", "aborted"]
        assert scene.connection.reason == scene.driver.parting_words == "Closing link: (K-Lined)"

    in_scene(test)


def test_the_numeric_of_a_ban_leaves_the_end_to_the_error_that_follows(in_scene):
    def test(scene):
        scene.read(*WELCOME, OUR_JOIN)
        assert "aborted" not in scene.read(":irc.test 465 log :You are banned")
        assert "aborted" in scene.read("ERROR :Closing link")
        assert scene.driver.parting_words == "You are banned"

    in_scene(test)


def test_after_its_end_a_driver_keeps_no_timer_and_takes_no_answer_of_a_thread():
    async def scenario():
        scene = Scene()
        scene.read(*WELCOME, OUR_JOIN)
        assert scene.driver._timers
        scene.history.is_full = True  # its last turn sets one more
        close = scene.history.close

        async def with_a_last_turn():
            scene.driver.end_turn()
            await close()

        scene.history.close = with_a_last_turn
        driver = scene.driver
        await driver.close()
        assert not driver._timers
        driver._go_on(b"response")  # of a login that took long

    asyncio.run(scenario())


def test_what_was_sent_until_now_is_reached_once_the_server_has_answered_a_ping(in_scene):
    def test(scene):
        scene.read(*WELCOME, OUR_JOIN)
        scene.log.clear()
        reached = scene.driver.reach()
        assert scene.log == ["sent PING :chatlog-reached"]
        scene.read(":bob!u@h PRIVMSG #a :hi")
        assert not reached.done()
        assert scene.read(":irc.test PONG irc.test :chatlog-reached", OUR_JOIN)
        assert reached.done()

    in_scene(test)


def test_nothing_more_is_to_be_reached_on_a_connection_that_is_over_or_was_never_welcomed():
    async def scenario():
        scene = Scene()
        assert scene.driver.reach().done(), "nothing was sent yet that concerns a channel"
        scene.read(*WELCOME)
        reached = scene.driver.reach()
        await scene.driver.close()
        assert reached.done()
        assert scene.driver.reach().done()

    asyncio.run(scenario())
