"""The status of a run in one line, for `systemctl status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.wording import many

if TYPE_CHECKING:
    from chatlog.health.status import RunStatus


def run_line(status: RunStatus) -> str:
    """Return the state of a run: `2 networks, 31 of 32 channels, lag 0.1 s`."""
    connected = sum(network.connected for network in status.networks)
    joined = sum(network.joined for network in status.networks)
    wanted = sum(network.wanted for network in status.networks)
    parts = [
        _part(connected, len(status.networks), "network"),
        _part(joined, wanted, "channel"),
    ]
    lags = [network.lag for network in status.networks if network.lag is not None]
    if lags:
        parts.append(f"lag {max(lags):.1f} s")
    if status.waiting:
        parts.append(f"{many(status.waiting, 'line')} waiting for the disk")
    return ", ".join(parts)


def _part(there: int, wanted: int, what: str) -> str:
    return many(wanted, what) if there == wanted else f"{there} of {many(wanted, what)}"
