"""Netsplits in the row of events: one line for all who left, or came back, by one."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from chatlog.report.split_runs import SplitRun, folded, goes_on
from tests.support.archive import event_at

SPLIT, OTHER = "hub.example leaf.example", "hub.example far.example"


def left(nick, target="#c", split=SPLIT, kind="quit"):
    return event_at(0, split, nick=nick, target=target, type=kind, split=split)


def shown(events):
    return [
        ([each.nick for each in run.events], run.split) if isinstance(run, SplitRun) else run.nick
        for run in folded(events)
    ]


def test_quits_of_one_netsplit_are_one_and_a_single_one_stays_as_it_is():
    said = event_at(0, "hi", nick="eve")
    row = [left("ann"), left("bob"), said, left("cid"), left("dan", split=OTHER)]
    assert shown(row) == [(["ann", "bob"], SPLIT), "eve", "cid", "dan"]


def test_joins_are_one_apart_from_the_quits():
    row = [left(nick, kind=kind) for kind in ("quit", "join") for nick in ("ann", "bob")]
    assert shown(row) == [(["ann", "bob"], SPLIT)] * 2


def test_each_target_has_a_line_of_its_own():
    row = [left(nick, target) for nick in ("ann", "bob") for target in ("#c", "#d")]
    assert [run.events[0].target for run in folded(row)] == ["#c", "#d"]


def test_a_netsplit_of_an_earlier_version_is_one_by_its_reason():
    row = [event_at(0, SPLIT, nick=nick, type="quit") for nick in ("ann", "bob")]
    assert shown(row) == [(["ann", "bob"], SPLIT)]


EVENTS = st.lists(
    st.builds(
        left,
        st.sampled_from("ab"),
        st.sampled_from(["#c", "#d"]),
        st.sampled_from([SPLIT, OTHER, ""]),
        st.sampled_from(["quit", "join", "message"]),
    ),
    max_size=12,
)


@given(EVENTS)
def test_no_event_is_lost_and_lines_are_as_many_as_go_on_with_none(events):
    lines = list(folded(events))
    kept = [run.events if isinstance(run, SplitRun) else [run] for run in lines]
    assert sorted(map(id, chain.from_iterable(kept))) == sorted(map(id, events))
    assert len(lines) == len(events) - sum(goes_on(events))
