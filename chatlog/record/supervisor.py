"""Supervision of one network: dial, stay, wait, dial again, until a stop or a final refusal.

Several servers are tried in turn. The waits double, are spread by chance, and
start over only after a connection that lasted.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.connection import Address, Dialler, Route
from chatlog.errors import ChatlogError, NetworkError, RefusedError
from chatlog.health.status import InvitationStatus, NetworkStatus
from chatlog.protocol.carryover import Carryover
from chatlog.protocol.pacing import BURST, INTERVAL, Pacing
from chatlog.protocol.refusals import ACCIDENT, Verdict, judge
from chatlog.protocol.session import Session
from chatlog.record.driver import Driver
from chatlog.record.history.gaps import HistoryDepth  # noqa: TC001 - a field of a Struct
from chatlog.secret import SecretMask

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.connection import Connection, Reactor
    from chatlog.protocol.session_settings import SessionSettings
    from chatlog.protocol.shared_limit import SharedLimit
    from chatlog.protocol.wanted import Absence
    from chatlog.record.driver import MakeHistory
    from chatlog.record.intake import Intake
    from chatlog.record.invitations_file import InvitationsFile
    from chatlog.record.sinks import LedgerSink
    from chatlog.record.sts_policies import Policies

logger = logging.getLogger(__name__)

QUIT_MESSAGE: Final = "chatlog stopped"
_STABLE_AFTER: Final = 60.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One network to record, and the waits between connections; times are in seconds.

    A link that is silent for `timeout` is dead. `talk_pace` is the number of
    lines that a server accepts at once, and the seconds until it accepts one
    more. `login_pace` is the network's limit for logins. If there are more channels than
    `channels_per_connection` (None: than the server says), up to `connections` share
    them, all with one nick if the network `shares_nick`. `history` is the depth to fetch
    for a channel that was never recorded, None for no history.
    """

    session: SessionSettings
    addresses: tuple[Address, ...]
    route: Route = Route()
    timeout: float
    reconnect_min: float
    reconnect_max: float
    retry: bool = False
    talk_pace: tuple[int, float] = (BURST, INTERVAL)
    channels_per_connection: int | None = None
    connections: int = 1
    shares_nick: bool = False
    login_pace: tuple[int, float] | None = None
    history: HistoryDepth | None = None

    def secret_mask(self) -> SecretMask:
        """Return the mask that hides the secrets of this network in texts of others."""
        secrets = (*self.session.secrets(), *self.route.secrets())
        hosts = (address.host for address in self.addresses)
        return SecretMask(secrets, (*self.session.public_names(), *hosts))


class _LastConnection(NamedTuple):
    """The facts of a connection that outlive it; `offset` is None if it was never measured."""

    server: str = ""
    nick: str = ""
    offset: int | None = None
    parting_words: str = ""
    verdict: Verdict = ACCIDENT

    @classmethod
    def of(cls, driver: Driver) -> _LastConnection:
        """Return the facts of a driver's connection."""
        session = driver.session
        offset = session.clock.offset if session.clock.is_known else None
        nick, words = session.state.me.nick, driver.parting_words
        return cls(session.server, nick, offset, words, driver.verdict)


class Supervisor:
    """Keeps one network connected, with `run`, until `stop`.

    `history` makes the object that fetches the gaps of each connection's
    channels. `on_arrival` is called when we are in all channels that let us in, and
    when one lets us in or refuses later; `on_caught_up` when a connection has no gap left to
    fetch, `on_change` when the network's status changes. `on_limit` gets the number of
    channels that a server lets a connection be in. `join_limit` and `login_limit` may be
    shared with other connections. `has_arrived` once it was in all channels that let us in.
    `driver` is that of the connection under way, None between two.
    """

    def __init__(
        self,
        plan: Plan,
        reactor: Reactor,
        intake: Intake,
        ledgers: LedgerSink,
        *,
        now: Callable[[], str],
        chance: Callable[[], float],
        on_change: Callable[[], None],
        on_arrival: Callable[[], None] = lambda: None,
        on_caught_up: Callable[[], None],
        history: MakeHistory,
        policies: Policies | None = None,
        invitations: InvitationsFile | None = None,
        on_limit: Callable[[int], None] = lambda _most: None,
        join_limit: SharedLimit | None = None,
        login_limit: SharedLimit | None = None,
    ) -> None:
        self.plan = plan
        self._on_limit = on_limit
        self._login_limit = login_limit
        self._mask = plan.secret_mask()
        self._on_change = on_change
        self._on_arrival, self._on_caught_up = on_arrival, on_caught_up
        self._make_history = history
        self._ledgers = ledgers
        self._state = "starting"
        self.was_welcomed = self.has_arrived = False
        self.last_refusal: ChatlogError | None = None
        self.carryover = Carryover(plan.session, join_limit)
        self._invitations_file = invitations
        if invitations is not None:
            self.carryover.restore(invitations.read(self.name))
        self._reactor, self._intake = reactor, intake
        self._now, self._chance = now, chance
        self._policies = policies
        self._welcomes = self._server_index = self._failures = 0
        self._connection: Connection | None = None
        self.driver: Driver | None = None
        self._dialler: Dialler | None = None
        self._last = _LastConnection()
        self._waited_for = ""
        self._stopping: asyncio.Future[str] = reactor.loop.create_future()

    def stop(self, reason: str) -> None:
        """End cleanly; the first reason counts."""
        if not self._stopping.done():
            self._waited_for = self._awaited()
            self._stopping.set_result(reason)

    def _awaited(self) -> str:
        """Name the answer that the network owes us now; "" once it has welcomed us."""
        connection, driver = self._connection, self.driver
        if connection is None or driver is None:
            return "" if self.was_welcomed else "its turn to connect"
        if driver.welcomed.done():
            return ""
        server = driver.session.server
        if not connection.is_connected():
            return self._dialler.stage if self._dialler else f"the connection to {server}"
        return f"{driver.session.registration.stage} of {server}"

    def unfinished(self) -> ChatlogError | None:
        """Return why a batch that ended by itself has not done its work; None if it has.

        It has not if the network never let us in, or if it refused us since it last did.
        """
        if self.last_refusal is not None:
            return self.last_refusal
        if self.was_welcomed:
            return None
        return NetworkError(
            f"{self.name}: the run ended before the network welcomed us"
            f" ({self.stop_reason}); it waited for {self._waited_for}"
        )

    def absences(self) -> tuple[list[Absence], int]:
        """Return the channels that do not let us in, and the number of the channels to be in.

        There are no absences before the first welcome.
        """
        joining = self.carryover.joining
        return joining.absences() if self.was_welcomed else [], len(joining.names())

    @property
    def state(self) -> str:
        """The network's state in a few words."""
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        """Set the state, and report the change."""
        self._state = state
        self._on_change()

    @property
    def name(self) -> str:
        """The network's name in the archive."""
        return self.plan.session.network

    @property
    def stop_reason(self) -> str:
        """The reason of `stop`, "" before it."""
        return self._stopping.result() if self._stopping.done() else ""

    def apply(self, plan: Plan) -> None:
        """Replace the plan: its channels count now, its servers at the next dial.

        New channels must be held before.
        """
        self.plan, self._mask = plan, plan.secret_mask()
        if self.driver is not None and self.driver.session.ready:
            self.driver.apply(plan.session)
        else:
            self.carryover.apply(plan.session)
        self._on_change()

    def jumped(self, ahead: int, slept: int) -> None:
        """Note by how many milliseconds our clock was set, or the machine slept."""
        if self.driver is not None:
            self.driver.jumped(ahead, slept)

    async def run(self) -> None:
        """Keep the network; return after a clean stop.

        Raise RefusedError where the network will not have us, NetworkError
        where a first round of its servers let nobody in and no retry is planned.
        """
        try:
            await self._keep()
        except ChatlogError as error:
            self.state = f"ended: {error}"
            raise

    async def _keep(self) -> None:
        while not self._stopping.done():
            verdict, moved = ACCIDENT, False
            if not await self._may_log_in():
                break
            try:
                moved = await self._visit(self._address())
                verdict = self._verdict()
            except NetworkError as error:
                self._note_refusal(error)
                verdict = judge(str(error))
            if verdict.flooded:
                self.carryover.joining.flooded()
            if not (moved or self._stopping.done()):
                await self._pause(verdict.least)

    async def _may_log_in(self) -> bool:
        """Wait for our turn to log in; return False if the stop came first."""
        limit, loop = self._login_limit, self._reactor.loop
        if limit is None:
            return True
        while (wait := limit.opens_at(loop.time()) - loop.time()) > 0:
            self.state = "waiting for its turn to connect"
            await self._first_of(within=wait)
            if self._stopping.done():
                return False
        limit.spend(1, loop.time())
        return True

    # -- which server, and when ----------------------------------------------------

    def _address(self) -> Address:
        """Return the server to dial, by TLS if its STS policy once asked for that."""
        address = self.plan.addresses[self._server_index % len(self.plan.addresses)]
        if address.tls or self._policies is None:
            return address
        port = self._policies.port_for(address.host, self._now())
        return address if port is None else Address(host=address.host, port=port)

    def _note_refusal(self, error: NetworkError) -> None:
        """Move on to the next server; raise after a first round without success, unless `retry`."""
        self.last_refusal = error
        self._server_index += 1
        self._failures += 1
        round_is_over = self._server_index % len(self.plan.addresses) == 0
        if round_is_over and not (self.was_welcomed or self.plan.retry):
            raise error
        logger.warning("%s", error)
        _drop_tracebacks(error)

    async def _pause(self, least: float) -> None:
        rounds, within_round = divmod(self._failures, len(self.plan.addresses))
        if within_round and not least and not self.was_welcomed:
            return  # the next server may be better
        delay = max(
            least,
            backoff(rounds, self.plan.reconnect_min, self.plan.reconnect_max, self._chance()),
        )
        self.state = f"waiting {delay:.0f} s to reconnect"
        logger.info("%s: connecting again in %.1f s", self.plan.session.network, delay)
        await self._first_of(within=delay)

    # -- one connection ------------------------------------------------------------

    async def _visit(self, address: Address) -> bool:
        """Run one connection from dialling to its end; return whether to dial again at once."""
        connection: Connection = self._reactor.server()
        session = Session(self.plan.session, self.carryover, server=str(address), tls=address.tls)
        driver = connection.driver = Driver(
            connection,
            session,
            self._intake,
            self._ledgers,
            now=self._now,
            on_arrival=self._arrived,
            on_caught_up=self._on_caught_up,
            on_policy=lambda: self._remember_policy(session, address),
            on_invitations=self._keep_invitations,
            history=self._make_history,
            on_limit=self._on_limit,
        )
        connection.pacing = Pacing(*self.plan.talk_pace)
        self._connection, self.driver = connection, driver
        try:
            if await self._dial(connection, address):
                driver.start()
                await self._stay(connection, driver, address)
            return driver.must_reconnect or self._moved_to_tls(session, address)
        finally:
            self._last = _LastConnection.of(driver)
            await driver.close()
            self._connection = self.driver = None
            self._reactor.connections.remove(connection)

    async def _dial(self, connection: Connection, address: Address) -> bool:
        """Connect; return False if the stop came first."""
        self.state = f"connecting to {address}"
        self._dialler = Dialler(address, self.plan.route)
        dial = asyncio.ensure_future(connection.connect(address.host, address.port, self._dialler))
        await self._first_of(dial)
        if not dial.done():
            dial.cancel()
            await asyncio.wait([dial])
            return False
        dial.result()
        return True

    async def _stay(self, connection: Connection, driver: Driver, address: Address) -> None:
        await self._first_of(driver.welcomed, connection.closed, within=self._patience)
        if driver.welcomed.done():
            began = self._reactor.loop.time()
            self._welcome(connection, address)
            await self._first_of(connection.closed)
            if self._reactor.loop.time() - began >= _STABLE_AFTER:
                self._failures = 0
        waited_for = "" if connection.closed.done() else driver.session.registration.stage
        await self._end(connection, driver, address)
        self._remember_policy(driver.session, address)  # its duration counts from the end
        refused = not driver.welcomed.done() and not self._stopping.done()
        if refused and not driver.session.registration.must_use_tls:
            raise self._refusal(connection, driver, address, waited_for)

    def _arrived(self) -> None:
        # The task that waits for the welcome may have its turn only after this.
        self.was_welcomed, self.last_refusal, self.has_arrived = True, None, True
        self._on_change()
        self._on_arrival()

    def _welcome(self, connection: Connection, address: Address) -> None:
        self.was_welcomed, self.last_refusal = True, None
        self._welcomes += 1
        self._failures += 1  # forgotten when it lasts
        self.state = f"connected to {address}"
        connection.watch_over(self.plan.timeout)

    @property
    def _patience(self) -> float:
        """Seconds that a server has to welcome us; some look up hosts and users first."""
        return 2 * self.plan.route.timeout

    async def _end(self, connection: Connection, driver: Driver, address: Address) -> None:
        if driver.welcomed.done():
            connection.disconnect(QUIT_MESSAGE)
        else:
            connection.abort(QUIT_MESSAGE)
        reason = await connection.closed
        self.state = "disconnected"
        logger.info("disconnected from %s: %s", address, reason)

    def _refusal(
        self, connection: Connection, driver: Driver, address: Address, waited_for: str
    ) -> ChatlogError:
        registration = driver.session.registration
        if registration.refused:
            kind = RefusedError if registration.refused_for_good else NetworkError
            return kind(f"{address}: {registration.refused}")
        if waited_for:
            return NetworkError(
                f"{address} did not welcome us in {self._patience:g} s; we waited for {waited_for}"
            )
        reason = connection.closed.result()
        kind = RefusedError if driver.verdict.for_good else NetworkError
        return kind(f"{address} ended the connection before it welcomed us: {reason}")

    def _verdict(self) -> Verdict:
        """Return the consequences of the server's parting words; raise if they are final."""
        if self._stopping.done():
            return ACCIDENT
        verdict = self._last.verdict
        if verdict.for_good:
            raise RefusedError(f"{self._last.server} will not have us: {self._last.parting_words}")
        return verdict

    # -- STS -------------------------------------------------------------------------

    def _moved_to_tls(self, session: Session, address: Address) -> bool:
        """Replace the server by its TLS port if its STS policy says so; return whether it does."""
        policy = session.registration.sts
        if not session.registration.must_use_tls or policy is None or policy.port is None:
            return False
        secure = Address(host=address.host, port=policy.port)
        logger.info("%s is to be reached by TLS, at %s (STS)", address, secure)
        addresses = tuple(secure if each == address else each for each in self.plan.addresses)
        self.plan = msgspec.structs.replace(self.plan, addresses=addresses)
        return True

    def _remember_policy(self, session: Session, address: Address) -> None:
        policy = session.registration.sts
        if address.tls and self._policies and policy and policy.duration is not None:
            self._policies.remember(address.host, address.port, policy.duration, self._now())

    def _keep_invitations(self) -> None:
        """Keep the channels that we came into on invitation for the next run."""
        if self._invitations_file is not None:
            self._invitations_file.write(self.name, self.carryover.invitations.known())
        self._on_change()

    # -- status ------------------------------------------------------------------------

    def status(self) -> NetworkStatus:
        """Return the status of this network."""
        driver, connection = self.driver, self._connection
        last = self._last if driver is None else _LastConnection.of(driver)
        welcome = driver is not None and connection is not None and driver.welcomed.done()
        joining, privacy = self.carryover.joining, self.carryover.privacy
        problems = [f"{name}: {why}" for name, why in joining.problems().items()]
        problems += self.carryover.overflows.consequences.values()
        if self.last_refusal is not None:
            problems.append(str(self.last_refusal))
        return NetworkStatus(
            name=self.plan.session.network,
            state=self._mask(self.state),
            connected=welcome,
            server=last.server,
            nick=last.nick,
            lag=connection.watch.lag if connection and connection.watch else None,
            since=driver.since if driver and welcome else "",
            heard=connection.heard if connection else "",
            offset=last.offset,
            last_event=self._intake.last_event,
            reconnects=max(0, self._welcomes - 1),
            joined=joining.joined_count() if welcome else 0,
            wanted=len(joining.names()),
            events=dict(self._intake.counts),
            problems=tuple(map(self._mask, problems)),
            off_record=privacy.counts["off-record"],
            ignored=privacy.counts["ignored"],
            not_understood=self.carryover.not_understood,
            invitations=self._invitations(),
            gaps=driver.waiting_gaps if driver is not None else 0,
        )

    def _invitations(self) -> tuple[InvitationStatus, ...]:
        known = self.carryover.invitations.known()
        return tuple(InvitationStatus(**msgspec.structs.asdict(each)) for each in known)

    async def _first_of(
        self, *futures: asyncio.Future[None] | asyncio.Future[str], within: float | None = None
    ) -> None:
        """Wait for the first of these futures, for the stop, or at most `within` seconds."""
        await asyncio.wait(
            {*futures, self._stopping}, timeout=within, return_when=asyncio.FIRST_COMPLETED
        )


def _drop_tracebacks(error: BaseException | None) -> None:
    """Remove the tracebacks of an error and its causes: they keep all that a connection held."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def backoff(failures: int, least: float, most: float, chance: float) -> float:
    """Return the seconds to wait after that many failures in a row.

    The bound doubles from `least` to `most`; within it, `chance` (0 to 1)
    decides, so that many recorders do not return at once; never under `least`.
    See https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    bound = min(most, least * 2.0 ** min(failures, 30))
    return max(least, bound * chance)
