"""Other people's IRC programs that keep a log, as far as they are installed.

Each is set up as its manual says, to write each line at once.
"""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING

from tests.bench.contenders import Contender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NICK = "recorder"
_AS_NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups " if os.getuid() == 0 else ""
"""ZNC makes root wait for half a minute."""

_IRSSI = """
servers = ( {{ address = "127.0.0.1"; port = "{port}"; chatnet = "bench"; autoconnect = "yes"; }} );
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
        {channels}
    </Network>
</User>
"""


def _shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def _ii(port: int, directory: Path, channels: list[str]) -> list[str]:
    place, join = directory / "127.0.0.1" / "in", "\\n".join(f"/j {name}" for name in channels)
    joining = f"until [ -p {place} ]; do sleep 0.1; done; sleep 0.5; printf '{join}\\n' > {place}"
    return _shell(f"({joining}) & exec ii -s 127.0.0.1 -p {port} -n {_NICK} -i {directory}")


def _ii_files(directory: Path, channel: str) -> list[Path]:
    return [directory / "127.0.0.1" / channel / "out"]


def _irssi(port: int, directory: Path, channels: list[str]) -> list[str]:
    each = (f'{{ name = "{name}"; chatnet = "bench"; autojoin = "yes"; }}' for name in channels)
    text = _IRSSI.format(port=port, directory=directory, channels=", ".join(each))
    (directory / "config").write_text(text)
    return _shell(f"TERM=xterm exec irssi --home {directory}")


def _weechat(port: int, directory: Path, channels: list[str]) -> list[str]:
    said = [
        "/set logger.file.flush_delay 0",
        f"/set logger.file.path {directory}",
        "/set logger.mask.irc $channel.log",
        f"/server add bench 127.0.0.1/{port} -nicks={_NICK}",
        f"/set irc.server.bench.autojoin {','.join(channels)}",
        "/connect bench",
    ]
    commands = " ".join(f"-r {shlex.quote(each)}" for each in said)
    return _shell(f"exec weechat-headless --dir {directory}/weechat {commands}")


def _znc(port: int, directory: Path, channels: list[str]) -> list[str]:
    configuration = directory / "configs" / "znc.conf"
    configuration.parent.mkdir()
    text = "\n".join(f"<Chan {name}>\n</Chan>" for name in channels)
    configuration.write_text(_ZNC.format(port=port, listener=_free_port(), channels=text))
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
    command: Callable[[int, Path, list[str]], list[str]],
    files: Callable[[Path, str], list[Path]],
    program: str = "",
) -> Contender:
    return Contender(name, command, files, needs=program or name, is_program=True)


_ALL = (
    _peer("ii", _ii, _ii_files),
    _peer("irssi", _irssi, _log_files),
    _peer("weechat", _weechat, _log_files, "weechat-headless"),
    _peer("znc", _znc, _znc_files),
)
PEERS = tuple(peer for peer in _ALL if shutil.which(peer.needs))
