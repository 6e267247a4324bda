"""STS policies: the servers that are to be reached by TLS alone, and until when.

They are one small file, replaced as a whole. If it cannot be read, one warning
says so and no policy is known: a policy makes a connection safer, and its loss
must not end one.
See https://ircv3.net/specs/extensions/sts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from chatlog.event import is_time, shifted
from chatlog.host_names import is_address, wire_host
from chatlog.record.memory_file import MemoryFile

if TYPE_CHECKING:
    from pathlib import Path

_MODE = 0o600
_LONGEST = 1024 * 1024
_FORGOTTEN = "a policy that cannot be written is forgotten when this run ends"


class _Policy(msgspec.Struct, frozen=True):
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    until: str

    def __post_init__(self) -> None:
        if not is_time(self.until):
            raise ValueError("a policy ends at an impossible time")


class Policies:
    """The policies of servers, from a file that is read at the first question."""

    def __init__(self, path: Path) -> None:
        self._file = MemoryFile(
            path, dict[str, _Policy], _LONGEST, forgotten=_FORGOTTEN, mode=_MODE
        )
        self._known: dict[str, _Policy] | None = None

    def port_for(self, host: str, now: str) -> int | None:
        """Return the only port by which a server is to be reached; None if any will do."""
        policy = self._policies().get(_key(host))
        return policy.port if policy and policy.until > now else None

    def remember(self, host: str, port: int, duration: int, now: str) -> None:
        """Keep a policy for `duration` seconds; 0 forgets it. An address in digits has none."""
        key = _key(host)
        if is_address(key):
            return
        known = {name: each for name, each in self._policies().items() if each.until > now}
        known.pop(key, None)
        if duration > 0:
            known[key] = _Policy(port, _later(now, duration))
        if known != self._known:
            self._known = known
            self._file.write(known)

    def _policies(self) -> dict[str, _Policy]:
        if self._known is None:
            self._known = self._file.read()
        return self._known


def _key(host: str) -> str:
    """Return the name under which the policy of a host is kept, in each of its spellings."""
    try:
        return wire_host(host)
    except ValueError:  # no policy can come from there
        return host.lower()


def _later(now: str, seconds: int) -> str:
    return shifted(now, seconds * 1000)
