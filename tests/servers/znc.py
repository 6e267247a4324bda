"""ZNC: a bouncer, in front of another server of the tests."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Self

from tests.servers.bouncer import Bouncer
from tests.servers.person import Person

if TYPE_CHECKING:
    from pathlib import Path

_SALT = "salt"
_NOBODY = 65534
_AS_NOBODY = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")


class Znc(Bouncer):
    """ZNC for one user, who logs in as `login` with `password` (PASS; there is no SASL).

    It is on the upstream's plain port as `nick`, in `channels`, and plays back
    what was said there while nobody was logged in. A restart forgets that.
    """

    program = "znc"
    # It makes root wait for half a minute.
    wrapper = _AS_NOBODY if os.getuid() == 0 else ()

    @property
    def settings_file(self) -> Path:
        return self.directory / "configs" / "znc.conf"

    def settings(self) -> str:
        digest = hashlib.sha256(f"{self.password}{_SALT}".encode()).hexdigest()
        channels = "\n".join(f"<Chan {name}>\n</Chan>" for name in self.channels)
        return f"""
Version = 1.8
AnonIPLimit = 100
ConnectDelay = 1
ServerThrottle = 1
{self._listener("plain", self.port, ssl="false")}
{self._listener("tls", self.tls_port, ssl="true")}
<User {self.user}>
    <Pass password>
        Method = sha256
        Hash = {digest}
        Salt = {_SALT}
    </Pass>
    Nick = {self.nick}
    Ident = {self.user}
    RealName = a bouncer of the tests
    ChanBufferSize = 500
    QueryBufferSize = 500
    <Network {self.network}>
        FloodBurst = 100
        FloodRate = 100
        JoinDelay = 0
        Server = {self.upstream.host} {self.upstream.port}
        {channels}
    </Network>
</User>
"""

    def _listener(self, name: str, port: int, *, ssl: str) -> str:
        return f"""
<Listener {name}>
    Host = {self.host}
    Port = {port}
    IPv4 = true
    IPv6 = false
    SSL = {ssl}
</Listener>
"""

    def command(self, _settings: Path) -> list[str]:
        # Nobody may not pass through what lies above the directory, but is in it already.
        return ["--datadir", "/proc/self/cwd", "--foreground"]

    def start(self) -> Self:
        """Run it, and return when it is on the upstream and in the channels."""
        self._furnish()
        super().start()
        with Person(self.port, self.nick) as person:
            person.send(f"PASS {self.password}", f"NICK {self.nick}", f"USER {self.login} 0 * :rec")
            missing = set(self.channels)
            while missing:
                missing.discard(person.until(" 366 ").split()[3])
        return self

    def _furnish(self) -> None:
        """Lay out its directory, and make it the owner."""
        self.settings_file.parent.mkdir(exist_ok=True)
        self.settings_file.touch()
        pem = self.directory / "znc.pem"
        pem.write_text(self.key.read_text() + self.certificate.read_text())
        if self.wrapper:
            for path in (self.directory, self.settings_file.parent, self.settings_file, pem):
                os.chown(path, _NOBODY, _NOBODY)
