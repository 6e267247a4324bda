"""Ledgers as recorders write them, line by line, and what may become of their bytes."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from chatlog.coverage import ledger
from chatlog.coverage.entries import (
    AbsentEntry,
    AskedEntry,
    ClosedEntry,
    CoveredEntry,
    NoticedEntry,
    OpenedEntry,
    RecoveredEntry,
    RenamedEntry,
    ReportedEntry,
    UnfillableEntry,
    UnwantedEntry,
    WishedEntry,
    encode,
)
from chatlog.event import format_time
from tests.support.archive import START

STEPS = st.integers(1, 40)
CAUSES = st.sampled_from(["", "stopped", "kicked", "ping-timeout"])
NO_TIMES = [
    "zzz",
    "",
    "0000-11-23T00:00:00.000Z",
    "2026-11-23T00:00:00Z",
    "2026-02-30T00:00:00.000Z",
]
WRONG = st.one_of(st.none(), st.booleans(), st.integers(), st.lists(st.none()), st.just({}))


def at(seconds):
    return format_time(START + seconds * 1000)


@st.composite
def ledgers(draw):
    """Return the entries of a ledger, and a second that is later than all of them.

    Every interval is closed, or ended by the next `opened` of a run that came
    after one that died; times never go back, and history is fetched of what
    lies before the interval in which it is asked for.
    """
    entries, now, begun = [], 0, None
    for _ in range(draw(st.integers(0, 12))):
        now += draw(STEPS)
        step = draw(st.sampled_from(_WHILE_CLOSED if begun is None else _WHILE_OPEN))
        entries += _piece(draw, now, begun) if step is _piece else step(draw, now)
        if step is _opened:
            begun = now
        elif step in _ENDING:
            begun = None
    return entries, now + draw(STEPS)


def _opened(draw, now):
    return [
        OpenedEntry(at=at(now), server=draw(st.sampled_from(["", at(now)])), run="r", via="live")
    ]


def _closed(draw, now):
    return [ClosedEntry(at=at(now), cause=draw(CAUSES), planned=draw(st.booleans()))]


def _left(draw, now):
    return [*_closed(draw, now), UnwantedEntry(at=at(now))]


def _unwanted(_draw, now):
    return [UnwantedEntry(at=at(now))]


def _absent(_draw, now):
    return [AbsentEntry(at=at(now), why="banned")]


def _noticed(_draw, now):
    return [NoticedEntry(at=at(now), cause="clock", by=7)]


def _renamed(_draw, now):
    return [RenamedEntry(at=at(now), room="77", onto="#new")]


def _recovered(_draw, _now):
    return [RecoveredEntry(raw="e30=")]


def _wished(draw, now):
    return [WishedEntry(since=draw(st.sampled_from(["", at(0), at(now)])))]


def _piece(draw, now, begun):
    since, until = sorted(draw(st.tuples(st.integers(0, begun), st.integers(0, begun))))
    kind = draw(st.sampled_from([CoveredEntry, UnfillableEntry, AskedEntry, ReportedEntry]))
    return [kind(at=at(now), since=at(since), until=at(until))]


_ENDING = (_closed, _left, _unwanted)
_WHILE_OPEN = (*_ENDING, _opened, _noticed, _renamed, _piece, _wished)
_WHILE_CLOSED = (_opened, _opened, _absent, _unwanted, _recovered, _renamed)


@st.composite
def several_runs(draw, *, may_die=True):
    """Return the entries of runs side by side and of other witnesses, and a later second.

    Each `closed` names its run; one that dies says no end.
    """
    entries, now, heard = [], 0, set()
    for _ in range(draw(st.integers(0, 12))):
        now += draw(STEPS)
        run = draw(st.sampled_from("abc"))
        if draw(st.integers(0, 5)) == 0:
            since, until = sorted(draw(st.tuples(st.integers(0, now), st.integers(0, now))))
            via = draw(st.sampled_from(["import:irssi", "merge"]))
            entries.append(CoveredEntry(at=at(now), via=via, since=at(since), until=at(until)))
        elif run in heard:
            heard.discard(run)
            if draw(st.integers(0, 3)) or not may_die:
                entries.append(ClosedEntry(at=at(now), cause=draw(CAUSES), run=run))
        else:
            heard.add(run)
            entries.append(OpenedEntry(at=at(now), run=run, via="live"))
    return entries, now + draw(STEPS)


# -- harm --------------------------------------------------------------------------------


@st.composite
def harmed(draw, entries):
    """Return the bytes of a ledger after harm to one line of it."""
    lines = [encode(entry) for entry in entries]
    number = draw(st.integers(0, len(lines) - 1))
    way = draw(st.sampled_from([_wrong_value, _missing_key, _no_time, _flip, _cut, _insert]))
    lines[number] = way(draw, lines[number])
    data = b"".join(lines)
    # A last line without its newline is one that is still being written.
    return data if data.endswith(b"\n") else data + b"\n"


def _wrong_value(draw, line):
    fields = json.loads(line)
    fields[draw(st.sampled_from(sorted(fields)))] = draw(WRONG)
    return json.dumps(fields).encode() + b"\n"


def _missing_key(draw, line):
    fields = json.loads(line)
    del fields[draw(st.sampled_from(sorted(fields)))]
    return json.dumps(fields).encode() + b"\n"


def _no_time(draw, line):
    fields = json.loads(line)
    fields[draw(st.sampled_from(["at", "server", "since", "until"]))] = draw(
        st.sampled_from(NO_TIMES)
    )
    return json.dumps(fields).encode() + b"\n"


def _flip(draw, line):
    place = draw(st.integers(0, len(line) - 1))
    flipped = line[place] ^ draw(st.integers(1, 255))
    return line[:place] + bytes([flipped]) + line[place + 1 :]


def _cut(draw, line):
    begin, end = sorted(draw(st.tuples(st.integers(1, len(line)), st.integers(1, len(line)))))
    return line[:begin] + line[end:]


def _insert(draw, line):
    place = draw(st.integers(0, len(line) - 1))
    return line[:place] + draw(st.binary(min_size=1, max_size=4)) + line[place:]


def read_bytes(directory, data):
    """Read bytes as a ledger."""
    (directory / ledger.NAME).write_bytes(data)
    return ledger.read(directory)
