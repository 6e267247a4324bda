"""The bytes of `.lock`: the same in each version, so that no two of them write one transcript."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.lock_offsets import (
    appending_offset,
    importing_offset,
    recording_offset,
    same_transcript,
    sealing_offset,
)

DIRECTORY = Path("/archive/libera/#python")


def test_each_version_locks_the_same_bytes_for_the_same_target():
    assert recording_offset("libera", "#python") == 1_388_792_559_726_775_163
    assert sealing_offset(DIRECTORY) == 5_828_079_818_117_813_654
    assert appending_offset(DIRECTORY) == 8_133_922_827_331_507_606
    assert importing_offset("libera", "#python") == 6_281_565_815_183_748_482


@given(st.text(), st.text())
def test_every_lock_of_a_target_has_a_byte_of_its_own_that_a_file_can_have(network, target):
    offsets = {
        recording_offset(network, target),
        importing_offset(network, target),
        sealing_offset(Path("/archive") / "net" / "#c"),
        appending_offset(Path("/archive") / "net" / "#c"),
    }
    assert len(offsets) == 4
    assert all(0 <= offset < 1 << 63 for offset in offsets)


def test_names_that_any_casemapping_joins_are_one_transcript():
    assert same_transcript(("Libera", "#A["), ("libera", "#a{"))
    assert importing_offset("Libera", "#A[") == importing_offset("libera", "#a{")
    assert not same_transcript(("libera", "#a"), ("oftc", "#a"))
