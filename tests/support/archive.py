"""Archives written by the real writer, and read in the simplest way that can be right."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC
from zoneinfo import ZoneInfo

from chatlog.archive import manifest
from chatlog.archive.layout import period_named
from chatlog.archive.system import System
from chatlog.archive.targets import spelled
from chatlog.event import Event, format_time
from chatlog.formats import jsonl
from chatlog.formats.plain import Plain
from chatlog.write.writer import Storage, Writer
from tests.support.recorded import parts

UNSYNCED = dataclasses.replace(System(), fsync=lambda _fd: None)
START = 1_795_392_000_000  # 2026-11-23T00:00Z


def event_at(seconds, text="hello", **fields):
    """Make a message so many seconds after midnight of 2026-11-23."""
    settings = {"network": "net", "target": "#c", "type": "message", "nick": "ann", **fields}
    return Event(time=format_time(START + int(seconds * 1000)), text=text, **settings)


def writer_in(root, casemapping="rfc1459", networks=("net",), **storage):
    """Open a writer that need not wait for a disk."""
    writer = Writer(Storage(root=root, **storage), system=UNSYNCED)
    for network in networks:
        writer.set_casemapping(network, casemapping)
    return writer


def record(root, *events, **storage):
    """Write an archive, or more into it."""
    networks = sorted({event.network for event in events})
    writer = writer_in(root, networks=networks, **storage)
    writer.write_all(events)
    writer.close()


def read_all(root):
    """Return all events of an archive but those of @server, in the order of readers."""
    found = []
    for network in sorted(path for path in root.iterdir() if path.is_dir()):
        for target in sorted(path for path in network.iterdir() if path.is_dir()):
            if target.name != "@server":
                found += _read_target(target)
    return sorted(found, key=lambda event: event.time)


def _read_target(directory):
    segments = []
    for suffix in ("jsonl", "log"):
        for name, data in parts(directory, suffix).items():
            path = directory / str(name)
            tz, copy = _said_of(path)
            if not copy:
                start = period_named(name.period, tz).start
                segments.append((start, name.part, path, [*_read_segment(path, data, tz)]))
    segments.sort(key=lambda each: each[:3])
    return [event for *_, found in segments for event in found]


def _said_of(path):
    entries = manifest_of(path.parent)
    said = [each for each in entries if (each["entry"], each["segment"]) == ("text", path.name)]
    zone = said[-1]["tz"] if said else "UTC"
    return UTC if zone == "UTC" else ZoneInfo(zone), bool(said and said[-1]["copy"])


def manifest_of(directory):
    """Return the lines of a manifest as plain objects, as any reader of JSON sees them.

    A last line without its newline is one that is still being written.
    """
    path = directory / manifest.NAME
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def append_to_manifest(directory, **fields):
    """Add an object to a manifest, chained as every version does."""
    with (directory / manifest.NAME).open("a+b") as file:
        file.seek(0)
        lines = file.readlines()
        previous = hashlib.sha256(lines[-1]).hexdigest() if lines else ""
        file.write(json.dumps({**fields, "previous": previous}).encode() + b"\n")


def _read_segment(path, data, tz):
    for line in data.split(b"\n")[:-1]:
        if path.suffix == ".jsonl":
            yield jsonl.decode(line)
        else:
            yield Plain(tz=tz).decode(
                line,
                network=spelled(path.parent.parent.name),
                target=spelled(path.parent.name),
                day=path.name[:10],
            )
