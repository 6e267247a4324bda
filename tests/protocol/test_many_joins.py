"""Ten thousand channels on a network that counts JOINs as Twitch does, in simulated time."""

from __future__ import annotations

import heapq
import itertools
from collections import deque

import pytest

from chatlog.protocol.carryover import Carryover
from chatlog.protocol.facts import Turn
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session import Session
from chatlog.protocol.session_settings import SessionSettings
from chatlog.protocol.shared_limit import SharedLimit
from tests.support.conversation import NOW

ME = "justinfan4711"
COUNT, SECONDS = 20, 10.0
LATENCY = 0.4
EACH = 100
WELCOME = (f":tmi 001 {ME} :Welcome, GLHF!", f":tmi 376 {ME} :>")


class Network:
    """A network in simulated time that drops JOINs beyond its limit without a word.

    `dropped` are those, `silent` the channels that never answer, and `came` has the time at
    which each other one let us in.
    """

    def __init__(self, channels, silent):
        self.silent = silent
        self.came = {}
        self.dropped = []
        self.asked = 0
        self._recent = deque()
        self._events = []
        self._order = itertools.count()
        self._wakes = {}
        limit = SharedLimit(COUNT, SECONDS)
        for begin in range(0, len(channels), EACH):
            settings = SessionSettings(
                network="twitch",
                identity=Identity(nick=ME),
                channels=tuple(channels[begin : begin + EACH]),
                join_pace=(COUNT, SECONDS),
            )
            session = Session(settings, Carryover(settings, limit))
            for line in WELCOME:
                self.say(0.0, session, line)

    def say(self, at, session, line):
        heapq.heappush(self._events, (at, next(self._order), session, line))

    def run(self, until):
        """Let the sessions talk until a time; return when all channels were in that answer."""
        while self._events and self._events[0][0] <= until:
            now, _, session, line = heapq.heappop(self._events)
            turn = Turn()
            if not line and self._wakes.get(session) != now:
                continue  # another timer took its place
            if line:
                session.receive(iter([line.encode()]), NOW, turn)
            if not line or session.changed:
                wake_at = session.advance(now, turn)
                self._wakes[session] = wake_at
                if wake_at is not None:
                    self.say(wake_at, session, "")
            for reply in turn.replies:
                self._take(now, session, reply)

    def _take(self, now, session, reply):
        verb, _, names = reply.partition(" ")
        assert verb == "JOIN"
        for name in names.split(","):
            self.asked += 1
            while self._recent and now - self._recent[0] >= SECONDS:
                self._recent.popleft()
            if len(self._recent) >= COUNT:
                self.dropped.append(name)
                continue
            self._recent.append(now)
            if name not in self.silent:
                self.came.setdefault(name, now + LATENCY)
                self.say(now + LATENCY, session, f":{ME}!{ME}@{ME}.tmi.twitch.tv JOIN {name}")


@pytest.mark.parametrize("number", [100, 10_000])
def test_all_are_in_when_the_limit_allows_it_though_one_in_a_hundred_never_answers(number):
    channels = [f"#c{each}" for each in range(number)]
    silent = set(channels[7::100])
    network = Network(channels, silent)
    allowed = (number // COUNT - 1) * SECONDS
    until = 1.2 * allowed + 200
    network.run(until)
    assert network.dropped == []
    assert network.came.keys() == set(channels) - silent
    assert allowed <= max(network.came.values()) <= 1.05 * allowed + LATENCY
    # What never answers is asked for a second time, and then once an hour.
    assert network.asked <= number + len(silent) * (1 + until // 3600)
