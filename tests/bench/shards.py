"""A simulation of many shards on Twitch: how long until all is heard, and what is missed.

The clock is virtual, and the network is made up. Placement, the shares of the connections,
the limits and the joining are those of the recorder. docs/scale.md has figures, and
`ASSUMPTIONS` what they stand on.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.protocol.facts import Turn
from chatlog.protocol.isupport import ISupport
from chatlog.protocol.joining import Joining
from chatlog.protocol.shared_limit import SharedLimit, part_of
from chatlog.record.placement import Placement
from chatlog.record.shares import assign
from chatlog.settings.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TWITCH: Final = PRESETS["twitch"]
ANSWER: Final = 0.1  # seconds from a JOIN to its answer
WELCOME: Final = 0.5  # from the dial to the welcome, TLS and all
AWAY: Final = 5.0  # a planned restart of a process
RESTART: Final = 35.0  # after a crash: RestartSec=30 of contrib/chatlog.service, and the start
LINES: Final = 5_000.0  # of all channels, a second
DAY: Final = 86_400.0
ASSUMPTIONS: Final = (
    f"An answer takes {ANSWER} s, a welcome {WELCOME} s; a planned restart is {AWAY:.0f} s away,"
    f" a crash {RESTART:.0f} s. {LINES:,.0f} lines a second of all channels, the n-th as busy as"
    " 1/n, in random order. The server drops what is beyond 20 JOINs in 10 s, and 20 logins, for"
    " an account. Nobody throws us out, and there is no history."
)
_HEADER: Final = (
    *(
        "accounts",
        "replicas",
        "half heard",
        "all heard",
        "all joined",
        "lines missed",
        "of all meanwhile",
    ),
)


class Setting(NamedTuple):
    """A number of channels over shards; with `accounts` each shard logs in as another one."""

    channels: int
    shards: int
    replicas: int
    accounts: bool


class Clock:
    """A virtual clock: callbacks at their times, in order."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def at(self, moment: float, act: Callable[[], object]) -> None:
        heapq.heappush(self._due, (max(moment, self.now), next(self._numbers), act))

    def run(self, until: float) -> None:
        """Let time pass, until nothing is due before a moment."""
        while self._due and self._due[0][0] <= until:
            self.now, _, act = heapq.heappop(self._due)
            act()
        self.now = max(self.now, until)

    def run_while(self, condition: Callable[[], bool]) -> None:
        """Let time pass as long as a condition holds and something is due."""
        while self._due and condition():
            self.now, _, act = heapq.heappop(self._due)
            act()


class Audience:
    """The channels: how many shards hear each, and the lines that none heard."""

    def __init__(self, names: list[str], clock: Clock, seed: int) -> None:
        weights = [1 / number for number in range(1, len(names) + 1)]
        random.Random(seed).shuffle(weights)
        scale = LINES / sum(weights)
        self._rates = {name: each * scale for name, each in zip(names, weights, strict=True)}
        self._clock = clock
        self._hearers = dict.fromkeys(names, 0)
        self._deaf_since = dict.fromkeys(names, clock.now)
        self.heard = self.hearings = 0
        self._missed = 0.0

    def begin(self, name: str) -> None:
        self.hearings += 1
        self._hearers[name] += 1
        if self._hearers[name] == 1:
            self.heard += 1
            self._missed += self._rates[name] * (self._clock.now - self._deaf_since.pop(name))

    def end(self, name: str) -> None:
        self.hearings -= 1
        self._hearers[name] -= 1
        if not self._hearers[name]:
            self.heard -= 1
            self._deaf_since[name] = self._clock.now

    def missed(self) -> float:
        """Return the lines that nobody heard until now."""
        now = self._clock.now
        going_on = (self._rates[name] * (now - since) for name, since in self._deaf_since.items())
        return self._missed + sum(going_on)


class Server:
    """Twitch, for one account: what is beyond a limit in ten seconds is dropped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counted: deque[float] = deque()
        self.dropped = 0

    def takes(self) -> bool:
        assert TWITCH.joins_per is not None
        count, seconds = TWITCH.joins_per
        while self._counted and self._counted[0] <= self._clock.now - seconds:
            self._counted.popleft()
        if len(self._counted) >= count:
            self.dropped += 1
            return False
        self._counted.append(self._clock.now)
        return True


class Connection:
    """One connection of a shard, from its welcome until the shard stops."""

    def __init__(self, shard: Shard, names: tuple[str, ...], limit: SharedLimit) -> None:
        self._shard = shard
        self._clock = shard.clock
        self._joining = Joining(names, limit=limit)
        self._wakes_at = float("inf")
        self._is_over = False
        self._heard: set[str] = set()

    def welcome(self) -> None:
        if not self._is_over:
            self._joining.begin(ISupport())
            self._advance()

    def stop(self) -> None:
        self._is_over = True
        for name in self._heard:
            self._shard.audience.end(name)

    def _advance(self) -> None:
        turn = Turn()
        again = self._joining.advance(self._clock.now, turn)
        for line in turn.replies:
            for name in line.split(" ")[1].split(","):
                if self._shard.server.takes():
                    self._clock.at(self._clock.now + ANSWER, lambda name=name: self._joined(name))
        self._wake(again)

    def _wake(self, moment: float | None) -> None:
        if moment is not None and not self._clock.now < self._wakes_at <= moment:
            self._wakes_at = moment
            self._clock.at(moment, self._wake_now)

    def _wake_now(self) -> None:
        if not self._is_over and self._wakes_at <= self._clock.now:
            self._wakes_at = float("inf")
            self._advance()

    def _joined(self, name: str) -> None:
        if self._is_over or name in self._heard:
            return
        self._heard.add(name)
        self._shard.audience.begin(name)
        self._joining.joined(name)
        if self._joining.changed:
            self._advance()


class Shard:
    """One recorder: its share of the channels over as many connections as it takes."""

    def __init__(self, names: tuple[str, ...], setting: Setting, server: Server,
                 audience: Audience) -> None:  # fmt: skip
        self.clock, self.server, self.audience = audience._clock, server, audience
        assert TWITCH.joins_per is not None
        assert TWITCH.logins_per is not None
        among = 1 if setting.accounts else setting.shards
        self._joins, self._logins = (part_of(each, among) for each in
                                     (TWITCH.joins_per, TWITCH.logins_per))  # fmt: skip
        self.names = names
        self._connections: list[Connection] = []
        self._restarts = 0

    def start(self) -> None:
        """Begin as a new process: it knows nothing of what was asked before."""
        most = TWITCH.channels_per_connection
        assert most is not None
        limit, logins = SharedLimit(*self._joins), SharedLimit(*self._logins)
        shares = assign((), self.names, most, -(-len(self.names) // most))
        self._connections = [Connection(self, share, limit) for share in shares]
        moment = self.clock.now
        for connection in self._connections:
            moment = logins.opens_at(moment)
            logins.spend(1, moment)
            self.clock.at(moment + WELCOME, connection.welcome)

    def restart(self, away: float) -> None:
        """Stop now, and start after some seconds, unless it is restarted again before."""
        for connection in self._connections:
            connection.stop()
        self._connections = []
        self._restarts = number = self._restarts + 1

        def start() -> None:
            if self._restarts == number:
                self.start()

        self.clock.at(self.clock.now + away, start)


class World:
    """All shards of a setting, none of them started."""

    def __init__(self, setting: Setting, seed: int = 1) -> None:
        self.setting = setting
        self.clock = Clock()
        names = [f"#channel{number}" for number in range(setting.channels)]
        self.audience = Audience(names, self.clock, seed)
        servers = [Server(self.clock) for _ in range(setting.shards if setting.accounts else 1)]
        self.servers = servers
        self.shards = []
        for number in range(1, setting.shards + 1):
            place = Placement(number, setting.shards, setting.replicas)
            share = place.share_of(TWITCH.name, names)
            server = servers[(number - 1) % len(servers)]
            self.shards.append(Shard(share, setting, server, self.audience))

    @property
    def hearings(self) -> int:
        """The pairs of a shard and a channel that are to be heard."""
        return sum(len(shard.names) for shard in self.shards)

    def settle(self) -> None:
        """Let time pass until every shard is in all of its channels."""
        self.clock.run_while(lambda: self.audience.hearings < self.hearings)


class Result(NamedTuple):
    """What happened: seconds until half and all were heard, and until all shards are in all."""

    half: float
    heard: float
    settled: float
    missed: float
    seconds: float
    dropped: int


def start_all(setting: Setting) -> Result:
    """Start all shards at once."""
    world = World(setting)
    for shard in world.shards:
        shard.start()
    clock, audience = world.clock, world.audience
    clock.run_while(lambda: audience.heard < setting.channels / 2)
    half = clock.now
    clock.run_while(lambda: audience.heard < setting.channels)
    heard = clock.now
    world.settle()
    return _result(world, half, heard, clock.now, since=0.0)


def restart_each(setting: Setting) -> Result:
    """Restart one shard after another, each when the one before is in all of its channels."""
    world = _settled(setting)
    since, before = world.clock.now, world.audience.missed()
    for shard in world.shards:
        shard.restart(AWAY)
        world.settle()
    return _result(world, 0.0, 0.0, world.clock.now - since, since=since, before=before)


def crash_at_random(setting: Setting, days: float = 1.0, seed: int = 2) -> Result:
    """Let each shard crash once a day on average, at any time."""
    world = _settled(setting)
    since, before = world.clock.now, world.audience.missed()
    chance = random.Random(seed)
    for shard in world.shards:
        moment = since + chance.expovariate(1 / DAY)
        while moment < since + days * DAY:
            world.clock.at(moment, lambda shard=shard: shard.restart(RESTART))
            moment += chance.expovariate(1 / DAY)
    world.clock.run(since + days * DAY)
    return _result(world, 0.0, 0.0, 0.0, since=since, before=before)


def _settled(setting: Setting) -> World:
    world = World(setting)
    for shard in world.shards:
        shard.start()
    world.settle()
    return world


def _result(world: World, half: float, heard: float, settled: float, *, since: float,
            before: float = 0.0) -> Result:  # fmt: skip
    return Result(
        half,
        heard,
        settled,
        world.audience.missed() - before,
        world.clock.now - since,
        sum(server.dropped for server in world.servers),
    )


SCENARIOS: Final = {
    "all start at once": start_all,
    "each restarted in turn": restart_each,
    "each crashes once a day": crash_at_random,
}


def compare(channels: int, shards: int) -> list[tuple[str, ...]]:
    """Return the table: each scenario by one or more accounts, with one and two replicas."""
    return [
        (f"{channels:,} channels, {shards} shards", *_HEADER),
        *_rows(channels, shards),
    ]


def _rows(channels: int, shards: int) -> Iterator[tuple[str, ...]]:
    choices: Iterable[tuple[str, bool, int]] = itertools.product(SCENARIOS, (False, True), (1, 2))
    for name, accounts, replicas in choices:
        found = SCENARIOS[name](Setting(channels, shards, replicas, accounts))
        yield (
            name,
            f"{shards}" if accounts else "1",
            f"{replicas}",
            *(_span(each) for each in (found.half, found.heard, found.settled)),
            f"{found.missed:,.0f}",
            f"{found.missed / (LINES * found.seconds):.4%}",
        )


def _span(seconds: float) -> str:
    if not seconds:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
