"""The recorder: keeps networks connected side by side, and writes their events.

Here the network branch and the file branch meet. The networks of a run share
its reactor, its archive and its limits; of several failures, the gravest is
the one that the run ends with.
"""

from __future__ import annotations

import asyncio
import logging
import random
from functools import partial
from typing import TYPE_CHECKING, Final

from chatlog import __version__
from chatlog.archive.targets import spelled
from chatlog.connection import Reactor
from chatlog.errors import ChatlogError, HeldError, NetworkError, RefusedError, TranscriptError
from chatlog.event import SERVER, Event, EventType
from chatlog.protocol.shared_limit import SharedLimits
from chatlog.record.driver import listen
from chatlog.record.durability import Durability
from chatlog.record.history.queries import known_queries
from chatlog.record.history.queue import HistoryQueue
from chatlog.record.intake import Intake
from chatlog.record.intervals import Moment
from chatlog.record.ledgers import Ledgers
from chatlog.record.left_spools import LeftSpools
from chatlog.record.limits import Limiter, Limits
from chatlog.record.network_run import KeptConnection, NetworkRun
from chatlog.record.recorded_classes import RecordedClasses
from chatlog.record.refusal_reports import RefusalReports
from chatlog.record.rooms import Rooms
from chatlog.record.shares import with_channels
from chatlog.record.steps import TURN
from chatlog.record.supervisor import Plan, Supervisor
from chatlog.record.takeover import Takeover
from chatlog.record.waiting_sink import WaitingSink
from chatlog.upkeep.housekeeping import Housekeeping, Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chatlog.health.status import NetworkStatus
    from chatlog.protocol.session import Session
    from chatlog.protocol.shared_limit import SharedLimit
    from chatlog.protocol.wanted import Absence
    from chatlog.record.invitations_file import InvitationsFile
    from chatlog.record.known_channels import KnownChannels
    from chatlog.record.sinks import Sink
    from chatlog.record.sts_policies import Policies
    from chatlog.write.writer import Writer

__all__ = ["Limits", "Plan", "Recorder"]

logger = logging.getLogger(__name__)

_TICK: Final = 5.0
# Anything else is a bug, and comes before all of these.
_GRAVEST_FIRST: Final = (TranscriptError, RefusedError, HeldError, NetworkError)


class Recorder:
    """Records networks until it is stopped, reaches a limit, or all networks refuse.

    `now` is the clock, in the form of `Event.time`; `chance` returns numbers
    from 0 to 1 for the jitter. `on_change` is called when a network comes,
    goes, or is in its channels, `on_written` with the events of each turn after they
    were written. `policies` keeps the STS policies of servers, `invitations` the channels
    that we came into on invitation,
    `known` the channels of earlier runs, and the refusals that were reported.
    `run` names this run in the ledgers. With `linger` the run is a batch: each
    network is left that number of seconds after its last gap was fetched, and a channel
    without news gets no line. If it `takes_over`, targets that another recorder holds are
    recorded beside it, and taken over when it leaves.
    `rounds` are the times of housekeeping.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        writer: Writer,
        *,
        now: Callable[[], str],
        limits: Limits | None = None,
        chance: Callable[[], float] = random.random,
        policies: Policies | None = None,
        invitations: InvitationsFile | None = None,
        known: KnownChannels | None = None,
        run: str = "",
        linger: float | None = None,
        takes_over: bool = False,
        rounds: Rounds = Rounds(),  # noqa: B008 - immutable
    ) -> None:
        self.plans = {plan.session.network: plan for plan in plans}
        self.on_change: Callable[[], None] | None = None
        self.on_written: Callable[[list[Event]], None] | None = None
        self._writer = writer
        self._now, self._chance = now, chance
        self._policies = policies
        self._invitations = invitations
        self._known = known
        self._run, self._linger = run, linger
        self._is_batch = linger is not None or limits not in {None, Limits()}
        self._limiter = Limiter(limits or Limits(), self._stop_at_limit)
        self._durability = Durability(
            writer,
            stop_reading=lambda: self._each_connection(Reactor.pause),
            read_on=lambda: self._each_connection(Reactor.read_on),
        )
        self._housekeeping = Housekeeping(writer, now=now, rounds=rounds)
        self._left = LeftSpools(writer, self._durability.flush)
        self._takeover = self._make_takeover() if takes_over else None
        self._limits = SharedLimits()
        self._refusals = RefusalReports(known, is_batch=self._is_batch)
        self._errors = 0
        self._reactor: Reactor | None = None
        self._networks: dict[str, NetworkRun] = {}
        self._rooms: dict[str, Rooms] = {}
        self._failures: list[BaseException] = []
        self._stopping: asyncio.Future[str] | None = None
        self._at_limit = False
        self._ticking: asyncio.TimerHandle | None = None

    def _make_takeover(self) -> Takeover:
        return Takeover(
            self._writer,
            self._durability,
            self._left,
            run=self._run,
            on_change=self._changed,
            on_done=partial(self._end_ranges, {}),
        )

    async def run(self) -> None:
        """Record until a stop; raise the gravest failure of all networks.

        In this order: a bug, TranscriptError of the files, RefusedError of a
        server, HeldError if another recorder has a channel, NetworkError. All
        events that were received are written in any case.
        """
        loop = asyncio.get_running_loop()
        self._stopping = loop.create_future()
        self._reactor = Reactor(loop, self._now)
        listen(self._reactor)
        try:
            self._durability.start(loop)
            for plan in self.plans.values():
                self._add(plan)
            if self._takeover is None:
                self._end_ranges({})
            self._limiter.start(loop)
            self._housekeeping.start(loop)
            self._tick(loop)
            await self._until_all_ended()
        finally:
            if self._takeover is not None:
                await self._takeover.finish()
            self._close()
        if self._failures:
            raise min(self._failures, key=_gravity)

    def stop(self, reason: str) -> None:
        """End the run cleanly; the first reason counts."""
        if self._stopping is not None and not self._stopping.done():
            self._stopping.set_result(reason)
        for network in self._networks.values():
            network.stop(reason)

    def jumped(self, ahead: int, slept: int) -> None:
        """Note that our clock was set, or that the machine slept, by milliseconds."""
        if slept:
            logger.warning("this machine slept for %.0f s", slept / 1000)
        if ahead:
            logger.warning("the clock was set by %+.0f s", ahead / 1000)
        for network in self._networks.values():
            network.jumped(ahead, slept)

    def reload(self, plans: Sequence[Plan]) -> None:
        """Replace the plans without dropping a connection that is still planned.

        New networks are added, missing ones left, new channels joined, missing
        ones parted. Other changes of a network apply from its next connection.
        """
        before = self.plans
        self.plans = {plan.session.network: plan for plan in plans}
        self._end_ranges(before)
        for name, network in list(self._networks.items()):
            if name not in self.plans:
                network.stop("no longer in the configuration")
            elif network.task.done():
                del self._networks[name]
        for name, plan in self.plans.items():
            known = self._networks.get(name)
            if known is None:
                self._add(plan)
            else:
                self._limits_of(plan)  # which the connections that are there share
                known.apply(plan)

    def statuses(self) -> tuple[NetworkStatus, ...]:
        """Return the status of each network."""
        return tuple(network.status() for network in self._networks.values())

    def absences(self, network: str) -> list[Absence]:
        """Return the channels of a network that do not let us in; none before its welcome."""
        kept = self._networks.get(network)
        return kept.absences()[0] if kept is not None else []

    def fetched(self, network: str, channel: str) -> int:
        """Return the number of lines of a channel that were fetched from history."""
        kept = self._networks.get(network)
        casemapping = self._writer.known_casemapping(network)
        if kept is None or casemapping is None:
            return 0
        counts = kept.intake.fetched.items()
        return sum(count for name, count in counts if casemapping.equal(name, channel))

    def was_welcomed(self, network: str) -> bool:
        """Return whether a network has let us in during this run."""
        kept = self._networks.get(network)
        return kept is not None and kept.was_welcomed

    @property
    def errors(self) -> int:
        """The number of errors that a person should look at."""
        return self._errors + self._durability.errors + self._housekeeping.errors

    @property
    def waiting_lines(self) -> int:
        """The number of lines that wait for a disk that refused them."""
        return self._writer.waiting_lines

    @property
    def waiting_bytes(self) -> int:
        """The bytes of these lines."""
        return self._writer.waiting

    @property
    def stop_reason(self) -> str:
        """The reason why the run ended, "" while it goes on."""
        if self._stopping is None or not self._stopping.done():
            return ""
        return self._stopping.result()

    # -- networks ----------------------------------------------------------------

    def _add(self, plan: Plan) -> None:
        """Start a network; a lock held elsewhere on all its channels is raised at the end."""
        assert self._reactor is not None  # noqa: S101 - run() made it
        name = plan.session.network
        sink: Sink = self._writer if self._takeover is None else self._takeover.sink_of(name)
        classes = RecordedClasses(name, lambda: self._writer.storage.rules)
        make_ledgers = partial(self._new_ledgers, name, classes)
        if self._linger is not None:
            sink = waiting = WaitingSink(self._writer)
            make_ledgers = partial(self._new_ledgers, name, classes, waiting.last_msgid)
        ledgers = make_ledgers()
        intake = Intake(
            name,
            sink,
            self._limiter,
            self._durability,
            stop=self.stop,
            begin=ledgers.begin,
            classes=classes,
        )
        intake.on_written = self.on_written
        try:
            intake.hold(plan.session.channels)
        except HeldError as error:
            self._fail(error)
            return
        self._left.take_up(name)
        heard_before = ledgers.heard_by_earlier_run()
        if not plan.session.queries:
            self._end_queries(name, ledgers)
        self._note(intake, EventType.STARTED, name, f"chatlog {__version__}")
        begin = partial(self._begin_connection, make_ledgers, heard_before)
        awaits = partial(self._awaits, name)
        network = NetworkRun(with_channels(plan, intake.channels), intake, begin, awaits)
        self._networks[name] = network
        network.start(self._reactor.loop)
        if self._takeover is not None:
            self._takeover.begin(network)

    def _awaits(self, network: str, target: str) -> bool:
        """Return whether another recorder still holds a target that this run takes over."""
        return self._takeover is not None and self._takeover.awaits(network, target)

    def _begin_connection(
        self,
        make_ledgers: Callable[[], Ledgers],
        heard_before: str,
        network: NetworkRun,
        plan: Plan,
    ) -> KeptConnection:
        """Return a further connection of a network, with the channels of its plan."""
        assert self._reactor is not None  # noqa: S101 - run() made it
        ledgers = make_ledgers()
        join_limit, login_limit = self._limits_of(plan)
        ledgers.heard_before = heard_before
        supervisor = Supervisor(
            plan,
            self._reactor,
            network.intake,
            ledgers,
            now=self._now,
            chance=self._chance,
            on_change=self._changed,
            on_arrival=partial(self._refusals.arrived, network),
            on_caught_up=lambda: self._leave_soon(network, supervisor),
            history=partial(self._make_history, network, ledgers),
            policies=self._policies,
            invitations=None if network.connections else self._invitations,
            on_limit=network.limit,
            join_limit=join_limit,
            login_limit=login_limit,
        )
        return KeptConnection(supervisor, ledgers)

    def _limits_of(self, plan: Plan) -> tuple[SharedLimit | None, SharedLimit | None]:
        """Return the limits for JOINs and logins of the host of a plan, with the plan's paces."""
        host = plan.addresses[0].host
        joins = self._limits.of(host, "JOIN", plan.session.join_pace)
        return joins, self._limits.of(host, "login", plan.login_pace)

    def _end_queries(self, name: str, ledgers: Ledgers) -> None:
        """End the ranges of private conversations, which are recorded no longer."""
        for query in known_queries(self._writer.storage.root, name):
            nick = spelled(query.name)
            if not self._writer.is_held_elsewhere(name, nick):
                ledgers.unwanted(nick, Moment(self._now()))

    def _make_history(
        self,
        network: NetworkRun,
        ledgers: Ledgers,
        session: Session,
        send: Callable[[str], None],
        on_settled: Callable[[], None],
    ) -> HistoryQueue:
        """Return the history of one connection, with the depth of its network's current plan."""
        return HistoryQueue(
            session,
            self._writer,
            network.intake,
            ledgers,
            loop=asyncio.get_running_loop(),
            send=send,
            now=self._now,
            depth=network.plan.history,
            is_batch=self._linger is not None,
            on_settled=on_settled,
            takes_queries=network.connections[0].ledgers is ledgers,
        )

    async def _until_all_ended(self) -> None:
        while going_on := [each for each in self._networks.values() if not each.ended]:
            tasks = [each.task for each in going_on]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for each in going_on:
                if each.task.done():
                    self._end(each)
        if self._linger is not None and not self._failures:
            self.stop("everything is fetched")

    def _end(self, network: NetworkRun) -> None:
        network.ended = True
        failed = None if network.task.cancelled() else network.task.exception()
        if failed is not None:
            self._fail(failed)
        elif self._at_limit or network.leaving is not None:
            self._fail(self._refusals.end_batch(network))
        if network.intake.failure is not None:
            self._failures.append(network.intake.failure)
        reason = network.stop_reason or "failed"
        self._note(network.intake, EventType.STOPPED, network.name, reason)
        if network.name not in self.plans:
            del self._networks[network.name]

    def _leave_soon(self, network: NetworkRun, supervisor: Supervisor) -> None:
        """Leave a network of a batch, `linger` seconds after its last gap was fetched."""
        if self._linger is None or network.leaving or self._reactor is None:
            return
        if not network.note_caught_up(supervisor):
            return
        network.end_batch()
        leave = partial(network.stop, "everything is fetched")
        network.leaving = self._reactor.loop.call_later(self._linger, leave)

    def _end_ranges(self, before: Mapping[str, Plan]) -> None:
        """End the ranges of channels that are planned no longer, unless another run records them.

        They were in the plans `before`, or in the configuration of an earlier run.
        """
        wanted = {name: plan.session.channels for name, plan in self.plans.items()}
        gone = [
            (name, channel)
            for name, plan in before.items()
            for channel in plan.session.channels
            if channel not in wanted.get(name, ())
        ]
        if self._known is not None:
            gone += self._known.take_out(wanted)
        for name, channel in dict.fromkeys(gone):
            if not self._writer.is_held_elsewhere(name, channel):
                network = self._networks.get(name)
                ledgers = network.ledgers_of(channel) if network else self._new_ledgers(name)
                ledgers.unwanted(channel, Moment(self._now()))

    def _new_ledgers(
        self,
        name: str,
        classes: RecordedClasses | None = None,
        waiting_msgid: Callable[[str], str] = lambda _target: "",
    ) -> Ledgers:
        """Return ledgers of a network, which may be none of this run's."""
        return Ledgers(
            name,
            self._writer,
            run=self._run,
            trouble=self._durability.note,
            waiting_msgid=waiting_msgid,
            classes=classes,
            rooms=self._rooms_of(name),
            awaits=partial(self._awaits, name),
        )

    def _rooms_of(self, name: str) -> Rooms:
        """Return the rooms of a network, which all its connections share."""
        if name not in self._rooms:
            hears = partial(self._hears, name)
            trouble = self._durability.note
            self._rooms[name] = Rooms(name, self._writer, hears=hears, trouble=trouble)
        return self._rooms[name]

    def _hears(self, name: str, channel: str) -> bool:
        network = self._networks.get(name)
        return network is not None and network.hears(channel)

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def _fail(self, error: BaseException | None) -> None:
        if error is None:
            return
        self._errors += 1
        self._failures.append(error)
        is_reported = isinstance(error, ChatlogError) and error.is_reported
        if len(self.plans) > 1 and isinstance(error, _GRAVEST_FIRST) and not is_reported:
            logger.error("%s", error)

    def _note(self, intake: Intake, kind: EventType, network: str, text: str) -> None:
        """Write an event of the recorder's own to `@server`."""
        intake.note(Event(time=self._now(), network=network, target=SERVER, type=kind, text=text))

    # -- time and end --------------------------------------------------------------

    def _stop_at_limit(self, reason: str) -> None:
        self._at_limit = True
        for network in self._networks.values():
            network.end_batch()
        self.stop(reason)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close parts that are over, for one turn of the loop; continue in the next turn."""
        until = loop.time() + TURN
        tick = partial(self._writer.tick, self._now(), lambda: loop.time() > until)
        self._durability.do(tick)
        for network in self._networks.values():
            network.append_held_back()
        delay = 0.0 if self._writer.is_ticking else _TICK
        self._ticking = loop.call_later(delay, self._tick, loop)

    def _close(self) -> None:
        self._limiter.close()
        if self._ticking is not None:
            self._ticking.cancel()
        self._housekeeping.stop(is_batch=self._is_batch)
        self._durability.stop()
        self._fail(self._durability.failure)
        try:
            self._writer.close()
        except TranscriptError as error:
            self._fail(error)
        self._left.close()
        if self._takeover is not None:
            self._takeover.close()

    def _each_connection(self, action: Callable[[Reactor], None]) -> None:
        if self._reactor is not None:
            action(self._reactor)


def _gravity(error: BaseException) -> int:
    for rank, kind in enumerate(_GRAVEST_FIRST):
        if isinstance(error, kind):
            return rank
    return -1
