"""Ergo: accounts, SASL and history in one server. Debian trixie calls it ergochat."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Self

from tests.servers.packages import Packaged
from tests.servers.person import Person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.certificates import Certificates


class Ergochat(Packaged):
    """Ergo: SASL PLAIN, SCRAM-SHA-256 and EXTERNAL, CHATHISTORY, MONITOR, RENAME; no throttle.

    Over TLS it asks clients for a certificate and takes any, or none. Accounts
    outlive a restart, history does not.
    """

    program = "ergochat"

    def __init__(
        self,
        directory: Path,
        certificates: Certificates,
        shows: str = "server",
        *,
        password: str = "",
    ) -> None:
        """Prepare it; with a `password` it lets in who says it by PASS or has an account."""
        super().__init__(directory, certificates, shows)
        self.password = password
        self._passhash = self._run("genpasswd", said=f"{password}\n" * 2) if password else ""

    def start(self) -> Self:
        if not (self.directory / "ircd.db").exists():
            settings = self.directory / "first.conf"
            settings.write_text(self.settings())
            self._run("initdb", "--conf", str(settings))
        return super().start()

    def register(self, account: str, password: str) -> None:
        """Register an account; whoever logs in to it has SCRAM-SHA-256, too."""
        with self._person(account) as person:
            person.send(f"NICKSERV REGISTER {password}")
            person.until(r"NickServ!.* NOTICE .*Account created")

    def add_certificate(self, account: str, password: str, fingerprint: str) -> None:
        """Let a client certificate log in to an account (EXTERNAL); its SHA-256 in hex."""
        with self._person(f"{account}-cert") as person:
            person.send(
                f"NICKSERV IDENTIFY {account} {password}", f"NICKSERV CERT ADD {fingerprint}"
            )
            person.until(r"NickServ!.* NOTICE .*fingerprint successfully added")

    def _person(self, nick: str) -> Person:
        person = Person(self.port, nick)
        if self.password:
            person.send(f"PASS :{self.password}")
        return person.register()

    def _run(self, *arguments: str, said: str = "") -> str:
        command = [self.executable, *arguments]
        done = subprocess.run(command, input=said, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def settings(self) -> str:
        return f"""
network: {{name: TestNet}}
server:
    name: ergochat.test
    password: "{self._passhash}"
    listeners:
        "{self.host}:{self.port}": {{}}
        "{self.host}:{self.tls_port}":
            tls: {{cert: "{self.certificate}", key: "{self.key}"}}
    casemapping: ascii
    enforce-utf8: true
    lookup-hostnames: false
    check-ident: false
    max-sendq: 4M
    relaymsg: {{enabled: true, separators: "/", available-to-chanops: true}}
    compatibility: {{force-trailing: true, send-unprefixed-sasl: true, allow-truncation: true}}
    ip-limits: {{count: false, throttle: false}}
    ip-cloaking: {{enabled: false}}
accounts:
    authentication-enabled: true
    advertise-scram: true
    skip-server-password: true
    registration:
        enabled: true
        allow-before-connect: true
        bcrypt-cost: 4
        throttling: {{enabled: false}}
        email-verification: {{enabled: false}}
    login-throttling: {{enabled: false}}
    nick-reservation: {{enabled: true, method: optional, additional-nick-limit: 2}}
    multiclient: {{enabled: true, allowed-by-default: true, always-on: opt-in}}
channels:
    default-modes: +nt
    max-channels-per-client: 2000
    registration: {{enabled: true, max-channels-per-account: 2000}}
    list-delay: 0s
oper-classes: {{}}
opers: {{}}
logging: [{{method: stderr, type: "* -userinput -useroutput", level: info}}]
lock-file: "{self.directory}/ircd.lock"
datastore: {{path: "{self.directory}/ircd.db", autoupgrade: true}}
languages: {{enabled: false, default: en}}
limits:
    nicklen: 32
    identlen: 20
    realnamelen: 150
    channellen: 64
    awaylen: 390
    kicklen: 390
    topiclen: 390
    monitor-entries: 100
    whowas-entries: 100
    chan-list-modes: 100
    registration-messages: 1024
    multiline: {{max-bytes: 4096, max-lines: 100}}
fakelag: {{enabled: false}}
history:
    enabled: true
    channel-length: 4096
    client-length: 1024
    autoresize-window: 0s
    autoreplay-on-join: 0
    chathistory-maxmessages: 100
    znc-maxmessages: 2048
    restrictions: {{expire-time: 0s, query-cutoff: none}}
    persistent: {{enabled: false}}
    retention: {{allow-individual-delete: true}}
    tagmsg-storage: {{default: false, whitelist: ["+draft/react", "+react"]}}
"""

    def command(self, settings: Path) -> list[str]:
        return ["run", "--conf", str(settings)]
