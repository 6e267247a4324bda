"""The connection to a NATS server, and its stream.

nats-py is an extra, and is imported here alone; so is nkeys, which signs for it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from chatlog.bus.subjects import EVERYTHING
from chatlog.errors import NetworkError, RefusedError, TranscriptError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from nats.aio.client import Client
    from nats.js.client import JetStreamContext

logger = logging.getLogger(__name__)

_SCHEMES: Final = {"nats", "tls"}
_PENDING: Final = 16 * 1024 * 1024  # bytes that wait while there is no connection
_DUPLICATES: Final = 120.0  # seconds in which the server knows ids again, its own default
_CLOSING: Final = 2.0
_SECTIONS: Final = re.compile(
    rb"BEGIN NATS USER JWT-+\n[\w.-]+\n.*BEGIN USER NKEY SEED-+\n(\w+)\n", re.DOTALL
)


class BusServer(msgspec.Struct, frozen=True, kw_only=True):
    """A NATS server, and how to log in: `credentials` and `authority` are files or None.

    `url` is nats://HOST[:PORT] or tls://HOST[:PORT], with a user and password or a token before
    an @ if the server asks for them.
    """

    url: str
    credentials: Path | None = None
    authority: Path | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_one = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            is_one = False
        if not is_one:
            raise UsageError(f"{self.shown!r} is no address of a bus, as nats://HOST:4222")

    @property
    def shown(self) -> str:
        """The address without user and password."""
        scheme, separator, rest = self.url.partition("://")
        return f"{scheme}{separator}{rest.rpartition('@')[2]}"

    def context(self) -> ssl.SSLContext | None:
        """Return the settings of TLS, None if the server need not have it."""
        if self.authority is None and not self.url.startswith("tls:"):
            return None
        try:
            return ssl.create_default_context(cafile=self.authority)
        except OSError as error:
            raise UsageError(f"{self.authority} has no certificates: {error}") from error


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a new stream, which discards its oldest messages beyond them.

    `size` is in bytes, `age` in seconds.
    """

    size: int = 10 * 1024**3
    age: float = 7 * 86_400.0


async def connect(server: BusServer) -> Client:
    """Return a connection; one that breaks stays broken.

    Raise NetworkError if there is no server by now, and RefusedError if it refuses us.
    """
    told: list[Exception] = []

    async def note(error: Exception) -> None:
        told.append(error)
        logger.debug("the bus: %r", error)

    expect_library()
    import nats.aio.client

    client = nats.aio.client.Client()
    options: dict[str, Any] = {}
    if server.credentials is not None:
        expect_credentials(server.credentials)
        options["user_credentials"] = str(server.credentials)
    context = server.context()
    if context is not None:
        options["tls"] = context
    try:
        await client.connect(
            server.url,
            name="chatlog",
            error_cb=note,
            allow_reconnect=False,
            max_reconnect_attempts=1,  # else it tries for minutes
            reconnect_time_wait=0,
            connect_timeout=5,
            skip_subject_validation=True,
            pending_size=_PENDING,
            **options,
        )
    except UsageError:
        raise
    except Exception as error:
        await disconnect(client)
        raise _refused(server, [error, *told]) from error
    return client


async def disconnect(client: Client) -> None:
    """Close a connection, in any state."""
    with suppress(Exception):
        await asyncio.wait_for(client.close(), _CLOSING)


def _refused(server: BusServer, errors: list[Exception]) -> NetworkError | RefusedError:
    """Return the error of a server that is not there, or refuses us for good."""
    text = "; ".join(dict.fromkeys(str(each) or type(each).__name__ for each in errors))
    if any("authorization" in str(each).lower() for each in errors):
        return RefusedError(f"{server.shown} refuses us: {text}; see --nats-creds")
    if any(isinstance(each, ssl.SSLError) for each in errors):
        return RefusedError(f"{server.shown}: {text}; see --nats-ca")
    return NetworkError(f"{server.shown} does not answer: {text}")


def expect_library() -> None:
    """Raise UsageError if nats-py is missing."""
    try:
        import nats  # noqa: F401 - for its absence
    except ImportError:
        raise UsageError("a bus needs nats-py: pip install 'chatlog-irc[nats]'") from None


def expect_credentials(path: Path) -> None:
    """Raise UsageError unless a file has a JWT and a seed that signs.

    nats-py reads a file without a JWT for ever, and tells a seed that is none as a server that
    does not answer. The format: https://docs.nats.io/using-nats/developer/connecting/creds
    """
    try:
        from nkeys import NkeysError, from_seed
    except ImportError:
        raise UsageError("--nats-creds needs nkeys: pip install 'chatlog-irc[nats]'") from None

    try:
        found = _SECTIONS.search(path.read_bytes())
        if found is None:
            raise UsageError(f"{path} has no credentials of a NATS user: a JWT and a seed")
        from_seed(bytearray(found[1])).wipe()
    except OSError as error:
        raise UsageError(f"{path} could not be read: {error}") from error
    except (NkeysError, ValueError) as error:
        raise UsageError(f"{path} has no seed of a NATS user") from error


async def create_stream(streams: JetStreamContext, name: str, limits: StreamLimits) -> None:
    """Make the stream, unless one of its name is there, which stays as it is.

    It lies on the server's disk. Raise TranscriptError if the server refuses it.
    """
    from nats.errors import Error
    from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
    from nats.js.errors import NotFoundError

    with suppress(NotFoundError):
        await streams.stream_info(name)
        return
    try:
        await streams.add_stream(
            StreamConfig(
                name=name,
                subjects=[EVERYTHING],
                retention=RetentionPolicy.LIMITS,
                storage=StorageType.FILE,
                discard=DiscardPolicy.OLD,
                max_bytes=limits.size,
                max_age=limits.age,
                duplicate_window=min(_DUPLICATES, limits.age),
            )
        )
    except Error as error:
        raise TranscriptError(
            f"the server refuses the stream {name}: {_told(error)}; see --max-size"
        ) from error


def _told(error: Exception) -> str:
    """Return the words of the server about an error, or else its kind."""
    return str(getattr(error, "description", "") or repr(error))
