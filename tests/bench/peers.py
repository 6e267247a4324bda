"""Other people's IRC programs that keep a log.

Each is set up as its manual says, to write each line at once.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from tests.bench.contenders import Contender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.contenders import Command

_NICK = "recorder"
_AS_NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups " if os.getuid() == 0 else ""
"""ZNC makes root wait for half a minute."""

_IRSSI = """
servers = (
  {{ address = "127.0.0.1"; port = "{port}"; chatnet = "bench"; autoconnect = "yes"{tls}; }}
);
chatnets = {{ bench = {{ type = "IRC"; nick = "recorder"; }}; }};
channels = ( {channels} );
settings = {{
  core = {{ nick = "recorder"; user_name = "recorder"; real_name = "recorder"; }};
  "fe-text" = {{ actlist_sort = "refnum"; }};
  "fe-common/core" = {{ autolog = "yes"; autolog_path = "{directory}/$0.log"; }};
}};
"""

_ZNC = """
Version = 1.8
ConnectDelay = 0
ServerThrottle = 0
<Listener plain>
    Host = 127.0.0.1
    Port = {listener}
    SSL = false
</Listener>
<User recorder>
    <Pass password>
        Method = plain
        Hash = recorder
    </Pass>
    Admin = true
    Nick = recorder
    Ident = recorder
    LoadModule = log
    <Network bench>
        JoinDelay = 0
        Server = 127.0.0.1 {port}
        TrustAllCerts = true
        {channels}
    </Network>
</User>
"""


def _shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def _ii(port: int, directory: Path, channels: list[str], _ca: str) -> list[str]:
    place, join = directory / "127.0.0.1" / "in", "\\n".join(f"/j {name}" for name in channels)
    joining = f"until [ -p {place} ]; do sleep 0.1; done; sleep 0.5; printf '{join}\\n' > {place}"
    return _shell(f"({joining}) & exec ii -s 127.0.0.1 -p {port} -n {_NICK} -i {directory}")


def _ii_files(directory: Path, channel: str) -> list[Path]:
    return [directory / "127.0.0.1" / channel / "out"]


def _irssi(port: int, directory: Path, channels: list[str], ca: str) -> list[str]:
    each = (f'{{ name = "{name}"; chatnet = "bench"; autojoin = "yes"; }}' for name in channels)
    tls = '; use_tls = "yes"; tls_verify = "no"' if ca else ""
    text = _IRSSI.format(port=port, directory=directory, channels=", ".join(each), tls=tls)
    (directory / "config").write_text(text)
    return _shell(f"TERM=xterm exec irssi --home {directory}")


def _weechat(port: int, directory: Path, channels: list[str], ca: str) -> list[str]:
    secure = (" on", "_verify off") if ca else (" off",)
    said = [
        "/set logger.file.flush_delay 0",
        f"/set logger.file.path {directory}",
        "/set logger.mask.irc $channel.log",
        f"/server add bench 127.0.0.1/{port} -nicks={_NICK}",
        # Its name was ssl before version 4.
        *(f"/set irc.server.bench.{name}{option}" for name in ("ssl", "tls") for option in secure),
        f"/set irc.server.bench.autojoin {','.join(channels)}",
        "/connect bench",
    ]
    commands = " ".join(f"-r {shlex.quote(each)}" for each in said)
    return _shell(f"exec weechat-headless --dir {directory}/weechat {commands}")


def _znc(port: int, directory: Path, channels: list[str], ca: str) -> list[str]:
    configuration = directory / "configs" / "znc.conf"
    configuration.parent.mkdir()
    text = "\n".join(f"<Chan {name}>\n</Chan>" for name in channels)
    configuration.write_text(
        _ZNC.format(port=f"+{port}" if ca else port, listener=_free_port(), channels=text)
    )
    for place in (directory, configuration.parent, configuration):
        place.chmod(0o777)
    return _shell(f"exec {_AS_NOBODY}znc --foreground --datadir {directory}")


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _znc_files(directory: Path, channel: str) -> list[Path]:
    place = directory / "users" / _NICK / "moddata" / "log" / "bench" / channel
    return sorted(place.glob("*.log"))


def _log_files(directory: Path, channel: str) -> list[Path]:
    return [directory / f"{channel}.log"]


def _peer(
    name: str,
    command: Command,
    files: Callable[[Path, str], list[Path]],
    program: str = "",
    *,
    speaks_tls: bool = True,
) -> Contender:
    needs = program or name
    return Contender(name, command, files, speaks_tls=speaks_tls, needs=needs, is_program=True)


PEERS = (
    _peer("ii", _ii, _ii_files, speaks_tls=False),
    _peer("irssi", _irssi, _log_files),
    _peer("weechat", _weechat, _log_files, "weechat-headless"),
    _peer("znc", _znc, _znc_files),
)
