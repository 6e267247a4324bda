"""Atheme: accounts and SASL for an InspIRCd. Debian calls it atheme-services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from tests.servers.daemons import Daemon, Inspircd
from tests.servers.person import Person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.certificates import Certificates

_PASSWORD = "link"
_NAME = "services.test"


class Atheme(Daemon):
    """Services for one server; accounts outlive a stop, and the last ones not a kill."""

    program = "atheme-services"
    modules = (
        "backend/corestorage backend/opensex crypto/pbkdf2v2 protocol/inspircd nickserv/main"
        " nickserv/cert nickserv/identify nickserv/register nickserv/set_core nickserv/set_pubkey"
        " saslserv/main saslserv/ecdsa-nist256p-challenge saslserv/external saslserv/plain"
    )

    def __init__(
        self, directory: Path, certificates: Certificates, *, uplink: InspircdWithServices
    ) -> None:
        """Prepare it for a server that runs before it does."""
        super().__init__(directory, certificates)
        self.uplink = uplink
        self._log = directory / "atheme.log"

    def settings(self) -> str:
        modules = "\n".join(f'loadmodule "modules/{name}";' for name in self.modules.split())
        return f"""
{modules}
serverinfo {{
    name = "{_NAME}"; desc = "services for tests"; numeric = "00S"; netname = "TestNet";
    recontime = 1; auth = none; casemapping = "{self.uplink.casemapping}";
    adminname = "none"; adminemail = "none@{_NAME}"; registeremail = "none@{_NAME}";
}};
uplink "inspircd.test" {{
    host = "{self.host}"; port = {self.uplink.link_port};
    send_password = "{_PASSWORD}"; receive_password = "{_PASSWORD}";
}};
nickserv {{ nick = "NickServ"; user = "ns"; host = "{_NAME}"; real = "nicks"; }};
saslserv {{ nick = "SaslServ"; user = "ss"; host = "{_NAME}"; real = "sasl"; }};
"""

    def command(self, settings: Path) -> list[str]:
        here = ("-D", str(self.directory), "-p", str(self.directory / "atheme.pid"))
        return ["-n", "-c", str(settings), "-l", str(self._log), *here]

    def waits_for(self) -> list[object]:
        linked = self._log.exists() and "finished synching" in self._log.read_text(errors="replace")
        return [] if linked else ["link to its server"]

    def start(self) -> Self:
        self._log.unlink(missing_ok=True)
        return super().start()


class InspircdWithServices(Inspircd):
    """InspIRCd with accounts: SASL PLAIN, EXTERNAL and ECDSA-NIST256P-CHALLENGE; and NickServ.

    Accounts outlive a restart.
    """

    modules = f"{Inspircd.modules} sasl spanningtree"

    def __init__(
        self,
        directory: Path,
        certificates: Certificates,
        shows: str = "server",
        **options: object,
    ) -> None:
        """Prepare both; the options are those of the server."""
        super().__init__(directory, certificates, shows, **options)  # type: ignore[arg-type]
        self.link_port = self.reserve_port()
        place = directory / "services"
        place.mkdir()
        self.services = Atheme(place, certificates, uplink=self)

    def more_settings(self) -> str:
        return f"""
<bind address="{self.host}" port="{self.link_port}" type="servers">
<link name="{_NAME}" ipaddr="{self.host}" allowmask="{self.host}" port="{self.link_port}"
      sendpass="{_PASSWORD}" recvpass="{_PASSWORD}">
<uline server="{_NAME}" silent="yes">
<sasl target="{_NAME}">
"""

    def start(self) -> Self:
        super().start()
        try:
            self.services.start()
        except BaseException:
            super().kill()
            raise
        return self

    def stop(self) -> None:
        self.services.stop()
        super().stop()

    def kill(self) -> None:
        """End the server without a word to anybody; the services keep their accounts."""
        super().kill()
        self.services.stop()

    def close(self) -> None:
        super().close()
        self.services.close()

    def register(self, account: str, password: str) -> None:
        """Register an account."""
        with self._person(account) as person:
            _ask(person, f"REGISTER {password} {account}@chat.test", "is now registered")

    def add_certificate(self, account: str, password: str, fingerprint: str) -> None:
        """Let a client certificate log in to an account (EXTERNAL); its SHA-256 in hex."""
        with self._identified(account, password) as person:
            _ask(person, f"CERT ADD {fingerprint}", "Added fingerprint")

    def set_public_key(self, account: str, password: str, key: str) -> None:
        """Let a key log in to an account (ECDSA); its compressed point in Base64."""
        with self._identified(account, password) as person:
            _ask(person, f"SET PUBKEY {key}", "[Pp]ublic key")

    def _identified(self, account: str, password: str) -> Person:
        person = self._person(f"{account}-set")
        _ask(person, f"IDENTIFY {account} {password}", "now identified")
        return person

    def _person(self, nick: str) -> Person:
        person = Person(self.port, nick)
        if self.password:
            person.send(f"PASS :{self.password}")
        return person.register()


def _ask(person: Person, what: str, answer: str) -> None:
    person.send(f"PRIVMSG NickServ@{_NAME} :{what}")
    person.until(rf":NickServ!.* NOTICE .*{answer}")
