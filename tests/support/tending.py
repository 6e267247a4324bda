"""Archives whose segments are long over, tended as the commands would."""

from __future__ import annotations

import os

from chatlog.archive.locks import Locks
from chatlog.archive.storage import Storage
from chatlog.clock import now
from chatlog.event import parse_time
from chatlog.upkeep.holding import NOBODY
from chatlog.upkeep.tending import tender_of
from tests.support.archive import START, UNSYNCED, event_at

HOLDER = """
import sys, pathlib
from chatlog.archive.locks import Locks
locks = Locks(pathlib.Path(sys.argv[1]))
locks.hold("net", "#c")
print("held", flush=True)
sys.stdin.read()
"""  # another process, which records #c of net

IMPORTER = HOLDER.replace(
    'locks.hold("net", "#c")', 'lock = locks.importing("net", "#c"); lock.__enter__()'
)
"""Another process, which imports into #c of net."""

LONG_AFTER = "2027-06-01T00:00:00.000Z"
DAY = 86_400
_LATE = 1_795_000_000
# One noon for the whole run of tests: a module names its segments when it is imported, a fixture
# writes them later, and midnight may lie between.
_NOON = (parse_time(now()[:10] + "T12:00:00.000Z") - START) / 1000


def event_ago(days, text, **fields):
    """Make a message of noon, so many days before the tests began."""
    return event_at(_NOON - days * DAY, text, **fields)


def segment_ago(days, suffix="jsonl"):
    """Name the segment that holds it."""
    return f"{event_ago(days, '').time[:10]}_001.{suffix}"


def age(root, changed=_LATE):
    """Make every file one that nothing was added to for long: since a moment in seconds."""
    for path in root.rglob("*_*"):
        os.utime(path, (changed, changed))


def tend(
    root,
    now=LONG_AFTER,
    holding=lambda _: NOBODY,
    system=UNSYNCED,
    failures=0,
    changed=_LATE,
    **storage,
):
    """Tend all targets of an archive, and return what was done."""
    age(root, changed)
    locks = Locks(root)
    tender = tender_of(Storage(root=root, **storage), system, locks).bounded(holding, now)
    done = None
    try:
        for done in tender.tend(tender.all(), holding, now):  # noqa: B007 - the last counts
            pass
    finally:
        locks.close()
    assert len(done.failed) == failures, done.failed
    return done
