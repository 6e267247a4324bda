"""A shipper beside a recorder: `chatlog ship` as a process of its own, started again if it dies.

The recorder knows nothing of it, and never waits for it. The shipper sees the end of the recorder,
also by a kill, as the end of its stdin; then it ships the rest and ends.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from chatlog.cli.subprocesses import module_command
from chatlog.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.bus.server import BusServer

logger = logging.getLogger("chatlog")

_AGAIN: Final = 5.0  # seconds until one that died is started again
_REST: Final = 10.0  # seconds for the rest of the lines at the end
_FOR_GOOD: Final = frozenset({0, UsageError.exit_status, RefusedError.exit_status})


@contextmanager
def publishing(server: BusServer | None, root: Path, *, quiet: bool) -> Iterator[None]:
    """Ship an archive while the block lasts, and the rest at its end; without a server, nothing."""
    if server is None:
        yield
        return
    beside = _ShipperBeside(server, root, quiet=quiet)
    beside.start()
    try:
        yield
    finally:
        beside.end()


class _ShipperBeside:
    """The process, and the thread that waits for its death."""

    def __init__(self, server: BusServer, root: Path, *, quiet: bool) -> None:
        self._command = [*module_command("chatlog"), "ship", f"--archive={root}"]
        self._command += ["--until-eof", *(["--quiet"] if quiet else [])]
        if server.credentials is not None:
            self._command.append(f"--nats-creds={server.credentials}")
        if server.authority is not None:
            self._command.append(f"--nats-ca={server.authority}")
        # The address may hold a password, which other users could read in an argument.
        self._environment = {**os.environ, "CHATLOG_BUS": server.url}
        self._is_over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True, name="shipper")

    def start(self) -> None:
        self._thread.start()

    def _watch(self) -> None:
        """Keep the process running until the end, or until it fails for good."""
        while not self._is_over.is_set():
            how = self._run_once()
            if self._is_over.is_set() or how is None:
                return
            logger.warning("the shipper %s; it is started again", how)
            self._is_over.wait(_AGAIN)

    def _run_once(self) -> str | None:
        """Run the process once; return its end in words, None if it must not be started again."""
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this program
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the recorder, whose end ends it
            )
        except OSError as error:  # no memory, no more processes
            return f"could not be started: {error.strerror}"
        status = self._process.wait()
        return None if status in _FOR_GOOD else f"ended with status {status}"

    def end(self) -> None:
        self._is_over.set()
        process = self._process
        if process is None or process.stdin is None:
            return
        with suppress(OSError):
            process.stdin.close()
        self._thread.join(_REST)
        if self._thread.is_alive():
            logger.warning("the shipper goes on: it has not shipped all lines yet")
