"""Many targets merged by several processes: the same as one after another, and no orphan."""

from __future__ import annotations

import os
import signal

import pytest

from chatlog.archive.storage import Storage
from chatlog.errors import TranscriptError
from chatlog.upkeep.witness import Witness
from chatlog.upkeep.witness_merge import ArchiveMerge
from chatlog.upkeep.witness_workers import MergesOfTargets
from tests.support.archive import event_at, read_all, record
from tests.upkeep.test_witness_merge import MOMENT, files

TARGETS = [f"#{letter}" for letter in "abcdefg"]


@pytest.fixture
def archives(tmp_path):
    """Record seven channels by two recorders, each of which missed some lines."""
    for name, missed in (("one", 3), ("other", 5)):
        for target in TARGETS:
            lines = (event_at(7 * at, f"{target} {at}", target=target) for at in range(20))
            record(tmp_path / name, *(line for at, line in enumerate(lines) if at % missed))
    return [tmp_path / "one", tmp_path / "other"]


def merge(into, archives, workers):
    witnesses = [Witness(root.name, root) for root in archives]
    merges = MergesOfTargets(Witness("", into), witnesses, Storage(root=into), MOMENT)
    done = dict(merges.results(workers))
    return {place.target: result.added for place, result in done.items()}, witnesses


@pytest.mark.parametrize("workers", [2, 3, 20])
def test_workers_merge_as_one_process_does(tmp_path, archives, workers):
    alone, several = tmp_path / "alone", tmp_path / "several"
    assert merge(several, archives, workers)[0] == merge(alone, archives, 1)[0]
    assert files(several) == files(alone)


def test_damage_that_a_worker_meets_is_counted(tmp_path, archives):
    path = archives[0] / "net" / "#c" / "2026-11-23_001.jsonl"
    path.write_bytes(b"rubbish\n" + path.read_bytes())
    _, (one, other) = merge(tmp_path / "into", archives, 2)
    assert (dict(one.damaged), dict(other.damaged)) == ({str(path): 1}, {})


def test_a_worker_that_dies_is_an_error_and_the_next_merge_adds_the_rest(
    tmp_path, archives, monkeypatch
):
    real = ArchiveMerge.merge

    def die_at_one(merging, place):
        if place.target == "#d":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(merging, place)

    monkeypatch.setattr(ArchiveMerge, "merge", die_at_one)
    with pytest.raises(TranscriptError, match="a working process has died"):
        merge(tmp_path / "into", archives, 2)
    monkeypatch.undo()
    merge(tmp_path / "into", archives, 2)
    said = [event.text for event in read_all(tmp_path / "into") if event.target == "#d"]
    assert said == [f"#d {at}" for at in range(20) if at % 3 or at % 5]


def test_a_merge_that_is_given_up_leaves_no_process(tmp_path, archives, monkeypatch):
    real, forked = os.fork, []
    monkeypatch.setattr(os, "fork", lambda: forked.append(real()) or forked[-1])
    witnesses = [Witness(root.name, root) for root in archives]
    storage = Storage(root=tmp_path / "into")
    merges = MergesOfTargets(Witness("", tmp_path / "into"), witnesses, storage, MOMENT)
    results = merges.results(2)
    next(results)
    results.close()
    assert len(forked) == 2
    for pid in forked:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
