"""The loggers that are compared: how each is started, and where it leaves a channel's lines."""

from __future__ import annotations

import shutil
import signal
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from chatlog.archive.layout import target_directory
from chatlog.casemapping import Casemapping

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NETWORK = "bench"


@dataclass(frozen=True)
class Contender:
    name: str
    command: Callable[[int, Path, list[str]], list[str]]
    files: Callable[[Path, str], list[Path]]
    understands_tags: bool = True
    needs: str = "chatlog"
    is_program: bool = False
    """Whether it is a program of the system, which SIGTERM may end, and not a Python package."""

    def is_installed(self) -> bool:
        if self.is_program:
            return shutil.which(self.needs) is not None
        return find_spec(self.needs) is not None

    @property
    def statuses(self) -> tuple[int, ...]:
        return (0, -signal.SIGTERM) if self.is_program else (0,)


def _chatlog_command(port: int, directory: Path, channels: list[str]) -> list[str]:
    options = ["--no-tls", "--network", _NETWORK, "--nick", "recorder", "--quiet"]
    options += ["--format", "jsonl", "--archive", str(directory)]
    options += [word for channel in channels for word in ("--channel", channel)]
    server = f"127.0.0.1:{port}"
    return [sys.executable, "-m", "chatlog", "record", "--server", server, *options]


def _chatlog_files(directory: Path, channel: str) -> list[Path]:
    return sorted(target_directory(directory, _NETWORK, channel, Casemapping()).glob("*.jsonl"))


def _bot_command(module: str) -> Callable[[int, Path, list[str]], list[str]]:
    def command(port: int, directory: Path, channels: list[str]) -> list[str]:
        name = f"tests.bench.loggers.{module}"
        return [sys.executable, "-m", name, str(port), str(directory), *channels]

    return command


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
        needs="twisted",
    ),
    Contender("irc", _bot_command("irc_bot"), _bot_files, needs="irc"),
)
