"""Hand-over: the runs that wait to take over, and the channels that they do not hear yet.

Pure, but for `is_process_of`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from chatlog.archive.files import state_of
from chatlog.archive.lock_offsets import recording_offset
from chatlog.casemapping import CHANTYPES
from chatlog.health.runs import run_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from chatlog.health.status import RunStatus

_LOCKS: Final = "/proc/locks"
_LONGEST: Final = 4 * 1024 * 1024
_INODE: Final = 5  # in `1: FLOCK ADVISORY WRITE 4711 08:01:42 0 EOF`: device and inode


def name_of(status: RunStatus) -> str:
    """Return the name of a run."""
    return run_name(status.started, status.pid)


def awaited(status: RunStatus) -> list[tuple[str, str]]:
    """Return the network and name of each target that a run waits to take over."""
    return [(each.name, target) for each in status.networks for target in each.awaits]


def held(status: RunStatus) -> Iterator[tuple[str, str]]:
    """Yield the network and name of each target that a run records."""
    for each in status.networks:
        for target in each.holds or ():
            yield each.name, target


def is_earlier_version(status: RunStatus) -> bool:
    """Return whether a run is of a version that does not know of hand-overs."""
    return any(each.holds is None for each in status.networks)


def is_followed_by(old: RunStatus, new: RunStatus) -> bool:
    """Return whether a run waits for a target of another one."""
    if is_earlier_version(old):
        names = {each.name for each in old.networks}
        return any(network in names for network, _ in awaited(new))
    targets = {recording_offset(*each) for each in held(old)}
    return any(recording_offset(*each) in targets for each in awaited(new))


def unheard(new: RunStatus, old: RunStatus) -> list[str]:
    """Return the targets, as NETWORK/TARGET, that would be lost if a run handed over now.

    The old run hears them, the new one waits for them and does not hear them yet.
    """
    heard = {
        recording_offset(network.name, target)
        for network in old.networks
        for target, is_heard in (network.holds or {}).items()
        if is_heard
    }
    return [
        f"{network.name}/{target}"
        for network in new.networks
        for target, is_heard in network.awaits.items()
        if not is_heard and recording_offset(network.name, target) in heard
    ]


def left_behind(old: RunStatus, others: Iterable[RunStatus]) -> list[str]:
    """Return the channels, as NETWORK/TARGET, that a run hears and no other run would go on with.

    No other run waits for them and hears them: their names are missing in its configuration,
    for example. Queries do not count, as nobody else can hear those.
    """
    followed = {
        recording_offset(network.name, target)
        for each in others
        for network in each.networks
        for target, is_heard in network.awaits.items()
        if is_heard
    }
    return [
        f"{network.name}/{target}"
        for network in old.networks
        for target, is_heard in (network.holds or {}).items()
        if is_heard
        and target[:1] in CHANTYPES
        and recording_offset(network.name, target) not in followed
    ]


def successors(old: RunStatus, others: Iterable[RunStatus]) -> list[RunStatus]:
    """Return the runs that wait for a target of a run, the newest first."""
    found = [each for each in others if each.pid != old.pid and is_followed_by(old, each)]
    return sorted(found, key=lambda each: each.started, reverse=True)


def is_process_of(path: Path, pid: int) -> bool:
    """Return whether a process of this machine is the one that holds the lock of a run file.

    So no signal goes to another process that has the pid of a run in another container. Where
    the kernel does not tell who holds locks, a process counts whose command names chatlog. See
    https://man7.org/linux/man-pages/man5/proc_locks.5.html
    """
    locks = _beginning(_LOCKS).splitlines()
    if locks:
        inode = state_of(str(path.with_suffix(".lock")))
        return inode is not None and any(_is_held(line, inode[0], pid) for line in locks)
    command = _beginning(f"/proc/{pid}/cmdline")
    return "chatlog" in command or not command


def _beginning(path: str) -> str:
    """Return the beginning of a file of the kernel, "" if there is none."""
    with suppress(OSError), open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 - of the kernel
        return file.read(_LONGEST)
    return ""


def _is_held(line: str, inode: int, pid: int) -> bool:
    """Return whether a line of the kernel tells of a lock of a process on a file."""
    fields = line.split()
    if len(fields) <= _INODE:
        return False
    return fields[1:5:3] == ["FLOCK", str(pid)] and fields[_INODE].endswith(f":{inode}")
