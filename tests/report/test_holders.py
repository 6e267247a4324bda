"""Holders of nicks: each line of a conversation belongs to the person who said it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.event import format_time
from chatlog.formats.jsonl import Brief
from chatlog.report import counts, people
from chatlog.report.counts import Counts
from chatlog.report.holders import holders_in, renames_in
from tests.support.archive import START

FOLDS = Casemapping("rfc1459")
HOMES = ["ann", "bob", "cleo", "dan"]
OTHERS = [*HOMES, "eve", "fay", "ann_away"]


def did(seconds, kind, nick, subject="", account=""):
    return Brief(format_time(START + seconds * 1000), kind, nick, account, "hi", subject)


def holders(*targets):
    encoded = [
        (number, msgspec.msgpack.encode(renames_in([events], FOLDS)))
        for number, events in enumerate(targets)
    ]
    return holders_in("net", FOLDS, encoded)


def homes(*events):
    """Return the home of each message of one channel."""
    held = holders(events)
    return "".join(
        home[0] for event in events if event.type == "message"
        for home, _ in held.by_home(FOLDS[event.nick], [event])
    )  # fmt: skip


def story(text):
    """Read `ann>bob`, `ann:` and `ann!`, a second each: a change of nick, a line, a quit."""
    kinds = {">": "nick", ":": "message", "!": "quit"}
    for seconds, word in enumerate(text.split()):
        mark = next(mark for mark in kinds if mark in word)
        nick, _, subject = word.partition(mark)
        yield did(seconds, kinds[mark], nick, subject)


@pytest.mark.parametrize(
    ("text", "said_by"),
    [
        ("ann: ann>zoe zoe: bob>ann ann: zoe:", "aaba"),
        ("ann>zoe bob>ann ann>bob zoe>ann ann:", "a"),
        ("bob>ann ann: ann! ann:", "ba"),
        ("bob>ann ann: ann>bob ann: bob:", "bab"),
        ("bob>ann ann>zoe ann: zoe: zoe! zoe:", "abz"),
        ("ann: ann_>ann ann: ann_:", "aaa"),
        ("ann>ann|off bob>ann ann: ann|off: ann|off! ann|off:", "baa"),
        ("ann>tmp bob>ann tmp>bob ann: bob:", "ba"),
        ("ann>ANN ANN:", "A"),
        ("ann! bob>ann ann:", "b"),
    ],
)
def test_a_nick_belongs_to_each_of_its_people_for_the_time(text, said_by):
    assert homes(*story(text)) == said_by.lower()


def test_a_line_of_the_very_time_of_a_change_is_of_the_one_who_has_the_nick_by_it():
    events = [did(1, "nick", "bob", "ann"), did(1, "message", "ann"), did(1, "nick", "ann", "zoe"),
              did(1, "message", "zoe")]  # fmt: skip
    assert homes(*events) == "bb"


def test_the_quit_of_an_old_connection_does_not_end_the_one_that_takes_its_nick():
    assert (
        homes(did(1, "quit", "ann"), did(1, "nick", "bob", "ann"), did(2, "message", "ann")) == "b"
    )


def test_a_swap_that_stands_in_two_channels_is_one_swap():
    swap = [did(1, "nick", *names) for names in (("ann", "tmp"), ("bob", "ann"), ("tmp", "bob"))]
    held = holders(swap, swap)
    [(home, _)] = held.by_home("ann", [did(2, "message", "ann")])
    assert home == "bob"


# -- conversations of which the truth is known ------------------------------------------


@dataclass
class Room:
    """People who come with their own nicks, change them, speak and quit."""

    nicks: dict[str, str] = field(default_factory=dict)
    events: list[Brief] = field(default_factory=list)
    said: Counter[tuple[str, str]] = field(default_factory=Counter)

    def do(self, person, act, name):
        nick, seconds = self.nicks.get(person, ""), len(self.events)
        if not nick:
            if person in self.nicks.values():
                return  # somebody else has it
            self.nicks[person] = nick = person
        taken = set(self.nicks.values())
        if act == "nick" and name not in taken:
            self.events.append(did(seconds, "nick", nick, name))
            self.nicks[person] = name
        elif act == "quit":
            self.events.append(did(seconds, "quit", nick))
            del self.nicks[person]
        elif act == "message":
            self.events.append(did(seconds, "message", nick))
            self.said[person, nick] += 1


acts = st.tuples(
    st.sampled_from(HOMES),
    st.sampled_from(["message", "message", "nick", "nick", "quit"]),
    st.sampled_from([name for name in OTHERS if name != "ann_away"]),
)
cuts = st.lists(st.integers(0, 40), max_size=6)


@given(several=st.lists(acts, max_size=40), cuts=cuts, data=st.data())
@example(
    several=[("ann", "message", ""), ("ann", "nick", "eve"), ("bob", "nick", "ann"),
             ("bob", "message", ""), ("ann", "message", "")],
    cuts=[2, 3], data=None,
)  # fmt: skip
def test_each_person_has_the_lines_that_they_said_however_the_segments_are_cut(several, cuts, data):
    room = Room()
    for act in several:
        room.do(*act)
    edges = sorted({0, *cuts, len(room.events)})
    segments = [room.events[begin:end] for begin, end in pairwise(edges)]
    held = holders_in(
        "net",
        FOLDS,
        [("#c", msgspec.msgpack.encode(renames_in([segment], FOLDS))) for segment in segments],
    )
    if data is not None:
        segments = data.draw(st.permutations(segments))  # workers end in any order
    whole = Counts()
    for segment in segments:
        whole.add(counts.count([segment], held))
    found = Counter({(home, nick): each.lines for (_, home, _, nick), each in whole.people.items()})
    assert found == room.said
    by_person = Counter()
    for (person, _), lines in room.said.items():
        by_person[person] += lines
    shown = people.people_in(whole)
    assert sorted(each.total.lines for each in shown) == sorted(by_person.values())
