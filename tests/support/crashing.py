"""System calls that fail, or stop the process, at the call that is picked; what is left then."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
from collections import Counter

from chatlog.archive.compression import compression_of
from chatlog.archive.layout import parse_segment
from chatlog.archive.system import System
from tests.support.faults import refusal

MODES = ("fail", "stop before", "stop after", "tear")


class Stopped(BaseException):
    """The process is gone; nothing that it would do happens any more."""


class Fragile:
    """System calls of which the `nth` does not go well; `mode` is one of MODES.

    `kind` is the class of the system calls. What is opened is closed by `bury`, as the end of
    a process would.
    """

    def __init__(self, nth=0, mode="fail", number=errno.EIO, kind=System):
        self.count = 0
        self.gone = False
        self._nth = nth
        self._mode = mode
        self._number = number
        self._open = set()
        real = dataclasses.replace(kind(), fsync=lambda _fd: None)
        calls = [field.name for field in dataclasses.fields(kind)]
        self.system = kind(**{name: self._call(name, getattr(real, name)) for name in calls})

    def _call(self, name, real):
        def call(*args):
            if self.gone:
                raise Stopped
            self.count += 1
            if self.count == self._nth:
                return self._break(name, real, args)
            return self._note(name, args, real(*args))

        return call

    def _note(self, name, args, result):
        if name == "open":
            self._open.add(result)
        elif name == "close":
            self._open.discard(args[0])
        return result

    def _break(self, name, real, args):
        if self._mode == "fail":
            raise refusal(self._number)
        if self._mode == "stop after":
            self._note(name, args, real(*args))
        elif self._mode == "tear" and name == "write":
            os.write(args[0], bytes(args[1])[: len(args[1]) // 2])
        self.gone = True
        raise Stopped

    def bury(self):
        """Close what the process had open."""
        for fd in self._open:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._open.clear()


def lines_of(path):
    """Read the lines of a segment, sealed or not."""
    way = compression_of(parse_segment(path.name).compression)
    return b"".join(way.decompressed([path.read_bytes()])).splitlines()


_WRITTEN = ("message", "away", "topic")
"""A type of each of three classes of events."""


def texts_in(root, suffix="jsonl"):
    """Count the texts that people wrote, target by target; every line must be whole."""
    found = {}
    for path in sorted(root.rglob("*_*")):
        name = parse_segment(path.name)
        if name is not None and name.suffix == suffix:
            target = found.setdefault(path.parent.name, [])
            events = [json.loads(line) for line in lines_of(path)]
            target += [event["text"] for event in events if event["type"] in _WRITTEN]
    return {target: Counter(texts) for target, texts in found.items()}


def order_in(root):
    """Read the texts that people wrote in each segment, in its order."""
    for path in sorted(root.rglob("*_*")):
        name = parse_segment(path.name)
        if name is not None and name.suffix == "jsonl":
            events = [json.loads(line) for line in lines_of(path)]
            yield path.parent.name, [e["text"] for e in events if e["type"] in _WRITTEN]
