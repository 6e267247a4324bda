"""Statuses of runs, to be shown, written and lost."""

from __future__ import annotations

from chatlog.clock import now
from chatlog.health.status import NetworkStatus, RunStatus


def network_status(name="net", **fields):
    """Make the status of a network that is well."""
    usual = {
        "state": "connected to irc.example:6697",
        "connected": True,
        "server": "one.example",
        "nick": "chatlog",
        "joined": 1,
        "wanted": 1,
    }
    return NetworkStatus(name=name, **{**usual, **fields})


def run_status(*networks, **fields):
    """Make the status of a run, as of now."""
    moment = now()
    usual = {"pid": 4711, "version": "1.2.3", "root": "/archive"}
    times = {"started": moment, "updated": moment}
    return RunStatus(networks=networks, **{**usual, **times, **fields})
