"""Clocks of other programs: one that stands still until a test sets it, and the machine's own.

libfaketime reads the time from a file. The time is in UTC, so that both passes of the
hour that a clock shows twice can be set; a program shows it in the zone of its TZ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.servers.daemons import NotInstalledError

LIBRARY: Final = "faketime/libfaketimeMT.so.1"
_FOLDERS: Final = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib")


class FrozenClock:
    """The clock of programs that are started with `environment`.

    Not each program sees it: those of Go do not, as they use no C library.
    """

    def __init__(self, directory: Path, seconds: float, *, is_seen: bool) -> None:
        self.is_seen = is_seen
        directory.mkdir(parents=True, exist_ok=True)
        self._told = directory / "time"
        self.set(seconds)

    def set(self, seconds: float) -> None:
        """Show another moment from now on, in seconds since 1970."""
        self.seconds = seconds
        # Replaced as a whole: a program that reads half a time would end.
        following = self._told.with_name("next")
        following.write_text(f"{seconds:.0f}\n")
        following.replace(self._told)

    def environment(self, zone: str) -> dict[str, str]:
        """Return the variables with which a program sees this clock, in a zone."""
        return {
            "TZ": zone,
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._told),
            "FAKETIME_FMT": "%s",  # seconds since 1970, which no zone makes ambiguous
            "FAKETIME_NO_CACHE": "1",
            # Programs wait by the clock that is never set; they must not wait for ever.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


class RunningClock:
    """The machine's own clock, in a zone."""

    is_seen = True

    @staticmethod
    def environment(zone: str) -> dict[str, str]:
        """Return the variables with which a program sees it."""
        return {"TZ": zone}


def forget(pid: int) -> None:
    """Remove the shared memory that the library leaves behind of a program that was killed."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        Path("/dev/shm", name).unlink(missing_ok=True)


def _library() -> Path:
    for folder in _FOLDERS:
        if (path := Path(folder, LIBRARY)).exists():
            return path
    raise NotInstalledError("faketime is not installed")
