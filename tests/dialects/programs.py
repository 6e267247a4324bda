"""The programs of Debian that write logs: each joins a channel, listens, and is stopped.

A program has a home of its own, and writes where it writes by default. `logs` is the folder
that somebody would import. To add one: a class, and a row of PROGRAMS.
"""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Self

from tests.dialects.frozen import forget
from tests.dialects.script import CHANNEL, NETWORK, OWN, ZONE
from tests.servers.daemons import NotInstalledError
from tests.servers.packages import find as find_unpacked
from tests.servers.person import Person
from tests.support.ports import HOST, reserved_port
from tests.support.waiting import PATIENCE, eventually

if TYPE_CHECKING:
    from chatlog.event import Event
    from tests.dialects.frozen import FrozenClock, RunningClock

_NOBODY: Final = 65534
_SEARCHED: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


class LoggingProgram:
    """A program that logs; `with` runs it, connected to a port of loopback."""

    name: ClassVar[str] = ""
    program: ClassVar[str] = ""
    package: ClassVar[str] = ""
    refuses_root: ClassVar[bool] = False
    needs_terminal: ClassVar[bool] = False
    by_server_time: ClassVar[bool] = False
    asks_by_timer: ClassVar[bool] = False
    speaks: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, home: Path, port: int, clock: FrozenClock | RunningClock) -> None:
        """Prepare it; `port` is that of the server."""
        self.home = home
        self.port = port
        self.clock = clock
        self.executable = self.find()
        self.process: subprocess.Popen[bytes] | None = None
        self._open = contextlib.ExitStack()

    def find(self) -> str:
        """Return the program's path; raise NotInstalledError."""
        found = shutil.which(self.program, path=_SEARCHED)
        if found is None:
            raise NotInstalledError(f"{self.program} is not installed")
        return found

    @property
    def logs(self) -> Path:
        """The folder with its logs."""
        raise NotImplementedError

    def furnish(self) -> None:
        """Write its settings."""

    def arguments(self) -> list[str]:
        """Return its command line behind the program."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {
            "PATH": _SEARCHED,
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
        }

    def greet(self) -> None:
        """Act once the program is on the server: by default it joins by itself."""

    def speak(self, event: Event) -> None:
        """Let its user say something, of the types `speaks`."""
        raise NotImplementedError

    def say_goodbye(self) -> None:
        """Ask it to end."""
        assert self.process is not None
        self.process.terminate()

    def instruct(self) -> None:
        """Tell it by another program what its settings cannot hold."""

    def __enter__(self) -> Self:
        try:
            self._start()
            self.instruct()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.furnish()
        variables = [f"{name}={value}" for name, value in self.clock.environment(ZONE).items()]
        command = [*self._as_nobody(), "env", *variables, self.executable, *self.arguments()]
        output = self._open.enter_context((self.home / "output").open("wb"))
        stdin, out = subprocess.DEVNULL, output.fileno()
        if self.needs_terminal:
            self._terminal, stdin = pty.openpty()
            self._open.callback(os.close, self._terminal)
            threading.Thread(target=self._drain, daemon=True).start()
            out = stdin
        self.process = subprocess.Popen(
            command,
            cwd=self.home,
            env=self.environment(),
            stdin=stdin,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        if self.needs_terminal:
            os.close(stdin)

    def _as_nobody(self) -> list[str]:
        if not self.refuses_root or os.getuid() != 0:
            return []
        for path in (self.home, *self.home.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)
        return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]

    def _drain(self) -> None:
        with contextlib.suppress(OSError), (self.home / "screen").open("wb") as screen:
            while data := os.read(self._terminal, 65_536):
                screen.write(data)

    @property
    def output(self) -> str:
        """Return all that it printed."""
        return (self.home / "output").read_text(errors="replace")

    def type(self, text: str) -> None:
        """Type a line into its terminal."""
        os.write(self._terminal, f"{text}\r".encode())

    def wait(self) -> None:
        """Wait for its end."""
        assert self.process is not None
        self.process.wait(PATIENCE)

    def __exit__(self, *_: object) -> None:
        with self._open:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.process is not None:
                forget(self.process.pid)


_TALK: Final = frozenset({"message", "action"})


class Irssi(LoggingProgram):
    name = program = package = "irssi"
    needs_terminal = True
    speaks = _TALK

    @property
    def logs(self) -> Path:
        return self.home / "irclogs"

    def furnish(self) -> None:
        (self.home / ".irssi").mkdir()
        (self.home / ".irssi/config").write_text(
            f"""
servers = ({{
  address = "{HOST}"; port = "{self.port}"; chatnet = "{NETWORK}"; autoconnect = "yes";
}});
chatnets = {{ {NETWORK} = {{ type = "IRC"; }}; }};
channels = ({{ name = "{CHANNEL}"; chatnet = "{NETWORK}"; autojoin = "yes"; }});
settings = {{
  core = {{ real_name = "{OWN}"; user_name = "{OWN}"; nick = "{OWN}"; }};
  "fe-common/core" = {{ autolog = "yes"; }};
  "fe-common/irc" = {{ group_multi_mode = "no"; }};
  "irc/core" = {{ cmds_max_at_once = "1000"; cmd_queue_speed = "1msec"; }};
}};
"""
        )

    def arguments(self) -> list[str]:
        return []

    def speak(self, event: Event) -> None:
        command = "/me " if event.type == "action" else ""
        self.type(f"/window goto {event.target}")
        self.type(f"{command}{event.text}")

    def say_goodbye(self) -> None:
        self.type("/quit")


class WeeChat(LoggingProgram):
    name, program, package = "weechat", "weechat-headless", "weechat-headless"
    speaks = _TALK

    def find(self) -> str:
        if not any(Path("/usr/lib").glob("*/weechat/plugins/fifo.so")):
            raise NotInstalledError("weechat-plugins is not installed")  # its user speaks by it
        return super().find()

    @property
    def logs(self) -> Path:
        return self.home / ".local/share/weechat/logs"

    def arguments(self) -> list[str]:
        commands = (
            "/set irc.server_default.anti_flood_prio_high 0",
            "/set irc.server_default.anti_flood_prio_low 0",
            "/set logger.file.flush_delay 0",
            f"/server add {NETWORK} {HOST}/{self.port} -nicks={OWN} -username={OWN}",
            f"/set irc.server.{NETWORK}.autojoin {CHANNEL}",
            f"/connect {NETWORK}",
        )
        return [part for command in commands for part in ("-r", command)]

    def speak(self, event: Event) -> None:
        [pipe] = self.home.rglob("weechat_fifo_*")
        command = "/me " if event.type == "action" else ""
        if event.target != CHANNEL:
            pipe.write_text(f"irc.server.{NETWORK} */query {event.target} {event.text}\n")
        else:
            pipe.write_text(f"irc.{NETWORK}.{event.target} *{command}{event.text}\n")


class _Bouncer(LoggingProgram):
    """A program whose user speaks through a client, which logs in with `password`."""

    speaks = _TALK
    password: ClassVar[str] = ""

    def furnish(self) -> None:
        self.listens = self._open.enter_context(reserved_port())
        self._client: Person | None = None

    def speak(self, event: Event) -> None:
        if self._client is None:
            self._client = self._open.enter_context(Person(self.listens, OWN))
            self._client.send(f"PASS {self.password}", f"NICK {OWN}", f"USER {OWN} 0 * :{OWN}")
            self._client.until(" 366 ")
        said = f"\x01ACTION {event.text}\x01" if event.type == "action" else event.text
        self._client.say(event.target, said)


class Znc(_Bouncer):
    name = program = package = "znc"
    refuses_root = True
    password = f"{OWN}/{NETWORK}:secret"

    @property
    def logs(self) -> Path:
        return self.home / f"users/{OWN}/moddata/log"

    def furnish(self) -> None:
        super().furnish()
        (self.home / "configs").mkdir()
        (self.home / "configs/znc.conf").write_text(
            f"""
Version = 1.8
ConnectDelay = 1
ServerThrottle = 1
<Listener plain>
    Host = {HOST}
    Port = {self.listens}
    IPv4 = true
    IPv6 = false
    SSL = false
</Listener>
<User {OWN}>
    Pass = plain#secret
    Nick = {OWN}
    Ident = {OWN}
    LoadModule = log
    <Network {NETWORK}>
        FloodBurst = 100
        FloodRate = 100
        JoinDelay = 0
        Server = {HOST} {self.port}
        <Chan {CHANNEL}>
        </Chan>
    </Network>
</User>
"""
        )

    def arguments(self) -> list[str]:
        # Nobody may not pass through what lies above the directory, but is in it already.
        return ["--datadir", "/proc/self/cwd", "--foreground"]


class Soju(LoggingProgram):
    """soju takes the server's time: as a program of Go, it sees no clock but the machine's."""

    name = program = package = "soju"
    by_server_time = True

    def find(self) -> str:
        return find_unpacked(self.program)

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def settings(self) -> Path:
        return self.home / "soju.conf"

    def furnish(self) -> None:
        listens = self._open.enter_context(reserved_port())
        self.settings.write_text(
            f"""
listen irc+insecure://{HOST}:{listens}
listen unix+admin://{self.home}/admin
hostname soju.test
db sqlite3 {self.home}/soju.db
message-store fs {self.home}/logs
"""
        )

    def arguments(self) -> list[str]:
        return ["-config", str(self.settings)]

    def instruct(self) -> None:
        eventually((self.home / "admin").exists)
        self._control("user", "create", "-username", OWN, "-password", "secret")
        address = f"irc+insecure://{HOST}:{self.port}"
        self._act("network", "create", "-name", NETWORK, "-addr", address, "-nick", OWN)

    def greet(self) -> None:
        self._act("channel", "create", f"{CHANNEL}/{NETWORK}")

    def _act(self, *arguments: str) -> None:
        self._control("user", "run", OWN, *arguments)

    def _control(self, *arguments: str) -> None:
        command = [find_unpacked("sojuctl"), "-config", str(self.settings), *arguments]
        subprocess.run(command, check=True, capture_output=True)


class Limnoria(LoggingProgram):
    name, program, package = "limnoria", "supybot", "limnoria"
    refuses_root = True

    @property
    def logs(self) -> Path:
        return self.home / "logs/ChannelLogger"

    def furnish(self) -> None:
        (self.home / "rec.conf").write_text(
            f"""
supybot.nick: {OWN}
supybot.ident: {OWN}
supybot.user: {OWN}
supybot.networks: {NETWORK}
supybot.networks.{NETWORK}.servers: {HOST}:{self.port}
supybot.networks.{NETWORK}.channels: {CHANNEL}
supybot.networks.{NETWORK}.ssl: False
supybot.protocols.irc.throttleTime: 0.0
supybot.protocols.irc.ping: False
supybot.plugins: ChannelLogger
supybot.plugins.ChannelLogger: True
supybot.plugins.ChannelLogger.public: True
supybot.plugins.ChannelLogger.flushImmediately: True
"""
        )

    def arguments(self) -> list[str]:
        return ["rec.conf"]


class Eggdrop(LoggingProgram):
    name = program = package = "eggdrop"
    asks_by_timer = True
    refuses_root = True

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def furnish(self) -> None:
        self.logs.mkdir()
        (self.home / "eggdrop.conf").write_text(
            f"""
set username "{OWN}"
set admin "nobody"
set network "{NETWORK}"
set timezone "CET"
set offset "-1"
set max-logs 5
set max-logsize 0
set quick-logs 1
set log-time 1
set timestamp-format {{[%H:%M:%S]}}
set keep-all-logs 1
set logfile-suffix ".%d%b%Y"
set switch-logfiles-at 300
logfile jpkm {CHANNEL} "logs/golden.log"
set mod-path "/usr/lib/eggdrop/modules/"
set help-path "/usr/share/eggdrop/help/"
set text-path "/usr/share/eggdrop/text/"
set userfile "rec.user"
set chanfile "rec.chan"
set pidfile "rec.pid"
loadmodule blowfish
loadmodule channels
loadmodule server
loadmodule ctcp
loadmodule irc
set net-type 5
set nick "{OWN}"
set altnick "{OWN}_"
set realname "{OWN}"
set keep-nick 0
set server-timeout 60
set never-give-up 1
set servers {{ {HOST}:{self.port} }}
set global-flood-chan 0:0
set global-flood-join 0:0
set global-flood-ctcp 0:0
set global-flood-kick 0:0
set global-flood-nick 0:0
set global-chanmode ""
set global-stopnethack-mode 0
channel add {CHANNEL} {{
  flood-chan 0:0 flood-join 0:0 flood-ctcp 0:0 flood-kick 0:0 flood-nick 0:0 chanmode ""
}}
"""
        )

    def arguments(self) -> list[str]:
        return ["-n", "-m", "eggdrop.conf"]


class Ii(LoggingProgram):
    name = program = package = "ii"
    speaks = frozenset({"message"})

    @property
    def logs(self) -> Path:
        return self.home / "irc"

    def arguments(self) -> list[str]:
        # Its own default is below the home that the system knows, and not below HOME.
        return ["-i", str(self.logs), "-s", HOST, "-p", str(self.port), "-n", OWN, "-f", OWN]

    def greet(self) -> None:
        (self.logs / HOST / "in").write_text(f"/j {CHANNEL}\n")

    def speak(self, event: Event) -> None:
        (self.logs / HOST / event.target / "in").write_text(f"{event.text}\n")

    def say_goodbye(self) -> None:
        (self.logs / HOST / "in").write_text("/q\n")


_SECRET_OF_BIP: Final = "133a41ff37ab6c0a26adfe3ddd33d9b97d6ce0ec"
"""The password `secret` as bipmkpw writes it."""


class Bip(_Bouncer):
    name = program = package = "bip"
    refuses_root = True
    password = f"{OWN}:secret:{NETWORK}"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def furnish(self) -> None:
        super().furnish()
        self.logs.mkdir()
        settings = self.home / "bip.conf"
        settings.write_text(
            f"""
ip = "{HOST}";
port = {self.listens};
client_side_ssl = false;
log_level = 3;
log = true;
log_system = true;
log_root = "{self.logs}";
log_format = "%u/%n/%Y-%m/%c.%d.log";
network {{ name = "{NETWORK}"; server {{ host = "{HOST}"; port = {self.port}; }}; }};
user {{
  name = "{OWN}";
  password = "{_SECRET_OF_BIP}";
  default_nick = "{OWN}"; default_user = "{OWN}"; default_realname = "{OWN}";
  connection {{
    name = "{NETWORK}"; network = "{NETWORK}";
    nick = "{OWN}"; user = "{OWN}"; realname = "{OWN}";
    channel {{ name = "{CHANNEL}"; }};
  }};
}};
"""
        )
        settings.chmod(0o600)

    def arguments(self) -> list[str]:
        return ["-n", "-f", "bip.conf", "-s", "."]


class HexChat(LoggingProgram):
    """HexChat has no mode without a screen: Xvfb gives it one."""

    name = program = package = "hexchat"
    refuses_root = True

    @property
    def logs(self) -> Path:
        return self.home / ".config/hexchat/logs"

    def furnish(self) -> None:
        folder = self.home / ".config/hexchat"
        folder.mkdir(parents=True)
        (folder / "hexchat.conf").write_text(
            f"""irc_nick1 = {OWN}
irc_user_name = {OWN}
irc_real_name = {OWN}
irc_logging = 1
gui_slist_skip = 1
net_throttle = 0
gui_tray = 0
irc_join_delay = 0
"""
        )
        (folder / "servlist.conf").write_text(
            f"v=2.16.1\n\nN={NETWORK}\nJ={CHANNEL}\nE=UTF-8 (Unicode)\nF=24\nD=0\n"
            f"S={HOST}/{self.port}\n\n"
        )
        self._display()

    def _display(self) -> None:
        found = shutil.which("Xvfb")
        if found is None:
            raise NotInstalledError("Xvfb is not installed")
        read, write = os.pipe()
        screen = subprocess.Popen(
            [
                found,
                "-displayfd",
                str(write),
                "-screen",
                "0",
                "800x600x24",
                "-nolisten",
                "tcp",
                "-ac",
            ],
            pass_fds=[write],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        self._open.callback(screen.wait)
        self._open.callback(screen.terminate)
        with os.fdopen(read) as told:
            self.display = f":{told.readline().strip()}"

    def environment(self) -> dict[str, str]:
        more = {
            "DISPLAY": self.display,
            "NO_AT_BRIDGE": "1",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere",
        }
        return {**super().environment(), **more}

    def arguments(self) -> list[str]:
        return ["--no-plugins"]  # one of them tells the log that there is no desktop


PROGRAMS: Final[dict[str, type[LoggingProgram]]] = {
    each.name: each for each in (Irssi, WeeChat, Znc, Soju, Limnoria, Eggdrop, Ii, Bip, HexChat)
}
