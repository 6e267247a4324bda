"""soju: a bouncer, in front of another server of the tests."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Self

from tests.servers.bouncer import Bouncer
from tests.servers.packages import Packaged
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path


class Soju(Packaged, Bouncer):
    """soju for one user, who logs in as `login` with `password` (PASS, or SASL PLAIN).

    It is on the upstream's plain port as `nick`, in `channels`; what it knows of
    its user, and all it has heard, outlive a restart.
    """

    program = "soju"

    def settings(self) -> str:
        return f"""
listen irc+insecure://{self.host}:{self.port}
listen ircs://{self.host}:{self.tls_port}
listen unix+admin://{self.directory}/admin
tls {self.certificate} {self.key}
hostname soju.test
title TestBouncer
db sqlite3 {self.directory}/soju.db
message-store db
"""

    def command(self, settings: Path) -> list[str]:
        return ["-config", str(settings)]

    def start(self) -> Self:
        """Run it, and return when it is on the upstream and has asked to be in the channels."""
        first = not (self.directory / "soju.db").exists()
        super().start()
        if first:
            self.control("user", "create", "-username", self.user, "-password", self.password)
            address = f"irc+insecure://{self.upstream.host}:{self.upstream.port}"
            self.act("network", "create", "-name", self.network, "-addr", address)
            self.act("network", "update", self.network, "-nick", self.nick)
        self._wait_for_upstream()
        if first:
            for channel in self.channels:
                self.act("channel", "create", f"{channel}/{self.network}")
        return self

    def act(self, *arguments: str) -> str:
        """Say something to BouncerServ for its user, and return the answer."""
        return self.control("user", "run", self.user, *arguments)

    def control(self, *arguments: str) -> str:
        """Say something to BouncerServ as the admin, and return the answer."""
        command = [self.find("sojuctl"), "-config", str(self.directory / "soju.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _wait_for_upstream(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while "[connected" not in (status := self.act("network", "status")):
            if time.monotonic() > deadline:
                raise RuntimeError(f"soju is not on its upstream: {status}\n{self.output}")
            time.sleep(0.02)  # sojuctl gives nothing else to wait for
