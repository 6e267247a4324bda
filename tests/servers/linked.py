"""Two InspIRCds that are linked: people on one see those on the other, until the link goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.daemons import Inspircd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.certificates import Certificates

HUB, LEAF = "inspircd.test", "leaf.test"
_PASSWORD = "link"


class Hub(Inspircd):
    """The server that waits for a leaf on `link_port`."""

    modules = f"{Inspircd.modules} spanningtree"

    def __init__(
        self,
        directory: Path,
        certificates: Certificates,
        shows: str = "server",
        **options: object,
    ) -> None:
        """Prepare it; the options are those of any InspIRCd."""
        super().__init__(directory, certificates, shows, **options)  # type: ignore[arg-type]
        self.link_port = self.reserve_port()

    def more_settings(self) -> str:
        return f"""
<bind address="{self.host}" port="{self.link_port}" type="servers">
<link name="{LEAF}" ipaddr="{self.host}" allowmask="{self.host}" port="1"
      sendpass="{_PASSWORD}" recvpass="{_PASSWORD}">
"""


class Leaf(Inspircd):
    """The other server; an operator's CONNECT links it to the hub."""

    modules = Hub.modules

    def __init__(
        self,
        directory: Path,
        certificates: Certificates,
        shows: str = "server",
        *,
        hub: Hub,
    ) -> None:
        """Prepare it for a hub that runs."""
        super().__init__(directory, certificates, shows)
        self.hub = hub

    def settings(self) -> str:
        named = super().settings().replace(f'name="{HUB}"', f'name="{LEAF}"', 1)
        return named.replace('id="0CL"', 'id="1LF"')

    def more_settings(self) -> str:
        return f"""
<link name="{HUB}" ipaddr="{self.host}" allowmask="{self.host}" port="{self.hub.link_port}"
      sendpass="{_PASSWORD}" recvpass="{_PASSWORD}">
"""
