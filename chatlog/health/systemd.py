"""The service manager that started us, told how we are: systemd's notification protocol.

One datagram for each message; nothing here waits and nothing raises. Without
a NOTIFY_SOCKET nobody is told. See
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import logging
import os
import re
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

_MICROSECONDS: Final = 1_000_000
_COUNT: Final = r"(?a)[1-9]\d{0,17}"
_LONGEST: Final = 1000


class Notifier:
    """Notify a service manager; without an address, send nothing.

    The address is a path or, behind an `@`, a name in Linux's abstract space.
    `watchdog_interval` is in seconds: who is silent for so long is restarted.
    """

    def __init__(self, address: str = "", *, watchdog_interval: float | None = None) -> None:
        self.watchdog_interval = watchdog_interval
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._complained = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, pid: int | None = None) -> Notifier:
        """Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; ignore invalid values."""
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return cls()
        ours = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid() if pid is None else pid))
        interval = environ.get("WATCHDOG_USEC", "") if ours else ""
        watched = re.fullmatch(_COUNT, interval) is not None
        return cls(address, watchdog_interval=int(interval) / _MICROSECONDS if watched else None)

    def ready(self) -> None:
        """Report that the start, or a reload, is done."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Report a status line for `systemctl status`."""
        line = "".join(each if each.isprintable() else " " for each in text[:_LONGEST])
        self._send(f"STATUS={line}")

    def watchdog(self) -> None:
        """Report that the process is alive."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Report that the process is stopping."""
        self._send("STOPPING=1")

    def reloading(self, monotonic_usec: int) -> None:
        """Report that a reload began at a moment of CLOCK_MONOTONIC; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_usec}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(0)
                sender.sendto(message.encode(), self._address)
        except (OSError, ValueError) as error:
            if not self._complained:
                logger.warning("cannot tell the service manager how we are: %s", error)
            self._complained = True
