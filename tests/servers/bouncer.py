"""What the bouncers have in common: one user, on one network, behind another server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.daemons import Daemon

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.servers.certificates import Certificates


class Bouncer(Daemon):
    """A bouncer for one user, who logs in as `login` with `password`.

    It is on the upstream's plain port as `nick`, in `channels`.
    """

    user, password, network, nick = "rec", "secret", "net", "recbot"
    login = f"{user}/{network}"

    def __init__(
        self,
        directory: Path,
        certificates: Certificates,
        shows: str = "server",
        *,
        upstream: Daemon,
        channels: Sequence[str] = ("#test",),
    ) -> None:
        """Prepare it for a server that runs before it does."""
        super().__init__(directory, certificates, shows)
        self.upstream = upstream
        self.channels = channels
