"""System calls of a transcript that fail when they are told to."""

from __future__ import annotations

import dataclasses
import errno
import os

from chatlog.archive.system import System

CALLS = [field.name for field in dataclasses.fields(System)]


def refusal(number=errno.ENOSPC):
    return OSError(number, os.strerror(number))


class Faulty:
    """Counts each system call and fails those that `fails(name, nth)` picks."""

    def __init__(self, fails=lambda _name, _nth: False, error=errno.ENOSPC):
        self.fails = fails
        self.error = error
        self.counts = dict.fromkeys(CALLS, 0)
        self.log = []
        self.system = System(**{name: self._faulty(name) for name in CALLS})

    def _faulty(self, name):
        real = getattr(System(), name)

        def call(*args):
            self.counts[name] += 1
            self.log.append((name, *args))
            if self.fails(name, self.counts[name]):
                raise refusal(self.error)
            return real(*args)

        return call


def short_writes(step):
    """Give a system whose write never takes more than `step` bytes at once."""
    return dataclasses.replace(System(), write=lambda fd, data: os.write(fd, bytes(data)[:step]))


def disk_of(size):
    """Give a system whose disk is full after `size` more bytes, and a list to change that."""
    room = [size]

    def write(fd, data):
        if room[0] <= 0:
            raise refusal()
        written = os.write(fd, bytes(data)[: room[0]])
        room[0] -= written
        return written

    def ftruncate(fd, size):
        room[0] += os.fstat(fd).st_size - size
        os.ftruncate(fd, size)

    return dataclasses.replace(System(), write=write, ftruncate=ftruncate), room


class Refusing:
    """A disk under `root` that refuses to be written to; elsewhere is not its business."""

    def __init__(self, root, system):
        self.root = root
        self.refuses = False
        self._under = set()
        self._real = system
        self.system = dataclasses.replace(system, open=self._open, write=self._write)

    def _open(self, path, flags, mode):
        ours = self.root in path.parents and path.name != ".lock"
        if ours and self.refuses and flags & os.O_CREAT:
            raise refusal(errno.ENOSPC)
        fd = self._real.open(path, flags, mode)
        (self._under.add if ours else self._under.discard)(fd)
        return fd

    def _write(self, fd, data):
        if self.refuses and fd in self._under:
            raise refusal(errno.ENOSPC)
        return self._real.write(fd, data)
