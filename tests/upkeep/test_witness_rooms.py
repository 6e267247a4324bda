"""The names of rooms in an archive that others are merged into."""

from __future__ import annotations

import json

import pytest

from chatlog.archive.rooms import MOST_NAMES, NAME, read_rooms
from chatlog.archive.storage import Storage
from chatlog.upkeep.witness import Witness
from chatlog.upkeep.witness_rooms import merge_rooms, merged_rooms
from chatlog.upkeep.witness_workers import MergesOfTargets
from tests.support.archive import event_at, record

MOMENT = "2026-11-27T00:00:00.000Z"


@pytest.mark.parametrize(
    ("known", "others", "result"),
    [
        ({}, [{"1": ("#a", "#b")}], {"1": ("#a", "#b")}),
        ({"1": ("#b",)}, [{"1": ("#a", "#b")}], {"1": ("#a", "#b")}),
        ({"1": ("#a", "#c")}, [{"1": ("#a", "#b")}], {"1": ("#b", "#a", "#c")}),
        ({"1": ("#a",)}, [{"2": ("#x",)}, {"2": ("#y",)}], {"1": ("#a",), "2": ("#y", "#x")}),
    ],
)
def test_the_present_name_is_that_of_the_archive_and_others_are_former_ones(known, others, result):
    assert merged_rooms(known, others) == result


def test_of_too_many_names_the_oldest_are_left_out():
    names = tuple(f"#{number}" for number in range(MOST_NAMES))
    assert merged_rooms({"1": names}, [{"1": ("#old",)}]) == {"1": names}


@pytest.fixture
def roots(tmp_path):
    for name in ("one", "into"):
        record(tmp_path / name, event_at(0, "hello"))
    (tmp_path / "one" / "net" / NAME).write_text(json.dumps({"1": ["#former", "#c"]}))
    return tmp_path / "one", tmp_path / "into"


def test_a_merge_brings_the_names_of_rooms_once(roots):
    one, into = roots
    for _ in range(2):
        merges = MergesOfTargets(
            Witness("", into), [Witness("one", one)], Storage(root=into), MOMENT
        )
        list(merges.results(1))
        assert read_rooms(into / "net") == {"1": ("#former", "#c")}


@pytest.mark.parametrize("damaged", [0, 1])
def test_a_damaged_file_is_left_as_it_is(roots, damaged):
    (roots[damaged] / "net" / NAME).write_text("{")
    before = [sorted((root / "net").glob(NAME)) for root in roots]
    merge_rooms(Storage(root=roots[1]), [Witness("one", roots[0])], ["net"])
    assert [sorted((root / "net").glob(NAME)) for root in roots] == before
    assert (roots[damaged] / "net" / NAME).read_text() == "{"
