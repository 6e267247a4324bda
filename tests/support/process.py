"""The real program as a process of its own, where the real home cannot be reached."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]


class Chatlog:
    """Runs `chatlog …` with HOME in a directory of the test and nothing of ours in its
    environment; what was started is killed by `end_all`.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._running: list[Running] = []

    def run(self, *arguments: object, timeout: float = PATIENCE, **env: str) -> Finished:
        """Run to the end, without a terminal and with an empty stdin."""
        return subprocess.run(
            _command(arguments),
            env=self.environment(**env),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: object, **env: str) -> Running:
        """Run beside the test."""
        return self.start_command(*_command(arguments), **env)

    def start_command(self, *command: str, **env: str) -> Running:
        """Run a command beside the test that ends in running the program."""
        running = Running(list(command), self.environment(**env), self.home)
        self._running.append(running)
        return running

    @contextlib.contextmanager
    def piped(self, *arguments: object, bufsize: int = -1) -> Iterator[subprocess.Popen[bytes]]:
        """Run while the block lasts, into pipes that the test reads as far as it wants."""
        process = subprocess.Popen(
            _command(arguments),
            env=self.environment(),
            cwd=self.home,
            bufsize=bufsize,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with killed_on_failure(process):
            yield process

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment that the program gets."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "COLUMNS": "100",
            "PYTHONPATH": str(_ROOT),
            "PYTHONUNBUFFERED": "1",
            **more,
        }

    def end_all(self) -> None:
        for running in self._running:
            running.kill()
            running.finish()


@contextlib.contextmanager
def killed_on_failure(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Wait for the end of a program after the block; kill it first if the block fails.

    `with process` alone would wait for ever for a program that does not end, when
    the test has already failed for that.
    """
    with process:
        try:
            yield
        except BaseException:
            process.kill()
            raise


@contextlib.contextmanager
def holding(program: str, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python text in another process, from when it has said `held` until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with killed_on_failure(process):
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


class Running:
    """A program that runs; `stdout` and `stderr` are what it said until now."""

    def __init__(self, command: list[str], env: dict[str, str], cwd: Path) -> None:
        self._process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._said = threading.Condition()
        self._texts = {"stdout": "", "stderr": ""}
        self._open = set(self._texts)
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("stdout", self._process.stdout), ("stderr", self._process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._said:
                    self._texts[name] += line
                    self._said.notify_all()
        with self._said:
            self._open.discard(name)
            self._said.notify_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> str:
        return self._texts["stdout"]

    @property
    def stderr(self) -> str:
        return self._texts["stderr"]

    def wait_for(
        self, pattern: str, timeout: float = PATIENCE, stream: str = "stderr"
    ) -> re.Match[str]:
        """Wait until a line that it said since its start has the pattern.

        Raises AssertionError, with all that was said, when it ends without.
        """
        found = None

        def over() -> bool:
            nonlocal found
            found = re.search(pattern, self._texts[stream], re.MULTILINE)
            return found is not None or stream not in self._open

        with self._said:
            self._said.wait_for(over, timeout)
        if found is None:
            raise AssertionError(f"no {pattern!r} on {stream}:\n{self.stdout}\n{self.stderr}")
        return found

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        self._process.terminate()

    def tell_to_hand_over(self) -> None:
        """Send what `chatlog handover` sends."""
        self._process.send_signal(signal.SIGUSR1)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it so that it can do nothing about it."""
        self._process.kill()

    def finish(self, timeout: float = PATIENCE) -> int:
        """Wait for its end, and return the exit status; all output is then here."""
        deadline = time.monotonic() + timeout
        status = self._process.wait(timeout)
        for reader in self._readers:
            reader.join(max(0, deadline - time.monotonic()))
        return status


Finished = subprocess.CompletedProcess[str]


def _command(arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", "chatlog", *map(str, arguments)]
