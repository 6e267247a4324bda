"""Fixtures for all tests: the real program, and real servers."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import certificates as authority
from tests.servers.daemons import Daemon, Inspircd, NatsServer, Ngircd, NotInstalledError
from tests.servers.ergochat import Ergochat
from tests.servers.person import Person
from tests.servers.services import InspircdWithServices
from tests.servers.soju import Soju
from tests.servers.znc import Znc
from tests.support.ports import reserved_port
from tests.support.process import Chatlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.certificates import Certificates

# No test measures time: a loaded machine is slow at drawing examples, too.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Each run tries the same examples, so that a failure is about the change that it follows.
settings.register_profile("same", _PATIENT, derandomize=True)
# `make torture` loads this one, and says with which seed to repeat it.
settings.register_profile("torture", _PATIENT, max_examples=2000, print_blob=True)
settings.load_profile("same")

# A run in the background (`make check &`, nohup) ignores these, and so would every program that
# a test starts, and waits for after such a signal. A handler is not inherited, and does as much.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda _number, _frame: None)

_Kind = TypeVar("_Kind", bound=Daemon)


_ENDING = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1


@pytest.fixture(autouse=True)
def _process_as_before() -> Iterator[None]:
    """Undo what a command does to the whole process, which ends with it otherwise."""
    logger, threshold = logging.getLogger("chatlog"), gc.get_threshold()
    level, propagate, handlers = logger.level, logger.propagate, logger.handlers[:]
    actions = {each: signal.getsignal(each) for each in _ENDING}
    yield
    for number, action in actions.items():  # a run leaves them ignored, also by later children
        signal.signal(number, action)
    logger.setLevel(level)
    logger.propagate, logger.handlers[:] = propagate, handlers
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(None)
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.fixture
def chatlog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chatlog]:
    """The program itself, at a home of its own."""
    program = Chatlog(tmp_path_factory.mktemp("home"))
    yield program
    program.end_all()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate authority, and what it signed, well and badly."""
    if shutil.which("openssl") is None:
        _miss("openssl is not installed")
    return authority.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def start_daemon(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Callable[..., Daemon]]:
    """Start servers of a class, each on ports and in a directory of its own."""
    started: list[Daemon] = []

    def start(kind: type[_Kind], shows: str = "server", **options: object) -> _Kind:
        directory = tmp_path_factory.mktemp(kind.program)
        daemon = _installed(kind, directory, certificates, shows, **options)
        started.append(daemon)
        return daemon.start()

    yield start
    for daemon in started:
        daemon.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of loopback that refuses connections while the test lasts."""
    with reserved_port() as port:
        yield port


@pytest.fixture
def program() -> Callable[[str], str]:
    """Find another program that a test needs: `program("jq")` is its path."""

    def find(name: str) -> str:
        return shutil.which(name) or _miss(f"{name} is not installed")

    return find


@pytest.fixture
def miss() -> Callable[[str], NoReturn]:
    """Skip the test as a program is missing; in CI, fail."""
    return _miss


def _installed(kind: type[_Kind], *arguments: object, **options: object) -> _Kind:
    try:
        return kind(*arguments, **options)
    except NotInstalledError as missing:
        _miss(str(missing))


def _miss(what: str) -> NoReturn:
    # In CI a test that quietly does not run is worth nothing.
    if os.environ.get("CHATLOG_TEST_SERVERS") == "required":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture
def ngircd(start_daemon: Callable[..., Daemon]) -> Daemon:
    """A running ngIRCd that nobody else is on."""
    return start_daemon(Ngircd)


@pytest.fixture
def inspircd(start_daemon: Callable[..., Daemon]) -> Daemon:
    """A running InspIRCd 3 that nobody else is on."""
    return start_daemon(Inspircd)


@pytest.fixture
def inspircd_with_services(start_daemon: Callable[..., Daemon]) -> InspircdWithServices:
    """A running InspIRCd 3 with Atheme's services, and no account yet."""
    return start_daemon(InspircdWithServices)


@pytest.fixture
def nats(start_daemon: Callable[..., Daemon]) -> NatsServer:
    """A running NATS server with JetStream and no stream."""
    return start_daemon(NatsServer)


@pytest.fixture
def ergochat(start_daemon: Callable[..., Daemon]) -> Ergochat:
    """A running Ergo that nobody else is on."""
    return start_daemon(Ergochat)


@pytest.fixture
def soju(start_daemon: Callable[..., Daemon]) -> Callable[..., Soju]:
    """Put a bouncer in front of a running server: `soju(ngircd, channels=["#a"])`."""

    def start(upstream: Daemon, **options: object) -> Soju:
        return start_daemon(Soju, upstream=upstream, **options)

    return start


@pytest.fixture
def znc(start_daemon: Callable[..., Daemon]) -> Callable[..., Znc]:
    """Put a bouncer in front of a running server: `znc(ngircd, channels=["#a"])`."""

    def start(upstream: Daemon, **options: object) -> Znc:
        return start_daemon(Znc, upstream=upstream, **options)

    return start


@pytest.fixture
def person() -> Iterator[Callable[..., Person]]:
    """Bring people to a server: `person(port, nick)`; they leave when the test ends."""
    people: list[Person] = []

    def come(*arguments: object, **options: object) -> Person:
        people.append(Person(*arguments, **options))
        return people[-1]

    yield come
    for each in people:
        each.close()
