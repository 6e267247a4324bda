"""A hand-over from the outside: watch the runs of an archive, and tell the old ones to leave."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from chatlog.errors import NothingFoundError
from chatlog.formats.wording import many, some_of, span
from chatlog.health.handover import (
    awaited,
    held,
    is_earlier_version,
    is_followed_by,
    is_process_of,
    left_behind,
    name_of,
    unheard,
)
from chatlog.health.runs import is_alive, read_runs
from chatlog.health.status import RunStatus, decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOOK_EVERY: Final = 0.2
_SOON: Final = 5.0


class _Living(NamedTuple):
    """A run that is alive: its file and its last status."""

    path: Path
    status: RunStatus

    @property
    def name(self) -> str:
        return name_of(self.status)


class Handover:
    """The hand-over of an archive to one of its runs.

    `timeout` is in seconds, for all of it. `say` is called with each progress, once.
    """

    def __init__(self, root: Path, timeout: float, say: Callable[[str], None]) -> None:
        self._root = root
        self._say = say
        self._timeout = timeout
        self._ends = time.monotonic() + timeout
        self._told: set[str] = set()

    def to(self, run: str) -> str:
        """Hand over to the run with a name or pid, or to the only one that waits.

        Return the result as a line. Raise NothingFoundError if nobody took over: no run was
        told to leave, unless the message says that.
        """
        new = self._chosen(run)
        if not awaited(new.status):
            count = many(len([*held(new.status)]), "target")
            return f"{new.name} records {count} already; nothing is to be handed over"
        old = self._wait_until_heard(new.name)
        for each in old:
            self._tell(each, new.name)
        return self._wait_until_taken(new.name, old)

    # -- the runs --------------------------------------------------------------------

    def _living(self) -> list[_Living]:
        found = []
        for path, data in read_runs(self._root):
            try:
                status = decode(data)
            except ValueError:
                continue
            if is_alive(path):
                found.append(_Living(path, status))
        return found

    def _chosen(self, run: str) -> _Living:
        """Return the run to hand over to."""
        if run:
            return self._named(run)
        waiting = self._soon(lambda each: bool(awaited(each.status)), lambda: bool(self._living()))
        if len(waiting) == 1:
            return waiting[0]
        if waiting:
            names = some_of([each.name for each in waiting])
            raise NothingFoundError(f"several runs wait to take over: {names}; choose with --to")
        raise NothingFoundError(
            f"no run of {self._root} waits to take over; start one beside the old one with"
            " `chatlog record --take-over`"
        )

    def _named(self, run: str) -> _Living:
        """Return the run of a name or pid."""
        named = self._soon(
            lambda each: run in (each.name, str(each.status.pid)), lambda: _is_process(run)
        )
        if len(named) == 1:
            return named[0]
        problem = f"more than one run has the pid {run}" if named else f"no run {run} is alive"
        raise NothingFoundError(f"{problem} in {self._root}; `chatlog status` lists the runs")

    def _soon(
        self, is_meant: Callable[[_Living], bool], may_come: Callable[[], bool]
    ) -> list[_Living]:
        """Return the living runs for which `is_meant` is true.

        A run that has just begun may have no file yet: wait a moment for it while `may_come`.
        """
        soon = time.monotonic() + min(_SOON, self._timeout)
        while True:
            found = [each for each in self._living() if is_meant(each)]
            if found or time.monotonic() >= soon or not may_come():
                return found
            time.sleep(_LOOK_EVERY)

    def _run(self, name: str) -> _Living:
        """Return the present state of the new run."""
        found = next((each for each in self._living() if each.name == name), None)
        if found is None:
            raise NothingFoundError(f"{name} has ended; see its log for the cause")
        return found

    def _pause(self) -> bool:
        """Wait a little; return False if the time is up."""
        time.sleep(_LOOK_EVERY)
        return time.monotonic() < self._ends

    def _progress(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._say(text)

    # -- the steps -------------------------------------------------------------------

    def _wait_until_heard(self, name: str) -> list[_Living]:
        """Return the runs that are to leave, once the new one hears all that they hear."""
        while True:
            new, living = self._run(name), self._living()
            old = [each for each in living if is_followed_by(each.status, new.status)]
            old = [each for each in old if each.name != name]
            _refuse_earlier(old)
            problem, remedy = _problem(new, old, [each.status for each in living])
            if not problem:
                return old
            self._progress(f"{problem} yet")
            if not self._pause():
                raise NothingFoundError(
                    f"{problem} after {span(self._timeout)}; no run was told to leave; {remedy}"
                )

    def _tell(self, old: _Living, new: str) -> None:
        """Send a run the signal to leave; raise NothingFoundError if none can reach it."""
        pid = old.status.pid
        elsewhere = f"is no process here; say `kill -USR1 {pid}` in its container or machine"
        if not is_process_of(old.path, pid):
            _fail(old, elsewhere)
        try:
            os.kill(pid, signal.SIGUSR1)
        except PermissionError:
            _fail(old, "belongs to another user; run this as that user, or with sudo")
        except ProcessLookupError:
            _fail(old, elsewhere)
        self._progress(f"{old.name} is told to leave: {new} hears all that it hears")

    def _wait_until_taken(self, name: str, old: list[_Living]) -> str:
        while True:
            new = self._run(name)
            if not (rest := awaited(new.status)):
                return _result(new, old)
            if not self._pause():
                self._fail_waiting(name, len(rest), old)

    def _fail_waiting(self, name: str, rest: int, old: list[_Living]) -> NoReturn:
        alive = {each.name for each in self._living()}
        staying = [each.name for each in old if each.name in alive]
        cause = f"{some_of(staying)} goes on; see its log" if staying else "see its log"
        if not old:
            cause = "no run that is known here holds them"
        raise NothingFoundError(
            f"after {span(self._timeout)}, {name} still waits for {many(rest, 'target')}; {cause}"
        )


def _is_process(run: str) -> bool:
    """Return whether a run is named by the pid of a process of this machine."""
    try:
        os.getpgid(int(run))
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:  # a process of another session, on some systems
        return True
    return True


def _problem(new: _Living, old: list[_Living], living: list[RunStatus]) -> tuple[str, str]:
    """Return why the old runs cannot leave yet, and the remedy; two empty texts if they can."""
    lacking = [text for each in old for text in unheard(new.status, each.status)]
    if lacking:
        return f"{new.name} does not hear {some_of(lacking)}", "see `chatlog status` for the cause"
    behind = [text for each in old for text in left_behind(each.status, living)]
    if not behind:
        return "", ""
    pids = " ".join(str(each.status.pid) for each in old)
    remedy = (
        "start the new one again with all channels, or stop the old one with"
        f" `kill {pids}` to drop them"
    )
    return f"no run that waits hears {some_of(behind)}", remedy


def _refuse_earlier(runs: list[_Living]) -> None:
    for each in runs:
        if is_earlier_version(each.status):
            _fail(
                each,
                f"is chatlog {each.status.version}, which knows no hand-over; stop it with"
                f" `kill {each.status.pid}`: the new one goes on without a gap once it hears"
                " the channels (chatlog status)",
            )


def _fail(run: _Living, problem: str) -> NoReturn:
    raise NothingFoundError(f"{run.name} {problem}")


def _result(new: _Living, old: list[_Living]) -> str:
    count = many(len([*held(new.status)]), "target")
    names, verb = some_of([each.name for each in old]), "has" if len(old) == 1 else "have"
    return f"{new.name} records {count} now{f'; {names} {verb} left' if old else ''}"
