"""The ends of batches: each situation with the error that ends the run, and what it reports.

A batch is a run that ends by itself: at a limit, or when everything is fetched. The
error lines are those that `--quiet` prints; the error is printed, with its status.
"""

from __future__ import annotations

import asyncio

import pytest

from chatlog.errors import NetworkError, RefusedError
from chatlog.protocol.registration.sasl import Login
from chatlog.record.known_channels import KnownChannels
from chatlog.record.limits import Limits
from chatlog.secret import Secret
from tests.support.loop_clock import LoopClock
from tests.support.recording import recorder_of
from tests.support.scripted import ScriptedServer

LIMIT = 5


class Batch:
    """A batch of #demo and #tea that ends when a script lets `time_pass`."""

    def __init__(self, root, caplog):
        self.root = root
        self._caplog = caplog
        self._clock = LoopClock()

    def time_pass(self):
        self._clock.advance(LIMIT + 1)

    def run(self, *scripts, **options):
        """Run with a server that follows these scripts; return the error and the error lines."""
        self._caplog.clear()
        self._clock = LoopClock()
        options = {"limits": Limits(duration=LIMIT), **options}
        known = KnownChannels(self.root)

        async def batch():
            async with ScriptedServer(*scripts) as server:
                recorder = recorder_of(self.root, server.port, known=known, **options)
                await recorder.run()

        error = None
        try:
            self._clock.run(batch())
        except (NetworkError, RefusedError) as raised:
            error = raised
        lines = [each.message for each in self._caplog.records if each.levelname == "ERROR"]
        return error, lines


@pytest.fixture
def batch(tmp_path, caplog):
    return Batch(tmp_path, caplog)


def refusing(peer, *answers):
    """Welcome the client, and answer its JOIN with one line for each channel."""
    peer.register()
    peer.wait_for(rb"^JOIN #demo,#tea$")
    peer.send(*[answer + b"\r\n" for answer in answers])
    peer.sync()


IN_DEMO = b":rec!u@h JOIN #demo"
IN_TEA = b":rec!u@h JOIN #tea"
BANNED = b":scripted 474 rec #demo :Cannot join channel (+b)"
ALSO_BANNED = b":scripted 474 rec #tea :Cannot join channel (+b)"
INVITE_ONLY = b":scripted 473 rec #demo :Cannot join channel (+i)"
NO_SUCH = b":scripted 403 rec #demo :No such channel"
ALSO_NO_SUCH = b":scripted 403 rec #tea :No such channel"


REPORT = (
    "net: #demo refuses us: Cannot join channel (+{}) ({}); asking again; 1 of 2 channels let us in"
)
AGAIN = "net: #demo lets us in again; 2 of 2 channels let us in"


def silent(peer, _batch):
    peer.wait_for(rb"^USER ")


def no_welcome(peer, _batch):
    peer.wait_for(rb"^CAP LS")
    peer.send(b":scripted CAP * LS :server-time\r\n")
    peer.wait_for(rb"^CAP REQ")


def no_login(peer, _batch):
    peer.wait_for(rb"^CAP LS")
    peer.send(b":scripted CAP * LS :sasl=PLAIN\r\n")
    peer.wait_for(rb"^CAP REQ")
    peer.send(b":scripted CAP * ACK :sasl\r\n")
    peer.wait_for(rb"^AUTHENTICATE")


def answers(*lines):
    return lambda peer, _batch: refusing(peer, *lines)


def kicked_for_good(peer, _batch):
    refusing(peer)
    for _ in range(3):
        peer.send(IN_DEMO + b"\r\n" + IN_TEA + b"\r\n")
        peer.sync()
        peer.send(b":op!o@h KICK #demo rec :out\r\n:op!o@h KICK #tea rec :out\r\n")
        peer.sync()


def kicked_at_the_end(peer, _batch):
    refusing(peer, IN_DEMO, IN_TEA)
    peer.send(b":op!o@h KICK #demo rec :out\r\n:op!o@h KICK #tea rec :out\r\n")
    peer.sync()


LOGIN = {"identity": {"login": Login(user="u", password=Secret("p"), plain_without_tls=True)}}
IT_WAITED = r"net: the run ended before the network welcomed us \(the time is up\); it waited for"
NONE = "net: no channel let us in: #demo: "
SITUATIONS = {
    "the server says nothing": (silent, {}, NetworkError, f"{IT_WAITED} any answer of 127"),
    "no welcome comes": (no_welcome, {}, NetworkError, f"{IT_WAITED} the welcome of 127"),
    "a login has no answer": (
        no_login, LOGIN, NetworkError, rf"{IT_WAITED} the answer to our login \(SASL\) of 127",
    ),
    "all channels refuse for now": (
        answers(BANNED, ALSO_BANNED), {}, NetworkError,
        rf"{NONE}Cannot join channel \(\+b\) \(474\); asking again; #tea: Cannot join",
    ),
    "all channels refuse for good": (
        answers(NO_SUCH, ALSO_NO_SUCH), {}, RefusedError,
        rf"{NONE}No such channel \(403\); not asking again; #tea: ",
    ),
    "all channels refuse, some for good": (
        answers(NO_SUCH, ALSO_BANNED), {}, NetworkError, rf"{NONE}No such channel",
    ),
    "no JOIN is answered": (
        answers(), {}, NetworkError, f"{NONE}the server has not answered yet; #tea: the server",
    ),
    "all channels throw us out for good": (
        kicked_for_good, {}, RefusedError, f"{NONE}thrown out 3 times; not coming back",
    ),
    "all channels throw us out at the end": (kicked_at_the_end, {}, None, ""),
    "all channels let us in": (answers(IN_DEMO, IN_TEA), {}, None, ""),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_batch_ends_with_the_error_of_its_situation(batch, situation):
    play, options, kind, words = SITUATIONS[situation]

    def script(peer):
        play(peer, batch)
        batch.time_pass()
        peer.wait_for_the_end()

    error, lines = batch.run(script, **options)
    assert type(error) is (kind or type(None))
    assert lines == []
    if kind is not None:
        with pytest.raises(kind, match=words):
            raise error


def test_a_batch_that_is_stopped_by_a_person_ends_cleanly_before_the_welcome(tmp_path):
    async def scenario():
        async with ScriptedServer(lambda peer: peer.wait_for_the_end()) as server:
            recorder = recorder_of(tmp_path, server.port, limits=Limits(duration=600))
            run = asyncio.ensure_future(recorder.run())
            await asyncio.to_thread(server.wait_for, rb"^USER")
            recorder.stop("SIGTERM")
            await run

    asyncio.run(scenario())


def test_a_batch_that_lost_its_network_and_is_refused_since_ends_with_that_refusal(batch):
    def leave(peer):
        refusing(peer, IN_DEMO, IN_TEA)

    def refuse(peer):
        peer.wait_for(rb"^USER ")
        peer.send(b"ERROR :Closing link: too many connections\r\n")
        batch.time_pass()

    error, _ = batch.run(leave, refuse)
    assert type(error) is NetworkError
    assert "too many connections" in str(error)


def test_a_refused_channel_is_reported_once_and_again_when_that_changes(batch):
    def ending(*lines):
        def script(peer):
            refusing(peer, *lines)
            batch.time_pass()
            peer.wait_for_the_end()

        return script

    banned, invite = REPORT.format("b", 474), REPORT.format("i", 473)
    reworded = BANNED.replace(b"Cannot", b"You cannot")
    answers = (BANNED, BANNED, reworded, INVITE_ONLY, INVITE_ONLY, IN_DEMO, IN_DEMO, INVITE_ONLY)
    ends = [batch.run(ending(answer, IN_TEA)) for answer in answers]
    assert [lines for _, lines in ends] == [
        [banned], [], [], [invite], [], [AGAIN], [], [invite]
    ]  # fmt: skip
    assert [type(error) for error, _ in ends] == [
        type(None) if answer is IN_DEMO else NetworkError for answer in answers
    ]
    assert all(error.is_reported for error, _ in ends if error is not None)


def test_a_refusal_of_all_channels_is_printed_once_and_ends_each_batch(batch):
    def script(peer):
        refusing(peer, BANNED, ALSO_BANNED)
        batch.time_pass()
        peer.wait_for_the_end()

    ends = [batch.run(script) for _ in range(2)]
    assert [(type(error), error.is_reported, lines) for error, lines in ends] == [
        (NetworkError, False, []), (NetworkError, True, [])
    ]  # fmt: skip


def test_a_refusal_of_all_channels_is_printed_beside_a_refusal_of_the_network(batch):
    def leave(peer):
        refusing(peer, BANNED, ALSO_BANNED)

    def refuse(peer):
        peer.wait_for(rb"^USER ")
        peer.send(b"ERROR :Closing link: too many connections\r\n")
        batch.time_pass()

    error, lines = batch.run(leave, refuse)
    assert "too many connections" in str(error)
    (line,) = lines
    assert line.startswith("net: 2 channels refuse us: #demo: Cannot join channel (+b) (474)")
    assert line.endswith("; 0 of 2 channels let us in")
    assert batch.run(leave, refuse)[1] == [], "it is known by now"


def test_a_batch_that_leaves_when_everything_is_fetched_reports_its_refusals(batch):
    def all_refuse(peer):
        refusing(peer, NO_SUCH, ALSO_NO_SUCH)
        peer.wait_for(rb"^PING :chatlog-arrived")
        peer.send(b":scripted PONG scripted :chatlog-arrived\r\n")
        peer.wait_for_the_end()

    def one_refuses(peer):
        refusing(peer, BANNED, IN_TEA)
        peer.wait_for(rb"^PING :chatlog-arrived")
        peer.send(b":scripted PONG scripted :chatlog-arrived\r\n")
        peer.wait_for_the_end()

    error, _ = batch.run(all_refuse, limits=None, linger=0)
    assert type(error) is RefusedError
    error, lines = batch.run(one_refuses, limits=None, linger=0)
    assert type(error) is NetworkError
    assert error.is_reported
    back = "#tea lets us in again; 1 of 2"
    assert lines == [REPORT.format("b", 474).replace("1 of 2", back)]
