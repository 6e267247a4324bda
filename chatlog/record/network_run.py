"""A network of a run: one connection, or several that share its channels and its intake."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from chatlog.errors import ChatlogError
from chatlog.record.shares import assign, share_of, with_channels

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Sequence

    from chatlog.health.status import NetworkStatus
    from chatlog.protocol.wanted import Absence
    from chatlog.record.intake import Intake
    from chatlog.record.ledgers import Ledgers
    from chatlog.record.supervisor import Plan, Supervisor

    Begin = Callable[["NetworkRun", Plan], "KeptConnection"]
    """Makes the supervisor and the ledgers of a further connection."""

logger = logging.getLogger(__name__)

_WAITS = "waiting to take over from another recorder"
_NOTHING_LEFT = "no channel is left for this connection"


class KeptConnection(NamedTuple):
    """One connection of a network: who keeps it, and the ledgers of its channels."""

    supervisor: Supervisor
    ledgers: Ledgers


class NetworkRun:
    """A network of this run, and the task that keeps its connections.

    A further connection begins when there are more channels than those before carry: as the
    `plan` says, or as a server says. All of them write to one intake. `awaits` tells whether
    another recorder still holds a target that is taken over.
    """

    def __init__(
        self,
        plan: Plan,
        intake: Intake,
        begin: Begin,
        awaits: Callable[[str], bool] = lambda _target: False,
    ) -> None:
        self.intake = intake
        self._awaits = awaits
        self.ended = False
        self.leaving: asyncio.TimerHandle | None = None
        self.connections: list[KeptConnection] = []
        self._tasks: dict[asyncio.Task[None], Supervisor] = {}
        self.plan = plan
        self._most = plan.channels_per_connection
        self._begin = begin
        self._caught_up: set[int] = set()
        self._last_heard = ""  # the last proof at the last status, by which targets were heard
        self._were_heard: set[str] = set()
        self._deaf: dict[str, str] = {}
        self._failures: list[BaseException] = []

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin the connections; `task` ends with the last one."""
        self._loop = loop
        self._over: asyncio.Future[None] = loop.create_future()
        self._share_out()
        self.task = loop.create_task(self._run())

    def apply(self, plan: Plan) -> None:
        """Replace the plan: new channels are locked and joined, missing ones parted."""
        before = set(self.plan.session.channels)
        new = tuple(each for each in plan.session.channels if each not in before)
        left_out = {*new} - {*self.intake.hold_more(new)}
        kept = tuple(each for each in plan.session.channels if each not in left_out)
        self.plan = with_channels(plan, kept)
        self._share_out()

    def limit(self, most: int) -> None:
        """Note how many channels a server lets a connection be in, and share them anew."""
        if self.plan.connections > 1 and (self._most is None or most < self._most):
            self._most = most
            self._share_out()

    def stop(self, reason: str) -> None:
        """End all connections cleanly; the first reason counts."""
        for each in self.supervisors:
            each.stop(reason)

    def jumped(self, ahead: int, slept: int) -> None:
        """Note by how many milliseconds our clock was set, or the machine slept."""
        for each in self.supervisors:
            each.jumped(ahead, slept)

    def note_caught_up(self, supervisor: Supervisor) -> bool:
        """Note that a connection has no gap left to fetch; return whether none has."""
        self._caught_up.add(id(supervisor))
        return self._is_caught_up()

    def _is_caught_up(self) -> bool:
        return all(id(each) in self._caught_up for each in self.supervisors)

    def end_batch(self) -> None:
        """Mark the stop that follows as the planned end of a batch."""
        for each in self.connections:
            each.ledgers.end_batch()

    def append_held_back(self) -> None:
        """Append the entries of ledgers that were held back, unless lines wait for the disk."""
        for each in self.connections:
            each.ledgers.append_held_back()

    def ledgers_of(self, channel: str) -> Ledgers:
        """Return the ledgers of the connection that has a channel of the plan."""
        having = (
            each.ledgers
            for each in self.connections
            if channel in each.supervisor.plan.session.channels
        )
        return next(having, self.connections[0].ledgers)

    # -- what is known of it -------------------------------------------------------

    @property
    def supervisors(self) -> list[Supervisor]:
        """The supervisors of the connections, the first one first."""
        return [each.supervisor for each in self.connections]

    @property
    def name(self) -> str:
        """The network's name in the archive."""
        return self.plan.session.network

    @property
    def was_welcomed(self) -> bool:
        """Whether the network has let a connection in."""
        return any(each.was_welcomed for each in self.supervisors)

    @property
    def stop_reason(self) -> str:
        """The reason of `stop`, "" before it."""
        return self.supervisors[0].stop_reason

    def unfinished(self) -> ChatlogError | None:
        """Return why a batch that ended by itself has not done its work; None if it has."""
        return next(filter(None, (each.unfinished() for each in self.supervisors)), None)

    def absences(self, *, of_arrived: bool = False) -> tuple[list[Absence], int]:
        """Return the channels that do not let us in, and the number of the channels to be in.

        With `of_arrived` only those of connections that are in all channels that let them.
        """
        found: list[Absence] = []
        wanted = 0
        for each in self.supervisors:
            absences, number = each.absences()
            wanted += number
            if each.has_arrived or not of_arrived:
                found += absences
        return found, wanted

    def hears(self, channel: str) -> bool:
        """Return whether a connection is in a channel, or expects to be let in."""
        return any(each.carryover.joining.expects(channel) for each in self.supervisors)

    def channels(self, *, of_arrived: bool = False) -> Iterator[str]:
        """Yield the channels to be in, with `of_arrived` only those of such connections."""
        for each in self.supervisors:
            if each.has_arrived or not of_arrived:
                yield from each.carryover.joining.names()

    def is_in(self, target: str) -> bool:
        """Return whether a target is heard now: a channel that we are in, or any other one."""
        joinings = [each.carryover.joining for each in self.supervisors if each.driver]
        wanting = [each for each in joinings if each.wants(target)]
        return any(each.is_in(target) for each in wanting) if wanting else bool(joinings)

    def resume(self, target: str) -> None:
        """Fetch the gaps of a target that was taken over."""
        for each in self.supervisors:
            if each.driver is not None:
                each.driver.resume(target)

    def status(self) -> NetworkStatus:
        """Return the status of the network: of all its connections together."""
        status = combined([each.status() for each in self.supervisors])
        heard = {target: self.is_in(target) for target in self.intake.recorded}
        awaits = {target: is_heard for target, is_heard in heard.items() if self._awaits(target)}
        holds = {target: is_heard for target, is_heard in heard.items() if target not in awaits}
        state = f"{status.state}, {_WAITS}" if awaits else status.state
        deaf = self._deaf_of(heard, status.heard)
        return msgspec.structs.replace(status, state=state, holds=holds, awaits=awaits, deaf=deaf)

    def _deaf_of(self, heard: dict[str, bool], proof: str) -> dict[str, str]:
        """Return the last proof of hearing of each target that is not heard.

        That is the proof of the last status in which the target was heard. It may be earlier than
        the real one, by at most the time between two statuses; "" if the target was never heard.
        """
        self._deaf = {
            target: self._deaf.get(target, self._last_heard if target in self._were_heard else "")
            for target, is_heard in heard.items()
            if not is_heard
        }
        self._were_heard = {target for target, is_heard in heard.items() if is_heard}
        self._last_heard = proof or self._last_heard
        return self._deaf

    # -- connections ---------------------------------------------------------------

    def _share_out(self) -> None:
        """Give each connection its channels; begin those that are missing."""
        shares = [each.plan.session.channels for each in self.supervisors]
        channels = self.plan.session.channels
        assigned = assign(shares, channels, self._most, self.plan.connections)
        for number, share in enumerate(assigned):
            plan = share_of(self.plan, number, share)
            if number >= len(self.connections):
                self._add(plan)
                continue
            supervisor = self.connections[number].supervisor
            if number and not share:
                supervisor.stop(_NOTHING_LEFT)
            elif supervisor.stop_reason == _NOTHING_LEFT:
                self._add(plan, number)
            else:
                supervisor.apply(plan)

    def _add(self, plan: Plan, number: int | None = None) -> None:
        kept = self._begin(self, plan)
        if number is None:
            self.connections.append(kept)
        else:
            self.connections[number] = kept
        task = self._loop.create_task(kept.supervisor.run())
        self._tasks[task] = kept.supervisor
        task.add_done_callback(self._note_end)

    async def _run(self) -> None:
        """Wait for the end of all connections; raise the failure of the first that failed."""
        await self._over
        if self._failures:
            raise self._failures[0]

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """Note the end of a connection: that of the last one is the end of the network.

        A bug ends the others; the failure of one connection of several is logged at once.
        """
        supervisor = self._tasks.pop(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failures.append(error)
            self._note_failure(supervisor, error)
        if not (self._tasks or self._over.done()):
            self._over.set_result(None)

    def _note_failure(self, supervisor: Supervisor, error: BaseException) -> None:
        self._caught_up.add(id(supervisor))  # a batch waits for it no longer
        if not isinstance(error, ChatlogError):
            self.stop("failed")
        elif self._tasks:
            logger.error("%s", error)
            if self._is_caught_up():
                self.stop("everything is fetched")


def combined(statuses: Sequence[NetworkStatus]) -> NetworkStatus:
    """Return the status of a network by those of its connections.

    It was heard when the connection was heard that was not heard for the longest.
    """
    first = statuses[0]
    if len(statuses) == 1:
        return first
    there = [each for each in statuses if each.connected]
    return msgspec.structs.replace(
        there[0] if there else first,
        state=_state_of(statuses, there),
        lag=max((each.lag for each in there if each.lag is not None), default=None),
        since=min((each.since for each in there), default=""),
        heard=min((each.heard for each in there), default=""),
        last_event=max(each.last_event for each in statuses),
        reconnects=sum(each.reconnects for each in statuses),
        joined=sum(each.joined for each in statuses),
        wanted=sum(each.wanted for each in statuses),
        problems=tuple(dict.fromkeys(each for one in statuses for each in one.problems)),
        off_record=sum(each.off_record for each in statuses),
        ignored=sum(each.ignored for each in statuses),
        not_understood=sum(each.not_understood for each in statuses),
        gaps=sum(each.gaps for each in statuses),
    )


def _state_of(statuses: Sequence[NetworkStatus], there: Sequence[NetworkStatus]) -> str:
    if len(there) == len(statuses):
        return f"connected to {there[0].server} by {len(there):,} connections"
    other = next(each for each in statuses if not each.connected)
    return f"connected by {len(there):,} of {len(statuses):,} connections; {other.state}"
