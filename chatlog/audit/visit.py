"""A visit of one network to audit its channels: dial, join, compare, leave."""

from __future__ import annotations

import asyncio
import random
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.audit.compare import Audit, Findings, Stretch
from chatlog.casemapping import Casemapping
from chatlog.connection import Reactor
from chatlog.coverage.recorded import RecordedRanges
from chatlog.event import shifted
from chatlog.protocol.manners import MannersSettings
from chatlog.record.absences import absence_error
from chatlog.record.driver import listen
from chatlog.record.intake import Intake
from chatlog.record.limits import Limiter, Limits
from chatlog.record.sinks import NullLedgers, NullSink
from chatlog.record.supervisor import Plan, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from chatlog.protocol.session import Session

    Watch = Callable[[str, int], None]

_COARSEST: Final = Casemapping("rfc1459")
_UNFINISHED: Final = "the visit ended before its turn"
_REPORTED_EVERY: Final = 0.25  # seconds
_ON_ITS_WAY: Final = 60_000  # milliseconds that a line may take to the recorder and the disk


def silent(plan: Plan) -> Plan:
    """Return the plan of a single visit without answers to people."""
    manners = MannersSettings(whisper=False, addressed=False, ctcp=False)
    session = msgspec.structs.replace(plan.session, manners=manners)
    return msgspec.structs.replace(plan, session=session, retry=False)


def stretches_of(
    root: Path, network: str, since: str, until: str, now: Callable[[], str]
) -> Callable[[str], Stretch | None]:
    """Return the function that tells the stretch of a target to compare, None for none.

    It is the recorded range, cut to `[since, until)`. Without `until` it ends a
    minute ago, as later lines may still be on their way to the recorder.
    """
    ranges = RecordedRanges(root, network)

    def stretch(target: str) -> Stretch | None:
        recorded = ranges.of(target)
        if recorded is None:
            return None
        end = until or shifted(now(), -_ON_ITS_WAY)
        return Stretch(recorded.directory, max(recorded.since, since), min(recorded.until, end))

    return stretch


def audit(
    plan: Plan,
    *,
    now: Callable[[], str],
    stretches: Callable[[str], Stretch | None],
    within: float,
    watch: Watch | None = None,
) -> list[Findings]:
    """Compare the channels of a network with its history; return the findings of each.

    The visit ends after `within` seconds, with the channels compared so far. `watch` gets,
    four times a second, the state of the visit in words and the number of those channels.
    Raise NetworkError or RefusedError if the network does not let us in.
    """
    return asyncio.run(_audit(plan, now=now, stretches=stretches, within=within, watch=watch))


async def _audit(
    plan: Plan,
    *,
    now: Callable[[], str],
    stretches: Callable[[str], Stretch | None],
    within: float,
    watch: Watch | None,
) -> list[Findings]:
    loop = asyncio.get_running_loop()
    reactor = Reactor(loop, now)
    listen(reactor)
    found: list[Findings] = []

    def stop(reason: str) -> None:
        supervisor.stop(reason)

    page = _LastPage()
    history = partial(_comparison, loop, stretches, found.append, page.take)
    sink = NullSink()
    intake = Intake(plan.session.network, sink, Limiter(Limits(), stop), sink, stop=stop)
    supervisor = Supervisor(
        plan,
        reactor,
        intake,
        NullLedgers(),
        now=now,
        chance=random.random,
        on_change=lambda: None,
        on_caught_up=lambda: stop("everything is compared"),
        history=history,
    )
    timer = loop.call_later(within, stop, "the time is up")
    try:
        with _watched_by(watch, supervisor, page, found):
            await supervisor.run()
    finally:
        timer.cancel()
    if intake.failure is not None:  # a bug must not pass for a finished audit
        raise intake.failure
    error, absences, wanted = supervisor.unfinished(), *supervisor.absences()
    if not found and (error is not None or (absences and len(absences) == wanted)):
        raise error or absence_error(supervisor.name, absences, wanted)
    problems = supervisor.carryover.joining.problems()
    return [*found, *_not_compared(plan.session.channels, problems, stretches, found)]


class _LastPage:
    """The channel that is compared, "" before the first one, and the number of its lines."""

    def __init__(self) -> None:
        self.target = ""
        self.lines = 0

    def take(self, target: str, lines: int) -> None:
        self.target, self.lines = target, lines


@contextmanager
def _watched_by(
    watch: Watch | None, supervisor: Supervisor, page: _LastPage, found: Sequence[Findings]
) -> Iterator[None]:
    """Report the state of a visit until the block ends, unless `watch` is None."""
    if watch is None:
        yield
        return
    task = asyncio.get_running_loop().create_task(_report(watch, supervisor, page, found))
    try:
        yield
    finally:
        task.cancel()


async def _report(
    watch: Watch, supervisor: Supervisor, page: _LastPage, found: Sequence[Findings]
) -> None:
    while True:
        state = f": {supervisor.state}"
        if page.target:
            state = f"/{page.target}, lines compared: {page.lines:,}"
        watch(f"{supervisor.name}{state}", len(found))
        await asyncio.sleep(_REPORTED_EVERY)


def _not_compared(
    channels: Iterable[str],
    problems: Mapping[str, str],
    stretches: Callable[[str], Stretch | None],
    found: list[Findings],
) -> Iterator[Findings]:
    """Yield findings that say why a recorded channel was not compared."""
    compared = {_COARSEST[findings.target] for findings in found}
    for channel in channels:
        if _COARSEST[channel] not in compared and stretches(channel) is not None:
            yield Findings(target=channel, why=problems.get(channel) or _UNFINISHED)


def _comparison(  # noqa: PLR0917 - the first four are bound, a connection brings the rest
    loop: asyncio.AbstractEventLoop,
    stretches: Callable[[str], Stretch | None],
    found: Callable[[Findings], None],
    on_page: Callable[[str, int], None],
    session: Session,
    send: Callable[[str], None],
    on_settled: Callable[[], None],
) -> Audit:
    return Audit(
        session,
        loop=loop,
        send=send,
        stretches=stretches,
        found=found,
        on_settled=on_settled,
        on_page=on_page,
    )
