"""The loggers that are compared: how each is started, and where it leaves a channel's lines."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from chatlog.archive.layout import target_directory
from chatlog.casemapping import Casemapping

if TYPE_CHECKING:
    from pathlib import Path

START = [sys.executable, "-m", "chatlog"]
_NETWORK = "bench"


Command = Callable[[int, "Path", list[str], str], list[str]]
"""The command for a port, a directory and channels; with the file of an authority, by TLS."""


@dataclass(frozen=True)
class Contender:
    name: str
    command: Command
    files: Callable[[Path, str], list[Path]]
    understands_tags: bool = True
    speaks_tls: bool = True
    needs: str = "chatlog"
    is_program: bool = False
    """Whether it is a program of the system, which SIGTERM may end, and not a Python package."""

    def records(self, kind: str) -> bool:
        """Return whether it takes part where lines are plain, tagged or come by TLS."""
        return {"tagged": self.understands_tags, "tls": self.speaks_tls}.get(kind, True)

    def is_installed(self) -> bool:
        if self.is_program:
            return shutil.which(self.needs) is not None
        return find_spec(self.needs) is not None

    @property
    def statuses(self) -> tuple[int, ...]:
        return (0, -signal.SIGTERM) if self.is_program else (0,)


def _chatlog_command(port: int, directory: Path, channels: list[str], ca: str) -> list[str]:
    options = ["--tls-ca", ca] if ca else ["--no-tls"]
    options += ["--network", _NETWORK, "--nick", "recorder", "--quiet"]
    options += ["--format", "jsonl", "--archive", str(directory)]
    options += [word for channel in channels for word in ("--channel", channel)]
    server = f"127.0.0.1:{port}"
    return [*START, "record", "--server", server, *options]


def _chatlog_files(directory: Path, channel: str) -> list[Path]:
    return sorted(target_directory(directory, _NETWORK, channel, Casemapping()).glob("*.jsonl"))


def _bot_command(module: str) -> Command:
    def command(port: int, directory: Path, channels: list[str], ca: str) -> list[str]:
        name, secure = f"tests.bench.loggers.{module}", [f"--ca={ca}"] if ca else []
        return [sys.executable, "-m", name, *secure, str(port), str(directory), *channels]

    return command


def started_by(start: list[str], name: str) -> Contender:
    """Return chatlog under another name, and with another start than `python -m chatlog`."""

    def command(port: int, directory: Path, channels: list[str], ca: str) -> list[str]:
        return [*start, *_chatlog_command(port, directory, channels, ca)[len(START) :]]

    return Contender(name, command, _chatlog_files)


def _bot_files(directory: Path, channel: str) -> list[Path]:
    return [directory / f"{channel}.log"]


CHATLOG = Contender("chatlog", _chatlog_command, _chatlog_files)
CONTENDERS = (
    CHATLOG,
    Contender(
        "twisted",
        _bot_command("twisted_bot"),
        _bot_files,
        understands_tags=False,
        speaks_tls=False,  # without pyOpenSSL
        needs="twisted",
    ),
    Contender("irc", _bot_command("irc_bot"), _bot_files, needs="irc"),
)
