"""Real IRC servers on loopback, one class each.

A server keeps its ports, also while it is stopped, until it is closed, and
everything that it writes lies in the directory that it is given. To add one: a class with
its program, its settings and its command line, and a fixture in conftest.py.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

from tests.support.ports import HOST, reserved_port
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.certificates import Certificates
    from tests.servers.nats_operator import NatsOperator

_SEARCHED = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


class NotInstalledError(Exception):
    """The program is not on this machine."""


class Daemon:
    """One server program; `program` is looked for in PATH and /usr/sbin.

    `wrapper` is the command that runs the program, where it needs one.
    """

    program = ""
    wrapper: tuple[str, ...] = ()

    def __init__(self, directory: Path, certificates: Certificates, shows: str = "server") -> None:
        """Prepare it, not yet running; over TLS it shows the certificate named `shows`."""
        self.directory = directory
        self.host = HOST
        self.certificate = certificates.pem(shows)
        self.key = certificates.key(shows)
        self.executable = self.find(self.program)
        self._process: subprocess.Popen[bytes] | None = None
        self._ports = contextlib.ExitStack()
        self.port, self.tls_port = self.reserve_port(), self.reserve_port()

    def reserve_port(self) -> int:
        """Return a port that is reserved for this server until it is closed."""
        return self._ports.enter_context(reserved_port())

    @staticmethod
    def find(program: str) -> str:
        """Where a program is; raise NotInstalledError where it is not."""
        found = shutil.which(program, path=_SEARCHED)
        if found is None:
            raise NotInstalledError(f"{program} is not installed")
        return found

    def settings(self) -> str:
        """The text of its configuration file."""
        raise NotImplementedError

    def command(self, settings: Path) -> list[str]:
        """The command that runs it in the foreground."""
        raise NotImplementedError

    def waits_for(self) -> list[object]:
        """What is still missing until it serves; it is asked again and again."""
        return [port for port in (self.port, self.tls_port) if not _answers(port)]

    @property
    def settings_file(self) -> Path:
        """Where it looks for its configuration."""
        return self.directory / f"{self.program}.conf"

    @property
    def output(self) -> str:
        """What it printed since its first start."""
        return self._output.read_text(errors="replace")

    @property
    def _output(self) -> Path:
        return self.directory / f"{self.program}.out"

    def start(self) -> Self:
        """Run it, and return when it serves."""
        settings = self.settings_file
        settings.parent.mkdir(exist_ok=True)
        settings.write_text(self.settings())
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*self.wrapper, self.executable, *self.command(settings)],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while missing := self.waits_for():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.program}: no {missing}:\n{self.output}")
            time.sleep(0.02)  # a program that is not ours gives nothing else to wait for

    @property
    def pid(self) -> int:
        """The process that runs."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Ask it to end, as an operator would; it says goodbye to its clients."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it without a word to anybody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop it for good, and give its ports back."""
        with self._ports:
            self.stop()


class Ngircd(Daemon):
    """ngIRCd: small, no capabilities to speak of, and it slows down who talks much."""

    program = "ngircd"

    def settings(self) -> str:
        return f"""
[Global]
    Name = ngircd.test
    Info = a server for tests
    Listen = {self.host}
    Ports = {self.port}
    MotdPhrase = none
[Limits]
    MaxConnections = 200
    MaxConnectionsIP = 0
    MaxJoins = 100
    MaxNickLength = 32
[Options]
    DNS = no
    Ident = no
    PAM = no
[SSL]
    CertFile = {self.certificate}
    KeyFile = {self.key}
    Ports = {self.tls_port}
[Operator]
    Name = oper
    Password = oper
"""

    def command(self, settings: Path) -> list[str]:
        return ["-n", "-f", str(settings)]


class NatsServer(Daemon):
    """NATS with JetStream, on one port; what it stores survives a kill.

    `is_tls` asks for TLS, `token` is what clients must know. `payload` is the most bytes of a
    message. `trust` is an operator, by whose credentials alone clients come in.
    """

    program = "nats-server"

    def __init__(
        self,
        directory: Path,
        certificates: Certificates,
        shows: str = "server",
        *,
        is_tls: bool = False,
        token: str = "",
        payload: int = 1024 * 1024,
        trust: NatsOperator | None = None,
    ) -> None:
        super().__init__(directory, certificates, shows)
        self.is_tls = is_tls
        self.token = token
        self.payload = payload
        self.trust = trust

    def settings(self) -> str:
        tls = f'tls {{ cert_file: "{self.certificate}", key_file: "{self.key}" }}'
        return f"""
listen: "{self.host}:{self.port}"
max_payload: {self.payload}
jetstream {{ store_dir: "{self.directory}/stored", max_file: 512MB, max_mem: 64MB }}
{tls if self.is_tls else ""}
{f'authorization {{ token: "{self.token}" }}' if self.token else ""}
{self.trust.settings() if self.trust else ""}
"""

    def command(self, settings: Path) -> list[str]:
        return ["-c", str(settings)]

    def waits_for(self) -> list[object]:
        return [] if _answers(self.port) else [self.port]

    @property
    def url(self) -> str:
        """The address for clients."""
        login = f"{self.token}@" if self.token else ""
        return f"{'tls' if self.is_tls else 'nats'}://{login}{self.host}:{self.port}"


class Inspircd(Daemon):
    """InspIRCd 3: nearly all of IRCv3's capabilities, and no throttle here.

    Over TLS it asks clients for a certificate and takes any, or none. Who says
    OPER with oper and oper may do everything, KILL and GLINE too.
    """

    program = "inspircd"
    modules = (
        "allowinvite banexception cap chanhistory chghost chgident customprefix ircv3"
        " ircv3_accounttag ircv3_batch ircv3_capnotify ircv3_chghost ircv3_ctctags"
        " ircv3_echomessage ircv3_invitenotify ircv3_labeledresponse ircv3_msgid"
        " ircv3_servertime knock monitor namesx sajoin sakick sanick sapart satopic"
        " services_account setname ssl_gnutls sslinfo uhnames"
    )

    def __init__(
        self,
        directory: Path,
        certificates: Certificates,
        shows: str = "server",
        *,
        password: str = "",
        maxchans: int = 2000,
        pingfreq: int = 120,
        casemapping: str = "rfc1459",
        more_modules: str = "",
    ) -> None:
        """Prepare it; `password` is what PASS must say, `pingfreq` counts seconds."""
        super().__init__(directory, certificates, shows)
        self.password = password
        self.maxchans = maxchans
        self.pingfreq = pingfreq
        self.casemapping = casemapping
        self.modules = f"{self.modules} {more_modules}"

    def more_settings(self) -> str:
        """What a network has beside this server."""
        return ""

    def settings(self) -> str:
        modules = "\n".join(f'<module name="{name}">' for name in self.modules.split())
        password = f' password="{self.password}"' if self.password else ""
        return f"""
<server name="inspircd.test" description="a server for tests" id="0CL" network="TestNet">
<admin name="none" nick="none" email="none@inspircd.test">
<path configdir="{self.directory}" datadir="{self.directory}" logdir="{self.directory}"
      runtimedir="{self.directory}">
<pid file="{self.directory}/inspircd.pid">
<bind address="{self.host}" port="{self.port}" type="clients">
<bind address="{self.host}" port="{self.tls_port}" type="clients" sslprofile="tls">
<sslprofile name="tls" provider="gnutls" certfile="{self.certificate}" keyfile="{self.key}"
            hash="sha256" requestclientcert="yes">
<connect name="all" allow="*"{password} maxchans="{self.maxchans}" timeout="30"
         pingfreq="{self.pingfreq}" recvq="64K"
         hardsendq="8M" softsendq="1M" threshold="100000" commandrate="100000" fakelag="no"
         localmax="1000" globalmax="1000" resolvehostnames="no" useident="no">
<channels users="{self.maxchans}" opers="{self.maxchans}">
<options prefixquit="Quit: " defaultmodes="not" casemapping="{self.casemapping}"
         hostintopic="yes">
<security announceinvites="dynamic" maxtargets="20">
<limits maxnick="32" maxchan="60" maxtopic="390" maxkick="300" maxquit="300">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="normal" target="inspircd.log">
<class name="all" commands="*" privs="*" usermodes="*" chanmodes="*" snomasks="*">
<type name="admin" classes="all">
<oper name="oper" password="oper" host="*@*" type="admin">
<chanhistory prefixmsg="yes">
{modules}
{self.more_settings()}
"""

    def command(self, settings: Path) -> list[str]:
        arguments = ["--config", str(settings), "--nofork"]
        return [*arguments, "--runasroot"] if os.getuid() == 0 else arguments


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=0.5).close()
    except OSError:
        return False
    return True
